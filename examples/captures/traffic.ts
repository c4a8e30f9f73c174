/**
 * An hour of made-up traffic of a small network, the same at every run: web sessions over IPv4 and IPv6, DNS, pings, ARP, tagged
 * frames, small UDP services, fragments, a port scan, and packets that are broken in every way a parser must stand.
 */
import { eth, type PacketBuilder, type PacketRecord } from '../../src/packet/index.ts';
import { Random } from '../../src/util/random.ts';

const START_SECONDS = 1_750_000_000;
const DURATION_MS = 3_600_000;
const SCANNER = '203.0.113.7';
const NAME_SERVER = '10.0.0.53';

/** Packets of one conversation, and the usual time between two of them. */
interface Conversation {
  readonly packets: readonly (PacketBuilder | Uint8Array)[];
  readonly gapMs: number;
}

interface Ends {
  /** From the client to the server, up to the IP header. */
  readonly up: PacketBuilder;
  readonly down: PacketBuilder;
}

const client = (random: Random): string => `10.0.0.${random.between(100, 119)}`;
const server = (random: Random): string => random.pick(['198.51.100.10', '198.51.100.20', '192.0.2.80']);

const mac = (last: number): string => `02:00:00:00:00:${last.toString(16).padStart(2, '0')}`;
const upLink = eth({ source: mac(1), dest: mac(0xfe) });
const downLink = eth({ source: mac(0xfe), dest: mac(1) });

const ipv4Ends = (random: Random): Ends => {
  const [from, to] = [client(random), server(random)];
  const id = random.below(0x10000);
  return { up: upLink.ipv4(from, to, { id }), down: downLink.ipv4(to, from, { id, ttl: 56 }) };
};

const ipv6Ends = (random: Random): Ends => {
  const [from, to] = [`2001:db8::${random.between(100, 119)}`, '2001:db8:80::1'];
  return { up: upLink.ipv6(from, to), down: downLink.ipv6(to, from, { hopLimit: 56 }) };
};

function web(random: Random, { up, down }: Ends): Conversation {
  const ports = { sport: random.between(32_768, 60_999), dport: random.pick([80, 8080]) };
  const back = { sport: ports.dport, dport: ports.sport };
  const request = `GET /page/${random.below(1000)} HTTP/1.1\r\nHost: example.com\r\n\r\n`;
  const body = 'x'.repeat(random.below(400));
  const reply = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const [a, b] = [random.below(2 ** 31), random.below(2 ** 31)];
  const [a2, b2] = [a + 1 + request.length, b + 1 + reply.length];
  const mss = Uint8Array.of(2, 4, 5, 0xb4);
  return {
    gapMs: 20,
    packets: [
      up.tcp({ ...ports, seq: a, syn: true, options: mss }),
      down.tcp({ ...back, seq: b, ackSeq: a + 1, syn: true, ack: true, options: mss }),
      up.tcp({ ...ports, seq: a + 1, ackSeq: b + 1, ack: true }),
      up.tcp({ ...ports, seq: a + 1, ackSeq: b + 1, ack: true, psh: true }).payload(request),
      down.tcp({ ...back, seq: b + 1, ackSeq: a2, ack: true, psh: true }).payload(reply),
      up.tcp({ ...ports, seq: a2, ackSeq: b2, ack: true, fin: true }),
      down.tcp({ ...back, seq: b2, ackSeq: a2 + 1, ack: true, fin: true }),
      up.tcp({ ...ports, seq: a2 + 1, ackSeq: b2 + 1, ack: true }),
    ],
  };
}

/** A DNS message with one question, and for a reply one A record. */
function dnsMessage(id: number, name: string, reply: boolean): Uint8Array {
  const labels = name.split('.').flatMap(label => [label.length, ...new TextEncoder().encode(label)]);
  const question = [...labels, 0, 0, 1, 0, 1];
  const answer = reply ? [0xc0, 12, 0, 1, 0, 1, 0, 0, 0x0e, 0x10, 0, 4, 198, 51, 100, 10] : [];
  const head = [id >> 8, id & 0xff, reply ? 0x81 : 0x01, reply ? 0x80 : 0, 0, 1, 0, reply ? 1 : 0, 0, 0, 0, 0];
  return Uint8Array.of(...head, ...question, ...answer);
}

function dns(random: Random): Conversation {
  const host = client(random);
  const [id, sport] = [random.below(0x10000), random.between(32_768, 60_999)];
  const name = random.pick(['example.com', 'www.example.org', 'mail.example.net', 'a.b.c.example']);
  const up = upLink.ipv4(host, NAME_SERVER).udp({ sport, dport: 53 });
  const down = downLink.ipv4(NAME_SERVER, host).udp({ sport: 53, dport: sport });
  return { gapMs: 8, packets: [up.payload(dnsMessage(id, name, false)), down.payload(dnsMessage(id, name, true))] };
}

function ping(random: Random): Conversation {
  const { up, down } = ipv4Ends(random);
  const echo = { id: random.below(0x10000), sequence: random.between(1, 9) };
  const data = random.bytes(56);
  return { gapMs: 15, packets: [up.icmp(echo).payload(data), down.icmp({ ...echo, type: 0 }).payload(data)] };
}

function pingV6(random: Random): Conversation {
  const { up, down } = ipv6Ends(random);
  const echo = { id: random.below(0x10000), sequence: 1 };
  return { gapMs: 15, packets: [up.icmpv6(echo).payload('ping'), down.icmpv6({ ...echo, type: 129 }).payload('ping')] };
}

function arp(random: Random): Conversation {
  const [asker, asked] = [client(random), client(random)];
  const broadcast = eth({ source: mac(1), dest: 'ff:ff:ff:ff:ff:ff' });
  return {
    gapMs: 1,
    packets: [
      broadcast.arp({ senderIp: asker, targetIp: asked }),
      eth({ source: mac(2), dest: mac(1) }).arp({
        op: 'reply',
        senderMac: mac(2),
        senderIp: asked,
        targetMac: mac(1),
        targetIp: asker,
      }),
    ],
  };
}

function tagged(random: Random): Conversation {
  const link = random.oneIn(5) ? upLink.vlan(random.between(1, 4094), { tpid: 0x88a8 }) : upLink;
  const vlan = link.vlan(random.pick([10, 20, 100]), { priority: random.below(8) });
  const packet = vlan.ipv4(client(random), server(random));
  const payload = random.bytes(random.between(4, 60));
  const inside = random.pick([packet.udp({ dport: 5004 }), packet.icmp(), packet.tcp({ dport: 443, ack: true })]);
  return { gapMs: 1, packets: [inside.payload(payload)] };
}

/** NTP, discard and chargen: what the adjusting example redirects, trims and grows. */
function smallService(random: Random): Conversation {
  const packet = ipv4Ends(random).up.udp({ dport: random.pick([123, 9, 19]) });
  return { gapMs: 1, packets: [packet.payload(random.bytes(48))] };
}

function fragmented(random: Random): Conversation {
  const [from, to, id] = [client(random), server(random), random.below(0x10000)];
  const first = { id, dontFragment: false, moreFragments: true };
  const last = { id, dontFragment: false, fragmentOffset: 208, protocol: 17 };
  return {
    gapMs: 1,
    packets: [
      upLink.ipv4(from, to, first).udp({ dport: 2049, len: 308 }).payload(random.bytes(200)),
      upLink.ipv4(from, to, last).payload(random.bytes(100)),
    ],
  };
}

function portScan(random: Random): Conversation {
  const target = '10.0.0.80';
  const packets: PacketBuilder[] = [];
  for (let dport = 1; dport <= 250; dport++) {
    const sport = 54_321;
    packets.push(downLink.ipv4(SCANNER, target, { ttl: 44 }).tcp({ sport, dport, syn: true, window: 1024 }));
    // Most closed ports keep silent.
    const answer = upLink.ipv4(target, SCANNER);
    if (dport === 22 || dport === 80) packets.push(answer.tcp({ sport: dport, dport: sport, syn: true, ack: true }));
    else if (random.oneIn(10)) packets.push(answer.tcp({ sport: dport, dport: sport, rst: true, ack: true }));
  }
  return { gapMs: 4, packets };
}

function malformed(random: Random): Conversation {
  const whole = ipv4Ends(random).up.tcp({ dport: 80, syn: true }).bytes();
  const broken = random.pick<() => Uint8Array>([
    // Cut in a header.
    () => whole.slice(0, random.between(14, whole.length - 1)),
    // A header length below the least, a version that is none.
    () => whole.with(14, 0x42),
    () => whole.with(14, 0x95),
    () => eth().vlan(7).bytes(),
    () =>
      eth({ proto: 0x86dd })
        .payload(random.bytes(random.below(40)))
        .bytes(),
    () => random.bytes(random.between(14, 80)),
    () => ipv4Ends(random).up.tcp({ check: 0xdead, syn: true, fin: true }).bytes(),
  ]);
  return { gapMs: 1, packets: [broken()] };
}

const plan: readonly (readonly [count: number, make: (random: Random) => Conversation])[] = [
  [90, random => web(random, ipv4Ends(random))],
  [20, random => web(random, ipv6Ends(random))],
  [130, dns],
  [60, ping],
  [20, pingV6],
  [40, arp],
  [120, tagged],
  [60, smallService],
  [20, fragmented],
  [70, malformed],
  [1, portScan],
];

/** The packets, in the order of their times. */
export function mixedTraffic(): PacketRecord[] {
  const random = new Random(2025);
  const timed: { at: number; data: Uint8Array }[] = [];
  for (const [count, make] of plan) {
    for (let i = 0; i < count; i++) {
      const { packets, gapMs } = make(random);
      let at = random.below(DURATION_MS);
      for (const packet of packets) {
        timed.push({ at, data: packet instanceof Uint8Array ? packet : packet.bytes() });
        at += random.between(1, 2 * gapMs);
      }
    }
  }
  timed.sort((a, b) => a.at - b.at);
  return timed.map(({ at, data }) => ({
    data,
    seconds: START_SECONDS + Math.floor(at / 1000),
    // The part below a millisecond only has to look like one.
    nanoseconds: (at % 1000) * 1_000_000 + random.below(1000) * 1000,
  }));
}

/** A dozen packets on two interfaces, one of them cut, with comments. */
export function annotatedTraffic(): PacketRecord[] {
  const random = new Random(7);
  const lan = { linkType: 1, snapLength: 262_144, name: 'lan0', description: 'inside' };
  const wan = { linkType: 1, snapLength: 96, name: 'wan0', description: 'outside, headers only' };
  const { packets } = web(random, ipv4Ends(random));
  const comments = ['the client opens', 'the server answers', 'open'];
  return packets.map((packet, i) => {
    const bytes = packet instanceof Uint8Array ? packet : packet.bytes();
    const from = i % 2 === 0 ? lan : wan;
    const comment = comments[i];
    return {
      data: bytes.subarray(0, from.snapLength),
      originalLength: bytes.length,
      seconds: START_SECONDS,
      nanoseconds: i * 20_000_001,
      interface: from,
      options: { queue: i % 2, ...(comment !== undefined && { comments: [comment] }) },
    };
  });
}
