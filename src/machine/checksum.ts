/** Internet checksums in the kernel's 32-bit form (RFC 1071; include/net/checksum.h, arch/x86/lib/csum-partial_64.c). */
import type { GuestMemory } from '../vm/memory.ts';

/** Ones' complement sum of two words. */
export function addSums(a: number, b: number): number {
  const sum = a + b;
  return sum > 0xffff_ffff ? sum - 0xffff_ffff : sum;
}

/** Ones' complement difference of two words. */
export function subtractSums(a: number, b: number): number {
  return addSums(a, ~b >>> 0);
}

/** Ones' complement sum of `size` bytes, as words with zeros behind the last, and `seed`. */
export function sumBytes(memory: GuestMemory, address: number, size: number, seed: number): number {
  const { view, u8 } = memory;
  const end = address + size;
  let sum = seed;
  let at = address;
  for (; at + 4 <= end; at += 4) sum = addSums(sum, view.getUint32(at, true));
  for (let shift = 0; at < end; at++, shift += 8) sum = addSums(sum, (u8[at]! << shift) >>> 0);
  return sum;
}

/** The sum of a block that starts `offset` bytes into what is summed: bytes at odd places change sides. */
export function sumBlock(memory: GuestMemory, address: number, size: number, offset: number): number {
  const sum = sumBytes(memory, address, size, 0);
  return offset % 2 === 0 ? sum : ((sum >>> 8) | (sum << 24)) >>> 0;
}

/** Folds a sum to 16 bits, not complemented. */
export function foldSum(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** A sum as a header's checksum field holds it. */
export function checksumField(sum: number): number {
  return ~foldSum(sum) & 0xffff;
}
