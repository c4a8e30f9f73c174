/**
 * Reads captures as they stream in, in chunks of any size. Records that lie whole in a chunk are read in place; one that straddles
 * chunks is gathered in a buffer of its own, never reused, so the packets' views stay good as long as the caller leaves the
 * chunks alone. At most one unfinished record is held.
 */
import type { CaptureSection, Packet } from './capture.ts';
import { CaptureError } from './error.ts';
import type { CaptureFormat } from './format.ts';
import { PcapFormat } from './pcap-reader.ts';
import { BLOCK_SECTION } from './pcapng.ts';
import { PcapngFormat } from './pcapng-reader.ts';

/** Bounds of what a reader accepts. */
export interface CaptureReaderOptions {
  /** Longest packet (pcap) or block (pcapng) accepted, in bytes; 16 MiB unless given. */
  readonly maxRecordBytes?: number;
}

const MAGIC_SIZE = 4;
const DEFAULT_MAX_RECORD_BYTES = 16 * 1024 * 1024;

/** Formats by their first four bytes, read as a big-endian number. */
const formats = new Map<number, (maxRecordBytes: number) => CaptureFormat>([
  [0xa1b2c3d4, max => new PcapFormat(false, 1000, max)],
  [0xd4c3b2a1, max => new PcapFormat(true, 1000, max)],
  [0xa1b23c4d, max => new PcapFormat(false, 1, max)],
  [0x4d3cb2a1, max => new PcapFormat(true, 1, max)],
  [BLOCK_SECTION, max => new PcapngFormat(max)],
]);

/** Files that are met where a capture is expected: their first bytes in hex, and what to say of them. */
const strangers: readonly (readonly [magic: string, what: string])[] = [
  ['1f8b', 'gzip compressed data: decompress it first'],
  ['28b52ffd', 'zstd compressed data: decompress it first'],
  ['fd377a58', 'xz compressed data: decompress it first'],
  ['04224d18', 'lz4 compressed data: decompress it first'],
  ['425a68', 'bzip2 compressed data: decompress it first'],
  ['504b0304', 'a zip archive: unpack it first'],
  ['736e6f6f', 'a snoop capture: convert it to pcapng first'],
  ['a1b2cd34', "a capture in the 'modified' pcap format: convert it to pcapng first"],
  ['34cdb2a1', "a capture in the 'modified' pcap format: convert it to pcapng first"],
  ['7f454c46', 'an ELF file'],
];

function openFormat(magic: number, maxRecordBytes: number): CaptureFormat {
  const open = formats.get(magic);
  if (open !== undefined) return open(maxRecordBytes);
  const hex = magic.toString(16).padStart(8, '0');
  const stranger = strangers.find(([prefix]) => hex.startsWith(prefix));
  const what = stranger?.[1] ?? `a file that begins with 0x${hex}`;
  throw new CaptureError(0, `not a pcap or pcapng capture but ${what}`);
}

/** Turns the chunks of one capture file into packets. */
export class CaptureReader {
  readonly #maxRecordBytes: number;
  #format: CaptureFormat | undefined;
  /** File offset of the record under way. */
  #offset = 0;
  #packets = 0;
  /** Room for the record under way as far as its length is known; the first `#gathered` bytes are there. */
  #pending = new Uint8Array(0);
  #gathered = 0;
  #failure: CaptureError | undefined;

  constructor(options: CaptureReaderOptions = {}) {
    this.#maxRecordBytes = options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES;
  }

  /** The file's format, once four bytes have told. */
  get format(): 'pcap' | 'pcapng' | undefined {
    return this.#format?.name;
  }

  /** What the file says of the section that is being read, once it has. */
  get section(): CaptureSection | undefined {
    return this.#format?.section;
  }

  /**
   * The packets that are complete with this chunk. Where a record is malformed, the packets before it are returned first and the
   * next call throws.
   * @throws CaptureError
   */
  push(chunk: Uint8Array): Packet[] {
    if (this.#failure !== undefined) throw this.#failure;
    const packets: Packet[] = [];
    try {
      this.#read(chunk, packets);
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      this.#failure = error;
      if (packets.length === 0) throw error;
    }
    this.#packets += packets.length;
    return packets;
  }

  /**
   * Says that the file ends here.
   * @throws CaptureError when it ends inside a record, or is empty.
   */
  end(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#gathered > 0) {
      const where = `the capture ends after ${this.#packets} packets, inside a record`;
      throw new CaptureError(this.#offset, `${where}: ${this.#gathered} bytes, want ${this.#pending.length}`);
    }
    if (this.#format === undefined) throw new CaptureError(0, 'the capture is empty, want a pcap or pcapng header');
  }

  #read(chunk: Uint8Array, packets: Packet[]): void {
    let at = this.#finishPending(chunk, packets);
    const view = viewOf(chunk);
    while (at < chunk.length) {
      const available = chunk.length - at;
      const size = this.#recordSize(view, at, available);
      if (size > available) {
        this.#pending = new Uint8Array(size);
        this.#pending.set(chunk.subarray(at));
        this.#gathered = available;
        return;
      }
      this.#readRecord(chunk, view, at, size, packets);
      at += size;
    }
  }

  /** Gathers the record under way until it is complete or the chunk is used up; returns how much of the chunk was used. */
  #finishPending(chunk: Uint8Array, packets: Packet[]): number {
    let used = 0;
    while (this.#gathered > 0) {
      const part = chunk.subarray(used, used + this.#pending.length - this.#gathered);
      this.#pending.set(part, this.#gathered);
      this.#gathered += part.length;
      used += part.length;
      if (this.#gathered < this.#pending.length) break;
      const view = viewOf(this.#pending);
      const size = this.#recordSize(view, 0, this.#gathered);
      if (size > this.#gathered) {
        const larger = new Uint8Array(size);
        larger.set(this.#pending);
        this.#pending = larger;
      } else {
        this.#gathered = 0;
        this.#readRecord(this.#pending, view, 0, size, packets);
      }
    }
    return used;
  }

  #recordSize(view: DataView, at: number, available: number): number {
    if (this.#format === undefined) {
      if (available < MAGIC_SIZE) return MAGIC_SIZE;
      this.#format = openFormat(view.getUint32(at, false), this.#maxRecordBytes);
    }
    return this.#format.recordSize(view, at, available, this.#offset);
  }

  #readRecord(bytes: Uint8Array, view: DataView, at: number, size: number, packets: Packet[]): void {
    this.#format?.readRecord(bytes, view, at, size, this.#offset, packets);
    this.#offset += size;
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Chunks of a file, in order: a Node stream, a `fetch` body, an array. */
export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * The packets of a capture, an array per chunk: the way to read millions of them.
 * @throws CaptureError
 */
export async function* readCaptureBatches(chunks: Chunks, options?: CaptureReaderOptions): AsyncGenerator<Packet[]> {
  const reader = new CaptureReader(options);
  for await (const chunk of chunks) {
    const packets = reader.push(chunk);
    if (packets.length > 0) yield packets;
  }
  reader.end();
}

/**
 * The packets of a capture, one by one.
 * @example for await (const packet of readCapture(createReadStream('in.pcap'))) console.log(packet.data.length);
 * @throws CaptureError
 */
export async function* readCapture(chunks: Chunks, options?: CaptureReaderOptions): AsyncGenerator<Packet> {
  for await (const packets of readCaptureBatches(chunks, options)) yield* packets;
}

/**
 * The packets of a capture that lies in memory whole.
 * @throws CaptureError
 */
export function parseCapture(bytes: Uint8Array, options?: CaptureReaderOptions): Packet[] {
  const reader = new CaptureReader(options);
  const packets = reader.push(bytes);
  reader.end();
  return packets;
}
