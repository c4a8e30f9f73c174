/**
 * Bob Jenkins' lookup3 hash in the form that Linux calls `jhash` and `jhash2` (the two agree where both apply). With the same seed the
 * buckets of our hashes are the kernel's, and so is the order of their keys.
 */

const INITIAL: u32 = 0xdeadbeef;

/** Mixes what is left in the end; gives the hash. */
function finish(a: u32, b: u32, c: u32): u32 {
  c = (c ^ b) - rotl<u32>(b, 14);
  a = (a ^ c) - rotl<u32>(c, 11);
  b = (b ^ a) - rotl<u32>(a, 25);
  c = (c ^ b) - rotl<u32>(b, 16);
  a = (a ^ c) - rotl<u32>(c, 4);
  b = (b ^ a) - rotl<u32>(a, 14);
  return (c ^ b) - rotl<u32>(b, 24);
}

/** The little-endian word of at most four bytes. */
function lastWord(at: usize, size: u32): u32 {
  if (size >= 4) return load<u32>(at);
  let word: u32 = load<u8>(at);
  if (size > 1) word |= (<u32>load<u8>(at, 1)) << 8;
  if (size > 2) word |= (<u32>load<u8>(at, 2)) << 16;
  return word;
}

/** The hash of a key of `size` bytes. */
export function hashBytes(key: usize, size: u32, seed: u32): u32 {
  let a = INITIAL + size + seed;
  let b = a;
  let c = a;
  for (; size > 12; size -= 12, key += 12) {
    a += load<u32>(key);
    b += load<u32>(key, 4);
    c += load<u32>(key, 8);
    a = (a - c) ^ rotl<u32>(c, 4);
    c += b;
    b = (b - a) ^ rotl<u32>(a, 6);
    a += c;
    c = (c - b) ^ rotl<u32>(b, 8);
    b += a;
    a = (a - c) ^ rotl<u32>(c, 16);
    c += b;
    b = (b - a) ^ rotl<u32>(a, 19);
    a += c;
    c = (c - b) ^ rotl<u32>(b, 4);
    b += a;
  }
  if (size === 0) return c;
  a += lastWord(key, size);
  if (size > 4) b += lastWord(key + 4, size - 4);
  if (size > 8) c += lastWord(key + 8, size - 8);
  return finish(a, b, c);
}
