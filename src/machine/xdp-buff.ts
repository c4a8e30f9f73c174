/**
 * The packet buffer that XDP programs run over, as the kernel's test-run lays it out: one page with headroom, packet and room for
 * `skb_shared_info`, and the bytes beyond that page in fragments of a page each (net/bpf/test_run.c, net/core/filter.c of 6.18).
 *
 *     hard_start      data_meta  data             data_end    hard_start + 3776    4096
 *         | frame, headroom | meta | linear packet | tailroom        | shared info  |
 */
import { ERRNO } from '../uapi/errno.ts';
import type { HookContext } from '../vm/env.ts';
import { GUEST_PAGE, type GuestMemory, type Region } from '../vm/memory.ts';

/** Bytes in front of a packet. */
export const XDP_PACKET_HEADROOM = 256;
/** sizeof(struct xdp_frame): the part of the headroom that belongs to the kernel. */
export const XDP_FRAME_SIZE = 40;
/** SKB_DATA_ALIGN(sizeof(struct skb_shared_info)). */
const TAILROOM = 320;
/** Most metadata that fits `skb_shared_info.meta_len`. */
const MAX_META = 255;
/** MAX_SKB_FRAGS. */
const MAX_FRAGS = 17;
export const ETH_HLEN = 14;

/** Offsets in `struct xdp_md`. */
const XDP_MD = { data: 0, dataEnd: 4, dataMeta: 8, ingressIfindex: 12, rxQueueIndex: 16, egressIfindex: 20, size: 24 };
export const XDP_MD_SIZE = XDP_MD.size;

/** Most bytes that the first page holds, beside `meta` bytes of metadata taken from the headroom. */
export function maxLinearSize(meta: number): number {
  return GUEST_PAGE - (XDP_PACKET_HEADROOM - meta) - TAILROOM;
}

/** Most bytes of a packet with fragments. */
export function maxPacketSize(meta: number): number {
  return maxLinearSize(meta) + MAX_FRAGS * GUEST_PAGE;
}

/** Whether no metadata may have this length. */
export function isBadMetaLength(length: number): boolean {
  return length % 4 !== 0 || length > MAX_META;
}

/** One XDP packet under a program. Reused from packet to packet. */
export class XdpBuff implements HookContext, Disposable {
  readonly kind = 'xdp_md';
  readonly #memory: GuestMemory;
  readonly #context: Region;
  readonly #page: Region;
  readonly #frags: { region: Region; size: number }[] = [];
  #fragCount = 0;
  #data = 0;
  #dataEnd = 0;
  #dataMeta = 0;
  /** Whether the driver has room for metadata. */
  metaSupported = true;
  /** The target that a redirecting helper chose in this run. */
  redirect: { ifindex: number } | { map: number; key: number } | undefined;

  constructor(memory: GuestMemory) {
    const context = memory.allot({ name: 'xdp_md', size: XDP_MD.size, access: 'read' });
    const page = memory.allot({ name: 'packet', size: GUEST_PAGE, access: 'read_write' });
    if (context === undefined || page === undefined) throw new RangeError('guest memory is full');
    this.#memory = memory;
    this.#context = context;
    this.#page = page;
  }

  /** Linear address of the `xdp_md`. */
  get address(): number {
    return this.#context.base;
  }

  /** Bytes of metadata in front of the packet. */
  get metaLength(): number {
    return this.#data - this.#dataMeta;
  }

  /** Bytes of the packet, fragments included. */
  get length(): number {
    return this.#dataEnd - this.#data + this.fragLength;
  }

  /** Bytes in fragments. */
  get fragLength(): number {
    let sum = 0;
    for (let i = 0; i < this.#fragCount; i++) sum += this.#frags[i]!.size;
    return sum;
  }

  /** Bytes of the linear part. */
  get linearLength(): number {
    return this.#dataEnd - this.#data;
  }

  /**
   * Puts a packet in place: the first `meta` bytes of `bytes` are metadata, what does not fit the first page goes to fragments.
   * The caller has checked the sizes.
   */
  load(
    bytes: Uint8Array,
    meta: number,
    fields: { ingressIfindex: number; rxQueueIndex: number; egressIfindex: number },
  ): void {
    const memory = this.#memory;
    const linear = Math.min(bytes.length, maxLinearSize(meta));
    this.#dataMeta = this.#page.base + XDP_PACKET_HEADROOM - meta;
    this.#data = this.#dataMeta + meta;
    this.#dataEnd = this.#dataMeta + linear;
    memory.u8.fill(0, this.#page.base, this.#dataMeta);
    memory.u8.set(bytes.length === linear ? bytes : bytes.subarray(0, linear), this.#dataMeta);
    memory.u8.fill(0, this.#dataEnd, this.#page.base + GUEST_PAGE);
    this.#fragCount = 0;
    for (let at = linear; at < bytes.length; at += GUEST_PAGE) {
      const part = bytes.subarray(at, at + GUEST_PAGE);
      const frag = this.#fragment(this.#fragCount++);
      memory.u8.set(part, frag.region.base);
      memory.u8.fill(0, frag.region.base + part.length, frag.region.base + GUEST_PAGE);
      frag.size = part.length;
    }
    this.redirect = undefined;
    const view = memory.view;
    view.setUint32(this.address + XDP_MD.ingressIfindex, fields.ingressIfindex, true);
    view.setUint32(this.address + XDP_MD.rxQueueIndex, fields.rxQueueIndex, true);
    view.setUint32(this.address + XDP_MD.egressIfindex, fields.egressIfindex, true);
    this.#publish();
  }

  /** A copy of what the buffer holds: metadata, packet, fragments. */
  bytes(): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(this.metaLength + this.length);
    out.set(this.#memory.u8.subarray(this.#dataMeta, this.#dataEnd));
    let at = this.#dataEnd - this.#dataMeta;
    for (let i = 0; i < this.#fragCount; i++) {
      const { region, size } = this.#frags[i]!;
      out.set(this.#memory.u8.subarray(region.base, region.base + size), at);
      at += size;
    }
    return out;
  }

  /** `bpf_xdp_adjust_head`: moves the packet's start, metadata along with it. */
  adjustHead(delta: number): number {
    const data = this.#data + delta;
    const meta = this.metaLength;
    if (data < this.#page.base + XDP_FRAME_SIZE + meta || data > this.#dataEnd - ETH_HLEN) return -ERRNO.EINVAL;
    if (meta > 0) this.#memory.u8.copyWithin(this.#dataMeta + delta, this.#dataMeta, this.#data);
    this.#dataMeta += delta;
    this.#data = data;
    this.#publish();
    return 0;
  }

  /** `bpf_xdp_adjust_meta`: moves the start of the metadata. */
  adjustMeta(delta: number): number {
    if (!this.metaSupported) return -ERRNO.ENOTSUPP;
    const start = this.#dataMeta + delta;
    if (start < this.#page.base + XDP_FRAME_SIZE || start > this.#data) return -ERRNO.EINVAL;
    if (isBadMetaLength(this.#data - start)) return -ERRNO.EACCES;
    this.#dataMeta = start;
    this.#publish();
    return 0;
  }

  /** `bpf_xdp_adjust_tail`: moves the packet's end; new bytes are zero. */
  adjustTail(delta: number): number {
    if (this.#fragCount > 0) return delta >= 0 ? this.#growFragments(delta) : this.#shrinkFragments(-delta);
    const end = this.#dataEnd + delta;
    if (end > this.#page.base + GUEST_PAGE - TAILROOM || end < this.#data + ETH_HLEN) return -ERRNO.EINVAL;
    if (delta > 0) this.#memory.u8.fill(0, this.#dataEnd, end);
    this.#dataEnd = end;
    this.#publish();
    return 0;
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
    take(this.#data, this.linearLength);
    for (let i = 0; i < this.#fragCount && left > 0; i++) take(this.#frags[i]!.region.base, this.#frags[i]!.size);
  }

  [Symbol.dispose](): void {
    this.#memory.release(this.#context);
    this.#memory.release(this.#page);
    for (const { region } of this.#frags) this.#memory.release(region);
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
    this.#dataEnd -= left;
    this.#publish();
    return 0;
  }

  /** Writes the pointers to the context and moves the accessible window. */
  #publish(): void {
    const view = this.#memory.view;
    view.setUint32(this.address + XDP_MD.data, this.#data, true);
    view.setUint32(this.address + XDP_MD.dataEnd, this.#dataEnd, true);
    view.setUint32(this.address + XDP_MD.dataMeta, this.#dataMeta, true);
    this.#page.start = this.#dataMeta;
    this.#page.end = this.#dataEnd;
  }
}
