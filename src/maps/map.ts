/**
 * What every map of our kernel is, whatever its type: the program's side over guest addresses, the system call's side over byte
 * arrays. Results are the kernel's: 0 or a negative errno. What a type does not have (`push`, `redirect` …) it leaves undefined.
 */
import type { MapTypeName } from '../uapi/map-types.ts';
import type { Region } from '../vm/memory.ts';

/** Attributes of MAP_CREATE that a map keeps. */
export interface MapAttributes {
  readonly type: MapTypeName;
  readonly name: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly extra: bigint;
  /** The descriptor's BTF and the ids of key and value in it. */
  readonly btf: { readonly id: number; readonly keyTypeId: number; readonly valueTypeId: number } | undefined;
  /** Read where `flags` has BPF_F_NUMA_NODE; 0 unless given. */
  readonly numaNode?: number | undefined;
  /** Parts of the value that belong to the kernel, ascending; no copy touches them, a lookup by system call reads them as zero. */
  readonly fields?: readonly ValueField[] | undefined;
}

/** A part of a map's value that is not plain data: `struct bpf_spin_lock` and its like. */
export interface ValueField {
  /** The struct's name without `bpf_`: `spin_lock`, `timer`, `kptr` … */
  readonly kind: string;
  readonly offset: number;
  readonly size: number;
}

/** A refusal with its reason in words. */
export interface Refusal {
  /** Positive. */
  readonly errno: number;
  readonly why: string;
}

/** What a slot holds instead of bytes: a program, a socket. The slot owns it and disposes of it when something else takes its place. */
export interface Reference extends Disposable {
  /** What a lookup by system call reads. */
  readonly id: number;
  /** The thing itself, opaque to maps. */
  readonly object: unknown;
  /** What compiled code is to find in the slot; 0 unless given. */
  readonly word?: number;
}

/** What descriptors may name in a slot. */
export type ReferenceKind = 'program' | 'perf_event' | 'cgroup' | 'socket';

/** Answers what the values that a system call puts in slots refer to; the kernel gives it. */
export interface References {
  /** Takes a reference to what `fd` names, if a slot of `map` may hold it. */
  resolve(kind: ReferenceKind, fd: number, map: MapObject): Reference | Refusal;
  /** Whether a network device has this index. */
  hasDevice(ifindex: number): boolean;
}

/** A walk over the buckets of a hash, as batches make it. */
export interface Buckets {
  readonly count: number;
  /** Entries in a bucket. */
  entriesIn(bucket: number): number;
  /** Copies a bucket's keys and values (`userValueSize` each) to the start of `keys` and `values`; removes them from the map where asked to. */
  read(bucket: number, keys: Uint8Array, values: Uint8Array, remove: boolean): void;
}

/** What of a map its user can have in his own memory, by `mmap`: whole pages, linear in guest memory. */
export interface MapMapping {
  /** Linear address of the first page. */
  readonly address: number;
  readonly size: number;
  /** Bytes from the start that may be mapped to be written. */
  readonly writable: number;
}

/** A live map. Guest addresses are linear; whoever calls has checked that key and value can be read there. */
export interface MapObject extends Disposable {
  readonly attributes: MapAttributes;
  /** Linear address of the map's header: what a program holds as `const_map_ptr`. */
  readonly address: number;
  /** Bytes of one value as the system call sees it: `value_size`, for per-CPU maps possible CPUs × round_up(value_size, 8). */
  readonly userValueSize: number;
  /** Where values lie, for direct value access. Undefined where values have no address. */
  readonly values: Region | undefined;
  /** Undefined where the map cannot be mapped. */
  readonly mapping?: MapMapping | undefined;

  // the program's side
  /** Linear address of the value (the current CPU's, for per-CPU maps), or 0. */
  lookup(key: number): number;
  update(key: number, value: number, flags: bigint): number;
  delete(key: number): number;
  /** Linear address of the value on one CPU, or 0. */
  lookupOnCpu?(key: number, cpu: number): number;
  push?(value: number, flags: bigint): number;
  pop?(value: number): number;
  peek?(value: number): number;
  /** Linear address of room for a record of a ring buffer, 0 where there is none. */
  reserve?(size: bigint): number;
  /** Ends the writing of the record whose sample lies at an address; false where none is being written there. */
  commit?(sample: number, flags: bigint, discard: boolean): boolean;
  /** Writes a record: 0 or a negative errno. */
  output?(from: number, size: number, flags: bigint): number;
  /** A fact of a ring buffer (`BPF_RB_…`). */
  query?(what: bigint): bigint;
  /** Calls `visit` with the addresses of each key and value until it returns false; gives how many it visited. */
  visitEach?(visit: (key: number, value: number) => boolean): number;
  /** Whether a packet can be redirected to slot `index`. */
  hasTarget?(index: number): boolean;
  /** What slot `index` holds. */
  slot?(index: number): Reference | undefined;

  // the system call's side
  /** Copies the value of `key` into `value` (`userValueSize` bytes). */
  userLookup(key: Uint8Array, value: Uint8Array, flags: bigint): number;
  userUpdate(key: Uint8Array, value: Uint8Array, flags: bigint): number;
  userDelete(key: Uint8Array): number;
  /** MAP_LOOKUP_AND_DELETE_ELEM: as `userLookup`, and takes the element out. */
  userLookupAndDelete(key: Uint8Array, value: Uint8Array, flags: bigint): number;
  /** Writes the key after `key` (the first one where `key` is undefined or gone) into `next`. */
  userNextKey(key: Uint8Array | undefined, next: Uint8Array): number;
  /** Set by maps whose batches walk buckets. */
  readonly buckets?: Buckets;
  /** Why the last call was refused. */
  readonly why: string;
}

/** Whether an answer is a refusal. */
export function isRefusal<T extends object>(answer: T | Refusal): answer is Refusal {
  return 'errno' in answer;
}

/** Makes a refusal. */
export function refusal(errno: number, why: string): Refusal {
  return { errno, why };
}
