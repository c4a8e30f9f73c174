/** Six packets that every XDP program meets in the tests, from a whole TCP SYN to a bare Ethernet header. */
import hex from '../data/packets.json' with { type: 'json' };

/** A packet with a name for the test's row; `bytes` begins at the Ethernet header. */
export interface NamedPacket {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The packets, in the order of `test/data/packets.json`. */
export const packets: readonly NamedPacket[] = Object.entries(hex).map(([name, digits]) => ({
  name,
  bytes: Uint8Array.from(Buffer.from(digits, 'hex')),
}));
