/**
 * Batches of element operations over any map: MAP_LOOKUP_BATCH and its like. Follows the generic batches of kernel/bpf/syscall.c and
 * the walk over buckets of kernel/bpf/hashtab.c.
 *
 * A cursor is a key, or for hashes the number of a bucket (u32); both ways it says where the next batch begins.
 */
import { ERRNO } from '../uapi/errno.ts';
import type { MapTypeName } from '../uapi/map-types.ts';
import { readU32, writeU32 } from './base.ts';
import { BPF_F_LOCK } from './flags.ts';
import type { Buckets, MapObject } from './map.ts';

/** Commands over many elements, as the command table names them. */
export type BatchCommand = 'map_lookup_batch' | 'map_lookup_and_delete_batch' | 'map_update_batch' | 'map_delete_batch';

/** What a batch works on. `keys` and `values` hold `count` elements. */
export interface BatchRequest {
  /** Where to begin; undefined for the beginning. */
  readonly inBatch: Uint8Array | undefined;
  /** Takes where the next batch begins. */
  readonly outBatch: Uint8Array | undefined;
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
  readonly count: number;
  readonly elemFlags: bigint;
  readonly flags: bigint;
}

/** What came of a batch. */
export interface BatchResult {
  /** 0 or a negative errno; -ENOENT also says that the end is reached. */
  readonly result: number;
  /** Elements that were processed; undefined where the kernel leaves `count` as it was. */
  readonly count: number | undefined;
}

const ALL: readonly BatchCommand[] = [
  'map_lookup_batch',
  'map_lookup_and_delete_batch',
  'map_update_batch',
  'map_delete_batch',
];
const ARRAYS: readonly BatchCommand[] = ['map_lookup_batch', 'map_update_batch'];

const COMMANDS: Readonly<Partial<Record<MapTypeName, readonly BatchCommand[]>>> = {
  array: ARRAYS,
  percpu_array: ARRAYS,
  hash: ALL,
  percpu_hash: ALL,
  lru_hash: ALL,
  lru_percpu_hash: ALL,
  lpm_trie: ['map_lookup_batch', 'map_update_batch', 'map_delete_batch'],
};

const unchanged = (errno: number): BatchResult => ({ result: -errno, count: undefined });

/** Performs a batch command on a map. */
export function runBatch(map: MapObject, command: BatchCommand, request: BatchRequest): BatchResult {
  if (!COMMANDS[map.attributes.type]?.includes(command)) return unchanged(ERRNO.ENOTSUPP);
  if (!areFlagsValid(map, request.elemFlags)) return unchanged(ERRNO.EINVAL);
  switch (command) {
    case 'map_update_batch':
      return forEachKey(map, request, (key, i) => map.userUpdate(key, valueAt(map, request, i), request.elemFlags));
    case 'map_delete_batch':
      return forEachKey(map, request, key => map.userDelete(key));
    default: {
      const remove = command === 'map_lookup_and_delete_batch';
      return map.buckets === undefined ? lookupKeys(map, request) : lookupBuckets(map, map.buckets, request, remove);
    }
  }
}

function areFlagsValid(map: MapObject, flags: bigint): boolean {
  if ((flags & ~BPF_F_LOCK) !== 0n) return false;
  return flags === 0n || (map.attributes.fields ?? []).some(field => field.kind === 'spin_lock');
}

function keyAt(map: MapObject, request: BatchRequest, index: number): Uint8Array {
  const { keySize } = map.attributes;
  return request.keys.subarray(index * keySize, (index + 1) * keySize);
}

function valueAt(map: MapObject, request: BatchRequest, index: number): Uint8Array {
  return request.values.subarray(index * map.userValueSize, (index + 1) * map.userValueSize);
}

function forEachKey(
  map: MapObject,
  request: BatchRequest,
  act: (key: Uint8Array, index: number) => number,
): BatchResult {
  if (request.count === 0) return { result: 0, count: undefined };
  for (let i = 0; i < request.count; i++) {
    const result = act(keyAt(map, request, i), i);
    if (result !== 0) return { result, count: i };
  }
  return { result: 0, count: request.count };
}

/** A walk from key to key. */
function lookupKeys(map: MapObject, request: BatchRequest): BatchResult {
  if (request.count === 0) return { result: 0, count: undefined };
  let previous = request.inBatch?.slice(0, map.attributes.keySize);
  let done = 0;
  let result = 0;
  while (done < request.count) {
    const key = new Uint8Array(map.attributes.keySize);
    result = map.userNextKey(previous, key);
    if (result !== 0) break;
    previous = key;
    result = map.userLookup(key, valueAt(map, request, done), request.elemFlags);
    if (result === -ERRNO.ENOENT) continue;
    if (result !== 0) return { result, count: 0 };
    keyAt(map, request, done).set(key);
    done++;
  }
  if (done > 0 && previous !== undefined) request.outBatch?.set(previous);
  return { result, count: done };
}

/** A walk from bucket to bucket, each one taken whole or not at all. */
function lookupBuckets(map: MapObject, buckets: Buckets, request: BatchRequest, remove: boolean): BatchResult {
  if (request.flags !== 0n) return unchanged(ERRNO.EINVAL);
  if (request.count === 0) return { result: 0, count: undefined };
  let bucket = request.inBatch === undefined ? 0 : readU32(request.inBatch, 0);
  if (bucket >= buckets.count) return { result: -ERRNO.ENOENT, count: 0 };
  let done = 0;
  let result = 0;
  for (; bucket < buckets.count; bucket++) {
    const entries = buckets.entriesIn(bucket);
    if (entries > request.count - done) {
      if (done === 0) result = -ERRNO.ENOSPC;
      break;
    }
    if (entries === 0) continue;
    const keys = request.keys.subarray(done * map.attributes.keySize);
    buckets.read(bucket, keys, request.values.subarray(done * map.userValueSize), remove);
    done += entries;
  }
  if (bucket >= buckets.count) result = -ERRNO.ENOENT;
  if (request.outBatch !== undefined) writeU32(request.outBatch, 0, bucket);
  return { result, count: done };
}
