/** Writes pcapng files of one section, with times in nanoseconds: draft-ietf-opsawg-pcapng §4.1 to §4.3. */
import { alignUp, ByteWriter } from '../util/bytes.ts';
import { type CaptureInterface, ETHERNET, type PacketRecord } from './capture.ts';
import { CaptureError } from './error.ts';
import { encodeOptions, type OptionTable, type OptionValues } from './options.ts';
import {
  BLOCK_ENHANCED_PACKET,
  BLOCK_FRAME,
  BLOCK_INTERFACE,
  BLOCK_SECTION,
  BYTE_ORDER_MAGIC,
  interfaceOptions,
  packetOptions,
  sectionOptions,
  timestampOptions,
} from './pcapng.ts';
import { MAX_NS_SECONDS, nanosecondTicks } from './timestamp.ts';
import { type CaptureWriter, wantTime } from './writer.ts';

/** How a pcapng file is written; `application`, `os`, `hardware` and `comments` go into the section header. */
export interface PcapngWriterOptions extends OptionValues<typeof sectionOptions> {
  readonly order?: 'little' | 'big';
  /** Interfaces to describe at once; any other is described before its first packet. */
  readonly interfaces?: readonly CaptureInterface[];
}

const NANOSECONDS = 9;
const describedOptions = { ...interfaceOptions, ...timestampOptions };

/** Writes a pcapng file: packets of several interfaces, with comments, flags, queue, id and verdict. */
export class PcapngWriter implements CaptureWriter {
  readonly #writer: ByteWriter;
  readonly #options: ByteWriter;
  readonly #interfaceIds = new Map<CaptureInterface, number>();
  #taken = 0;

  constructor(options: PcapngWriterOptions = {}) {
    this.#writer = new ByteWriter(options.order);
    this.#options = new ByteWriter(options.order);
    this.#encodeOptions(sectionOptions, { application: 'skep', ...options });
    this.#block(BLOCK_SECTION, 16, writer => {
      // A section length of -1: not known.
      writer.u32(BYTE_ORDER_MAGIC).u16(1).u16(0).u64(-1n);
    });
    for (const captureInterface of options.interfaces ?? []) this.#interfaceId(captureInterface);
  }

  get pendingBytes(): number {
    return this.#writer.length;
  }

  write(packet: PacketRecord): void {
    const { data, seconds = 0, nanoseconds = 0, originalLength = data.length } = packet;
    wantTime(seconds, nanoseconds, MAX_NS_SECONDS, this.#offset);
    const interfaceId = this.#interfaceId(packet.interface ?? ETHERNET);
    const { high, low } = nanosecondTicks(seconds, nanoseconds);
    this.#encodeOptions(packetOptions, packet.options ?? {});
    this.#block(BLOCK_ENHANCED_PACKET, 20 + alignUp(data.length, 4), writer => {
      writer.u32(interfaceId).u32(high).u32(low).u32(data.length).u32(originalLength).raw(data).align(4);
    });
  }

  /** File offset of what is written next. */
  get #offset(): number {
    return this.#taken + this.#writer.length;
  }

  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#writer.take();
    this.#taken += bytes.length;
    this.#writer.reset();
    return bytes;
  }

  /** The number of an interface in this section; describes it when it is new. */
  #interfaceId(captureInterface: CaptureInterface): number {
    const known = this.#interfaceIds.get(captureInterface);
    if (known !== undefined) return known;
    const { linkType, snapLength } = captureInterface;
    if (linkType > 0xffff)
      throw new CaptureError(this.#offset, `write interface of link type ${linkType}, want at most 65535`);
    this.#encodeOptions(describedOptions, { ...captureInterface, resolution: NANOSECONDS });
    this.#block(BLOCK_INTERFACE, 8, writer => {
      writer.u16(linkType).u16(0).u32(snapLength);
    });
    const id = this.#interfaceIds.size;
    this.#interfaceIds.set(captureInterface, id);
    return id;
  }

  #encodeOptions<T extends OptionTable>(table: T, values: OptionValues<T>): void {
    this.#options.reset();
    encodeOptions(table, values, this.#options, this.#offset);
  }

  /** Writes a block of `fixedBytes` bytes that `writeFixed` fills, followed by the options that were encoded. */
  #block(type: number, fixedBytes: number, writeFixed: (writer: ByteWriter) => void): void {
    const size = BLOCK_FRAME + fixedBytes + this.#options.length;
    this.#writer.u32(type).u32(size);
    writeFixed(this.#writer);
    if (this.#options.length > 0) this.#writer.raw(this.#options.take());
    this.#writer.u32(size);
  }
}
