/**
 * The socket buffer that `__sk_buff` programs run over, as the kernel's test run builds it (net/bpf/test_run.c, net/core/skbuff.c,
 * net/core/filter.c): one linear buffer, headers known by their address, and a dummy socket. The kernel gets a bigger buffer where
 * head or tail need more room, so room never runs out before a helper's own limit; here the packet moves inside one allotment.
 *
 *     base          mac header   data (l2)                tail         base + 64 KiB
 *      | free ...      | Ethernet  |  network header ...   |  free ...      |
 *                                  ^ data (l3)
 *
 * Fields that programs may store to live in the context alone; all others are properties that `publish` puts there.
 */
import { CONTEXTS } from '../uapi/contexts.ts';
import { alignUp } from '../util/bytes.ts';
import type { GuestMemory, Region } from '../vm/memory.ts';
import { kernelPointer } from '../vm/pointer.ts';
import { subtractSums, sumBlock } from './checksum.ts';
import type { PacketContext } from './packet-context.ts';

/** Bytes of the allotment, and where a fresh packet lies in it: NET_SKB_PAD bytes into a cache line, as in the kernel. */
const BUFFER_SIZE = 65536;
const NET_SKB_PAD = 64;
const FRESH_DATA = 24576 + NET_SKB_PAD;
const ETH_HLEN = 14;
/** Offsets of a negative legacy load that count from the network and the link-layer header. */
const SKF_NET_OFF = -0x10_0000;
const SKF_LL_OFF = -0x20_0000;
/** State and receive queue of the dummy socket: TCP_CLOSE, none. */
const TCP_CLOSE = 7;
const NO_QUEUE = 0xffff_ffff;

const SKB = CONTEXTS.__sk_buff.fields;
const SOCK = CONTEXTS.bpf_sock.fields;
/** Bytes of a `struct __sk_buff`. */
export const SKB_CONTEXT_SIZE = CONTEXTS.__sk_buff.size;

/** Protocols, in host order. */
export const ETH_P = { IP: 0x0800, IPV6: 0x86dd, '8021Q': 0x8100, '8021AD': 0x88a8, '802_3': 1, '802_2': 4 } as const;
/** Whether an EtherType is that of a VLAN tag. */
export const isVlan = (protocol: number): boolean => protocol === ETH_P['8021Q'] || protocol === ETH_P['8021AD'];
/** Bytes of a tag in a packet, and how many a search for the protocol behind them looks at. */
const VLAN_HLEN = 4;
const VLAN_MAX_DEPTH = 8;
/** EtherTypes below are lengths. */
const ETH_P_802_3_MIN = 0x0600;
/** `skb->pkt_type`. */
export const PACKET_TYPE = { HOST: 0, MULTICAST: 2, OTHERHOST: 3 } as const;

/** Where a program's data starts: at the Ethernet header, or behind it. */
export type SkbLayer = 'l2' | 'l3';

/** A tag that the packet carries beside its bytes. */
export interface VlanTag {
  readonly protocol: number;
  readonly tci: number;
}

/** One packet of `__sk_buff` programs. Reused from packet to packet. */
export class SkBuff implements PacketContext, Disposable {
  readonly kind = '__sk_buff';
  readonly memory: GuestMemory;
  /** EtherType, host order. */
  protocol = 0;
  packetType = 0;
  vlan: VlanTag | undefined;
  hash = 0;
  /** Whether `hash` was computed or set. */
  hasHash = false;
  gsoSize = 0;
  gsoSegs = 0;
  /** What is known of the packet's checksum; the sum itself is `csum` where it is complete. */
  checksum: 'none' | 'unnecessary' | 'complete' = 'none';
  csum = 0;
  csumLevel = 0;
  /** Whether a helper wrapped the packet into a tunnel. */
  encapsulation = false;
  /** Linear addresses of headers. */
  macHeader = 0;
  networkHeader = 0;
  transportHeader: number | undefined;
  /** Length of the link-layer header as last noted, 0 while nobody did. */
  macLength = 0;
  /** The target that a redirecting helper chose in this run. */
  redirect: { ifindex: number; how: 'egress' | 'ingress' | 'peer' | 'neigh' } | undefined;
  readonly #context: Region;
  readonly #buffer: Region;
  readonly #socket: Region;
  #data = 0;
  #tail = 0;
  /** Bytes that the kernel's buffer would have in front of `data`. */
  #headroom = 0;

  constructor(memory: GuestMemory) {
    const allot = (name: string, size: number, access: Region['access']): Region => {
      const region = memory.allot({ name, size, access });
      if (region === undefined) throw new RangeError('guest memory is full');
      return region;
    };
    this.memory = memory;
    this.#context = allot('__sk_buff', SKB_CONTEXT_SIZE, 'read_write');
    this.#buffer = allot('packet', BUFFER_SIZE, 'read_write');
    this.#socket = allot('socket', CONTEXTS.bpf_sock.size, 'read');
  }

  get address(): number {
    return this.#context.base;
  }

  /** Linear address of the first byte that offsets count from. */
  get data(): number {
    return this.#data;
  }

  /** Linear address behind the last byte. */
  get tail(): number {
    return this.#tail;
  }

  get length(): number {
    return this.#tail - this.#data;
  }

  /** Offset of the network header from `data`. */
  get networkOffset(): number {
    return this.networkHeader - this.#data;
  }

  /** Bytes from the Ethernet to the network header. */
  get macHeaderLength(): number {
    return this.networkHeader - this.macHeader;
  }

  get isGso(): boolean {
    return this.gsoSize !== 0;
  }

  /** A 32-bit field of the context. */
  field(name: keyof typeof SKB): number {
    return this.memory.view.getUint32(this.address + SKB[name].offset, true);
  }

  /** Stores a 32-bit field of the context. */
  setField(name: keyof typeof SKB, value: number): void {
    this.memory.view.setUint32(this.address + SKB[name].offset, value, true);
  }

  /**
   * Puts a packet of at least an Ethernet header in place, as if received on the device with index `ifindex`. Everything that the
   * packet does not say is zero.
   */
  load(bytes: Uint8Array, ifindex: number, layer: SkbLayer): void {
    const { memory } = this;
    const start = this.#buffer.base + FRESH_DATA;
    memory.u8.set(bytes, start);
    this.macHeader = start;
    this.networkHeader = start + ETH_HLEN;
    this.transportHeader = undefined;
    this.macLength = 0;
    this.#data = layer === 'l2' ? start : this.networkHeader;
    this.#tail = start + bytes.length;
    this.#headroom = NET_SKB_PAD + this.#data - start;
    this.protocol = this.#etherType(start);
    this.packetType = this.#destinationType(start);
    this.vlan = undefined;
    this.clearHash();
    this.gsoSize = 0;
    this.gsoSegs = 0;
    this.checksum = 'none';
    this.csumLevel = 0;
    this.encapsulation = false;
    this.redirect = undefined;
    memory.u8.fill(0, this.address, this.address + SKB_CONTEXT_SIZE);
    this.setField('ifindex', ifindex);
    this.setField('wire_len', this.length);
    this.#bindSocket();
    this.publish();
  }

  /** A copy of the packet from `data` on. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.memory.read(this.#data, this.length);
  }

  pieces(offset: number, length: number, visit: (address: number, size: number) => void): void {
    visit(this.#data + offset, length);
  }

  readPacket(offset: number, size: number): number | undefined {
    let at = this.#data + offset;
    if (offset < SKF_LL_OFF) return undefined;
    if (offset < SKF_NET_OFF) at = this.macHeader + (offset - SKF_LL_OFF);
    else if (offset < 0) at = this.networkHeader + (offset - SKF_NET_OFF);
    if (at + size > this.#tail || at < this.#buffer.base) return undefined;
    const { view } = this.memory;
    return size === 4 ? view.getUint32(at) : size === 2 ? view.getUint16(at) : view.getUint8(at);
  }

  /** Forgets the flow's hash. */
  clearHash(): void {
    this.hash = 0;
    this.hasHash = false;
  }

  /** Moves `data` back by `size` bytes, whose contents are left as they are. False where there is no memory for them. */
  push(size: number): boolean {
    if (!this.#makeRoom(size, 0)) return false;
    if (size > this.#headroom) this.#expandHead(alignUp(size - this.#headroom, NET_SKB_PAD));
    this.#headroom -= size;
    this.#data -= size;
    return true;
  }

  /** Moves `data` on by `size` bytes, which the packet has. */
  pull(size: number): void {
    this.#headroom += size;
    this.#data += size;
  }

  /** Opens a gap of `size` zero bytes at `offset`; what lies before it moves back, headers along. */
  insertAt(offset: number, size: number): boolean {
    if (!this.push(size)) return false;
    const { u8 } = this.memory;
    u8.copyWithin(this.#data, this.#data + size, this.#data + size + offset);
    u8.fill(0, this.#data + offset, this.#data + offset + size);
    this.#moveHeaders(-size);
    return true;
  }

  /** Takes out `size` bytes at `offset`, which the packet has; what lies before them moves on, headers along. */
  removeAt(offset: number, size: number): boolean {
    if (offset + size > this.length) return false;
    this.subtractFromSum(offset, size);
    this.memory.u8.copyWithin(this.#data + size, this.#data, this.#data + offset);
    this.pull(size);
    this.#moveHeaders(size);
    return true;
  }

  /** Makes the packet `length` bytes long: cut, or grown by zeros. */
  resize(length: number): boolean {
    if (length > this.length && !this.#makeRoom(0, length - this.length)) return false;
    if (length < this.length) this.subtractFromSum(length, this.length - length);
    const tail = this.#data + length;
    if (tail > this.#tail) this.memory.u8.fill(0, this.#tail, tail);
    this.#tail = tail;
    return true;
  }

  /** Takes bytes that are about to go out of a complete checksum. `offset` counts from `data`. */
  subtractFromSum(offset: number, size: number): void {
    if (this.checksum !== 'complete') return;
    this.csum = subtractSums(this.csum, sumBlock(this.memory, this.#data + offset, size, offset));
  }

  /** Writes what programs cannot store to into the context, and moves the window that they can reach. */
  publish(): void {
    const { view } = this.memory;
    const put = (name: keyof typeof SKB, value: number): void => {
      view.setUint32(this.address + SKB[name].offset, value, true);
    };
    put('len', this.length);
    put('pkt_type', this.packetType);
    put('protocol', swap16(this.protocol));
    put('vlan_present', this.vlan === undefined ? 0 : 1);
    put('vlan_tci', this.vlan?.tci ?? 0);
    put('vlan_proto', swap16(this.vlan?.protocol ?? 0));
    put('hash', this.hash);
    put('data', this.#data);
    put('data_end', this.#tail);
    put('data_meta', this.#data);
    put('gso_segs', this.gsoSegs);
    put('gso_size', this.gsoSize);
    this.#buffer.start = this.#data;
    this.#buffer.end = this.#tail;
  }

  [Symbol.dispose](): void {
    for (const region of [this.#context, this.#buffer, this.#socket]) this.memory.release(region);
  }

  /** What a protocol field at `address` and the bytes behind it say; the caller has checked that the field is there. */
  protocolAt(address: number): number {
    const { view } = this.memory;
    const type = view.getUint16(address);
    if (type >= ETH_P_802_3_MIN) return type;
    const isRaw802_3 = address + 4 <= this.#tail && view.getUint16(address + 2) === 0xffff;
    return isRaw802_3 ? ETH_P['802_3'] : ETH_P['802_2'];
  }

  /** The protocol behind all VLAN tags, 0 where the packet ends before it. */
  get innerProtocol(): number {
    let protocol = this.protocol;
    let at = this.#data + (this.macLength === 0 ? ETH_HLEN : this.macLength - VLAN_HLEN);
    for (let depth = 1; isVlan(protocol); depth++, at += VLAN_HLEN) {
      if (at + VLAN_HLEN > this.#tail || depth === VLAN_MAX_DEPTH) return 0;
      protocol = this.memory.view.getUint16(at + 2);
    }
    return protocol;
  }

  #etherType(ethernet: number): number {
    return this.protocolAt(ethernet + 12);
  }

  /** Whom an Ethernet header is for. Loopback's own address and its broadcast address are zero. */
  #destinationType(ethernet: number): number {
    const { view } = this.memory;
    const high = view.getUint32(ethernet);
    if (high === 0 && view.getUint16(ethernet + 4) === 0) return PACKET_TYPE.HOST;
    return (high & 0x0100_0000) !== 0 ? PACKET_TYPE.MULTICAST : PACKET_TYPE.OTHERHOST;
  }

  /** The socket of the packet: closed, of no protocol, between the packet's addresses. */
  #bindSocket(): void {
    const { memory } = this;
    const { base } = this.#socket;
    memory.u8.fill(0, base, base + this.#socket.size);
    const copy = (from: number, size: number, socketAt: number, contextAt: number): void => {
      memory.u8.copyWithin(base + socketAt, from, from + size);
      memory.u8.copyWithin(this.address + contextAt, from, from + size);
    };
    const at = this.networkHeader;
    let family = 0;
    if (this.protocol === ETH_P.IP) {
      family = 2;
      copy(at + 12, 4, SOCK.src_ip4.offset, SKB.local_ip4.offset);
      copy(at + 16, 4, SOCK.dst_ip4.offset, SKB.remote_ip4.offset);
    } else if (this.protocol === ETH_P.IPV6) {
      family = 10;
      copy(at + 8, 16, SOCK.src_ip6.offset, SKB.local_ip6.offset);
      copy(at + 24, 16, SOCK.dst_ip6.offset, SKB.remote_ip6.offset);
    }
    memory.view.setUint32(base + SOCK.family.offset, family, true);
    memory.view.setUint32(base + SOCK.state.offset, TCP_CLOSE, true);
    memory.view.setUint32(base + SOCK.rx_queue_mapping.offset, NO_QUEUE, true);
    this.setField('family', family);
    memory.view.setBigUint64(this.address + SKB.sk.offset, kernelPointer(base), true);
  }

  /** Notes how long the link-layer header is. */
  resetMacLength(): void {
    this.macLength = this.macHeaderLength;
  }

  /**
   * The kernel's bigger buffer. It moves every header's offset along, that of an unset transport header too: 0xffff overflows 16 bits,
   * and the header counts as set from then on.
   */
  #expandHead(size: number): void {
    this.transportHeader ??= this.#data - this.#headroom - 1;
    this.#headroom += size;
  }

  #moveHeaders(distance: number): void {
    const isSame = this.transportHeader === this.networkHeader;
    this.macHeader += distance;
    this.networkHeader += distance;
    if (isSame) this.transportHeader = this.networkHeader;
  }

  /** Makes sure that `head` bytes before `data` and `tail` bytes behind the end are there, moving the packet where they are not. */
  #makeRoom(head: number, tail: number): boolean {
    const { base, size } = this.#buffer;
    if (this.#data - head >= base && this.#tail + tail <= base + size) return true;
    const kept = Math.max(0, this.#data - this.macHeader);
    const start = base + head + kept;
    if (start + this.length + tail > base + size) return false;
    const distance = start - this.#data;
    this.memory.u8.copyWithin(start - kept, this.#data - kept, this.#tail);
    this.#data += distance;
    this.#tail += distance;
    this.macHeader += distance;
    this.networkHeader += distance;
    if (this.transportHeader !== undefined) this.transportHeader += distance;
    return true;
  }
}

/** A 16-bit value in network order, as a little-endian load sees it. */
function swap16(value: number): number {
  return ((value & 0xff) << 8) | (value >>> 8);
}
