/** Helpers that keep the checksums of a socket buffer right. Follows net/core/filter.c, net/core/utils.c and include/net/checksum.h. */
import { addSums, checksumField, subtractSums } from '../machine/checksum.ts';
import type { SkBuff } from '../machine/skb.ts';
import { ERRNO } from '../uapi/errno.ts';
import { CSUM_FLAGS, CSUM_LEVELS } from '../uapi/flags.ts';
import type { HelperBodies } from './bind.ts';
import { skbOf } from './skb-context.ts';
import { u32 } from './words.ts';

const MAX_OFFSET = 0xffff;
const MAX_CSUM_LEVEL = 3;
const CSUM_MANGLED_0 = 0xffff;
const FIELD_MASK = BigInt(CSUM_FLAGS.BPF_F_HDR_FIELD_MASK);
const L4_FLAGS = BigInt(Object.values(CSUM_FLAGS).reduce((all, flag) => all | flag, 0));

/** Linear address of the 16-bit checksum at `offset`, or a negative errno. */
function fieldAt(skb: SkBuff, offset: number): number {
  return offset > MAX_OFFSET || offset % 2 !== 0 || offset + 2 > skb.length ? -ERRNO.EFAULT : skb.data + offset;
}

/** Ones' complement sum of 16-bit words. */
function add16(a: number, b: number): number {
  const sum = a + b;
  return sum > 0xffff ? sum - 0xffff : sum;
}

/** A checksum field after `from` became `to` in what it covers. */
function replaced(field: number, from: number, to: number): number {
  return checksumField(addSums(subtractSums(~field >>> 0, from), to));
}

function l3Replace(skb: SkBuff, offset: number, from: bigint, to: bigint, flags: bigint): number {
  if ((flags & ~FIELD_MASK) !== 0n) return -ERRNO.EINVAL;
  const at = fieldAt(skb, offset);
  if (at < 0) return at;
  const { view } = skb.memory;
  const field = view.getUint16(at, true);
  switch (flags) {
    case 0n:
      if (from !== 0n) return -ERRNO.EINVAL;
      view.setUint16(at, checksumField(addSums(u32(to), ~field >>> 0)), true);
      return 0;
    case 2n: {
      const without = add16(~field & 0xffff, ~u32(from) & 0xffff);
      view.setUint16(at, ~add16(without, u32(to) & 0xffff), true);
      return 0;
    }
    case 4n:
      view.setUint16(at, replaced(field, u32(from), u32(to)), true);
      return 0;
    default:
      return -ERRNO.EINVAL;
  }
}

function l4Replace(skb: SkBuff, offset: number, from: bigint, to: bigint, flags: bigint): number {
  const has = (flag: keyof typeof CSUM_FLAGS): boolean => (flags & BigInt(CSUM_FLAGS[flag])) !== 0n;
  if ((flags & ~L4_FLAGS) !== 0n) return -ERRNO.EINVAL;
  const at = fieldAt(skb, offset);
  if (at < 0) return at;
  const { view } = skb.memory;
  const field = view.getUint16(at, true);
  const marksZero = has('BPF_F_MARK_MANGLED_0');
  if (marksZero && !has('BPF_F_MARK_ENFORCE') && field === 0) return 0;
  const size = flags & FIELD_MASK;
  if ((size === 0n && from !== 0n) || (size !== 0n && size !== 2n && size !== 4n)) return -ERRNO.EINVAL;
  const mask = size === 2n ? 0xffff : 0xffff_ffff;
  const [old, now] = [u32(from) & mask, u32(to) & mask].map(word => word >>> 0) as [number, number];
  const result = size === 0n ? checksumField(addSums(now, ~field >>> 0)) : replaced(field, old, now);
  view.setUint16(at, marksZero && result === 0 ? CSUM_MANGLED_0 : result, true);
  if (skb.checksum !== 'complete' || !has('BPF_F_PSEUDO_HDR')) return 0;
  if (size !== 0n) skb.csum = ~addSums(subtractSums(~skb.csum >>> 0, old), now) >>> 0;
  else if (!has('BPF_F_IPV6')) skb.csum = ~subtractSums(now, skb.csum) >>> 0;
  return 0;
}

/** Forgets that a device vouched for the packet's checksum. */
export function resetUnnecessary(skb: SkBuff): void {
  if (skb.checksum !== 'unnecessary') return;
  skb.checksum = 'none';
  skb.csumLevel = 0;
}

function changeLevel(skb: SkBuff, level: bigint): number {
  const isKnown = skb.checksum === 'unnecessary';
  switch (level) {
    case BigInt(CSUM_LEVELS.BPF_CSUM_LEVEL_QUERY):
      return isKnown ? skb.csumLevel : -ERRNO.EACCES;
    case BigInt(CSUM_LEVELS.BPF_CSUM_LEVEL_INC):
      if (isKnown) skb.csumLevel = Math.min(MAX_CSUM_LEVEL, skb.csumLevel + 1);
      else if (skb.checksum === 'none') {
        skb.checksum = 'unnecessary';
        skb.csumLevel = 0;
      }
      return 0;
    case BigInt(CSUM_LEVELS.BPF_CSUM_LEVEL_DEC):
      if (isKnown && skb.csumLevel === 0) skb.checksum = 'none';
      else if (isKnown) skb.csumLevel--;
      return 0;
    case BigInt(CSUM_LEVELS.BPF_CSUM_LEVEL_RESET):
      resetUnnecessary(skb);
      return 0;
    default:
      return -ERRNO.EINVAL;
  }
}

/** The helpers over a socket buffer's checksums. */
export function skbCsumHelpers(): HelperBodies {
  return {
    l3_csum_replace: (_call, context, offset, from, to, flags) =>
      l3Replace(skbOf(context), u32(offset), from, to, flags),
    l4_csum_replace: (_call, context, offset, from, to, flags) =>
      l4Replace(skbOf(context), u32(offset), from, to, flags),
    csum_update(_call, context, sum) {
      const skb = skbOf(context);
      if (skb.checksum !== 'complete') return -ERRNO.ENOTSUPP;
      skb.csum = addSums(skb.csum, u32(sum));
      return skb.csum;
    },
    csum_level: (_call, context, level) => changeLevel(skbOf(context), level),
  };
}
