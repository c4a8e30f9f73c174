/**
 * The layers that packets are built of. A layer wraps the bytes of what is inside it: it fills in lengths, the number of the next
 * protocol and checksums, unless told otherwise. Field names are those of Linux's headers, so that a test reads like the program.
 */
import { ByteWriter } from '../util/bytes.ts';
import { parseIpv4, parseIpv6, parseMac } from './address.ts';
import { PacketError } from './error.ts';
import { ETHER_TYPES, IP_PROTOCOLS, internetChecksum, TCP_FLAGS, type TcpFlag } from './protocols.ts';

/** One layer of a packet. */
export interface Layer {
  /** What the layer is called in the Ethernet or VLAN header around it. */
  readonly etherType?: number;
  /** What the layer is called in the IP header around it. */
  readonly ipProtocol?: number;
  /** What TCP and UDP inside this layer add to their checksum. */
  readonly pseudoHeader?: (protocol: number, length: number) => Uint8Array;
  /** The layer's bytes around `body`, which `inner` made; `outer` is the layer around this one. */
  wrap(body: Uint8Array, inner: Layer | undefined, outer: Layer | undefined): Uint8Array;
}

const header = () => new ByteWriter('big');

/** Fields of the Ethernet header. */
export interface EthernetFields {
  readonly source?: string;
  readonly dest?: string;
  /** EtherType; that of the next layer unless given. */
  readonly proto?: number;
}

/** An Ethernet header. */
export function ethernetLayer(fields: EthernetFields): Layer {
  const dest = parseMac(fields.dest ?? '02:00:00:00:00:02');
  const source = parseMac(fields.source ?? '02:00:00:00:00:01');
  return {
    wrap: (body, inner) =>
      header()
        .raw(dest)
        .raw(source)
        .u16(fields.proto ?? inner?.etherType ?? 0)
        .raw(body)
        .take(),
  };
}

/** Fields of a VLAN tag beside its id. */
export interface VlanFields {
  readonly priority?: number;
  readonly dropEligible?: boolean;
  /** EtherType of the tag itself: 802.1Q unless given (`0x88a8` for 802.1ad). */
  readonly tpid?: number;
  /** EtherType of what is inside; that of the next layer unless given. */
  readonly proto?: number;
}

/** A VLAN tag. */
export function vlanLayer(id: number, fields: VlanFields): Layer {
  checkField('VLAN id', id, 0xfff);
  const tci = ((fields.priority ?? 0) << 13) | (fields.dropEligible ? 0x1000 : 0) | id;
  return {
    etherType: fields.tpid ?? ETHER_TYPES.vlan,
    wrap: (body, inner) =>
      header()
        .u16(tci)
        .u16(fields.proto ?? inner?.etherType ?? 0)
        .raw(body)
        .take(),
  };
}

/** Fields of an ARP packet for IPv4 over Ethernet. */
export interface ArpFields {
  readonly op?: 'request' | 'reply';
  readonly senderMac?: string;
  readonly senderIp: string;
  readonly targetMac?: string;
  readonly targetIp: string;
}

/** An ARP packet. */
export function arpLayer(fields: ArpFields): Layer {
  const bytes = header()
    .u16(1)
    .u16(ETHER_TYPES.ipv4)
    .u8(6)
    .u8(4)
    .u16(fields.op === 'reply' ? 2 : 1)
    .raw(parseMac(fields.senderMac ?? '02:00:00:00:00:01'))
    .raw(parseIpv4(fields.senderIp))
    .raw(parseMac(fields.targetMac ?? '00:00:00:00:00:00'))
    .raw(parseIpv4(fields.targetIp))
    .take();
  return { etherType: ETHER_TYPES.arp, wrap: body => concat(bytes, body) };
}

/** Fields of the IPv4 header beside its addresses. */
export interface Ipv4Fields {
  readonly tos?: number;
  readonly id?: number;
  readonly ttl?: number;
  readonly dontFragment?: boolean;
  readonly moreFragments?: boolean;
  /** Offset of this fragment in bytes, a multiple of 8. */
  readonly fragmentOffset?: number;
  /** Header options; padded with zeros to 4 bytes. */
  readonly options?: Uint8Array;
  /** Number of the protocol inside; that of the next layer unless given. */
  readonly protocol?: number;
  /** Total length; the true one unless given. */
  readonly totalLength?: number;
  /** Header checksum; the right one unless given. */
  readonly check?: number;
}

/** An IPv4 header. */
export function ipv4Layer(saddr: string, daddr: string, fields: Ipv4Fields): Layer {
  const addresses = concat(parseIpv4(saddr), parseIpv4(daddr));
  const options = header()
    .raw(fields.options ?? new Uint8Array(0))
    .align(4)
    .take();
  checkField('length of the IPv4 options', options.length, 40);
  const headerSize = 20 + options.length;
  const { dontFragment = true, moreFragments = false, fragmentOffset = 0 } = fields;
  const fragment = (dontFragment ? 0x4000 : 0) | (moreFragments ? 0x2000 : 0) | (fragmentOffset >> 3);
  return {
    etherType: ETHER_TYPES.ipv4,
    ipProtocol: 4,
    pseudoHeader: (protocol, length) => header().raw(addresses).u16(protocol).u16(length).take(),
    wrap(body, inner) {
      const bytes = header()
        .u8(0x40 | (headerSize / 4))
        .u8(fields.tos ?? 0)
        .u16(fields.totalLength ?? headerSize + body.length)
        .u16(fields.id ?? 0)
        .u16(fragment)
        .u8(fields.ttl ?? 64)
        .u8(fields.protocol ?? inner?.ipProtocol ?? 0)
        .u16(0)
        .raw(addresses)
        .raw(options)
        .take();
      setU16(bytes, 10, fields.check ?? internetChecksum(bytes));
      return concat(bytes, body);
    },
  };
}

/** Fields of the IPv6 header beside its addresses. */
export interface Ipv6Fields {
  readonly trafficClass?: number;
  readonly flowLabel?: number;
  readonly hopLimit?: number;
  /** Number of the header inside; that of the next layer unless given. */
  readonly nextHeader?: number;
  /** Payload length; the true one unless given. */
  readonly payloadLength?: number;
}

/** An IPv6 header. */
export function ipv6Layer(saddr: string, daddr: string, fields: Ipv6Fields): Layer {
  const addresses = concat(parseIpv6(saddr), parseIpv6(daddr));
  return {
    etherType: ETHER_TYPES.ipv6,
    ipProtocol: 41,
    pseudoHeader: (protocol, length) => header().raw(addresses).u32(length).u32(protocol).take(),
    wrap: (body, inner) =>
      header()
        .u32(((6 << 28) | ((fields.trafficClass ?? 0) << 20) | (fields.flowLabel ?? 0)) >>> 0)
        .u16(fields.payloadLength ?? body.length)
        .u8(fields.nextHeader ?? inner?.ipProtocol ?? 59)
        .u8(fields.hopLimit ?? 64)
        .raw(addresses)
        .raw(body)
        .take(),
  };
}

/** Fields of the TCP header; flags by name. */
export interface TcpFields extends Partial<Readonly<Record<TcpFlag, boolean>>> {
  readonly sport?: number;
  readonly dport?: number;
  readonly seq?: number;
  readonly ackSeq?: number;
  readonly window?: number;
  readonly urgPtr?: number;
  /** Header options; padded with zeros to 4 bytes. */
  readonly options?: Uint8Array;
  /** Checksum; the right one unless given. */
  readonly check?: number;
}

/** A TCP header. */
export function tcpLayer(fields: TcpFields): Layer {
  checkPorts(fields);
  const options = header()
    .raw(fields.options ?? new Uint8Array(0))
    .align(4)
    .take();
  checkField('length of the TCP options', options.length, 40);
  let flags = 0;
  for (const [name, bit] of Object.entries(TCP_FLAGS)) if (fields[name as TcpFlag]) flags |= bit;
  return transportLayer(IP_PROTOCOLS.tcp, 16, fields.check, body =>
    header()
      .u16(fields.sport ?? 40_000)
      .u16(fields.dport ?? 80)
      .u32(fields.seq ?? 0)
      .u32(fields.ackSeq ?? 0)
      .u8(((20 + options.length) / 4) << 4)
      .u8(flags)
      .u16(fields.window ?? 65_535)
      .u16(0)
      .u16(fields.urgPtr ?? 0)
      .raw(options)
      .raw(body)
      .take(),
  );
}

/** Fields of the UDP header. */
export interface UdpFields {
  readonly sport?: number;
  readonly dport?: number;
  /** Length of header and payload; the true one unless given. */
  readonly len?: number;
  /** Checksum; the right one unless given, 0 for none. */
  readonly check?: number;
}

/** A UDP header. */
export function udpLayer(fields: UdpFields): Layer {
  checkPorts(fields);
  return transportLayer(IP_PROTOCOLS.udp, 6, fields.check, body =>
    header()
      .u16(fields.sport ?? 40_000)
      .u16(fields.dport ?? 53)
      .u16(fields.len ?? 8 + body.length)
      .u16(0)
      .raw(body)
      .take(),
  );
}

/** Fields of an ICMP or ICMPv6 message that carries an id and a sequence number, as echo does. */
export interface IcmpFields {
  readonly type?: number;
  readonly code?: number;
  readonly id?: number;
  readonly sequence?: number;
  /** Checksum; the right one unless given. */
  readonly check?: number;
}

/** An ICMP message inside IPv4, an ICMPv6 message inside IPv6: an echo request unless `type` says otherwise. */
export function icmpLayer(version: 4 | 6, fields: IcmpFields): Layer {
  const protocol = version === 4 ? IP_PROTOCOLS.icmp : IP_PROTOCOLS.icmpv6;
  return transportLayer(protocol, 2, fields.check, body =>
    header()
      .u8(fields.type ?? (version === 4 ? 8 : 128))
      .u8(fields.code ?? 0)
      .u16(0)
      .u16(fields.id ?? 1)
      .u16(fields.sequence ?? 1)
      .raw(body)
      .take(),
  );
}

/** Bytes without a header. */
export function payloadLayer(payload: Uint8Array): Layer {
  return { wrap: body => concat(payload, body) };
}

/** A protocol over IP whose checksum, at `checkAt`, covers the pseudo-header too (which ICMP over IPv4 leaves out). */
function transportLayer(
  ipProtocol: number,
  checkAt: number,
  check: number | undefined,
  encode: (body: Uint8Array) => Uint8Array,
): Layer {
  return {
    ipProtocol,
    wrap(body, _inner, outer) {
      const bytes = encode(body);
      const pseudo = ipProtocol === IP_PROTOCOLS.icmp ? undefined : outer?.pseudoHeader?.(ipProtocol, bytes.length);
      const sum = pseudo === undefined ? internetChecksum(bytes) : internetChecksum(pseudo, bytes);
      // RFC 768: a UDP checksum of 0 means that there is none.
      setU16(bytes, checkAt, check ?? (sum === 0 && ipProtocol === IP_PROTOCOLS.udp ? 0xffff : sum));
      return bytes;
    },
  };
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function setU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}

function checkField(what: string, value: number, most: number): void {
  if (!(Number.isInteger(value) && value >= 0 && value <= most)) {
    throw new PacketError(`build packet: ${what} is ${value}, want 0..${most}`);
  }
}

function checkPorts(fields: { readonly sport?: number; readonly dport?: number }): void {
  checkField('source port', fields.sport ?? 0, 0xffff);
  checkField('destination port', fields.dport ?? 0, 0xffff);
}
