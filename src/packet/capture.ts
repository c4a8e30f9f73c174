/**
 * What a capture holds, whichever file format carries it: packets, the interfaces that saw them, and the sections of the file.
 * The readers make these values and the writers take them, so a capture passes from one format to another unchanged.
 */
import type { OptionValues } from './options.ts';
import type { interfaceOptions, packetOptions, sectionOptions } from './pcapng.ts';

/** Link types by their LINKTYPE_ names, as far as this folder knows what is inside them. */
export const LINK_TYPES = { null: 0, ethernet: 1, raw: 101, loop: 108, linux_sll: 113, ipv4: 228, ipv6: 229 } as const;

/** The longest packet that capture tools agree to read, and the snap length of interfaces that do not say theirs. */
export const MAX_SNAP_LENGTH = 262_144;

/** An interface that packets were captured on; the object is the identity, so compare with `===`. */
export interface CaptureInterface extends OptionValues<typeof interfaceOptions> {
  /** LINKTYPE_ number: what the first bytes of a packet are. */
  readonly linkType: number;
  /** Most bytes kept of a packet; 0 means no limit. */
  readonly snapLength: number;
}

/** What a file says of the capture as a whole; a pcapng file may hold several sections. */
export interface CaptureSection extends OptionValues<typeof sectionOptions> {
  readonly littleEndian: boolean;
}

/** What pcapng can say of a packet beside its bytes. */
export type PacketOptions = OptionValues<typeof packetOptions>;

/** A packet to be written; a {@link Packet} is one. */
export interface PacketRecord {
  readonly data: Uint8Array;
  /** Length on the wire; the length of `data` unless it was cut. */
  readonly originalLength?: number;
  /** Whole seconds since 1970; 0 unless given. */
  readonly seconds?: number;
  /** 0 … 999,999,999. */
  readonly nanoseconds?: number;
  /** Where it was captured; an Ethernet interface unless given. */
  readonly interface?: CaptureInterface;
  readonly options?: PacketOptions;
}

/** A packet read from a capture. `data` is a view of the bytes that were pushed: it lives as long as they are left alone. */
export class Packet implements PacketRecord {
  readonly data: Uint8Array;
  readonly originalLength: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly interface: CaptureInterface;
  readonly options: PacketOptions;

  constructor(
    data: Uint8Array,
    originalLength: number,
    seconds: number,
    nanoseconds: number,
    captureInterface: CaptureInterface,
    options: PacketOptions,
  ) {
    this.data = data;
    this.originalLength = originalLength;
    this.seconds = seconds;
    this.nanoseconds = nanoseconds;
    this.interface = captureInterface;
    this.options = options;
  }

  /** Nanoseconds since 1970, computed on demand: a bigint per packet would cost more than reading the packet. */
  get timestampNs(): bigint {
    return BigInt(this.seconds) * 1_000_000_000n + BigInt(this.nanoseconds);
  }
}

/** The interface of packets that do not name one. */
export const ETHERNET: CaptureInterface = { linkType: LINK_TYPES.ethernet, snapLength: MAX_SNAP_LENGTH };
