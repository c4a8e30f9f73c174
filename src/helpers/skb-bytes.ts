/** Helpers that copy in and out of a socket buffer, and move its ends. Follows net/core/filter.c. */
import { addSums, sumBlock } from '../machine/checksum.ts';
import { PACKET_TYPE, type SkBuff } from '../machine/skb.ts';
import { ERRNO } from '../uapi/errno.ts';
import { HEADER_STARTS, STORE_FLAGS } from '../uapi/flags.ts';
import type { GuestMemory } from '../vm/memory.ts';
import type { HelperBodies } from './bind.ts';
import { SKB_MAX_LENGTH, skbOf } from './skb-context.ts';
import { u32 } from './words.ts';

const INT_MAX = 0x7fff_ffff;
const MAX_RELATIVE_OFFSET = 0xffff;
const KNOWN_STORE_FLAGS = BigInt(STORE_FLAGS.BPF_F_RECOMPUTE_CSUM | STORE_FLAGS.BPF_F_INVALIDATE_HASH);

/** Copies from the packet; a range that does not lie inside gives zeros. */
function copyOut(memory: GuestMemory, from: number | undefined, end: number, to: number, size: number): number {
  if (from !== undefined && from + size <= end) {
    memory.u8.copyWithin(to, from, from + size);
    return 0;
  }
  memory.u8.fill(0, to, to + size);
  return -ERRNO.EFAULT;
}

/** Where a header that offsets count from starts. */
function headerStart(skb: SkBuff, header: number): number | undefined {
  if (header === HEADER_STARTS.BPF_HDR_START_MAC) return skb.macHeader;
  return header === HEADER_STARTS.BPF_HDR_START_NET ? skb.networkHeader : undefined;
}

function store(skb: SkBuff, offset: number, from: number, size: number, flags: bigint): number {
  if ((flags & ~KNOWN_STORE_FLAGS) !== 0n) return -ERRNO.EINVAL;
  if (offset > INT_MAX || offset + size > skb.length) return -ERRNO.EFAULT;
  const { memory, data } = skb;
  const isSummed = (flags & BigInt(STORE_FLAGS.BPF_F_RECOMPUTE_CSUM)) !== 0n && skb.checksum === 'complete';
  if (isSummed) skb.subtractFromSum(offset, size);
  memory.u8.copyWithin(data + offset, from, from + size);
  if (isSummed) skb.csum = addSums(skb.csum, sumBlock(memory, data + offset, size, offset));
  if ((flags & BigInt(STORE_FLAGS.BPF_F_INVALIDATE_HASH)) !== 0n) {
    skb.clearHash();
    skb.publish();
  }
  return 0;
}

/** The least that a packet may be cut to: up to its innermost known header. */
function minLength(skb: SkBuff): number {
  const offset = Math.max(0, skb.networkOffset);
  const transport = skb.transportHeader === undefined ? 0 : skb.transportHeader - skb.data;
  return transport > 0 ? transport : offset;
}

function changeTail(skb: SkBuff, length: number, flags: bigint): number {
  if (flags !== 0n || length > SKB_MAX_LENGTH || length < minLength(skb)) return -ERRNO.EINVAL;
  if (skb.encapsulation) return -ERRNO.ENOTSUPP;
  if (length !== skb.length && skb.checksum === 'complete') skb.checksum = 'none';
  if (!skb.resize(length)) return -ERRNO.ENOMEM;
  skb.gsoSize = 0;
  skb.gsoSegs = 0;
  skb.publish();
  return 0;
}

function changeHead(skb: SkBuff, room: number, flags: bigint): number {
  const length = skb.length + room;
  if (flags !== 0n || room > INT_MAX || (!skb.isGso && length > SKB_MAX_LENGTH)) return -ERRNO.EINVAL;
  if (!skb.push(room)) return -ERRNO.ENOMEM;
  skb.memory.u8.fill(0, skb.data, skb.data + room);
  skb.macHeader = skb.data;
  skb.resetMacLength();
  skb.publish();
  return 0;
}

/** The helpers over a socket buffer's bytes. */
export function skbBytesHelpers(): HelperBodies {
  return {
    skb_load_bytes({ memory }, context, offset, to, size) {
      const skb = skbOf(context);
      return copyOut(memory, skb.data + u32(offset), skb.tail, to, size);
    },
    skb_load_bytes_relative({ memory }, context, offset, to, size, header) {
      const skb = skbOf(context);
      const start = u32(offset) > MAX_RELATIVE_OFFSET ? undefined : headerStart(skb, u32(header));
      return copyOut(memory, start === undefined ? undefined : start + u32(offset), skb.tail, to, size);
    },
    skb_store_bytes: (_call, context, offset, from, size, flags) =>
      store(skbOf(context), u32(offset), from, size, flags),
    skb_pull_data: (_call, context, length) => (u32(length) > skbOf(context).length ? -ERRNO.ENOMEM : 0),
    skb_change_tail: (_call, context, length, flags) => changeTail(skbOf(context), u32(length), flags),
    skb_change_head: (_call, context, room, flags) => changeHead(skbOf(context), u32(room), flags),
    skb_change_type(_call, context, type) {
      const skb = skbOf(context);
      if (u32(type) > PACKET_TYPE.OTHERHOST) return -ERRNO.EINVAL;
      skb.packetType = u32(type);
      skb.publish();
      return 0;
    },
  };
}
