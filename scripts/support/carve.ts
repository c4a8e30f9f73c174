/**
 * Finds BPF objects inside other files: whole `.o` files, and the images that skeletons embed in a program's read-only data.
 * Knows just enough of ELF64 (either byte order) to tell where an image ends; the reader proper is `src/elf/`.
 */

/** One image; `bytes` is a view of the file it was found in. */
export interface CarvedObject {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const ELF_HEADER_SIZE = 64;
const SECTION_HEADER_SIZE = 64;
const EM_BPF = 247;
const SHT_NOBITS = 8;

/** Finds every ELF64 image of machine BPF in `file`, in order; images never overlap. */
export function carveBpfObjects(file: Uint8Array): CarvedObject[] {
  const found: CarvedObject[] = [];
  let offset = file.indexOf(0x7f);
  while (offset >= 0) {
    const size = bpfImageSize(file.subarray(offset));
    if (size > 0) found.push({ offset, bytes: file.subarray(offset, offset + size) });
    offset = file.indexOf(0x7f, offset + Math.max(size, 1));
  }
  return found;
}

/** The size of the BPF image that `bytes` begins with, or 0 when there is none or it is cut off. */
function bpfImageSize(bytes: Uint8Array): number {
  if (bytes.length < ELF_HEADER_SIZE) return 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [magic, elfClass, data] = [view.getUint32(0), view.getUint8(4), view.getUint8(5)];
  if (magic !== 0x7f454c46 || elfClass !== 2 || (data !== 1 && data !== 2)) return 0;
  const little = data === 1;
  if (view.getUint16(18, little) !== EM_BPF) return 0;

  const headersAt = Number(view.getBigUint64(40, little));
  const headers = view.getUint16(60, little);
  let end = Math.max(ELF_HEADER_SIZE, headersAt + headers * SECTION_HEADER_SIZE);
  if (end > bytes.length) return 0;
  for (let at = headersAt; at < headersAt + headers * SECTION_HEADER_SIZE; at += SECTION_HEADER_SIZE) {
    if (view.getUint32(at + 4, little) === SHT_NOBITS) continue;
    end = Math.max(end, Number(view.getBigUint64(at + 24, little) + view.getBigUint64(at + 32, little)));
  }
  return end <= bytes.length ? end : 0;
}
