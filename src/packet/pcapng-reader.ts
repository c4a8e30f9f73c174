/**
 * The blocks of a pcapng file, as draft-ietf-opsawg-pcapng §4 has them. Sections and interfaces become context for the packets
 * after them; name resolution, statistics, custom and unknown blocks are passed over.
 */
import { type CaptureInterface, type CaptureSection, Packet, type PacketOptions } from './capture.ts';
import { CaptureError } from './error.ts';
import type { CaptureFormat } from './format.ts';
import { type OptionTable, type OptionValues, parseOptions } from './options.ts';
import {
  BLOCK_ENHANCED_PACKET,
  BLOCK_FRAME,
  BLOCK_INTERFACE,
  BLOCK_OBSOLETE_PACKET,
  BLOCK_SECTION,
  BLOCK_SIMPLE_PACKET,
  BYTE_ORDER_MAGIC,
  DEFAULT_RESOLUTION,
  interfaceOptions,
  packetOptions,
  sectionOptions,
  timestampOptions,
} from './pcapng.ts';
import { TickScale } from './timestamp.ts';

const NO_OPTIONS: PacketOptions = {};

/** Length of the fixed fields of a block, frame included. */
const fixedSize = {
  section: BLOCK_FRAME + 16,
  interface: BLOCK_FRAME + 8,
  packet: BLOCK_FRAME + 20,
  simplePacket: BLOCK_FRAME + 4,
} as const;

interface InterfaceState {
  readonly interface: CaptureInterface;
  readonly scale: TickScale;
}

/** Reads a pcapng file of any number of sections, each in its own byte order. */
export class PcapngFormat implements CaptureFormat {
  readonly name = 'pcapng';
  section: CaptureSection = { littleEndian: true };
  readonly #maxBlockBytes: number;
  #littleEndian = true;
  #interfaces: InterfaceState[] = [];

  constructor(maxBlockBytes: number) {
    this.#maxBlockBytes = maxBlockBytes;
  }

  recordSize(view: DataView, at: number, available: number, offset: number): number {
    if (available < BLOCK_FRAME) return BLOCK_FRAME;
    const littleEndian = this.#blockOrder(view, at, offset);
    const size = view.getUint32(at + 4, littleEndian);
    if (size < BLOCK_FRAME || size % 4 !== 0) {
      throw new CaptureError(offset + 4, `block of length ${size}, want a multiple of 4 from ${BLOCK_FRAME}`);
    }
    if (size > this.#maxBlockBytes) {
      throw new CaptureError(offset + 4, `block of length ${size}, want at most ${this.#maxBlockBytes}`);
    }
    return size;
  }

  readRecord(bytes: Uint8Array, view: DataView, at: number, size: number, offset: number, packets: Packet[]): void {
    this.#littleEndian = this.#blockOrder(view, at, offset);
    const trailer = view.getUint32(at + size - 4, this.#littleEndian);
    if (trailer !== size) {
      throw new CaptureError(offset + size - 4, `block ends with length ${trailer}, want ${size} as at its start`);
    }
    const type = view.getUint32(at, this.#littleEndian);
    switch (type) {
      case BLOCK_ENHANCED_PACKET:
      case BLOCK_OBSOLETE_PACKET:
        packets.push(this.#readPacket(bytes, view, at, size, offset, type));
        break;
      case BLOCK_SIMPLE_PACKET:
        packets.push(this.#readSimplePacket(bytes, view, at, size, offset));
        break;
      case BLOCK_INTERFACE:
        this.#readInterface(view, at, size, offset);
        break;
      case BLOCK_SECTION:
        this.#readSection(view, at, size, offset);
        break;
    }
  }

  /** The byte order of a block: a section header brings its own. */
  #blockOrder(view: DataView, at: number, offset: number): boolean {
    // The block type of a section header reads the same in either order.
    if (view.getUint32(at, true) !== BLOCK_SECTION) return this.#littleEndian;
    const magic = view.getUint32(at + 8, true);
    if (magic === BYTE_ORDER_MAGIC) return true;
    if (view.getUint32(at + 8, false) === BYTE_ORDER_MAGIC) return false;
    throw new CaptureError(
      offset + 8,
      `byte-order magic 0x${magic.toString(16)}, want 0x${BYTE_ORDER_MAGIC.toString(16)}`,
    );
  }

  #readSection(view: DataView, at: number, size: number, offset: number): void {
    wantSize('section header', size, fixedSize.section, offset);
    const major = view.getUint16(at + 12, this.#littleEndian);
    if (major !== 1) {
      const minor = view.getUint16(at + 14, this.#littleEndian);
      throw new CaptureError(offset + 12, `pcapng version ${major}.${minor}, want 1.x`);
    }
    this.section = {
      littleEndian: this.#littleEndian,
      ...this.#options(sectionOptions, view, at, size, 24, offset),
    };
    this.#interfaces = [];
  }

  #readInterface(view: DataView, at: number, size: number, offset: number): void {
    wantSize('interface description', size, fixedSize.interface, offset);
    const timing = this.#options(timestampOptions, view, at, size, 16, offset);
    this.#interfaces.push({
      interface: {
        linkType: view.getUint16(at + 8, this.#littleEndian),
        snapLength: view.getUint32(at + 12, this.#littleEndian),
        ...this.#options(interfaceOptions, view, at, size, 16, offset),
      },
      scale: new TickScale(timing.resolution ?? DEFAULT_RESOLUTION, timing.offsetSeconds ?? 0n),
    });
  }

  /** Enhanced Packet Block; the obsolete one has a 16-bit interface id and a drop count in its place, and options 1 to 3 only. */
  #readPacket(bytes: Uint8Array, view: DataView, at: number, size: number, offset: number, type: number): Packet {
    wantSize('packet', size, fixedSize.packet, offset);
    const le = this.#littleEndian;
    const obsolete = type === BLOCK_OBSOLETE_PACKET;
    const { interface: from, scale } = this.#interfaceOf(
      obsolete ? view.getUint16(at + 8, le) : view.getUint32(at + 8, le),
      offset + 8,
    );
    const captured = view.getUint32(at + 20, le);
    if (captured > size - fixedSize.packet) throw tooLong(captured, size - fixedSize.packet, offset + 20);
    const optionsFrom = 28 + captured + (-captured & 3);
    const options =
      optionsFrom === size - 4 ? NO_OPTIONS : this.#options(packetOptions, view, at, size, optionsFrom, offset);
    scale.convert(view.getUint32(at + 12, le), view.getUint32(at + 16, le));
    const data = bytes.subarray(at + 28, at + 28 + captured);
    return new Packet(data, view.getUint32(at + 24, le), scale.seconds, scale.nanoseconds, from, options);
  }

  /** A Simple Packet Block has no time, belongs to interface 0, and is as long as that interface's snap length lets it be. */
  #readSimplePacket(bytes: Uint8Array, view: DataView, at: number, size: number, offset: number): Packet {
    wantSize('simple packet', size, fixedSize.simplePacket, offset);
    const { interface: from } = this.#interfaceOf(0, offset);
    const originalLength = view.getUint32(at + 8, this.#littleEndian);
    const captured = Math.min(originalLength, from.snapLength || originalLength);
    if (captured > size - fixedSize.simplePacket) throw tooLong(captured, size - fixedSize.simplePacket, offset + 8);
    return new Packet(bytes.subarray(at + 12, at + 12 + captured), originalLength, 0, 0, from, NO_OPTIONS);
  }

  #interfaceOf(id: number, offset: number): InterfaceState {
    const state = this.#interfaces[id];
    if (state === undefined) {
      throw new CaptureError(
        offset,
        `packet of interface ${id}, the section describes ${this.#interfaces.length} before it`,
      );
    }
    return state;
  }

  /** The options of a block, which begin `from` bytes into it. */
  #options<T extends OptionTable>(
    table: T,
    view: DataView,
    at: number,
    size: number,
    from: number,
    offset: number,
  ): OptionValues<T> {
    return parseOptions(table, view, at + from, at + size - 4, this.#littleEndian, offset + from);
  }
}

function wantSize(what: string, size: number, least: number, offset: number): void {
  if (size < least) throw new CaptureError(offset + 4, `${what} block of length ${size}, want at least ${least}`);
}

function tooLong(captured: number, most: number, offset: number): CaptureError {
  return new CaptureError(offset, `packet of captured length ${captured}, want at most ${most} to stay in its block`);
}
