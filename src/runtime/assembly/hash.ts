/**
 * `hash`, `percpu_hash`, `lru_hash`, `lru_percpu_hash`, `devmap_hash`: chains of elements by buckets; no allocation but handing out
 * elements of one area, all zero when empty. Follows kernel/bpf/hashtab.c in what can be observed: a new element goes to the head of its
 * bucket, one given back is the next to be handed out, an update puts a new element in place of the old one.
 *
 * A full LRU hash makes room by second chance: a hand goes round over the elements, passes those used since it came by and takes the
 * first one that was not. Linux approximates the same order by two lists (kernel/bpf/bpf_lru_list.c).
 *
 * Generic over the kind of keys: `u32`, `u64` and `v128` stand for keys of 4, 8 and 16 bytes, `i32` for keys of 4 bytes that are their
 * own hash, `u8` for any size.
 */
import {
  ELEMENT_HASH,
  ELEMENT_KEY,
  ELEMENT_NEXT,
  ELEMENT_USED,
  ELEMENT_VALUE,
  HASH_BUCKETS,
  HASH_ELEMENTS,
  HASH_END,
  HASH_HAND,
  HASH_MASK,
  HASH_SEED,
  HASH_SPARES,
  HASH_STRIDE,
  MAP_BLOCK,
  MAP_COUNT,
  MAP_CPUS,
  MAP_FREE,
  MAP_FRESH,
  MAP_KEY_SIZE,
  MAP_MAX_ENTRIES,
  MAP_STRIDE,
  MAP_TRAITS,
  MAP_VALUES,
  TRAIT_IN_PLACE,
  TRAIT_LOCK,
  TRAIT_LRU,
  TRAIT_SPARES,
} from '../layout.ts';
import { clearBytes, clearFields, copyBytes, equalBytes } from './bytes.ts';
import { cpu } from './env.ts';
import { BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST, E2BIG, EEXIST, EINVAL, ENOENT } from './errno.ts';
import { hashBytes } from './jhash.ts';
import { mix, mixPair } from './mix.ts';

/** The hash of a key: the kernel's where the order of keys is to be the kernel's, else a faster one. */
function hashOf<K>(map: usize, key: usize): u32 {
  if (sizeof<K>() === 4) return isSigned<K>() ? load<u32>(key) : mix(<u64>load<u32>(key) ^ load<u32>(map, HASH_SEED));
  if (sizeof<K>() === 8) return mix(load<u64>(key) ^ load<u32>(map, HASH_SEED));
  if (sizeof<K>() === 16) return mixPair(load<u64>(key) ^ load<u32>(map, HASH_SEED), load<u64>(key, 8));
  return hashBytes(key, load<u32>(map, MAP_KEY_SIZE), load<u32>(map, HASH_SEED));
}

/** Whether an element has a key. */
function hasKey<K>(map: usize, element: usize, key: usize, hash: u32): bool {
  if (sizeof<K>() === 4) return load<u32>(element, ELEMENT_KEY) === load<u32>(key);
  if (sizeof<K>() === 8) return load<u64>(element, ELEMENT_KEY) === load<u64>(key);
  if (sizeof<K>() === 16) {
    const first = load<u64>(element, ELEMENT_KEY) ^ load<u64>(key);
    const second = load<u64>(element, ELEMENT_KEY + 8) ^ load<u64>(key, 8);
    return (first | second) === 0;
  }
  if (load<u32>(element, ELEMENT_HASH) !== hash) return false;
  return equalBytes(element + ELEMENT_KEY, key, load<u32>(map, MAP_KEY_SIZE));
}

/** Address of a hash's bucket. */
function bucketOf(map: usize, hash: u32): usize {
  return load<u32>(map, HASH_BUCKETS) + ((hash & load<u32>(map, HASH_MASK)) << 2);
}

/** Address of the word that points to the element with a key: its bucket, or the element before it. The word is 0 for none. */
function slotOf<K>(map: usize, key: usize, hash: u32): usize {
  let slot = bucketOf(map, hash);
  while (true) {
    const element: usize = load<u32>(slot);
    if (element === 0 || hasKey<K>(map, element, key, hash)) return slot;
    slot = element + ELEMENT_NEXT;
  }
}

/** Address of the element with a key, 0 for none. */
export function findElement<K>(map: usize, key: usize): usize {
  return load<u32>(slotOf<K>(map, key, hashOf<K>(map, key)));
}

/** Address of an element's value on a CPU. */
function valueOn(map: usize, element: usize, on: u32): usize {
  return load<u32>(element, ELEMENT_VALUE) + on * load<u32>(map, MAP_BLOCK);
}

/** Address of the value of a key on a CPU, 0 for none. */
export function lookupHash<K>(map: usize, key: usize, on: u32): usize {
  const element = findElement<K>(map, key);
  if (element === 0) return 0;
  if (load<u32>(map, MAP_TRAITS) & TRAIT_LRU) store<u32>(element, 1, ELEMENT_USED);
  return valueOn(map, element, on);
}

/** Hands out an element; the caller keeps below the number that there is room for. */
function take(map: usize): usize {
  const free: usize = load<u32>(map, MAP_FREE);
  if (free !== 0) {
    store<u32>(map, load<u32>(free, ELEMENT_HASH), MAP_FREE);
    // Behind the hand or in front of it, a full turn is due to it.
    store<u32>(free, 1, ELEMENT_USED);
    return free;
  }
  const element: usize = load<u32>(map, MAP_FRESH);
  const stride = load<u32>(map, HASH_STRIDE);
  const index: u32 = (element - load<u32>(map, HASH_ELEMENTS)) / stride;
  store<u32>(map, element + stride, MAP_FRESH);
  store<u32>(element, load<u32>(map, MAP_VALUES) + index * load<u32>(map, MAP_STRIDE), ELEMENT_VALUE);
  return element;
}

/** Takes back an element that is in no bucket. */
function give(map: usize, element: usize): void {
  store<u32>(element, load<u32>(map, MAP_FREE), ELEMENT_HASH);
  store<u32>(map, element, MAP_FREE);
}

/** Takes the element that `slot` points to out of its bucket and gives it back. */
function drop(map: usize, slot: usize, element: usize): void {
  store<u32>(slot, load<u32>(element, ELEMENT_NEXT));
  store<u32>(map, load<u32>(map, MAP_COUNT) - 1, MAP_COUNT);
  give(map, element);
}

/** The element behind one where they lie, the first behind the last. */
function followingElement(map: usize, element: usize): usize {
  const following: usize = element + load<u32>(map, HASH_STRIDE);
  return following < load<u32>(map, HASH_END) ? following : load<u32>(map, HASH_ELEMENTS);
}

/** Makes room in a full LRU hash: all its elements are in buckets. */
function evict(map: usize): void {
  let victim: usize = load<u32>(map, HASH_HAND);
  while (load<u32>(victim, ELEMENT_USED) !== 0) {
    store<u32>(victim, 0, ELEMENT_USED);
    victim = followingElement(map, victim);
  }
  store<u32>(map, followingElement(map, victim), HASH_HAND);
  let slot = bucketOf(map, load<u32>(victim, ELEMENT_HASH));
  while (true) {
    const element: usize = load<u32>(slot);
    if (element === victim) break;
    slot = element + ELEMENT_NEXT;
  }
  drop(map, slot, victim);
}

/** Gives an element for a key that has `old`: this CPU's spare, which `old` becomes, or a new one. */
function replace(map: usize, old: usize): usize {
  if ((load<u32>(map, MAP_TRAITS) & TRAIT_SPARES) === 0) {
    const fresh = take(map);
    give(map, old);
    return fresh;
  }
  const at: usize = load<u32>(map, HASH_SPARES) + (cpu << 2);
  const spare: usize = load<u32>(at);
  store<u32>(at, old);
  return spare === 0 ? take(map) : spare;
}

/** What of the flags of an update is wrong, 0 for nothing. */
function checkFlags(traits: u32, flags: u32): i32 {
  if ((flags & ~BPF_F_LOCK) > BPF_EXIST) return EINVAL;
  if ((flags & BPF_F_LOCK) === 0) return 0;
  return (traits & (TRAIT_IN_PLACE | TRAIT_LOCK)) === TRAIT_LOCK ? 0 : EINVAL;
}

/** Address of the value in which the new value of a key is to be written, the key in place; or a negative errno. */
export function placeHash<K>(map: usize, key: usize, flags: u32): usize {
  const traits = load<u32>(map, MAP_TRAITS);
  const refused = checkFlags(traits, flags);
  if (refused !== 0) return refused;
  const hash = hashOf<K>(map, key);
  const slot = slotOf<K>(map, key, hash);
  const old: usize = load<u32>(slot);
  let element: usize;
  if (old !== 0) {
    if (flags & BPF_NOEXIST) return EEXIST;
    if (traits & TRAIT_IN_PLACE || flags & BPF_F_LOCK) {
      store<u32>(old, 1, ELEMENT_USED);
      return valueOn(map, old, cpu);
    }
    element = replace(map, old);
    store<u32>(slot, load<u32>(old, ELEMENT_NEXT));
  } else {
    if (flags & BPF_EXIST) return ENOENT;
    if (load<u32>(map, MAP_COUNT) >= load<u32>(map, MAP_MAX_ENTRIES)) {
      if ((traits & TRAIT_LRU) === 0) return E2BIG;
      evict(map);
      element = take(map);
      store<u32>(element, 0, ELEMENT_USED); // it stands just behind the hand
    } else {
      element = take(map);
    }
    store<u32>(map, load<u32>(map, MAP_COUNT) + 1, MAP_COUNT);
  }
  if (sizeof<K>() === 4) store<u32>(element, load<u32>(key), ELEMENT_KEY);
  else if (sizeof<K>() === 8) store<u64>(element, load<u64>(key), ELEMENT_KEY);
  else copyBytes(element + ELEMENT_KEY, key, load<u32>(map, MAP_KEY_SIZE));
  const bucket = bucketOf(map, hash);
  store<u32>(element, load<u32>(bucket), ELEMENT_NEXT);
  store<u32>(element, hash, ELEMENT_HASH);
  store<u32>(bucket, element);
  const value: usize = load<u32>(element, ELEMENT_VALUE);
  const block: usize = load<u32>(map, MAP_BLOCK);
  if (block === 0) {
    clearFields(map, value);
    return value;
  }
  const cpus: usize = load<u32>(map, MAP_CPUS);
  for (let other: usize = 0; other < cpus; other++) clearBytes(value + other * block, load<u32>(map, MAP_STRIDE));
  return value + cpu * block;
}

/** Deletes a key: 0 or a negative errno. */
export function removeHash<K>(map: usize, key: usize): i32 {
  const slot = slotOf<K>(map, key, hashOf<K>(map, key));
  const element: usize = load<u32>(slot);
  if (element === 0) return ENOENT;
  drop(map, slot, element);
  return 0;
}

/** Address of the element behind `element` in the order of buckets, of the very first one behind 0; 0 at the end. */
export function nextElement(map: usize, element: usize): usize {
  let bucket: usize = load<u32>(map, HASH_BUCKETS);
  const end = bucket + ((load<u32>(map, HASH_MASK) + 1) << 2);
  if (element !== 0) {
    const next: usize = load<u32>(element, ELEMENT_NEXT);
    if (next !== 0) return next;
    bucket = bucketOf(map, load<u32>(element, ELEMENT_HASH)) + 4;
  }
  for (; bucket < end; bucket += 4) {
    const first: usize = load<u32>(bucket);
    if (first !== 0) return first;
  }
  return 0;
}
