/** A capture of mixed traffic: the same packets on every machine for the same seed. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { eth, type PacketBuilder } from '../src/packet/build.ts';
import { PcapWriter } from '../src/packet/pcap-writer.ts';
import { ETHER_TYPES } from '../src/packet/protocols.ts';
import { randomPacket } from '../src/packet/random-packet.ts';
import { Random } from '../src/util/random.ts';

const FLOWS = 1024;
/** Different packets; the capture draws from them. */
const POOL = 4096;
/** The block list holds one flow in so many. */
const BLOCKED = 8;
const WRITE_BYTES = 1 << 20;

/** Lengths of frames in the shares of the Internet mix: seven short ones, four middling, one full. */
const LENGTHS = [64, 64, 64, 64, 64, 64, 64, 594, 594, 594, 594, 1514] as const;

/** A TCP or UDP flow over IPv4. */
interface Flow {
  readonly source: number;
  readonly target: number;
  readonly sourcePort: number;
  readonly targetPort: number;
  readonly protocol: 6 | 17;
}

function createFlows(random: Random): Flow[] {
  return Array.from({ length: FLOWS }, () => ({
    source: 0x0a00_0000 + random.below(1 << 16),
    target: 0xc0a8_0000 + random.below(256),
    sourcePort: random.between(1024, 65_535),
    targetPort: random.pick([53, 80, 123, 443, 8080]),
    protocol: random.oneIn(4) ? 17 : 6,
  }));
}

const dotted = (address: number): string => [24, 16, 8, 0].map(shift => (address >>> shift) & 255).join('.');

function transport(packet: PacketBuilder, { sourcePort: sport, targetPort: dport, protocol }: Flow): PacketBuilder {
  return protocol === 6 ? packet.tcp({ sport, dport, ack: true }) : packet.udp({ sport, dport });
}

/** Of a hundred packets: 82 are IPv4 (12 of them tagged, 4 twice), 10 IPv6, 5 ICMP or ARP, 3 whatever random packets are. */
function mixedPacket(random: Random, flow: Flow): Uint8Array {
  const kind = random.below(100);
  const [source, target] = [dotted(flow.source), dotted(flow.target)];
  if (kind >= 97) return randomPacket(random);
  if (kind >= 95) return eth().arp({ senderIp: source, targetIp: target }).bytes();
  if (kind >= 92) return eth().ipv4(source, target).icmp({ type: 8, sequence: kind }).bytes();
  let frame = eth();
  if (kind < 4) frame = frame.vlan(7, { tpid: ETHER_TYPES.qinq });
  if (kind < 12) frame = frame.vlan(100 + kind);
  const headers = transport(kind < 82 ? frame.ipv4(source, target) : frame.ipv6('2001:db8::1', '2001:db8::2'), flow);
  const room = random.pick(LENGTHS) - headers.bytes().length;
  return headers.payload(new Uint8Array(Math.max(0, room))).bytes();
}

/** Writes `count` packets to a pcap file and gives its size. */
export function writeMixedCapture(path: string, count: number, seed = 1): number {
  const random = new Random(seed);
  const flows = createFlows(random);
  const pool = Array.from({ length: POOL }, (_, i) => mixedPacket(random, flows[i % FLOWS]!));
  const writer = new PcapWriter();
  const file = openSync(path, 'w');
  let size = 0;
  try {
    for (let i = 0; i < count; i++) {
      writer.write({ data: pool[random.below(POOL)]!, seconds: Math.floor(i / 1e6), nanoseconds: (i % 1e6) * 1000 });
      if (writer.pendingBytes >= WRITE_BYTES || i === count - 1) size += writeSync(file, writer.take());
    }
  } finally {
    closeSync(file);
  }
  return size;
}

/** The block list of `xdp_drop` for these packets: { be32 source, target; be16 ports; u8 protocol, padding[3] } for each key. */
export function blockedFlows(seed = 1): Uint8Array[] {
  return createFlows(new Random(seed))
    .filter((_, i) => i % BLOCKED === 0)
    .map(({ source, target, sourcePort, targetPort, protocol }) => {
      const key = new DataView(new ArrayBuffer(16));
      key.setUint32(0, source);
      key.setUint32(4, target);
      key.setUint16(8, sourcePort);
      key.setUint16(10, targetPort);
      key.setUint8(12, protocol);
      return new Uint8Array(key.buffer);
    });
}
