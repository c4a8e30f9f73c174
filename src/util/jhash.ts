/**
 * Bob Jenkins' lookup3 hash, in the form that Linux calls `jhash` and `jhash2` (the two agree where both apply).
 * With the same seed results are the kernel's.
 */

const INITIAL = 0xdeadbeef;

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/** The unsigned 32-bit hash of `length` bytes at `address`. */
export function jhash(view: DataView, address: number, length: number, seed: number): number {
  let a = (INITIAL + length + seed) | 0;
  let b = a;
  let c = a;
  let at = address;
  let left = length;
  for (; left > 12; at += 12, left -= 12) {
    a = (a + view.getInt32(at, true)) | 0;
    b = (b + view.getInt32(at + 4, true)) | 0;
    c = (c + view.getInt32(at + 8, true)) | 0;
    a = ((a - c) | 0) ^ rotate(c, 4);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 6);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 8);
    b = (b + a) | 0;
    a = ((a - c) | 0) ^ rotate(c, 16);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 19);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 4);
    b = (b + a) | 0;
  }
  if (left === 0) return c >>> 0;
  a = (a + lastWord(view, at, left)) | 0;
  if (left > 4) b = (b + lastWord(view, at + 4, left - 4)) | 0;
  if (left > 8) c = (c + lastWord(view, at + 8, left - 8)) | 0;
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  return ((c ^ b) - rotate(b, 24)) >>> 0;
}

/** The little-endian word of the first `size` bytes at `address`, at most four. */
function lastWord(view: DataView, address: number, size: number): number {
  if (size >= 4) return view.getInt32(address, true);
  let word = view.getUint8(address);
  if (size > 1) word |= view.getUint8(address + 1) << 8;
  if (size > 2) word |= view.getUint8(address + 2) << 16;
  return word;
}
