/**
 * `enum bpf_map_type` as a table (include/uapi/linux/bpf.h). The deprecated spellings of the two cgroup storages are left out:
 * they share the numbers of the current ones.
 */
import { type NumberedRow, numbering, type Unnamed } from './table.ts';

/** Map types by name. */
export const MAP_TYPES = {
  unspec: { id: 0, since: '3.18' },
  hash: { id: 1, since: '3.19' },
  array: { id: 2, since: '3.19' },
  prog_array: { id: 3, since: '4.2' },
  perf_event_array: { id: 4, since: '4.3' },
  percpu_hash: { id: 5, since: '4.6' },
  percpu_array: { id: 6, since: '4.6' },
  stack_trace: { id: 7, since: '4.6' },
  cgroup_array: { id: 8, since: '4.8' },
  lru_hash: { id: 9, since: '4.10' },
  lru_percpu_hash: { id: 10, since: '4.10' },
  lpm_trie: { id: 11, since: '4.11' },
  array_of_maps: { id: 12, since: '4.12' },
  hash_of_maps: { id: 13, since: '4.12' },
  devmap: { id: 14, since: '4.14' },
  sockmap: { id: 15, since: '4.14' },
  cpumap: { id: 16, since: '4.15' },
  xskmap: { id: 17, since: '4.18' },
  sockhash: { id: 18, since: '4.18' },
  cgroup_storage: { id: 19, since: '4.19' },
  reuseport_sockarray: { id: 20, since: '4.19' },
  percpu_cgroup_storage: { id: 21, since: '4.20' },
  queue: { id: 22, since: '4.20' },
  stack: { id: 23, since: '4.20' },
  sk_storage: { id: 24, since: '5.2' },
  devmap_hash: { id: 25, since: '5.4' },
  struct_ops: { id: 26, since: '5.6' },
  ringbuf: { id: 27, since: '5.8' },
  inode_storage: { id: 28, since: '5.10' },
  task_storage: { id: 29, since: '5.11' },
  bloom_filter: { id: 30, since: '5.16' },
  user_ringbuf: { id: 31, since: '6.1' },
  cgrp_storage: { id: 32, since: '6.2' },
  arena: { id: 33, since: '6.9' },
  insn_array: { id: 34, since: '6.19' },
} as const satisfies Record<string, NumberedRow>;

/** A map type by the kernel's name, without prefix and in lower case. */
export type MapTypeName = keyof typeof MAP_TYPES | Unnamed;

const numbers = numbering(MAP_TYPES);

/** The name of a map type number, `type_N` where it has none here. */
export const mapTypeName: (id: number) => MapTypeName = numbers.nameOf;

/** The number of a map type name, `type_N` included; undefined for any other text. */
export const mapTypeId: (name: string) => number | undefined = numbers.idOf;
