/**
 * A hash of one or two words by multiplication (the finaliser of MurmurHash3 behind a multiplication by the golden ratio): half as long
 * as `jhash`, for hashes whose order of keys nobody can tell.
 */

const GOLDEN: u64 = (0x9e3779b9 << 32) | 0x7f4a7c15;
const FINAL: u64 = (0xff51afd7 << 32) | 0xed558ccd;

function spread(word: u64): u64 {
  const product = word * GOLDEN;
  return product ^ (product >> 32);
}

/** The hash of a word. */
export function mix(word: u64): u32 {
  return <u32>((spread(word) * FINAL) >> 32);
}

/** The hash of two words. */
export function mixPair(first: u64, second: u64): u32 {
  return mix(spread(first) + second);
}
