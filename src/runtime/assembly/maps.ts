/** The operations of any map, by its kind. Addresses are linear and have been checked; answers are addresses, 0, or negative errnos. */
import {
  KIND_ARRAY,
  KIND_HASH,
  KIND_HASH_4,
  KIND_HASH_8,
  KIND_HASH_16,
  KIND_HASH_INDEX,
  KIND_QUEUE,
  KIND_STACK,
  KIND_TARGETS,
  KIND_TRIE,
  MAP_BLOCK,
  MAP_KIND,
  MAP_MAX_ENTRIES,
  MAP_STRIDE,
  MAP_TRAITS,
  MAP_VALUES,
  TRAIT_LOCK,
} from '../layout.ts';
import { copyValue } from './bytes.ts';
import { cpu } from './env.ts';
import { BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST, E2BIG, EEXIST, EINVAL, EOPNOTSUPP, isError } from './errno.ts';
import { findElement, lookupHash, placeHash, removeHash } from './hash.ts';
import { lookupTrie, placeTrie, removeTrie } from './trie.ts';

/** Address of the value at an index on a CPU, 0 beyond the end. */
export function lookupArray(map: usize, key: usize, on: u32): usize {
  const index = load<u32>(key);
  if (index >= load<u32>(map, MAP_MAX_ENTRIES)) return 0;
  return load<u32>(map, MAP_VALUES) + on * load<u32>(map, MAP_BLOCK) + index * load<u32>(map, MAP_STRIDE);
}

/** Address of the value of a key on a CPU, 0 for none. */
export function lookupOn(map: usize, key: usize, on: u32): usize {
  switch (load<u32>(map, MAP_KIND)) {
    case KIND_ARRAY:
      return lookupArray(map, key, on);
    case KIND_TARGETS: {
      const value = lookupArray(map, key, on);
      return value === 0 || load<u32>(value) === 0 ? 0 : value;
    }
    case KIND_HASH:
      return lookupHash<u8>(map, key, on);
    case KIND_HASH_4:
      return lookupHash<u32>(map, key, on);
    case KIND_HASH_8:
      return lookupHash<u64>(map, key, on);
    case KIND_HASH_16:
      return lookupHash<v128>(map, key, on);
    case KIND_HASH_INDEX:
      return lookupHash<i32>(map, key, on);
    case KIND_TRIE:
      return lookupTrie(map, key);
    default:
      return 0;
  }
}

/** Address of the value of a key on this CPU, 0 for none. */
export function lookup(map: usize, key: usize): usize {
  return lookupOn(map, key, cpu);
}

function placeArray(map: usize, key: usize, flags: u32): usize {
  if ((flags & ~BPF_F_LOCK) > BPF_EXIST) return EINVAL;
  const value = lookupArray(map, key, cpu);
  if (value === 0) return E2BIG;
  if (flags & BPF_NOEXIST) return EEXIST;
  if (flags & BPF_F_LOCK && (load<u32>(map, MAP_TRAITS) & TRAIT_LOCK) === 0) return EINVAL;
  return value;
}

/** Address of the value (this CPU's) in which that of a key is to be written, the key in place; or a negative errno. */
export function place(map: usize, key: usize, flags: u32): usize {
  switch (load<u32>(map, MAP_KIND)) {
    case KIND_ARRAY:
      return placeArray(map, key, flags);
    case KIND_HASH:
      return placeHash<u8>(map, key, flags);
    case KIND_HASH_4:
      return placeHash<u32>(map, key, flags);
    case KIND_HASH_8:
      return placeHash<u64>(map, key, flags);
    case KIND_HASH_16:
      return placeHash<v128>(map, key, flags);
    case KIND_HASH_INDEX:
      return placeHash<i32>(map, key, flags);
    case KIND_TRIE:
      return placeTrie(map, key, flags);
    case KIND_QUEUE:
    case KIND_STACK:
      return EINVAL;
    default:
      return EOPNOTSUPP;
  }
}

/** Writes the value of a key: 0 or a negative errno. */
export function update(map: usize, key: usize, value: usize, flags: u32): i32 {
  const to = place(map, key, flags);
  if (isError(to)) return to;
  copyValue(map, to, value);
  return 0;
}

/** Deletes a key: 0 or a negative errno. */
export function remove(map: usize, key: usize): i32 {
  switch (load<u32>(map, MAP_KIND)) {
    case KIND_HASH:
      return removeHash<u8>(map, key);
    case KIND_HASH_4:
      return removeHash<u32>(map, key);
    case KIND_HASH_8:
      return removeHash<u64>(map, key);
    case KIND_HASH_16:
      return removeHash<v128>(map, key);
    case KIND_HASH_INDEX:
      return removeHash<i32>(map, key);
    case KIND_TRIE:
      return removeTrie(map, key);
    case KIND_ARRAY:
    case KIND_QUEUE:
    case KIND_STACK:
      return EINVAL;
    default:
      return EOPNOTSUPP;
  }
}

/** Address of a hash's element with a key, 0 for none; no use of it is noted. */
export function find(map: usize, key: usize): usize {
  switch (load<u32>(map, MAP_KIND)) {
    case KIND_HASH:
      return findElement<u8>(map, key);
    case KIND_HASH_4:
      return findElement<u32>(map, key);
    case KIND_HASH_8:
      return findElement<u64>(map, key);
    case KIND_HASH_16:
      return findElement<v128>(map, key);
    case KIND_HASH_INDEX:
      return findElement<i32>(map, key);
    default:
      return 0;
  }
}
