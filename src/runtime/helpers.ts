/**
 * The helpers that the runtime has, as compiled programs call them: a table from the kernel's names to functions that
 * `assembly/helpers.ts` and its neighbours export, by the kind of map where the function depends on it.
 */
import {
  KIND_ARRAY,
  KIND_HASH,
  KIND_HASH_4,
  KIND_HASH_8,
  KIND_HASH_16,
  KIND_HASH_INDEX,
  KIND_QUEUE,
  KIND_RING,
  KIND_STACK,
  KIND_TARGETS,
  KIND_TRIE,
} from './layout.ts';

/** How a register is passed: its low half, a linear address or a 32-bit number, or whole. */
type Parameter = 'i32' | 'i64';

/** One helper. */
export interface RuntimeHelper {
  readonly parameters: readonly Parameter[];
  /** r0: all 64 bits, a sign-extended `int`, or the linear address of kernel memory with 0 for NULL. */
  readonly result: 'i64' | 'int' | 'pointer';
  /** Name of the exported function for each kind of map that the helper is for; one name where it takes no map. */
  readonly functions: string | Readonly<Record<number, string>>;
  /** Where set, the helper relies on more than a check of keys and values can show: only for programs that are trusted. */
  readonly trusted?: true;
  /** Set where it changes the map, which a map that programs may only read does not let happen. */
  readonly writes?: true;
}

const [A, W] = ['i32', 'i64'] as const;

const HASHES = [
  [KIND_HASH, 'hash'],
  [KIND_HASH_4, 'hash4'],
  [KIND_HASH_8, 'hash8'],
  [KIND_HASH_16, 'hash16'],
] as const;

/** The functions of an operation on each kind of hash. */
const onHashes = (operation: string): Record<number, string> =>
  Object.fromEntries(HASHES.map(([kind, name]) => [kind, `${name}_${operation}`]));

const onQueues = (name: string): Record<number, string> => ({ [KIND_QUEUE]: name, [KIND_STACK]: name });

/** The helpers by the kernel's names. */
export const RUNTIME_HELPERS: Readonly<Record<string, RuntimeHelper>> = {
  map_lookup_elem: {
    parameters: [A, A],
    result: 'pointer',
    functions: {
      ...onHashes('lookup'),
      [KIND_ARRAY]: 'array_lookup',
      [KIND_TARGETS]: 'lookup',
      [KIND_HASH_INDEX]: 'lookup',
      [KIND_TRIE]: 'lookupTrie',
    },
  },
  map_update_elem: {
    parameters: [A, A, A, W],
    result: 'int',
    writes: true,
    functions: { ...onHashes('update'), [KIND_ARRAY]: 'any_update', [KIND_TRIE]: 'any_update' },
  },
  map_delete_elem: {
    parameters: [A, A],
    result: 'int',
    writes: true,
    functions: { ...onHashes('delete'), [KIND_ARRAY]: 'remove', [KIND_TRIE]: 'removeTrie' },
  },
  map_lookup_percpu_elem: {
    parameters: [A, A, A],
    result: 'pointer',
    functions: Object.fromEntries(
      [KIND_ARRAY, ...HASHES.map(([kind]) => kind)].map(kind => [kind, 'any_lookup_percpu']),
    ),
  },
  map_push_elem: { parameters: [A, A, W], result: 'int', writes: true, functions: onQueues('queue_push') },
  map_pop_elem: { parameters: [A, A], result: 'int', writes: true, functions: onQueues('pop') },
  map_peek_elem: { parameters: [A, A], result: 'int', functions: onQueues('peek') },
  ringbuf_output: {
    parameters: [A, A, W, W],
    result: 'int',
    functions: { [KIND_RING]: 'outputRecord' },
    trusted: true,
  },
  ringbuf_reserve: { parameters: [A, W, W], result: 'pointer', functions: { [KIND_RING]: 'ring_reserve' } },
  ringbuf_submit: { parameters: [A, W], result: 'int', functions: 'ring_submit', trusted: true },
  ringbuf_discard: { parameters: [A, W], result: 'int', functions: 'ring_discard', trusted: true },
  ringbuf_query: { parameters: [A, W], result: 'i64', functions: { [KIND_RING]: 'queryRing' } },
  xdp_adjust_head: { parameters: [A, A], result: 'int', functions: 'adjustHead', trusted: true },
  xdp_adjust_meta: { parameters: [A, A], result: 'int', functions: 'adjustMeta', trusted: true },
  ktime_get_ns: { parameters: [], result: 'i64', functions: 'clock' },
  ktime_get_boot_ns: { parameters: [], result: 'i64', functions: 'clock' },
  get_prandom_u32: { parameters: [], result: 'i64', functions: 'random' },
  get_smp_processor_id: { parameters: [], result: 'int', functions: 'current_cpu' },
};
