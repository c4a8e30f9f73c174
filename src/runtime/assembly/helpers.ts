/**
 * Helpers as compiled programs call them: pointers as linear addresses, everything else whole. Nothing is checked: the caller knows that
 * maps are maps of the right type and that keys and values can be read. What differs by the kind of a map has a function for each kind,
 * for the map is a constant of the program.
 */
import { CELL_CLOCK, MAP_CPUS, RECORD_DISCARD } from '../layout.ts';
import { copyValue } from './bytes.ts';
import { cells, cpu } from './env.ts';
import { isError } from './errno.ts';
import { lookupHash, placeHash, removeHash } from './hash.ts';
import { lookupArray, lookupOn, update } from './maps.ts';
import { push } from './queue.ts';
import { nextRandom } from './random.ts';
import { commitRecord, reserveRecord } from './ring.ts';

/** A flag that no update knows. */
const UNKNOWN_FLAG: u32 = 0x80000000;

function narrowFlags(flags: u64): u32 {
  return flags >= UNKNOWN_FLAG ? UNKNOWN_FLAG : <u32>flags;
}

export function array_lookup(map: usize, key: usize): usize {
  return lookupArray(map, key, cpu);
}

export function hash_lookup(map: usize, key: usize): usize {
  return lookupHash<u8>(map, key, cpu);
}

export function hash4_lookup(map: usize, key: usize): usize {
  return lookupHash<u32>(map, key, cpu);
}

export function hash8_lookup(map: usize, key: usize): usize {
  return lookupHash<u64>(map, key, cpu);
}

export function hash16_lookup(map: usize, key: usize): usize {
  return lookupHash<v128>(map, key, cpu);
}

export function any_lookup_percpu(map: usize, key: usize, on: u32): usize {
  return on < load<u32>(map, MAP_CPUS) ? lookupOn(map, key, on) : 0;
}

export function any_update(map: usize, key: usize, value: usize, flags: u64): i32 {
  return update(map, key, value, narrowFlags(flags));
}

/** Writes the value of a key of a hash. */
function updateHash<K>(map: usize, key: usize, value: usize, flags: u64): i32 {
  const to = placeHash<K>(map, key, narrowFlags(flags));
  if (isError(to)) return to;
  copyValue(map, to, value);
  return 0;
}

export function hash_update(map: usize, key: usize, value: usize, flags: u64): i32 {
  return updateHash<u8>(map, key, value, flags);
}

export function hash4_update(map: usize, key: usize, value: usize, flags: u64): i32 {
  return updateHash<u32>(map, key, value, flags);
}

export function hash8_update(map: usize, key: usize, value: usize, flags: u64): i32 {
  return updateHash<u64>(map, key, value, flags);
}

export function hash16_update(map: usize, key: usize, value: usize, flags: u64): i32 {
  return updateHash<v128>(map, key, value, flags);
}

export function hash_delete(map: usize, key: usize): i32 {
  return removeHash<u8>(map, key);
}

export function hash4_delete(map: usize, key: usize): i32 {
  return removeHash<u32>(map, key);
}

export function hash8_delete(map: usize, key: usize): i32 {
  return removeHash<u64>(map, key);
}

export function hash16_delete(map: usize, key: usize): i32 {
  return removeHash<v128>(map, key);
}

export function queue_push(map: usize, value: usize, flags: u64): i32 {
  return push(map, value, narrowFlags(flags));
}

export function ring_reserve(map: usize, size: u64, flags: u64): usize {
  return flags === 0 ? reserveRecord(map, size) : 0;
}

export function ring_submit(sample: usize, flags: u64): i32 {
  commitRecord(sample, flags, 0);
  return 0;
}

export function ring_discard(sample: usize, flags: u64): i32 {
  commitRecord(sample, flags, RECORD_DISCARD);
  return 0;
}

export function clock(): u64 {
  return load<u64>(cells, CELL_CLOCK);
}

export function random(): u64 {
  return nextRandom();
}

export function current_cpu(): u32 {
  return cpu;
}
