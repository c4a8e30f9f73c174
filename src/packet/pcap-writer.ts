/** Writes pcap files: draft-ietf-opsawg-pcap, the layout at the head of `pcap-reader.ts`. */
import { ByteWriter } from '../util/bytes.ts';
import { type CaptureInterface, ETHERNET, MAX_SNAP_LENGTH, type PacketRecord } from './capture.ts';
import { CaptureError } from './error.ts';
import { type CaptureWriter, wantTime } from './writer.ts';

/** How a pcap file is written. */
export interface PcapWriterOptions {
  /** Nanoseconds unless `us`. */
  readonly resolution?: 'ns' | 'us';
  readonly order?: 'little' | 'big';
  /** The one interface of the file; Ethernet unless given. Its name has no place in pcap. */
  readonly interface?: CaptureInterface;
}

/** Writes a pcap file: every packet has the same link type, and options such as a verdict are left out. */
export class PcapWriter implements CaptureWriter {
  readonly #writer: ByteWriter;
  readonly #linkType: number;
  readonly #nsPerTick: number;
  #taken = 0;

  constructor(options: PcapWriterOptions = {}) {
    const { linkType, snapLength } = options.interface ?? ETHERNET;
    this.#writer = new ByteWriter(options.order);
    this.#linkType = linkType;
    this.#nsPerTick = options.resolution === 'us' ? 1000 : 1;
    this.#writer.u32(this.#nsPerTick === 1 ? 0xa1b23c4d : 0xa1b2c3d4);
    this.#writer
      .u16(2)
      .u16(4)
      .u32(0)
      .u32(0)
      .u32(snapLength || MAX_SNAP_LENGTH)
      .u32(linkType);
  }

  get pendingBytes(): number {
    return this.#writer.length;
  }

  write(packet: PacketRecord): void {
    const offset = this.#taken + this.#writer.length;
    const { data, seconds = 0, nanoseconds = 0, originalLength = data.length } = packet;
    wantTime(seconds, nanoseconds, 2 ** 32, offset);
    const linkType = packet.interface?.linkType ?? this.#linkType;
    if (linkType !== this.#linkType) {
      throw new CaptureError(
        offset,
        `write packet of link type ${linkType}: pcap holds one link type, here ${this.#linkType}`,
      );
    }
    this.#writer
      .u32(seconds)
      .u32(Math.floor(nanoseconds / this.#nsPerTick))
      .u32(data.length)
      .u32(originalLength)
      .raw(data);
  }

  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#writer.take();
    this.#taken += bytes.length;
    this.#writer.reset();
    return bytes;
  }
}
