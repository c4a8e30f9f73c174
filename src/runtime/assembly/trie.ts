/**
 * `lpm_trie`: values by address prefix, the longest match found. A binary trie; a node without value is a fork that two prefixes need,
 * and always has two children. Follows kernel/bpf/lpm_trie.c, the order of keys included. A value in use never moves.
 *
 * Shortcuts make lookups of whole addresses fast: one for each value of a key's first bits says at which node of at least so many bits
 * its walk goes on, and the longest match above. They are filled by lookups and forgotten, for the prefix concerned, by changes.
 */
import {
  MAP_COUNT,
  MAP_FREE,
  MAP_FRESH,
  MAP_KEY_SIZE,
  MAP_MAX_ENTRIES,
  MAP_STRIDE,
  NODE_CHILD,
  NODE_KEY,
  NODE_VALUE,
  SHORTCUT_END,
  SHORTCUT_NODE,
  SHORTCUT_SIZE,
  SHORTCUT_VALUE,
  TRIE_FREE_NODE,
  TRIE_FRESH_NODE,
  TRIE_MAX_PREFIX,
  TRIE_NODE_SIZE,
  TRIE_ROOT,
  TRIE_SHORTCUT_BITS,
  TRIE_SHORTCUTS,
} from '../layout.ts';
import { copyBytes } from './bytes.ts';
import { BPF_EXIST, BPF_NOEXIST, EEXIST, EINVAL, ENOENT, ENOSPC } from './errno.ts';

/** Bytes of the prefix length in front of a key's data. */
const PREFIX: u32 = 4;

/** Bits that two keys have in common, at most the shorter prefix of the two. */
function commonPrefix(a: usize, b: usize, dataSize: u32): u32 {
  const limit = min<u32>(load<u32>(a), load<u32>(b));
  let bits: u32 = 0;
  let left = dataSize;
  for (; left >= 8 && bits < limit; left -= 8, bits += 64, a += 8, b += 8) {
    const difference = load<u64>(a, PREFIX) ^ load<u64>(b, PREFIX);
    if (difference !== 0) return min<u32>(limit, bits + <u32>clz<u64>(bswap<u64>(difference)));
  }
  for (; left >= 4 && bits < limit; left -= 4, bits += 32, a += 4, b += 4) {
    const difference = load<u32>(a, PREFIX) ^ load<u32>(b, PREFIX);
    if (difference !== 0) return min<u32>(limit, bits + clz<u32>(bswap<u32>(difference)));
  }
  for (; left > 0 && bits < limit; left--, bits += 8, a++, b++) {
    const difference: u32 = load<u8>(a, PREFIX) ^ load<u8>(b, PREFIX);
    if (difference !== 0) return min<u32>(limit, bits + clz<u32>(difference) - 24);
  }
  return limit;
}

/** Address of the word with the child of a node for bit `index` of a key. */
function childSlot(node: usize, key: usize, index: u32): usize {
  const bit: usize = (load<u8>(key + (index >> 3), PREFIX) >> (7 - (index & 7))) & 1;
  return node + NODE_CHILD + (bit << 2);
}

/** The child in the other place than `slot`. */
function sibling(node: usize, slot: usize): usize {
  return load<u32>(node + NODE_CHILD + (slot === node + NODE_CHILD ? 4 : 0));
}

/** Bytes of a key's data. */
function dataSizeOf(map: usize): u32 {
  return load<u32>(map, MAP_KEY_SIZE) - PREFIX;
}

/** The number that a key's first bits make. */
function firstBits(map: usize, key: usize, bits: u32): usize {
  if (dataSizeOf(map) === 1) return load<u8>(key, PREFIX) >> (8 - bits);
  return <u32>bswap<u16>(load<u16>(key, PREFIX)) >> (16 - bits);
}

/** Looks where the walk of a key with at least so many bits goes on. */
function fillShortcut(map: usize, key: usize, shortcut: usize, bits: u32): void {
  const dataSize = dataSizeOf(map);
  let node: usize = load<u32>(map, TRIE_ROOT);
  let best: u32 = 0;
  while (node !== 0) {
    const length = load<u32>(node, NODE_KEY);
    if (commonPrefix(node + NODE_KEY, key, dataSize) < min<u32>(length, bits)) {
      node = 0;
      break;
    }
    if (length >= bits) break;
    const value = load<u32>(node, NODE_VALUE);
    if (value !== 0) best = value;
    node = load<u32>(childSlot(node, key, length));
  }
  store<u32>(shortcut, node === 0 ? SHORTCUT_END : node, SHORTCUT_NODE);
  store<u32>(shortcut, best, SHORTCUT_VALUE);
}

/** Forgets the shortcuts that a change of a prefix concerns. */
function forgetShortcuts(map: usize, key: usize): void {
  const bits = load<u32>(map, TRIE_SHORTCUT_BITS);
  if (bits === 0) return;
  const length = load<u32>(key);
  const spread: u32 = length < bits ? bits - length : 0;
  const first = (firstBits(map, key, bits) >> spread) << spread;
  memory.fill(load<u32>(map, TRIE_SHORTCUTS) + first * SHORTCUT_SIZE, 0, (<usize>SHORTCUT_SIZE) << spread);
}

/** Address of the value of the longest prefix that a key has, 0 for none. */
export function lookupTrie(map: usize, key: usize): usize {
  const prefix = load<u32>(key);
  const maxPrefix = load<u32>(map, TRIE_MAX_PREFIX);
  if (prefix > maxPrefix) return 0;
  const dataSize = dataSizeOf(map);
  const bits = load<u32>(map, TRIE_SHORTCUT_BITS);
  let best: usize = 0;
  let node: usize;
  if (bits !== 0 && prefix >= bits) {
    const shortcut = load<u32>(map, TRIE_SHORTCUTS) + firstBits(map, key, bits) * SHORTCUT_SIZE;
    if (load<u32>(shortcut, SHORTCUT_NODE) === 0) fillShortcut(map, key, shortcut, bits);
    best = load<u32>(shortcut, SHORTCUT_VALUE);
    node = load<u32>(shortcut, SHORTCUT_NODE);
    if (node === SHORTCUT_END) return best;
  } else {
    node = load<u32>(map, TRIE_ROOT);
  }
  while (node !== 0) {
    const length = load<u32>(node, NODE_KEY);
    if (commonPrefix(node + NODE_KEY, key, dataSize) < length) break;
    const value: usize = load<u32>(node, NODE_VALUE);
    if (value !== 0) best = value;
    if (length === maxPrefix) break;
    node = load<u32>(childSlot(node, key, length));
  }
  return best;
}

/** Hands out a value; the caller keeps below the number that there is room for. */
function takeValue(map: usize): usize {
  const free: usize = load<u32>(map, MAP_FREE);
  if (free !== 0) {
    store<u32>(map, load<u32>(free), MAP_FREE);
    return free;
  }
  const fresh: usize = load<u32>(map, MAP_FRESH);
  store<u32>(map, fresh + load<u32>(map, MAP_STRIDE), MAP_FRESH);
  return fresh;
}

function giveValue(map: usize, value: usize): void {
  store<u32>(value, load<u32>(map, MAP_FREE));
  store<u32>(map, value, MAP_FREE);
}

/** Makes a node without children. */
function newNode(map: usize, prefix: u32, key: usize, value: usize): usize {
  let node: usize = load<u32>(map, TRIE_FREE_NODE);
  if (node !== 0) {
    store<u32>(map, load<u32>(node, NODE_VALUE), TRIE_FREE_NODE);
  } else {
    node = load<u32>(map, TRIE_FRESH_NODE);
    store<u32>(map, node + load<u32>(map, TRIE_NODE_SIZE), TRIE_FRESH_NODE);
  }
  store<u64>(node, 0, NODE_CHILD);
  store<u32>(node, value, NODE_VALUE);
  store<u32>(node, prefix, NODE_KEY);
  copyBytes(node + NODE_KEY + PREFIX, key + PREFIX, dataSizeOf(map));
  return node;
}

function giveNode(map: usize, node: usize): void {
  store<u32>(node, load<u32>(map, TRIE_FREE_NODE), NODE_VALUE);
  store<u32>(map, node, TRIE_FREE_NODE);
}

/** Address of the value in which that of a prefix is to be written, its node in place; or a negative errno. */
export function placeTrie(map: usize, key: usize, flags: u32): usize {
  if (flags > BPF_EXIST) return EINVAL;
  const maxPrefix = load<u32>(map, TRIE_MAX_PREFIX);
  const prefix = load<u32>(key);
  if (prefix > maxPrefix) return EINVAL;
  const dataSize = dataSizeOf(map);
  let slot: usize = map + TRIE_ROOT;
  let match: u32 = 0;
  let length: u32 = 0;
  let node: usize = load<u32>(slot);
  while (node !== 0) {
    match = commonPrefix(node + NODE_KEY, key, dataSize);
    length = load<u32>(node, NODE_KEY);
    if (length !== match || length === prefix || length === maxPrefix) break;
    slot = childSlot(node, key, length);
    node = load<u32>(slot);
  }
  const isExact = node !== 0 && length === match;
  const old: usize = isExact ? load<u32>(node, NODE_VALUE) : 0;
  const count = load<u32>(map, MAP_COUNT);
  if (old !== 0) {
    if (flags === BPF_NOEXIST) return EEXIST;
  } else {
    if (flags === BPF_EXIST) return ENOENT;
    if (count >= load<u32>(map, MAP_MAX_ENTRIES)) return ENOSPC;
    store<u32>(map, count + 1, MAP_COUNT);
  }
  const value = takeValue(map);
  forgetShortcuts(map, key);
  if (isExact) {
    // The node stays and gets the new value; nobody can hold a pointer to a node.
    if (old !== 0) giveValue(map, old);
    copyBytes(node + NODE_KEY + PREFIX, key + PREFIX, dataSize);
    store<u32>(node, value, NODE_VALUE);
    return value;
  }
  const fresh = newNode(map, prefix, key, value);
  if (node === 0) {
    store<u32>(slot, fresh);
  } else if (match === prefix) {
    store<u32>(childSlot(fresh, node + NODE_KEY, match), node);
    store<u32>(slot, fresh);
  } else {
    const fork = newNode(map, match, node + NODE_KEY, 0);
    store<u32>(childSlot(fork, key, match), fresh);
    store<u32>(childSlot(fork, node + NODE_KEY, match), node);
    store<u32>(slot, fork);
  }
  return value;
}

/** Deletes a prefix: 0 or a negative errno. */
export function removeTrie(map: usize, key: usize): i32 {
  const prefix = load<u32>(key);
  if (prefix > load<u32>(map, TRIE_MAX_PREFIX)) return EINVAL;
  const dataSize = dataSizeOf(map);
  let parent: usize = 0;
  let parentSlot: usize = 0;
  let slot: usize = map + TRIE_ROOT;
  let node: usize = load<u32>(slot);
  while (node !== 0) {
    const length = load<u32>(node, NODE_KEY);
    if (commonPrefix(node + NODE_KEY, key, dataSize) !== length) return ENOENT;
    if (length === prefix) break;
    parent = node;
    parentSlot = slot;
    slot = childSlot(node, key, length);
    node = load<u32>(slot);
  }
  if (node === 0) return ENOENT;
  const value: usize = load<u32>(node, NODE_VALUE);
  if (value === 0) return ENOENT;
  forgetShortcuts(map, key);
  store<u32>(map, load<u32>(map, MAP_COUNT) - 1, MAP_COUNT);
  giveValue(map, value);
  const left = load<u32>(node, NODE_CHILD);
  const right = load<u32>(node, NODE_CHILD + 4);
  if (left !== 0 && right !== 0) {
    store<u32>(node, 0, NODE_VALUE);
    return 0;
  }
  if ((left | right) === 0 && parent !== 0 && load<u32>(parent, NODE_VALUE) === 0) {
    // The parent was a fork for the sake of this node: its other child takes its place.
    store<u32>(parentSlot, sibling(parent, slot));
    giveNode(map, parent);
  } else {
    store<u32>(slot, left | right);
  }
  giveNode(map, node);
  return 0;
}

/** The first node of a subtree in postorder. */
function firstBelow(node: usize): usize {
  while (true) {
    const left: usize = load<u32>(node, NODE_CHILD);
    const below: usize = left !== 0 ? left : load<u32>(node, NODE_CHILD + 4);
    if (below === 0) return node;
    node = below;
  }
}

/**
 * Address of the key behind a key, of the first one where it is 0 or gone; 0 at the end. Longer prefixes come before the shorter ones
 * that hold them: postorder.
 */
export function nextTrieKey(map: usize, key: usize): usize {
  const root: usize = load<u32>(map, TRIE_ROOT);
  if (root === 0) return 0;
  const first = firstBelow(root) + NODE_KEY;
  if (key === 0) return first;
  const prefix = load<u32>(key);
  if (prefix > load<u32>(map, TRIE_MAX_PREFIX)) return first;
  const dataSize = dataSizeOf(map);
  // What comes when the subtree of `node` is done: a subtree to begin, or a node itself.
  let subtree: usize = 0;
  let next: usize = 0;
  for (let node = root; node !== 0; ) {
    const length = load<u32>(node, NODE_KEY);
    if (commonPrefix(node + NODE_KEY, key, dataSize) !== length) return first;
    if (length === prefix) {
      if (load<u32>(node, NODE_VALUE) === 0) return first;
      if (subtree !== 0) next = firstBelow(subtree);
      return next === 0 ? 0 : next + NODE_KEY;
    }
    const slot = childSlot(node, key, length);
    const right: usize = load<u32>(node, NODE_CHILD + 4);
    if (slot === node + NODE_CHILD && right !== 0) {
      subtree = right;
    } else if (load<u32>(node, NODE_VALUE) !== 0) {
      subtree = 0;
      next = node;
    }
    node = load<u32>(slot);
  }
  return first;
}
