/**
 * Operations of the system call on maps, as a table: what to create, what to do with it, what must come of it. The same on every
 * kernel; the results are those of Linux 6.18.
 */
import type { MapCreateAttr } from '../../src/sys/attr.gen.ts';
import type { Sys } from '../../src/sys/sys.ts';
import { type ErrnoName, errnoName } from '../../src/uapi/errno.ts';
import { MAP_FLAGS, UPDATE_FLAGS } from '../../src/uapi/flags.ts';
import { type MapTypeName, mapTypeId } from '../../src/uapi/map-types.ts';
import { alignUp, parseHex, toHex } from '../../src/util/bytes.ts';

/**
 * Bytes in short: a number is little-endian and as wide as key or value, in a per-CPU value the same on every CPU; a text is hex.
 */
type Bytes = number | string;
/** `ok`, or the errno of a refusal. */
type Outcome = 'ok' | ErrnoName;

/** One operation and what must come of it: an outcome, or the bytes that it gives. */
export type Step =
  | readonly ['update', key: Bytes, value: Bytes, flags: number, outcome: Outcome]
  | readonly ['lookup', key: Bytes, flags: number, gives: Outcome | { value: Bytes }]
  | readonly ['take', key: Bytes, flags: number, gives: Outcome | { value: Bytes }]
  | readonly ['delete', key: Bytes, outcome: Outcome]
  | readonly ['next', key: Bytes | undefined, gives: Outcome | { key: Bytes }]
  | readonly ['freeze', outcome: Outcome]
  | readonly ['lookup_batch' | 'take_batch', from: Bytes | undefined, room: number, gives: BatchOutcome]
  | readonly ['update_batch', keys: readonly Bytes[], values: readonly Bytes[], flags: number, gives: BatchOutcome]
  | readonly ['delete_batch', keys: readonly Bytes[], flags: number, gives: BatchOutcome];

/** What a batch gives: the count that it leaves, keys and values as hex where it reads, the place for the next one. */
interface BatchOutcome {
  readonly outcome: Outcome;
  readonly count: number;
  readonly keys?: readonly Bytes[];
  readonly values?: readonly Bytes[];
  readonly cursor?: Bytes;
}

/** A row of the table. */
export interface MapCase {
  readonly name: string;
  readonly create: {
    readonly type: MapTypeName;
    readonly key: number;
    readonly value: number;
    readonly max: number;
  } & Partial<Pick<MapCreateAttr, 'map_flags' | 'numa_node' | 'map_extra' | 'map_name'>>;
  /** What MAP_CREATE gives; `ok` unless said. */
  readonly created?: Outcome;
  readonly steps?: readonly Step[];
}

const { BPF_ANY, BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK } = UPDATE_FLAGS;
const F = MAP_FLAGS;
/** A descriptor that nobody has open. */
const NO_FD = 9999;

const array = { type: 'array', key: 4, value: 8, max: 3 } as const;
const hash = { type: 'hash', key: 4, value: 8, max: 2 } as const;
const percpuHash = { ...hash, type: 'percpu_hash' } as const;
const lru = { type: 'lru_hash', key: 4, value: 8, max: 64 } as const;
const trie = { type: 'lpm_trie', key: 8, value: 4, max: 4, map_flags: F.BPF_F_NO_PREALLOC } as const;
const queue = { type: 'queue', key: 0, value: 4, max: 2 } as const;
const ringbuf = { type: 'ringbuf', key: 0, value: 0, max: 4096 } as const;
const progArray = { type: 'prog_array', key: 4, value: 4, max: 2 } as const;
const devmap = { type: 'devmap', key: 4, value: 4, max: 2 } as const;
const cpumap = { type: 'cpumap', key: 4, value: 4, max: 4 } as const;
const xskmap = { type: 'xskmap', key: 4, value: 4, max: 2 } as const;

/** Rows that only create. */
const creations: readonly (readonly [name: string, create: MapCase['create'], created: Outcome])[] = [
  ['array', array, 'ok'],
  ['array, key of 8', { ...array, key: 8 }, 'EINVAL'],
  ['array, key of 0', { ...array, key: 0 }, 'EINVAL'],
  ['array, value of 0', { ...array, value: 0 }, 'EINVAL'],
  ['array, no entries', { ...array, max: 0 }, 'EINVAL'],
  ['array, value above 2^31', { ...array, value: 0x8000_0000 }, 'E2BIG'],
  ['array, value of 2^31 - 1, many', { ...array, value: 0x7fff_ffff, max: 0x7fff_ffff }, 'ENOMEM'],
  ['array, BPF_F_NO_PREALLOC', { ...array, map_flags: F.BPF_F_NO_PREALLOC }, 'EINVAL'],
  ['array, BPF_F_ZERO_SEED', { ...array, map_flags: F.BPF_F_ZERO_SEED }, 'EINVAL'],
  ['array, BPF_F_MMAPABLE', { ...array, map_flags: F.BPF_F_MMAPABLE }, 'ok'],
  ['array, BPF_F_INNER_MAP', { ...array, map_flags: F.BPF_F_INNER_MAP }, 'ok'],
  ['array, BPF_F_PRESERVE_ELEMS', { ...array, map_flags: F.BPF_F_PRESERVE_ELEMS }, 'EINVAL'],
  ['array, BPF_F_RDONLY_PROG', { ...array, map_flags: F.BPF_F_RDONLY_PROG }, 'ok'],
  ['array, BPF_F_WRONLY_PROG', { ...array, map_flags: F.BPF_F_WRONLY_PROG }, 'ok'],
  [
    'array, neither readable nor writable by programs',
    { ...array, map_flags: F.BPF_F_RDONLY_PROG | F.BPF_F_WRONLY_PROG },
    'EINVAL',
  ],
  [
    'array, neither readable nor writable by system calls',
    { ...array, map_flags: F.BPF_F_RDONLY | F.BPF_F_WRONLY },
    'EINVAL',
  ],
  ['array, unknown flag', { ...array, map_flags: 1 << 30 }, 'EINVAL'],
  ['array, BPF_F_NUMA_NODE 0', { ...array, map_flags: F.BPF_F_NUMA_NODE, numa_node: 0 }, 'ok'],
  ['array, BPF_F_NUMA_NODE 77', { ...array, map_flags: F.BPF_F_NUMA_NODE, numa_node: 77 }, 'EINVAL'],
  ['array, map_extra', { ...array, map_extra: 1n }, 'EINVAL'],
  ['array, name with a dot', { ...array, map_name: 'a.b_C9' }, 'ok'],
  ['array, name with a dash', { ...array, map_name: 'a-b' }, 'EINVAL'],
  ['percpu_array', { ...array, type: 'percpu_array' }, 'ok'],
  ['percpu_array, BPF_F_MMAPABLE', { ...array, type: 'percpu_array', map_flags: F.BPF_F_MMAPABLE }, 'EINVAL'],
  ['percpu_array, BPF_F_NUMA_NODE', { ...array, type: 'percpu_array', map_flags: F.BPF_F_NUMA_NODE }, 'EINVAL'],
  ['percpu_array, value of 32 KiB', { ...array, type: 'percpu_array', value: 32768 }, 'ok'],
  ['percpu_array, value above 32 KiB', { ...array, type: 'percpu_array', value: 32769 }, 'E2BIG'],
  ['hash', hash, 'ok'],
  ['hash, BPF_F_NO_PREALLOC', { ...hash, map_flags: F.BPF_F_NO_PREALLOC }, 'ok'],
  ['hash, BPF_F_MMAPABLE', { ...hash, map_flags: F.BPF_F_MMAPABLE }, 'EINVAL'],
  ['hash, BPF_F_NO_COMMON_LRU', { ...hash, map_flags: F.BPF_F_NO_COMMON_LRU }, 'EINVAL'],
  ['hash, key of 0', { ...hash, key: 0 }, 'EINVAL'],
  ['hash, value of 0', { ...hash, value: 0 }, 'EINVAL'],
  ['hash, no entries', { ...hash, max: 0 }, 'EINVAL'],
  ['hash, key of 300', { ...hash, key: 300 }, 'ok'],
  [
    'hash, key and value just fit',
    { ...hash, value: 4 * 1024 * 1024 - 48 - 4 - 1, map_flags: F.BPF_F_NO_PREALLOC },
    'ok',
  ],
  [
    'hash, key and value too large',
    { ...hash, value: 4 * 1024 * 1024 - 48 - 4, map_flags: F.BPF_F_NO_PREALLOC },
    'E2BIG',
  ],
  ['hash, too many entries', { ...hash, max: 0x8000_0001, map_flags: F.BPF_F_NO_PREALLOC }, 'E2BIG'],
  ['hash, too many buckets', { ...hash, max: 0x0800_0001, map_flags: F.BPF_F_NO_PREALLOC }, 'E2BIG'],
  ['percpu_hash', percpuHash, 'ok'],
  ['percpu_hash, value above 32 KiB', { ...percpuHash, value: 32769 }, 'E2BIG'],
  ['percpu_hash, BPF_F_NUMA_NODE', { ...percpuHash, map_flags: F.BPF_F_NUMA_NODE }, 'EINVAL'],
  ['lru_hash', lru, 'ok'],
  ['lru_hash, BPF_F_NO_PREALLOC', { ...lru, map_flags: F.BPF_F_NO_PREALLOC }, 'ENOTSUPP'],
  ['lru_hash, BPF_F_NO_COMMON_LRU', { ...lru, map_flags: F.BPF_F_NO_COMMON_LRU }, 'ok'],
  [
    'lru_hash, lists of their own on a node',
    { ...lru, map_flags: F.BPF_F_NO_COMMON_LRU | F.BPF_F_NUMA_NODE },
    'EINVAL',
  ],
  ['lru_percpu_hash', { ...lru, type: 'lru_percpu_hash' }, 'ok'],
  ['lpm_trie', trie, 'ok'],
  ['lpm_trie, pre-allocated', { ...trie, map_flags: 0 }, 'EINVAL'],
  ['lpm_trie, key without data', { ...trie, key: 4 }, 'EINVAL'],
  ['lpm_trie, key of 260', { ...trie, key: 260 }, 'ok'],
  ['lpm_trie, key of 261', { ...trie, key: 261 }, 'EINVAL'],
  ['lpm_trie, value of 0', { ...trie, value: 0 }, 'EINVAL'],
  ['lpm_trie, value just fits', { ...trie, value: 4 * 1024 * 1024 - 256 - 24, max: 1 }, 'ok'],
  ['lpm_trie, value too large', { ...trie, value: 4 * 1024 * 1024 - 256 - 23, max: 1 }, 'EINVAL'],
  ['queue', queue, 'ok'],
  ['queue with a key', { ...queue, key: 4 }, 'EINVAL'],
  ['queue, BPF_F_NO_PREALLOC', { ...queue, map_flags: F.BPF_F_NO_PREALLOC }, 'EINVAL'],
  ['queue, value above 4 MiB', { ...queue, value: 4 * 1024 * 1024 + 1 }, 'E2BIG'],
  ['stack', { ...queue, type: 'stack' }, 'ok'],
  ['ringbuf', ringbuf, 'ok'],
  ['ringbuf, two pages', { ...ringbuf, max: 8192 }, 'ok'],
  ['ringbuf, no bytes', { ...ringbuf, max: 0 }, 'EINVAL'],
  ['ringbuf, half a page', { ...ringbuf, max: 2048 }, 'EINVAL'],
  ['ringbuf, three pages', { ...ringbuf, max: 12288 }, 'EINVAL'],
  ['ringbuf with a key', { ...ringbuf, key: 4 }, 'EINVAL'],
  ['ringbuf with a value', { ...ringbuf, value: 8 }, 'EINVAL'],
  ['ringbuf, BPF_F_RDONLY', { ...ringbuf, map_flags: F.BPF_F_RDONLY }, 'EINVAL'],
  ['ringbuf, BPF_F_MMAPABLE', { ...ringbuf, map_flags: F.BPF_F_MMAPABLE }, 'EINVAL'],
  ['ringbuf, BPF_F_NUMA_NODE', { ...ringbuf, map_flags: F.BPF_F_NUMA_NODE }, 'ok'],
  ['prog_array', progArray, 'ok'],
  ['prog_array, value of 8', { ...progArray, value: 8 }, 'EINVAL'],
  ['prog_array, BPF_F_RDONLY_PROG', { ...progArray, map_flags: F.BPF_F_RDONLY_PROG }, 'EINVAL'],
  [
    'perf_event_array, BPF_F_PRESERVE_ELEMS',
    { ...progArray, type: 'perf_event_array', map_flags: F.BPF_F_PRESERVE_ELEMS },
    'ok',
  ],
  ['devmap', devmap, 'ok'],
  ['devmap, value of 8', { ...devmap, value: 8 }, 'ok'],
  ['devmap, value of 6', { ...devmap, value: 6 }, 'EINVAL'],
  ['devmap, BPF_F_RDONLY_PROG', { ...devmap, map_flags: F.BPF_F_RDONLY_PROG }, 'EINVAL'],
  ['devmap_hash', { ...devmap, type: 'devmap_hash' }, 'ok'],
  ['devmap_hash, too many entries', { ...devmap, type: 'devmap_hash', max: 0x8000_0001 }, 'EINVAL'],
  ['cpumap', { ...cpumap, max: 2 }, 'ok'],
  ['cpumap, more slots than any machine has CPUs', { ...cpumap, max: 100_000 }, 'E2BIG'],
  ['cpumap, BPF_F_RDONLY', { ...cpumap, max: 2, map_flags: F.BPF_F_RDONLY }, 'EINVAL'],
  ['xskmap', xskmap, 'ok'],
  ['xskmap, value of 8', { ...xskmap, value: 8 }, 'EINVAL'],
  ['unspec', { ...array, type: 'unspec' }, 'EINVAL'],
  ['a type of the future', { ...array, type: 'type_99' }, 'EINVAL'],
];

/** Steps that an array and a per-CPU array share. */
const arraySteps: readonly Step[] = [
  ['lookup', 0, 0, { value: 0 }],
  ['update', 1, 7, BPF_ANY, 'ok'],
  ['lookup', 1, 0, { value: 7 }],
  ['update', 1, 8, BPF_EXIST, 'ok'],
  ['lookup', 1, 0, { value: 8 }],
  ['update', 1, 9, BPF_NOEXIST, 'EEXIST'],
  ['update', 1, 9, 3, 'EINVAL'],
  ['update', 1, 9, 8, 'EINVAL'],
  ['update', 1, 9, BPF_F_LOCK, 'EINVAL'],
  ['update', 3, 9, BPF_ANY, 'E2BIG'],
  ['update', 3, 9, BPF_NOEXIST, 'E2BIG'],
  ['lookup', 3, 0, 'ENOENT'],
  ['lookup', 1, BPF_EXIST, 'EINVAL'],
  ['lookup', 1, BPF_F_LOCK, 'EINVAL'],
  ['delete', 1, 'EINVAL'],
  ['delete', 3, 'EINVAL'],
  ['take', 1, 0, 'ENOTSUPP'],
  ['next', undefined, { key: 0 }],
  ['next', 0, { key: 1 }],
  ['next', 2, 'ENOENT'],
  ['next', 3, { key: 0 }],
  ['next', 0xffff_ffff, { key: 0 }],
  ['lookup_batch', undefined, 2, { outcome: 'ok', count: 2, keys: [0, 1], values: [0, 8], cursor: 1 }],
  ['lookup_batch', 1, 2, { outcome: 'ENOENT', count: 1, keys: [2], values: [0], cursor: 2 }],
  ['lookup_batch', 2, 2, { outcome: 'ENOENT', count: 0 }],
  ['lookup_batch', undefined, 0, { outcome: 'ok', count: 0 }],
  ['update_batch', [0, 2], [5, 6], 0, { outcome: 'ok', count: 2 }],
  ['update_batch', [0, 3, 1], [5, 6, 7], 0, { outcome: 'E2BIG', count: 1 }],
  ['update_batch', [0], [5], BPF_EXIST, { outcome: 'EINVAL', count: 1 }],
  ['delete_batch', [0], 0, { outcome: 'ENOTSUPP', count: 1 }],
  ['take_batch', undefined, 1, { outcome: 'ENOTSUPP', count: 1 }],
  ['lookup', 2, 0, { value: 6 }],
];

/** Steps that all hashes share; a map of two entries. */
const hashSteps: readonly Step[] = [
  ['next', undefined, 'ENOENT'],
  ['lookup', 1, 0, 'ENOENT'],
  ['delete', 1, 'ENOENT'],
  ['take', 1, 0, 'ENOENT'],
  ['update', 1, 7, BPF_EXIST, 'ENOENT'],
  ['update', 1, 7, BPF_NOEXIST, 'ok'],
  ['update', 1, 7, BPF_NOEXIST, 'EEXIST'],
  ['lookup', 1, 0, { value: 7 }],
  ['update', 1, 8, BPF_ANY, 'ok'],
  ['update', 1, 9, BPF_EXIST, 'ok'],
  ['lookup', 1, 0, { value: 9 }],
  ['update', 1, 9, 3, 'EINVAL'],
  ['update', 1, 9, 16, 'EINVAL'],
  ['update', 1, 9, BPF_F_LOCK, 'EINVAL'],
  ['lookup', 1, BPF_EXIST, 'EINVAL'],
  ['lookup', 1, BPF_F_LOCK, 'EINVAL'],
  ['take', 1, BPF_EXIST, 'EINVAL'],
  ['next', undefined, { key: 1 }],
  ['next', 1, 'ENOENT'],
  ['next', 5, { key: 1 }],
  ['take', 1, 0, { value: 9 }],
  ['lookup', 1, 0, 'ENOENT'],
  ['update', 2, 3, BPF_ANY, 'ok'],
  ['delete', 2, 'ok'],
  ['delete', 2, 'ENOENT'],
];

/** What happens at the limit of a hash of two entries that does not make room. */
const fullHashSteps: readonly Step[] = [
  ['update', 1, 1, BPF_ANY, 'ok'],
  ['update', 2, 2, BPF_ANY, 'ok'],
  ['update', 3, 3, BPF_ANY, 'E2BIG'],
  ['update', 3, 3, BPF_NOEXIST, 'E2BIG'],
  ['update', 3, 3, BPF_EXIST, 'ENOENT'],
  ['update', 2, 4, BPF_ANY, 'ok'],
  ['update', 2, 5, BPF_EXIST, 'ok'],
  ['update', 1, 6, BPF_ANY, 'ok'],
  ['delete', 1, 'ok'],
  ['update', 3, 3, BPF_ANY, 'ok'],
  ['update', 1, 1, BPF_ANY, 'E2BIG'],
  ['lookup', 2, 0, { value: 5 }],
  ['lookup', 3, 0, { value: 3 }],
  ['delete_batch', [2, 9, 3], 0, { outcome: 'ENOENT', count: 1 }],
  ['update_batch', [4, 5], [4, 5], 0, { outcome: 'E2BIG', count: 1 }],
  ['update_batch', [4], [4], BPF_NOEXIST, { outcome: 'EINVAL', count: 1 }],
  ['take_batch', undefined, 0, { outcome: 'ok', count: 0 }],
];

/** Ten keys: the order of a hash whose seed is zero is the same everywhere. */
const tenKeys = Array.from({ length: 10 }, (_, i) => i);
const seededSteps: readonly Step[] = [
  ...tenKeys.map(key => ['update', key, key * 3, BPF_ANY, 'ok'] as const),
  ['next', undefined, { key: 4 }],
  ['next', 9, { key: 6 }],
];

const slots: readonly Step[] = [
  ['next', undefined, { key: 0 }],
  ['next', 1, 'ENOENT'],
];

const sequences: readonly MapCase[] = [
  { name: 'array', create: array, steps: arraySteps },
  { name: 'percpu_array', create: { ...array, type: 'percpu_array' }, steps: arraySteps },
  {
    name: 'array with odd values',
    create: { ...array, value: 3 },
    steps: [
      ['update', 0, '010203', BPF_ANY, 'ok'],
      ['update', 1, 'ffffff', BPF_ANY, 'ok'],
      ['lookup', 0, 0, { value: '010203' }],
    ],
  },
  {
    name: 'frozen array',
    create: array,
    steps: [
      ['update', 0, 1, BPF_ANY, 'ok'],
      ['freeze', 'ok'],
      ['freeze', 'EPERM'],
      ['update', 0, 2, BPF_ANY, 'EPERM'],
      ['delete', 0, 'EPERM'],
      ['lookup', 0, 0, { value: 1 }],
    ],
  },
  {
    name: 'array, BPF_F_RDONLY',
    create: { ...array, map_flags: F.BPF_F_RDONLY },
    steps: [
      ['update', 0, 1, BPF_ANY, 'EPERM'],
      ['lookup', 0, 0, { value: 0 }],
    ],
  },
  {
    name: 'array, BPF_F_WRONLY',
    create: { ...array, map_flags: F.BPF_F_WRONLY },
    steps: [
      ['update', 0, 1, BPF_ANY, 'ok'],
      ['lookup', 0, 0, 'EPERM'],
      ['next', undefined, 'EPERM'],
    ],
  },
  { name: 'hash', create: hash, steps: hashSteps },
  { name: 'hash, BPF_F_NO_PREALLOC', create: { ...hash, map_flags: F.BPF_F_NO_PREALLOC }, steps: hashSteps },
  { name: 'percpu_hash', create: percpuHash, steps: hashSteps },
  {
    name: 'percpu_hash, BPF_F_NO_PREALLOC',
    create: { ...percpuHash, map_flags: F.BPF_F_NO_PREALLOC },
    steps: hashSteps,
  },
  { name: 'lru_hash', create: lru, steps: hashSteps },
  { name: 'lru_percpu_hash', create: { ...lru, type: 'lru_percpu_hash' }, steps: hashSteps },
  { name: 'full hash', create: hash, steps: fullHashSteps },
  { name: 'full hash, BPF_F_NO_PREALLOC', create: { ...hash, map_flags: F.BPF_F_NO_PREALLOC }, steps: fullHashSteps },
  { name: 'full percpu_hash', create: percpuHash, steps: fullHashSteps },
  {
    name: 'full percpu_hash, BPF_F_NO_PREALLOC',
    create: { ...percpuHash, map_flags: F.BPF_F_NO_PREALLOC },
    steps: fullHashSteps,
  },
  { name: 'order of a hash', create: { ...hash, max: 10, map_flags: F.BPF_F_ZERO_SEED }, steps: seededSteps },
  {
    name: 'batches of a hash',
    create: { ...hash, max: 10, map_flags: F.BPF_F_ZERO_SEED },
    steps: [
      ...tenKeys.map(key => ['update', key, key * 3, BPF_ANY, 'ok'] as const),
      ['lookup_batch', undefined, 1, { outcome: 'ok', count: 1, keys: [4], values: [12], cursor: 6 }],
      ['lookup_batch', 10, 1, { outcome: 'ENOSPC', count: 0 }],
      ['lookup_batch', undefined, 4, { outcome: 'ok', count: 3, keys: [4, 5, 0], values: [12, 15, 0], cursor: 10 }],
      ['lookup_batch', 10, 4, { outcome: 'ok', count: 4, keys: [7, 2, 1, 8], values: [21, 6, 3, 24], cursor: 13 }],
      ['lookup_batch', 13, 4, { outcome: 'ENOENT', count: 3, keys: [9, 6, 3], values: [27, 18, 9], cursor: 16 }],
      ['lookup_batch', 16, 4, { outcome: 'ENOENT', count: 0 }],
      ['take_batch', 10, 4, { outcome: 'ok', count: 4, keys: [7, 2, 1, 8], values: [21, 6, 3, 24], cursor: 13 }],
      ['lookup', 7, 0, 'ENOENT'],
      [
        'take_batch',
        undefined,
        20,
        { outcome: 'ENOENT', count: 6, keys: [4, 5, 0, 9, 6, 3], values: [12, 15, 0, 27, 18, 9] },
      ],
      ['next', undefined, 'ENOENT'],
    ],
  },
  {
    name: 'hash with keys of 13 bytes',
    create: { ...hash, key: 13, map_flags: F.BPF_F_ZERO_SEED, max: 4 },
    steps: [
      ['update', '000102030405060708090a0b0c', 1, BPF_ANY, 'ok'],
      ['update', '000102030405060708090a0b0d', 2, BPF_ANY, 'ok'],
      ['update', '100102030405060708090a0b0c', 3, BPF_ANY, 'ok'],
      ['lookup', '000102030405060708090a0b0d', 0, { value: 2 }],
      ['next', undefined, { key: '100102030405060708090a0b0c' }],
    ],
  },
  {
    name: 'lpm_trie',
    create: trie,
    steps: [
      ['next', undefined, 'ENOENT'],
      ['lookup', '2000000001020304', 0, 'ENOENT'],
      ['update', '100000000a000000', 1, BPF_EXIST, 'ENOENT'],
      ['update', '100000000a000000', 1, BPF_ANY, 'ok'],
      ['update', '100000000a00ffff', 2, BPF_NOEXIST, 'EEXIST'],
      ['update', '180000000a000100', 2, BPF_ANY, 'ok'],
      ['update', '180000000a008000', 3, BPF_ANY, 'ok'],
      ['lookup', '200000000a000142', 0, { value: 2 }],
      ['lookup', '200000000a008001', 0, { value: 3 }],
      ['lookup', '200000000a004001', 0, { value: 1 }],
      ['lookup', '200000000b004001', 0, 'ENOENT'],
      ['lookup', '210000000a000142', 0, 'ENOENT'],
      ['lookup', '0800000000000000', 0, 'ENOENT'],
      ['update', '210000000a000142', 1, BPF_ANY, 'EINVAL'],
      ['update', '200000000a000142', 1, 4, 'EINVAL'],
      ['delete', '210000000a000142', 'EINVAL'],
      ['delete', '170000000a000000', 'ENOENT'],
      ['update', '0000000000000000', 9, BPF_ANY, 'ok'],
      ['lookup', '20000000ffffffff', 0, { value: 9 }],
      ['update', '20000000ffffffff', 5, BPF_ANY, 'ENOSPC'],
      ['update', '180000000a008000', 6, BPF_EXIST, 'ok'],
      ['next', undefined, { key: '180000000a000100' }],
      ['next', '180000000a000100', { key: '180000000a008000' }],
      ['next', '180000000a008000', { key: '100000000a000000' }],
      ['next', '100000000a000000', { key: '0000000000000000' }],
      ['next', '0000000000000000', 'ENOENT'],
      ['next', '2000000001020304', { key: '180000000a000100' }],
      ['take', '180000000a008000', 0, 'ENOTSUPP'],
      ['delete', '100000000a000000', 'ok'],
      ['lookup', '200000000a004001', 0, { value: 9 }],
      ['delete', '180000000a000100', 'ok'],
      ['delete', '180000000a000100', 'ENOENT'],
      ['lookup', '200000000a008001', 0, { value: 6 }],
      [
        'lookup_batch',
        undefined,
        5,
        { outcome: 'ENOENT', count: 2, keys: ['180000000a008000', '0000000000000000'], values: [6, 9] },
      ],
      ['delete_batch', ['0000000000000000'], 0, { outcome: 'ok', count: 1 }],
      ['take_batch', undefined, 1, { outcome: 'ENOTSUPP', count: 1 }],
    ],
  },
  {
    name: 'ringbuf has no elements',
    create: ringbuf,
    steps: [
      ['update', 0, 0, BPF_ANY, 'ENOTSUPP'],
      ['lookup', 0, 0, 'ENOTSUPP'],
      ['delete', 0, 'ENOTSUPP'],
      ['take', 0, 0, 'ENOTSUPP'],
      ['lookup_batch', undefined, 1, { outcome: 'ENOTSUPP', count: 1 }],
      ['freeze', 'ok'],
    ],
  },
  {
    name: 'queue',
    create: queue,
    steps: [
      ['lookup', '', 0, 'ENOENT'],
      ['take', '', 0, 'ENOENT'],
      ['update', '', 1, BPF_NOEXIST, 'EINVAL'],
      ['update', '', 1, BPF_F_LOCK, 'EINVAL'],
      ['update', '', 1, BPF_ANY, 'ok'],
      ['update', '', 2, BPF_ANY, 'ok'],
      ['update', '', 3, BPF_ANY, 'E2BIG'],
      ['lookup', '', 0, { value: 1 }],
      ['update', '', 3, BPF_EXIST, 'ok'],
      ['take', '', BPF_EXIST, 'EINVAL'],
      ['take', '', 0, { value: 2 }],
      ['lookup', '', 0, { value: 3 }],
      ['delete', '', 'EINVAL'],
      ['take', '', 0, { value: 3 }],
      ['take', '', 0, 'ENOENT'],
    ],
  },
  {
    name: 'stack',
    create: { ...queue, type: 'stack' },
    steps: [
      ['update', '', 1, BPF_ANY, 'ok'],
      ['update', '', 2, BPF_ANY, 'ok'],
      ['update', '', 3, BPF_ANY, 'E2BIG'],
      ['update', '', 3, BPF_EXIST, 'ok'],
      ['lookup', '', 0, { value: 3 }],
      ['take', '', 0, { value: 3 }],
      ['take', '', 0, { value: 2 }],
      ['take', '', 0, 'ENOENT'],
    ],
  },
  {
    name: 'prog_array',
    create: progArray,
    steps: [
      ...slots,
      ['lookup', 0, 0, 'ENOENT'],
      ['lookup', 2, 0, 'ENOENT'],
      ['update', 0, NO_FD, BPF_ANY, 'EBADF'],
      ['update', 0, NO_FD, BPF_NOEXIST, 'EINVAL'],
      ['update', 2, NO_FD, BPF_ANY, 'E2BIG'],
      ['delete', 0, 'ENOENT'],
      ['delete', 2, 'E2BIG'],
      ['take', 0, 0, 'ENOTSUPP'],
      ['lookup_batch', undefined, 1, { outcome: 'ENOTSUPP', count: 1 }],
    ],
  },
  {
    name: 'perf_event_array',
    create: { ...progArray, type: 'perf_event_array' },
    steps: [...slots, ['lookup', 0, 0, 'ENOTSUPP'], ['update', 0, NO_FD, BPF_ANY, 'EBADF'], ['delete', 0, 'ENOENT']],
  },
  {
    name: 'devmap',
    create: devmap,
    steps: [
      ...slots,
      ['lookup', 0, 0, 'ENOENT'],
      ['update', 0, 1, BPF_ANY, 'ok'],
      ['lookup', 0, 0, { value: 1 }],
      ['update', 0, 1, BPF_NOEXIST, 'EEXIST'],
      ['update', 1, 0x7fff_0000, BPF_ANY, 'EINVAL'],
      ['update', 2, 1, BPF_ANY, 'E2BIG'],
      ['update', 0, 1, 3, 'EINVAL'],
      ['update', 0, 0, BPF_ANY, 'ok'],
      ['lookup', 0, 0, 'ENOENT'],
      ['delete', 0, 'ok'],
      ['delete', 2, 'EINVAL'],
      ['take', 0, 0, 'ENOTSUPP'],
    ],
  },
  {
    name: 'devmap with programs',
    create: { ...devmap, value: 8 },
    steps: [
      ['update', 0, '0100000000000000', BPF_ANY, 'ok'],
      ['lookup', 0, 0, { value: 1 }],
      ['update', 1, '01000000ffffffff', BPF_ANY, 'ok'],
      ['lookup', 1, 0, { value: 1 }],
      ['update', 0, '010000000f270000', BPF_ANY, 'EINVAL'],
      ['update', 0, '000000000f270000', BPF_ANY, 'EINVAL'],
    ],
  },
  {
    name: 'devmap_hash',
    create: { ...devmap, type: 'devmap_hash' },
    steps: [
      ['next', undefined, 'ENOENT'],
      ['lookup', 70, 0, 'ENOENT'],
      ['update', 70, 0, BPF_ANY, 'EINVAL'],
      ['update', 70, 0x7fff_0000, BPF_ANY, 'EINVAL'],
      ['update', 70, 1, BPF_ANY, 'ok'],
      ['update', 70, 1, BPF_NOEXIST, 'EEXIST'],
      ['update', 72, 1, BPF_EXIST, 'ok'],
      ['update', 71, 1, BPF_ANY, 'E2BIG'],
      ['lookup', 70, 0, { value: 1 }],
      ['next', undefined, { key: 72 }],
      ['next', 72, { key: 70 }],
      ['next', 70, 'ENOENT'],
      ['update', 70, 1, BPF_ANY, 'ok'],
      ['next', undefined, { key: 70 }],
      ['delete', 70, 'ok'],
      ['delete', 70, 'ENOENT'],
    ],
  },
  {
    name: 'cpumap',
    create: cpumap,
    steps: [
      ['lookup', 0, 0, 'ENOENT'],
      ['update', 0, 64, BPF_ANY, 'ok'],
      ['lookup', 0, 0, { value: 64 }],
      ['update', 0, 64, BPF_NOEXIST, 'EEXIST'],
      ['update', 0, 16385, BPF_ANY, 'EOVERFLOW'],
      ['update', 3, 64, BPF_ANY, 'ENODEV'],
      ['update', 4, 64, BPF_ANY, 'E2BIG'],
      ['update', 0, 0, BPF_ANY, 'ok'],
      ['lookup', 0, 0, 'ENOENT'],
      ['delete', 0, 'ok'],
      ['delete', 4, 'EINVAL'],
      ['next', undefined, { key: 0 }],
    ],
  },
  {
    name: 'xskmap',
    create: xskmap,
    steps: [
      ...slots,
      ['lookup', 0, 0, 'EOPNOTSUPP'],
      ['update', 0, NO_FD, BPF_ANY, 'EBADF'],
      ['update', 2, NO_FD, BPF_ANY, 'E2BIG'],
      ['update', 0, NO_FD, 3, 'EINVAL'],
      ['delete', 0, 'ok'],
      ['delete', 2, 'EINVAL'],
    ],
  },
];

/** The table. */
export const mapCases: readonly MapCase[] = [
  ...creations.map(([name, create, created]) => ({ name: `create: ${name}`, create, created })),
  ...sequences,
];

/** What a kernel makes of a case: one line for each step, in the words of {@link expectedOf}. */
export function runCase(sys: Sys, { create, steps = [] }: MapCase): string[] {
  const { type, key, value, max, ...rest } = create;
  const attr = { map_type: mapTypeId(type) ?? 0, key_size: key, value_size: value, max_entries: max, ...rest };
  const fd = sys.bpf('map_create', attr);
  const lines = [`create → ${outcome(fd)}`];
  if (fd < 0) return lines;
  try {
    const map = new CaseMap(sys, fd, create);
    for (const step of steps) lines.push(`${describe(step)} → ${map.run(step)}`);
  } finally {
    sys.close(fd);
  }
  return lines;
}

/** The lines that a case must give. */
export function expectedOf(sys: Sys, { create, created = 'ok', steps = [] }: MapCase): string[] {
  const map = new CaseMap(sys, -1, create);
  return [`create → ${created}`, ...steps.map(step => `${describe(step)} → ${map.expected(step)}`)];
}

function describe(step: Step): string {
  return step
    .slice(0, -1)
    .map(part => (part === undefined ? '-' : String(part)))
    .join(' ');
}

function outcome(result: number): Outcome | string {
  return result < 0 ? errnoName(-result) : 'ok';
}

/** A map under test. */
class CaseMap {
  readonly #sys: Sys;
  readonly #fd: number;
  readonly #keySize: number;
  readonly #slot: number;
  readonly #slots: number;

  constructor(sys: Sys, fd: number, create: MapCase['create']) {
    const isPerCpu = create.type.includes('percpu');
    this.#sys = sys;
    this.#fd = fd;
    this.#keySize = create.key;
    this.#slot = isPerCpu ? alignUp(create.value, 8) : create.value;
    this.#slots = isPerCpu ? sys.possibleCpus : 1;
  }

  run(step: Step): string {
    const map_fd = this.#fd;
    switch (step[0]) {
      case 'update': {
        const attr = { map_fd, key: this.#key(step[1]), value: this.#value(step[2]), flags: BigInt(step[3]) };
        return outcome(this.#sys.bpf('map_update_elem', attr));
      }
      case 'lookup':
      case 'take': {
        const command = step[0] === 'take' ? 'map_lookup_and_delete_elem' : 'map_lookup_elem';
        const value = this.#value(0);
        const result = this.#sys.bpf(command, { map_fd, key: this.#key(step[1]), value, flags: BigInt(step[2]) });
        return result === 0 ? toHex(value) : outcome(result);
      }
      case 'delete':
        return outcome(this.#sys.bpf('map_delete_elem', { map_fd, key: this.#key(step[1]) }));
      case 'next': {
        const next_key = this.#key(0)!;
        const key = step[1] === undefined ? undefined : this.#key(step[1]);
        const result = this.#sys.bpf('map_get_next_key', { map_fd, key, next_key });
        return result === 0 ? toHex(next_key) : outcome(result);
      }
      case 'freeze':
        return outcome(this.#sys.bpf('map_freeze', { map_fd }));
      default:
        return this.#runBatch(step);
    }
  }

  expected(step: Step): string {
    const gives = step.at(-1) as Outcome | BatchOutcome | { value?: Bytes; key?: Bytes }; // every step ends in what it gives
    if (typeof gives === 'string') return gives;
    if ('outcome' in gives) return this.#batchLine(gives);
    return toHex(gives.value === undefined ? this.#key(gives.key!)! : this.#value(gives.value));
  }

  #runBatch(step: Extract<Step, readonly [`${string}_batch`, ...unknown[]]>): string {
    const map_fd = this.#fd;
    if (step[0] === 'update_batch' || step[0] === 'delete_batch') {
      const flags = step[0] === 'update_batch' ? step[3] : step[2];
      const attr = {
        map_fd,
        keys: join(step[1].map(key => this.#key(key)!)),
        ...(step[0] === 'update_batch' ? { values: join(step[2].map(value => this.#value(value))) } : {}),
        count: step[1].length,
        elem_flags: BigInt(flags),
      };
      const result = this.#sys.bpf(`map_${step[0]}`, attr);
      return this.#batchLine({ outcome: outcome(result) as Outcome, count: attr.count });
    }
    const [name, from, room] = step;
    const keys = new Uint8Array(room * this.#keySize);
    const values = new Uint8Array(room * this.#slot * this.#slots);
    const out_batch = new Uint8Array(Math.max(4, this.#keySize));
    const in_batch = from === undefined ? undefined : this.#key(from);
    const attr = { map_fd, in_batch, out_batch, keys, values, count: room };
    const command = name === 'take_batch' ? 'map_lookup_and_delete_batch' : 'map_lookup_batch';
    const result = this.#sys.bpf(command, attr);
    const line = this.#batchLine({ outcome: outcome(result) as Outcome, count: attr.count });
    if (attr.count === 0 || (result < 0 && outcome(result) !== 'ENOENT')) return line;
    const { count } = attr;
    const cursor = step[3].cursor === undefined ? '' : ` next ${toHex(out_batch)}`;
    return `${line}: ${split(keys, this.#keySize, count)} = ${split(values, this.#slot * this.#slots, count)}${cursor}`;
  }

  #batchLine({ outcome: what, count, keys, values, cursor }: BatchOutcome): string {
    const line = `${what}, ${count}`;
    if (keys === undefined || values === undefined) return line;
    const joined = `${keys.map(key => toHex(this.#key(key)!))} = ${values.map(value => toHex(this.#value(value)))}`;
    return `${line}: ${joined}${cursor === undefined ? '' : ` next ${toHex(this.#key(cursor)!)}`}`;
  }

  #key(key: Bytes): Uint8Array<ArrayBuffer> | undefined {
    return this.#keySize === 0 ? undefined : bytesOf(key, this.#keySize);
  }

  #value(value: Bytes): Uint8Array<ArrayBuffer> {
    return join(Array.from({ length: this.#slots }, () => bytesOf(value, this.#slot)));
  }
}

function bytesOf(short: Bytes, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  if (typeof short === 'string') bytes.set(parseHex(short)!);
  else for (let i = 0; i < Math.min(4, size); i++) bytes[i] = short >>> (8 * i);
  return bytes;
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function split(bytes: Uint8Array, size: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => toHex(bytes.subarray(i * size, (i + 1) * size)));
}
