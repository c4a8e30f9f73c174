/**
 * The vocabulary of pcapng that reader and writer share: block types, magics, and the options of each block.
 * Follows draft-ietf-opsawg-pcapng §4.
 *
 *     | type u32 | total length u32 | body, a multiple of 4 bytes | total length u32 |
 */
import type { OptionTable } from './options.ts';

export const BLOCK_SECTION = 0x0a0d0d0a;
export const BLOCK_INTERFACE = 1;
/** The Packet Block that the Enhanced Packet Block replaced. */
export const BLOCK_OBSOLETE_PACKET = 2;
export const BLOCK_SIMPLE_PACKET = 3;
export const BLOCK_ENHANCED_PACKET = 6;

/** Reads as itself in the byte order of its section. */
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Bytes around the body of a block: type, total length, and the total length again. */
export const BLOCK_FRAME = 12;

/** if_tsresol of interfaces that do not say theirs: 10^-6. */
export const DEFAULT_RESOLUTION = 6;

const commentRow = { code: 1, kind: 'string', repeated: true } as const;

/** Options of the Section Header Block. */
export const sectionOptions = {
  comments: commentRow,
  hardware: { code: 2, kind: 'string' },
  os: { code: 3, kind: 'string' },
  application: { code: 4, kind: 'string' },
} as const satisfies OptionTable;

/** Options of the Interface Description Block that describe the interface. */
export const interfaceOptions = {
  comments: commentRow,
  name: { code: 2, kind: 'string' },
  description: { code: 3, kind: 'string' },
  macAddress: { code: 6, kind: 'bytes' },
  /** Bits per second. */
  speed: { code: 8, kind: 'u64' },
  /** First octet 0: the rest is a filter in libpcap's syntax. */
  filter: { code: 11, kind: 'bytes' },
  os: { code: 12, kind: 'string' },
  /** Length of the frame check sequence at the end of packets, in bits. */
  fcsLength: { code: 13, kind: 'u8' },
  hardware: { code: 15, kind: 'string' },
} as const satisfies OptionTable;

/** Options of the Interface Description Block that say how its timestamps count; they end in the packets' seconds. */
export const timestampOptions = {
  /** A negative power of 10, or with the high bit set of 2. */
  resolution: { code: 9, kind: 'u8' },
  offsetSeconds: { code: 14, kind: 'i64' },
} as const satisfies OptionTable;

/** Options of the Enhanced Packet Block. */
export const packetOptions = {
  comments: commentRow,
  /** Bits 0–1: 1 inbound, 2 outbound; 2–4: 1 unicast, 2 multicast, 3 broadcast, 4 promiscuous; 5–8: FCS length; 16–31: link errors. */
  flags: { code: 2, kind: 'u32' },
  /** First octet: the algorithm; then the hash. */
  hashes: { code: 3, kind: 'bytes', repeated: true },
  /** Packets lost between the previous one of this interface and this one. */
  dropCount: { code: 4, kind: 'u64' },
  packetId: { code: 5, kind: 'u64' },
  queue: { code: 6, kind: 'u32' },
  verdicts: { code: 7, kind: 'verdict', repeated: true },
} as const satisfies OptionTable;
