/** The programs of the bench: one row each, in the order of the report. */

/** What a program mostly does; means are taken over each group apart. `base` is what every run costs. */
export type Group = 'base' | 'compute' | 'maps' | 'packets';

/** The groups that means are taken over. */
export const GROUPS = ['compute', 'maps', 'packets'] as const satisfies readonly Group[];

interface ProgramRow {
  readonly group: Group;
  /** What its time tells. */
  readonly measures: string;
}

/** The program whose time is what a run costs before anything is done. */
export const BASE = 'empty';

export const PROGRAMS: Readonly<Record<string, ProgramRow>> = {
  [BASE]: { group: 'base', measures: 'entering and leaving a program' },
  sum: { group: 'compute', measures: '1,000 dependent 64-bit steps: latency of a loop' },
  collatz: { group: 'compute', measures: 'branches that depend on data' },
  sieve: { group: 'compute', measures: 'byte loads and stores in an array of 2 KiB' },
  jhash: { group: 'compute', measures: '32-bit rotates and additions over 1 KiB' },
  siphash: { group: 'compute', measures: '64-bit rotates over 1 KiB' },
  xxh64: { group: 'compute', measures: '64-bit multiplications, four lanes, over 1 KiB' },
  sha256: { group: 'compute', measures: 'a block: register pressure, stack array, constants' },
  chacha: { group: 'compute', measures: 'a block: 32-bit rotates, 16 live values' },
  memstr: { group: 'compute', measures: 'comparing and measuring strings byte by byte' },
  calls: { group: 'compute', measures: '25 calls from function to function, 7 deep' },
  csum: { group: 'compute', measures: 'checksum of a packet, a bounds check for each word' },
  arr_inc: { group: 'maps', measures: '16 counters of an array' },
  percpu_inc: { group: 'maps', measures: '16 counters of a per-CPU array' },
  hash_1k: { group: 'maps', measures: '16 lookups in a hash that fits the cache' },
  hash_1m: { group: 'maps', measures: '16 lookups in a hash that does not: memory latency' },
  hash_upd: { group: 'maps', measures: '16 updates and deletions in a hash' },
  lru: { group: 'maps', measures: '16 lookups in an LRU hash, a third of them miss and insert' },
  lpm: { group: 'maps', measures: '16 longest-prefix lookups among 10,000' },
  ringbuf: { group: 'maps', measures: 'a record of 64 bytes to a ring buffer' },
  xdp_drop: { group: 'packets', measures: 'parse, look the 5-tuple up, count, drop' },
  xdp_lb: { group: 'packets', measures: 'a layer 4 load balancer: LRU of flows, ring, encapsulation' },
  tail: { group: 'packets', measures: '8 tail calls, a counter each' },
};

/** The group of a program; one that the table does not know (of another suite) counts as compute. */
export function groupOf(name: string): Group {
  return PROGRAMS[name]?.group ?? 'compute';
}
