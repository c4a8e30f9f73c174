/** Maps of our kernel: one file for each family, `createMap` over all of them. */

export type { BatchCommand, BatchRequest, BatchResult } from './batch.ts';
export { runBatch } from './batch.ts';
export { createMap, isMapTypeSupported, LOOPBACK_ONLY } from './create.ts';
export { BPF_ANY, BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST, formatMapFlags } from './flags.ts';
export type {
  Buckets,
  MapAttributes,
  MapObject,
  Reference,
  ReferenceKind,
  References,
  Refusal,
  ValueField,
} from './map.ts';
export { isRefusal } from './map.ts';
export { MapTable } from './map-table.ts';
