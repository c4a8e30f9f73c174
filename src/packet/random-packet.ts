/**
 * Random packets for tests that ask two engines, or two kernels, the same question: most are valid, of every protocol that the
 * builder knows; some are cut short, damaged or garbage. Addresses and ports come from small pools, so that programs with tables
 * meet the same keys again. The same generator state gives the same packet.
 */
import type { Random } from '../util/random.ts';
import { eth, type PacketBuilder } from './build.ts';
import { ETHER_TYPES, TCP_FLAGS } from './protocols.ts';

/** Bounds of the length of a random packet. */
export interface RandomPacketOptions {
  /** 14 unless given: an Ethernet header, the least that Linux runs an XDP program on. */
  readonly minLength?: number;
  /** 1514 unless given. */
  readonly maxLength?: number;
}

const PORTS = [22, 23, 53, 80, 123, 443, 4444, 8080] as const;
const IPV4_HOSTS = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '192.168.1.10', '203.0.113.7', '255.255.255.255'] as const;
const IPV6_HOSTS = ['2001:db8::1', '2001:db8::2', 'fe80::1', 'ff02::1', '::1'] as const;
const OTHER_ETHER_TYPES = [0x88cc, 0x8847, 0x8906, 0x0026] as const;
const OTHER_IP_PROTOCOLS = [2, 47, 50, 89, 132, 255] as const;
const EXTENSION_HEADERS = [0, 43, 44, 60] as const;

type Step = (random: Random, packet: PacketBuilder) => PacketBuilder;

const port = (random: Random): number => (random.oneIn(4) ? random.below(0x10000) : random.pick(PORTS));

const tcp: Step = (random, packet) =>
  packet.tcp({
    sport: port(random),
    dport: port(random),
    seq: random.u32(),
    ackSeq: random.u32(),
    window: random.below(0x10000),
    ...Object.fromEntries(Object.keys(TCP_FLAGS).map(flag => [flag, random.oneIn(3)])),
    options: random.bytes(random.oneIn(2) ? 0 : random.between(1, 40)),
  });

const udp: Step = (random, packet) =>
  packet.udp({ sport: port(random), dport: port(random), ...(random.oneIn(8) && { check: 0 }) });

const icmp: Step = (random, packet) =>
  packet.icmp({ type: random.pick([0, 3, 8, 11]), id: random.below(0x10000), sequence: random.below(100) });

const icmpv6: Step = (random, packet) =>
  packet.icmpv6({ type: random.pick([1, 128, 129, 135]), id: random.below(0x10000), sequence: random.below(100) });

const nothing: Step = (_random, packet) => packet;

const ipv4: Step = (random, packet) => {
  const hosts = [random.pick(IPV4_HOSTS), random.pick(IPV4_HOSTS)] as const;
  const fields = {
    id: random.below(0x10000),
    ttl: random.between(1, 255),
    tos: random.oneIn(4) ? random.below(256) : 0,
    options: random.bytes(random.oneIn(8) ? random.between(1, 40) : 0),
  };
  if (random.oneIn(10)) return packet.ipv4(...hosts, { ...fields, protocol: random.pick(OTHER_IP_PROTOCOLS) });
  if (random.oneIn(10)) {
    const fragmentOffset = 8 * random.below(180);
    const fragment = { dontFragment: false, moreFragments: random.oneIn(2), fragmentOffset, protocol: 17 };
    return packet.ipv4(...hosts, { ...fields, ...fragment });
  }
  return random.pick([tcp, tcp, udp, icmp])(random, packet.ipv4(...hosts, fields));
};

const ipv6: Step = (random, packet) => {
  const hosts = [random.pick(IPV6_HOSTS), random.pick(IPV6_HOSTS)] as const;
  const fields = { hopLimit: random.between(1, 255), flowLabel: random.below(1 << 20) };
  if (random.oneIn(10)) {
    const inside = packet.ipv6(...hosts, { ...fields, nextHeader: random.pick(EXTENSION_HEADERS) });
    return inside.payload(Uint8Array.of(random.pick([6, 17, 58]), 0, ...random.bytes(6)));
  }
  return random.pick([tcp, tcp, udp, icmpv6])(random, packet.ipv6(...hosts, fields));
};

const arp: Step = (random, packet) =>
  packet.arp({
    op: random.pick(['request', 'reply']),
    senderIp: random.pick(IPV4_HOSTS),
    targetIp: random.pick(IPV4_HOSTS),
  });

/** A valid packet, before its payload. */
function stack(random: Random): PacketBuilder {
  const network = random.pick<Step>([ipv4, ipv4, ipv4, ipv6, ipv6, arp, nothing]);
  const proto = network === nothing ? { proto: random.pick(OTHER_ETHER_TYPES) } : {};
  const tags = random.oneIn(4) ? random.between(1, 3) : 0;
  let packet = eth(tags === 0 ? proto : {});
  for (let tag = 1; tag <= tags; tag++) {
    const tpid = tag < tags && random.oneIn(2) ? ETHER_TYPES.qinq : ETHER_TYPES.vlan;
    packet = packet.vlan(random.below(4096), { tpid, priority: random.below(8), ...(tag === tags && proto) });
  }
  return network(random, packet);
}

/** A random packet; see the head of this file for what to expect. */
export function randomPacket(random: Random, options: RandomPacketOptions = {}): Uint8Array {
  const { minLength = 14, maxLength = 1514 } = options;
  let bytes = random.oneIn(20)
    ? random.bytes(random.between(0, 128))
    : stack(random)
        .payload(random.bytes(random.pick([0, 0, random.below(64), random.below(64), random.below(1400)])))
        .bytes();
  if (random.oneIn(8)) bytes = bytes.subarray(0, random.below(bytes.length + 1));
  if (random.oneIn(8)) bytes = damage(random, bytes);
  if (bytes.length < minLength) bytes = Uint8Array.from([...bytes, ...random.bytes(minLength - bytes.length)]);
  return bytes.slice(0, maxLength);
}

/** A copy with a few bytes changed, mostly in the headers. */
function damage(random: Random, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  for (let i = random.between(1, 4); i > 0 && copy.length > 0; i--) {
    copy[random.below(random.oneIn(4) ? copy.length : Math.min(copy.length, 64))] = random.u32();
  }
  return copy;
}
