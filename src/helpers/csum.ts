/** Checksums over memory (net/core/filter.c of 6.13 and later). */
import { addSums, foldSum, sumBytes } from '../machine/checksum.ts';
import type { HelperBodies } from './bind.ts';

/** The checksum helpers that need no socket buffer. */
export function csumHelpers(): HelperBodies {
  return {
    csum_diff({ memory }, from, fromSize, to, toSize, seedBits) {
      const seed = Number(seedBits & 0xffff_ffffn);
      if (fromSize > 0 && toSize > 0) {
        return foldSum(addSums(sumBytes(memory, to, toSize, seed), ~sumBytes(memory, from, fromSize, 0) >>> 0));
      }
      if (toSize > 0) return foldSum(sumBytes(memory, to, toSize, seed));
      if (fromSize > 0) return foldSum(~sumBytes(memory, from, fromSize, ~seed >>> 0) >>> 0);
      return foldSum(seed);
    },
  };
}
