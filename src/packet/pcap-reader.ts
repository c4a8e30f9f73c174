/**
 * The records of a pcap file. Follows draft-ietf-opsawg-pcap §4 and §5:
 *
 *     | magic u32 | major u16 | minor u16 | zone, accuracy: 2 × u32 | snap length u32 | FCS length 4 bits, …, link type |
 *     | seconds u32 | µs or ns u32 | captured length u32 | original length u32 | data |  …
 */
import { type CaptureInterface, ETHERNET, Packet, type PacketOptions } from './capture.ts';
import { CaptureError } from './error.ts';
import type { CaptureFormat } from './format.ts';

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const NO_OPTIONS: PacketOptions = {};

/** Reads a pcap file in one byte order, with fractions of a second of `nsPerTick` nanoseconds. */
export class PcapFormat implements CaptureFormat {
  readonly name = 'pcap';
  readonly #littleEndian: boolean;
  readonly #nsPerTick: number;
  readonly #maxRecordBytes: number;
  #interface: CaptureInterface = ETHERNET;
  #headerRead = false;

  constructor(littleEndian: boolean, nsPerTick: number, maxRecordBytes: number) {
    this.#littleEndian = littleEndian;
    this.#nsPerTick = nsPerTick;
    this.#maxRecordBytes = maxRecordBytes;
  }

  get section() {
    return { littleEndian: this.#littleEndian };
  }

  recordSize(view: DataView, at: number, available: number, offset: number): number {
    if (!this.#headerRead) return FILE_HEADER;
    if (available < RECORD_HEADER) return RECORD_HEADER;
    const captured = view.getUint32(at + 8, this.#littleEndian);
    if (captured > this.#maxRecordBytes) {
      throw new CaptureError(offset, `packet of captured length ${captured}, want at most ${this.#maxRecordBytes}`);
    }
    return RECORD_HEADER + captured;
  }

  readRecord(bytes: Uint8Array, view: DataView, at: number, size: number, offset: number, packets: Packet[]): void {
    if (!this.#headerRead) {
      this.#readHeader(view, at, offset);
      return;
    }
    const ticks = view.getUint32(at + 4, this.#littleEndian) * this.#nsPerTick;
    // A fraction of a second or more is malformed but harmless.
    const carry = Math.floor(ticks / 1e9);
    packets.push(
      new Packet(
        bytes.subarray(at + RECORD_HEADER, at + size),
        view.getUint32(at + 12, this.#littleEndian),
        view.getUint32(at, this.#littleEndian) + carry,
        ticks - carry * 1e9,
        this.#interface,
        NO_OPTIONS,
      ),
    );
  }

  #readHeader(view: DataView, at: number, offset: number): void {
    const major = view.getUint16(at + 4, this.#littleEndian);
    const minor = view.getUint16(at + 6, this.#littleEndian);
    if (major !== 2) throw new CaptureError(offset + 4, `pcap version ${major}.${minor}, want 2.x`);
    const link = view.getUint32(at + 20, this.#littleEndian);
    const fcsWords = link & 0x0400_0000 ? link >>> 28 : 0;
    this.#interface = {
      linkType: link & 0x03ff_ffff,
      snapLength: view.getUint32(at + 16, this.#littleEndian),
      ...(fcsWords > 0 && { fcsLength: fcsWords * 16 }),
    };
    this.#headerRead = true;
  }
}
