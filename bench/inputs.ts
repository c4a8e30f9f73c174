/**
 * What the programs of the bench run over: a packet each, and the contents of maps. The same bytes on every machine, made from one
 * generator whose draws are taken in a fixed order.
 */
import { eth } from '../src/packet/build.ts';
import { u64 } from '../src/util/int64.ts';

/** What one program finds. */
export interface ProgramInput {
  readonly packet: Uint8Array;
  /** Contents of maps by name: keys and values, one behind the other. */
  readonly maps: Readonly<Record<string, () => Uint8Array>>;
}

/** The flow of the packets, which the block list holds. */
const FLOW = { source: 0xc0a8_0107, target: 0x0a00_0005, sourcePort: 40_000, targetPort: 443, protocol: 6 };
const FRAME_SIZE = 98;

/** Knuth's 64-bit linear congruential generator; the upper 31 bits of its state. */
class Draws {
  #state = 12_345n;

  next(): number {
    this.#state = u64(this.#state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n);
    return Number(this.#state >> 33n);
  }
}

/** Makes the inputs; asked for a program that it does not know, it gives undefined. */
export function createInputs(): (name: string) => ProgramInput | undefined {
  const draws = new Draws();
  // The order of the draws is part of the inputs.
  const body = Uint8Array.from({ length: 1500 }, () => 1 + (draws.next() % 255));
  const prefixes = drawPrefixes(draws);
  const blockList = drawBlockList(draws);
  const ring = drawRing(draws);
  const frame = tcpFrame(false);

  const known: Readonly<Record<string, ProgramInput>> = {
    ...all(['sum', 'sieve', 'jhash', 'siphash', 'xxh64', 'sha256', 'chacha', 'calls', 'csum'], {
      packet: body,
      maps: {},
    }),
    ...all(['empty', 'arr_inc', 'percpu_inc', 'lru', 'tail', 'ringbuf'], { packet: frame, maps: {} }),
    collatz: { packet: collatzPacket(body), maps: {} },
    memstr: { packet: stringsPacket(body), maps: {} },
    hash_1k: { packet: frame, maps: { hash1k: () => hashEntries(1 << 10) } },
    hash_1m: { packet: frame, maps: { hash1m: () => hashEntries(1 << 20) } },
    hash_upd: { packet: frame, maps: { hashud: () => hashEntries(1 << 15) } },
    lpm: { packet: frame, maps: { lpm10k: () => prefixes } },
    xdp_drop: { packet: tcpFrame(true), maps: { drop_list: () => blockList } },
    xdp_lb: { packet: frame, maps: { lb_vips: virtualServices, lb_ring: () => ring, lb_reals: realServers } },
  };
  return name => known[name];
}

function all(names: readonly string[], input: ProgramInput): Record<string, ProgramInput> {
  return Object.fromEntries(names.map(name => [name, input]));
}

/** Start and sum of a Collatz walk, where the program reads them. */
function collatzPacket(body: Uint8Array): Uint8Array {
  const packet = body.slice();
  const view = new DataView(packet.buffer);
  view.setBigUint64(8, 27n, true);
  view.setBigUint64(16, 0n, true);
  return packet;
}

/** Two equal strings of 250 bytes, 512 bytes apart. */
function stringsPacket(body: Uint8Array): Uint8Array {
  const packet = body.slice();
  packet.copyWithin(512, 0, 256);
  packet[250] = packet[512 + 250] = 0;
  return packet;
}

/** A TCP segment of the flow. The header's checksums are left zero: nobody checks them. */
function tcpFrame(tagged: boolean): Uint8Array {
  const base = eth({ dest: '02:00:00:00:00:01', source: '02:00:00:00:00:02' });
  const headers = 14 + (tagged ? 4 : 0) + 20 + 20;
  return (tagged ? base.vlan(5) : base)
    .ipv4('192.168.1.7', '10.0.0.5', { id: 0, ttl: 64, dontFragment: false, check: 0 })
    .tcp({ sport: FLOW.sourcePort, dport: FLOW.targetPort, seq: 0, ackSeq: 0, window: 0, check: 0 })
    .payload(new Uint8Array(FRAME_SIZE - headers))
    .bytes();
}

/** `count` records, each encoded into a view of its own. */
function records(count: number, size: number, encode: (view: DataView, i: number) => void): Uint8Array {
  const bytes = new Uint8Array(count * size);
  for (let i = 0; i < count; i++) encode(new DataView(bytes.buffer, i * size, size), i);
  return bytes;
}

/** { u64 key = i * 2654435761; u64 value = i }; the keys stay below 2^53. */
function hashEntries(count: number): Uint8Array {
  return records(count, 16, (view, i) => {
    view.setBigUint64(0, BigInt(i * 2_654_435_761), true);
    view.setUint32(8, i, true);
  });
}

/** 10,000 different prefixes, mostly /24 and /16, some deep: { u32 length; be32 address; u64 number }. */
function drawPrefixes(draws: Draws): Uint8Array {
  const lengths = [8, 12, 16, 16, 19, 20, 22, 24, 24, 24, 24, 24, 28, 32];
  const prefixes = new Map<string, { length: number; address: number }>();
  while (prefixes.size < 10_000) {
    const length = lengths[draws.next() % lengths.length]!;
    const mask = length === 32 ? 0xffff_ffff : ~(0xffff_ffff >>> length);
    const address = (draws.next() & mask) >>> 0;
    const name = `${length}/${address}`;
    if (!prefixes.has(name)) prefixes.set(name, { length, address });
  }
  const drawn = [...prefixes.values()];
  return records(drawn.length, 16, (view, i) => {
    view.setUint32(0, drawn[i]!.length, true);
    view.setUint32(4, drawn[i]!.address, false);
    view.setUint32(8, i + 1, true);
  });
}

/** The flow of the packets among 1,023 others: { be32 source, target; be16 ports; u8 protocol, padding[3]; u64 hits }. */
function drawBlockList(draws: Draws): Uint8Array {
  return records(1024, 24, (view, i) => {
    const isOurs = i === 700;
    view.setUint32(0, isOurs ? FLOW.source : draws.next(), !isOurs);
    view.setUint32(4, isOurs ? FLOW.target : draws.next(), !isOurs);
    view.setUint16(8, isOurs ? FLOW.sourcePort : draws.next() & 0xffff, !isOurs);
    view.setUint16(10, isOurs ? FLOW.targetPort : draws.next() & 0xffff, !isOurs);
    view.setUint8(12, isOurs ? FLOW.protocol : (draws.next() & 1) !== 0 ? 6 : 17);
  });
}

/** Two consistent-hash rings of 65,537 places: { u32 place; u32 server }. */
function drawRing(draws: Draws): Uint8Array {
  return records(65_537 * 2, 8, (view, i) => {
    view.setUint32(0, i, true);
    view.setUint32(4, draws.next() % 4096, true);
  });
}

/** { be32 address; be16 port; u8 protocol, padding; u32 number, flags }. */
function virtualServices(): Uint8Array {
  return records(64, 16, (view, i) => {
    view.setUint32(0, FLOW.target + i, false);
    view.setUint16(4, FLOW.targetPort, false);
    view.setUint8(6, FLOW.protocol);
    view.setUint32(8, i, true);
  });
}

/** { u32 number; be32 address; u32 flags }. */
function realServers(): Uint8Array {
  return records(4096, 12, (view, i) => {
    view.setUint32(0, i, true);
    view.setUint32(4, 0x0a64_0000 + i, false);
  });
}
