/** Numbers of the protocols that this folder builds and dissects, by name. */

/** EtherTypes. */
export const ETHER_TYPES = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, ipv6: 0x86dd, qinq: 0x88a8 } as const;

/** Protocol numbers of IPv4 headers and next-header numbers of IPv6 headers. */
export const IP_PROTOCOLS = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;

/** Bits of the TCP flags, in the order that summaries print them. */
export const TCP_FLAGS = { syn: 2, fin: 1, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128 } as const;

/** The name of a TCP flag. */
export type TcpFlag = keyof typeof TCP_FLAGS;

/** The Internet checksum (RFC 1071) of `parts` laid end to end, each of even length but the last. */
export function internetChecksum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const bytes of parts) {
    for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
