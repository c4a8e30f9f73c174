/**
 * A packet in one line, for tables and logs: `IPv4 10.0.0.1:40000 → 10.0.0.2:80 TCP SYN, 74 bytes`. Any bytes will do; what ends
 * too early is called truncated.
 */
import { formatIpv4, formatIpv6, formatMac } from './address.ts';
import { LINK_TYPES } from './capture.ts';
import { ETHER_TYPES, IP_PROTOCOLS, TCP_FLAGS } from './protocols.ts';

/** One line about a packet that begins with a header of `linkType`, Ethernet unless given. */
export function formatPacket(data: Uint8Array, linkType: number = LINK_TYPES.ethernet): string {
  return `${describeLink(new DataView(data.buffer, data.byteOffset, data.byteLength), linkType)}, ${data.length} bytes`;
}

function describeLink(view: DataView, linkType: number): string {
  switch (linkType) {
    case LINK_TYPES.ethernet:
      return view.byteLength < 14 ? 'Ethernet, truncated' : describeEtherType(view, 12);
    case LINK_TYPES.raw:
    case LINK_TYPES.ipv4:
    case LINK_TYPES.ipv6:
      return view.byteLength > 0 && view.getUint8(0) >> 4 === 6 ? describeIpv6(view, 0) : describeIpv4(view, 0);
    default:
      return `link type ${linkType}`;
  }
}

/** What follows the EtherType at `at`. */
function describeEtherType(view: DataView, at: number): string {
  let tags = '';
  let type = view.getUint16(at);
  let next = at + 2;
  while (type === ETHER_TYPES.vlan || type === ETHER_TYPES.qinq) {
    if (!has(view, next, 4)) return `${tags}VLAN, truncated`;
    tags += `VLAN ${view.getUint16(next) & 0xfff} `;
    type = view.getUint16(next + 2);
    next += 4;
  }
  return tags + describeNetwork(view, next, type);
}

function describeNetwork(view: DataView, at: number, etherType: number): string {
  switch (etherType) {
    case ETHER_TYPES.arp:
      return describeArp(view, at);
    case ETHER_TYPES.ipv4:
      return describeIpv4(view, at);
    case ETHER_TYPES.ipv6:
      return describeIpv6(view, at);
    default:
      if (etherType < 0x600) return `802.3 of length ${etherType}`;
      return `ethertype 0x${etherType.toString(16).padStart(4, '0')}`;
  }
}

function describeArp(view: DataView, at: number): string {
  if (!has(view, at, 28)) return 'ARP, truncated';
  const sender = formatIpv4(slice(view, at + 14, 4));
  const target = formatIpv4(slice(view, at + 24, 4));
  const op = view.getUint16(at + 6);
  if (op === 1) return `ARP who has ${target}? tell ${sender}`;
  if (op === 2) return `ARP ${sender} is at ${formatMac(slice(view, at + 8, 6))}`;
  return `ARP operation ${op}`;
}

function describeIpv4(view: DataView, at: number): string {
  if (!has(view, at, 20)) return 'IPv4, truncated';
  const headerSize = (view.getUint8(at) & 0xf) * 4;
  if (view.getUint8(at) >> 4 !== 4 || headerSize < 20) return 'IPv4, malformed';
  const source = formatIpv4(slice(view, at + 12, 4));
  const dest = formatIpv4(slice(view, at + 16, 4));
  const fragmentOffset = (view.getUint16(at + 6) & 0x1fff) * 8;
  return `IPv4 ${describeTransport(view, at + headerSize, view.getUint8(at + 9), source, dest, fragmentOffset)}`;
}

/** Headers that may stand between IPv6 and the transport: hop-by-hop options, routing, fragment, destination options. */
const FRAGMENT_HEADER = 44;
const EXTENSION_HEADERS: ReadonlySet<number> = new Set([0, 43, FRAGMENT_HEADER, 60]);

function describeIpv6(view: DataView, at: number): string {
  if (!has(view, at, 40)) return 'IPv6, truncated';
  if (view.getUint8(at) >> 4 !== 6) return 'IPv6, malformed';
  const source = formatIpv6(slice(view, at + 8, 16));
  const dest = formatIpv6(slice(view, at + 24, 16));
  let protocol = view.getUint8(at + 6);
  let next = at + 40;
  let fragmentOffset = 0;
  while (EXTENSION_HEADERS.has(protocol) && has(view, next, 8)) {
    const fragment = protocol === FRAGMENT_HEADER;
    if (fragment) fragmentOffset = view.getUint16(next + 2) & 0xfff8;
    protocol = view.getUint8(next);
    next += fragment ? 8 : (view.getUint8(next + 1) + 1) * 8;
  }
  return `IPv6 ${describeTransport(view, next, protocol, source, dest, fragmentOffset)}`;
}

const icmpTypes: Readonly<Record<number, string>> = {
  0: 'echo reply',
  3: 'destination unreachable',
  5: 'redirect',
  8: 'echo request',
  11: 'time exceeded',
};
const icmpv6Types: Readonly<Record<number, string>> = {
  1: 'destination unreachable',
  2: 'packet too big',
  3: 'time exceeded',
  128: 'echo request',
  129: 'echo reply',
  133: 'router solicitation',
  134: 'router advertisement',
  135: 'neighbour solicitation',
  136: 'neighbour advertisement',
};

interface Transport {
  readonly name: string;
  /** Bytes that {@link detail} and the ports need. */
  readonly headerSize: number;
  readonly ports: boolean;
  detail(view: DataView, at: number): string;
}

const transports: Readonly<Record<number, Transport>> = {
  [IP_PROTOCOLS.tcp]: { name: 'TCP', headerSize: 20, ports: true, detail: describeTcpFlags },
  [IP_PROTOCOLS.udp]: { name: 'UDP', headerSize: 8, ports: true, detail: () => '' },
  [IP_PROTOCOLS.icmp]: { name: 'ICMP', headerSize: 4, ports: false, detail: (v, at) => describeIcmp(icmpTypes, v, at) },
  [IP_PROTOCOLS.icmpv6]: {
    name: 'ICMPv6',
    headerSize: 4,
    ports: false,
    detail: (view, at) => describeIcmp(icmpv6Types, view, at),
  },
};

function describeTransport(
  view: DataView,
  at: number,
  protocol: number,
  source: string,
  dest: string,
  fragmentOffset: number,
): string {
  const hosts = `${source} → ${dest}`;
  const transport = transports[protocol];
  const name = transport?.name ?? `protocol ${protocol}`;
  if (fragmentOffset > 0) return `${hosts} ${name} fragment at ${fragmentOffset}`;
  if (transport === undefined) return `${hosts} ${name}`;
  if (!has(view, at, transport.headerSize)) return `${hosts} ${name}, truncated`;
  const ends = transport.ports ? `${port(view, at, source)} → ${port(view, at + 2, dest)}` : hosts;
  return `${ends} ${name}${transport.detail(view, at)}`;
}

function describeTcpFlags(view: DataView, at: number): string {
  const flags = view.getUint8(at + 13);
  return Object.entries(TCP_FLAGS)
    .filter(([, bit]) => flags & bit)
    .map(([name]) => ` ${name.toUpperCase()}`)
    .join('');
}

function describeIcmp(types: Readonly<Record<number, string>>, view: DataView, at: number): string {
  const type = view.getUint8(at);
  return ` ${types[type] ?? `type ${type}`}`;
}

function port(view: DataView, at: number, host: string): string {
  return `${host.includes(':') ? `[${host}]` : host}:${view.getUint16(at)}`;
}

const has = (view: DataView, at: number, size: number): boolean => at + size <= view.byteLength;

const slice = (view: DataView, at: number, size: number): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset + at, size);
