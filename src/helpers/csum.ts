/** Internet checksums in the kernel's 32-bit form (RFC 1071; net/core/filter.c of 6.13 and later, arch/x86/lib/csum-partial_64.c). */
import type { GuestMemory } from '../vm/memory.ts';
import type { HelperBodies } from './bind.ts';

/** Ones' complement sum of two words. */
function add(a: number, b: number): number {
  const sum = a + b;
  return sum > 0xffff_ffff ? sum - 0xffff_ffff : sum;
}

/** Ones' complement sum of `size` bytes, as words with zeros behind the last, and `seed`. */
function partial(memory: GuestMemory, address: number, size: number, seed: number): number {
  const { view, u8 } = memory;
  const end = address + size;
  let sum = seed;
  let at = address;
  for (; at + 4 <= end; at += 4) sum = add(sum, view.getUint32(at, true));
  for (let shift = 0; at < end; at++, shift += 8) sum = add(sum, (u8[at]! << shift) >>> 0);
  return sum;
}

/** Folds a sum to 16 bits. */
function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** The checksum helpers that need no socket buffer. */
export function csumHelpers(): HelperBodies {
  return {
    csum_diff({ memory }, from, fromSize, to, toSize, seedBits) {
      const seed = Number(seedBits & 0xffff_ffffn);
      if (fromSize > 0 && toSize > 0) {
        return fold(add(partial(memory, to, toSize, seed), ~partial(memory, from, fromSize, 0) >>> 0));
      }
      if (toSize > 0) return fold(partial(memory, to, toSize, seed));
      if (fromSize > 0) return fold(~partial(memory, from, fromSize, ~seed >>> 0) >>> 0);
      return fold(seed);
    },
  };
}
