/** Random maps with random contents; keys come from a small pool, so that programs meet them. */
import type { Random } from '../util/random.ts';
import { STACK_DATA } from './frame.ts';
import type { QuestionMap } from './question.ts';

/** Keys begin with a byte below this, the rest is 0. */
export const KEY_POOL = 6;

const BPF_F_NO_PREALLOC = 1;

/** A key of the pool. */
export function poolKey(number: number, size: number): Uint8Array {
  const key = new Uint8Array(size);
  key[0] = number;
  return key;
}

function array(random: Random, valueSize: number): QuestionMap {
  const maxEntries = random.pick([1, 1, 2, 5]);
  const entries = Array.from({ length: maxEntries }, (_, i) => [poolKey(i, 4), random.bytes(valueSize)] as const);
  return { type: 'array', keySize: 4, valueSize, maxEntries, flags: 0, entries };
}

function hash(random: Random): QuestionMap {
  const keySize = random.pick([4, 8, 12, 5]);
  const valueSize = random.pick([8, 16, 20, 40]);
  const maxEntries = random.pick([1, 2, 4, 8]);
  const entries = Array.from({ length: KEY_POOL }, (_, i) => [poolKey(i, keySize), random.bytes(valueSize)] as const)
    .filter(() => random.oneIn(2))
    .slice(0, maxEntries);
  return { type: 'hash', keySize, valueSize, maxEntries, flags: random.pick([0, BPF_F_NO_PREALLOC]), entries };
}

/** Enough that nothing is evicted. */
const LRU_ENTRIES = 1024;

/** Of the types whose contents depend on nothing but what was done to them. */
function keyed(random: Random): QuestionMap {
  switch (random.below(8)) {
    case 0:
      return { ...hash(random), type: 'lru_hash', maxEntries: LRU_ENTRIES, flags: 0 };
    case 1:
      return { ...hash(random), type: 'lpm_trie', keySize: 8, entries: [], flags: BPF_F_NO_PREALLOC };
    case 2:
      return { ...hash(random), type: 'percpu_hash', entries: [] };
    case 3:
      return { ...array(random, random.pick([8, 24])), type: 'percpu_array', entries: [] };
    default:
      return hash(random);
  }
}

/** Maps for a program; the first is an array whose values take what a program keeps on its stack. */
export function randomMaps(random: Random): readonly QuestionMap[] {
  const maps = [array(random, STACK_DATA), array(random, random.pick([8, 12, 24, 48])), hash(random), keyed(random)];
  return maps.slice(0, random.between(1, maps.length));
}

/** The program itself in the first slot, nothing in the second. */
export const TAIL_CALLS: QuestionMap = {
  type: 'prog_array',
  keySize: 4,
  valueSize: 4,
  maxEntries: 2,
  flags: 0,
  entries: [[poolKey(0, 4), new Uint8Array(0)]],
};
