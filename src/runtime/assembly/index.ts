/**
 * What the runtime exports: the operations that TypeScript calls, and the helpers that compiled programs call; `runtime.ts` says how.
 */
export { nextElement } from './hash.ts';
export {
  any_lookup_percpu,
  any_update,
  array_lookup,
  clock,
  current_cpu,
  hash_delete,
  hash_lookup,
  hash_update,
  hash4_delete,
  hash4_lookup,
  hash4_update,
  hash8_delete,
  hash8_lookup,
  hash8_update,
  hash16_delete,
  hash16_lookup,
  hash16_update,
  queue_push,
  random,
  ring_discard,
  ring_reserve,
  ring_submit,
} from './helpers.ts';
export { hashBytes } from './jhash.ts';
export { find, lookup, lookupOn, place, remove, update } from './maps.ts';
export { nextInQueue, peek, placeQueue, pop, push } from './queue.ts';
export { nextRandom } from './random.ts';
export { commitRecord, outputRecord, queryRing, reserveRecord } from './ring.ts';
export { lookupTrie, nextTrieKey, removeTrie } from './trie.ts';
export { adjustHead, adjustMeta, adjustTail } from './xdp.ts';
