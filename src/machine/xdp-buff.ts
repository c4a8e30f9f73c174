/**
 * The packet buffer that XDP programs run over, as the kernel's test-run lays it out: one page with headroom, packet and room for
 * `skb_shared_info`, and the bytes beyond that page in fragments of a page each (net/bpf/test_run.c, net/core/filter.c of 6.18).
 *
 *     hard_start      data_meta  data             data_end    hard_start + 3776    4096
 *         | frame, headroom | meta | linear packet | tailroom        | shared info  |
 */
import {
  ETH_HLEN,
  XDP_DATA,
  XDP_DATA_END,
  XDP_DATA_META,
  XDP_FRAME_SIZE,
  XDP_HARD_START,
  XDP_LOWEST,
  XDP_MAX_META,
  XDP_MD_SIZE,
  XDP_STATE_SIZE,
  XDP_TAIL_END,
} from '../runtime/layout.ts';
import type { RuntimeFunctions } from '../runtime/runtime.ts';
import { ERRNO } from '../uapi/errno.ts';
import type { HookContext } from '../vm/env.ts';
import { GUEST_PAGE, type GuestMemory, type Region } from '../vm/memory.ts';

export { ETH_HLEN, XDP_FRAME_SIZE, XDP_MD_SIZE };

/** Bytes in front of a packet. */
export const XDP_PACKET_HEADROOM = 256;
/** MAX_SKB_FRAGS. */
const MAX_FRAGS = 17;

/** Offsets in `struct xdp_md` of what never moves. */
const INGRESS_IFINDEX = 12;
const RX_QUEUE_INDEX = 16;
const EGRESS_IFINDEX = 20;

/** Most bytes that the first page holds, beside `meta` bytes of metadata taken from the headroom. */
export function maxLinearSize(meta: number): number {
  return XDP_TAIL_END - (XDP_PACKET_HEADROOM - meta);
}

/** Most bytes of a packet with fragments. */
export function maxPacketSize(meta: number): number {
  return maxLinearSize(meta) + MAX_FRAGS * GUEST_PAGE;
}

/** Whether no metadata may have this length. */
export function isBadMetaLength(length: number): boolean {
  return length % 4 !== 0 || length > XDP_MAX_META;
}

/** What an XDP buffer lies in and is moved by. */
interface XdpHost {
  readonly memory: GuestMemory;
  readonly runtime: { readonly functions: Pick<RuntimeFunctions, 'adjustHead' | 'adjustMeta' | 'adjustTail'> };
}

/**
 * One XDP packet under a program. Reused from packet to packet. Where packet and metadata lie is read from guest memory, so that compiled
 * code may move them.
 */
export class XdpBuff implements HookContext, Disposable {
  readonly kind = 'xdp_md';
  readonly #memory: GuestMemory;
  readonly #move: XdpHost['runtime']['functions'];
  readonly #context: Region;
  readonly #page: Region;
  readonly #frags: { region: Region; size: number }[] = [];
  #fragCount = 0;
  /** Whether the driver has room for metadata. */
  metaSupported = true;
  /** The target that a redirecting helper chose in this run. */
  redirect: { ifindex: number } | { map: number; key: number } | undefined;

  constructor({ memory, runtime }: XdpHost) {
    const context = memory.allot({ name: 'xdp_md', size: XDP_STATE_SIZE, access: 'read' });
    const page =
      context &&
      memory.allot({
        name: 'packet',
        size: GUEST_PAGE,
        access: 'read_write',
        window: { start: context.base + XDP_DATA_META, end: context.base + XDP_DATA_END },
      });
    if (context === undefined || page === undefined) throw new RangeError('guest memory is full');
    context.end = context.base + XDP_MD_SIZE;
    memory.view.setUint32(context.base + XDP_HARD_START, page.base, true);
    memory.view.setUint32(context.base + XDP_LOWEST, page.base + GUEST_PAGE, true);
    this.#memory = memory;
    this.#move = runtime.functions;
    this.#context = context;
    this.#page = page;
  }

  /** Linear address of the `xdp_md`. */
  get address(): number {
    return this.#context.base;
  }

  /** Bytes of metadata in front of the packet. */
  get metaLength(): number {
    return this.#field(XDP_DATA) - this.#field(XDP_DATA_META);
  }

  /** Bytes of the packet, fragments included. */
  get length(): number {
    return this.linearLength + this.fragLength;
  }

  /** Bytes in fragments. */
  get fragLength(): number {
    let sum = 0;
    for (let i = 0; i < this.#fragCount; i++) sum += this.#frags[i]!.size;
    return sum;
  }

  /** Bytes of the linear part. */
  get linearLength(): number {
    return this.#field(XDP_DATA_END) - this.#field(XDP_DATA);
  }

  /**
   * Puts a packet in place: the first `meta` bytes of `bytes` are metadata, what does not fit the first page goes to fragments. Headroom
   * is zero; what lies behind a packet needs not be, for bytes that join it are cleared as they do. The caller has checked the sizes.
   */
  load(bytes: Uint8Array, meta: number, ingressIfindex: number, rxQueueIndex: number): void {
    const { u8, view } = this.#memory;
    const context = this.#context.base;
    const linear = Math.min(bytes.length, maxLinearSize(meta));
    const start = this.#page.base + XDP_PACKET_HEADROOM - meta;
    const lowest = view.getUint32(context + XDP_LOWEST, true);
    if (lowest < start) u8.fill(0, lowest, start);
    u8.set(bytes.length === linear ? bytes : bytes.subarray(0, linear), start);
    view.setUint32(context + XDP_LOWEST, start, true);
    view.setUint32(context + XDP_DATA_META, start, true);
    view.setUint32(context + XDP_DATA, start + meta, true);
    view.setUint32(context + XDP_DATA_END, start + linear, true);
    view.setUint32(context + INGRESS_IFINDEX, ingressIfindex, true);
    view.setUint32(context + RX_QUEUE_INDEX, rxQueueIndex, true);
    view.setUint32(context + EGRESS_IFINDEX, 0, true);
    this.#fragCount = 0;
    if (linear < bytes.length) this.#loadFragments(bytes.subarray(linear));
    this.redirect = undefined;
  }

  /** A copy of what the buffer holds: metadata, packet, fragments. */
  bytes(): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(this.metaLength + this.length);
    const linear = this.#memory.u8.subarray(this.#field(XDP_DATA_META), this.#field(XDP_DATA_END));
    out.set(linear);
    let at = linear.length;
    for (let i = 0; i < this.#fragCount; i++) {
      const { region, size } = this.#frags[i]!;
      out.set(this.#memory.u8.subarray(region.base, region.base + size), at);
      at += size;
    }
    return out;
  }

  /** `bpf_xdp_adjust_head`: moves the packet's start, metadata along with it. */
  adjustHead(delta: number): number {
    return this.#move.adjustHead(this.address, delta);
  }

  /** `bpf_xdp_adjust_meta`: moves the start of the metadata. */
  adjustMeta(delta: number): number {
    return this.metaSupported ? this.#move.adjustMeta(this.address, delta) : -ERRNO.ENOTSUPP;
  }

  /** `bpf_xdp_adjust_tail`: moves the packet's end; new bytes are zero. */
  adjustTail(delta: number): number {
    if (this.#fragCount === 0) return this.#move.adjustTail(this.address, delta);
    return delta >= 0 ? this.#growFragments(delta) : this.#shrinkFragments(-delta);
  }

  /**
   * Calls `visit` for each contiguous piece of `[offset, offset + length)` of the packet (metadata apart) with its linear address,
   * in order. The caller has checked that the range lies inside.
   */
  pieces(offset: number, length: number, visit: (address: number, size: number) => void): void {
    let at = offset;
    let left = length;
    const take = (base: number, size: number): void => {
      if (at >= size) {
        at -= size;
        return;
      }
      const part = Math.min(left, size - at);
      if (part > 0) visit(base + at, part);
      left -= part;
      at = 0;
    };
    take(this.#field(XDP_DATA), this.linearLength);
    for (let i = 0; i < this.#fragCount && left > 0; i++) take(this.#frags[i]!.region.base, this.#frags[i]!.size);
  }

  [Symbol.dispose](): void {
    this.#memory.release(this.#context);
    this.#memory.release(this.#page);
    for (const { region } of this.#frags) this.#memory.release(region);
  }

  /** A word of the context's state. */
  #field(offset: number): number {
    return this.#memory.view.getUint32(this.#context.base + offset, true);
  }

  #loadFragments(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += GUEST_PAGE) {
      const part = bytes.subarray(at, at + GUEST_PAGE);
      const frag = this.#fragment(this.#fragCount++);
      this.#memory.u8.set(part, frag.region.base);
      this.#memory.u8.fill(0, frag.region.base + part.length, frag.region.base + GUEST_PAGE);
      frag.size = part.length;
    }
  }

  #fragment(index: number): { region: Region; size: number } {
    let frag = this.#frags[index];
    if (frag === undefined) {
      const region = this.#memory.allot({ name: `packet fragment ${index}`, size: GUEST_PAGE, access: 'none' });
      if (region === undefined) throw new RangeError('guest memory is full');
      frag = { region, size: 0 };
      this.#frags[index] = frag;
    }
    return frag;
  }

  #growFragments(delta: number): number {
    const last = this.#frags[this.#fragCount - 1]!;
    if (delta > GUEST_PAGE - last.size) return -ERRNO.EINVAL;
    const end = last.region.base + last.size;
    this.#memory.u8.fill(0, end, end + delta);
    last.size += delta;
    return 0;
  }

  #shrinkFragments(delta: number): number {
    if (delta > this.length - ETH_HLEN) return -ERRNO.EINVAL;
    let left = delta;
    while (left > 0 && this.#fragCount > 0) {
      const last = this.#frags[this.#fragCount - 1]!;
      const cut = Math.min(left, last.size);
      last.size -= cut;
      left -= cut;
      if (last.size === 0) this.#fragCount--;
    }
    this.#memory.view.setUint32(this.address + XDP_DATA_END, this.#field(XDP_DATA_END) - left, true);
    return 0;
  }
}
