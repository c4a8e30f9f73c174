/** `BpfMap`: a user's handle of a map, over any kernel. */
import type { BtfValue } from '../btf/value.ts';
import type { MapSpec } from '../object/spec.ts';
import type { MapBatchAttr } from '../sys/attr.gen.ts';
import { SyscallError } from '../sys/error.ts';
import type { Fd, Sys } from '../sys/sys.ts';
import { ERRNO } from '../uapi/errno.ts';
import { BpfError, NotSupportedError } from '../util/error.ts';
import { type Codec, isPerCpu, type MapCodecs } from './codec.ts';
import { type ReadOptions, readSamples, type SampleSource } from './events.ts';
import { ringSize } from './map-create.ts';
import { PerfReader } from './perf-reader.ts';
import { RingReader } from './ring-reader.ts';

/** What an update does where the key is there, or not. */
export type UpdateMode = 'any' | 'noexist' | 'exist';

const UPDATE_FLAGS: Readonly<Record<UpdateMode, bigint>> = { any: 0n, noexist: 1n, exist: 2n };

/** How a kernel says that it, or the map type, has no batches. */
const NO_BATCHES: ReadonlySet<number> = new Set([ERRNO.EINVAL, ERRNO.ENOTSUPP, ERRNO.EOPNOTSUPP]);

/** How `entries` reads. */
export interface EntriesOptions {
  /** Elements per system call, where the map type has batches; one by one unless given. */
  readonly batch?: number;
}

/** A map by its bytes: keys of `keySize`, values of `valueSize` (per-CPU maps: 8-byte aligned slots of all possible CPUs). */
export class RawMap {
  readonly fd: Fd;
  readonly name: string;
  readonly keySize: number;
  /** Bytes of a value as the system call moves them. */
  readonly valueSize: number;
  readonly #sys: Sys;

  constructor(sys: Sys, fd: Fd, name: string, keySize: number, valueSize: number) {
    this.#sys = sys;
    this.fd = fd;
    this.name = name;
    this.keySize = keySize;
    this.valueSize = valueSize;
  }

  /** The value of `key`, undefined where there is none. */
  get(key: Uint8Array): Uint8Array | undefined {
    const value = new Uint8Array(this.valueSize);
    const result = this.#sys.bpf('map_lookup_elem', { map_fd: this.fd, key, value });
    return this.#found('map_lookup_elem', result) ? value : undefined;
  }

  /** @throws SyscallError */
  set(key: Uint8Array, value: Uint8Array, mode: UpdateMode = 'any'): void {
    const attr = { map_fd: this.fd, key, value, flags: UPDATE_FLAGS[mode] };
    const result = this.#sys.bpf('map_update_elem', attr);
    if (result < 0) throw this.#refused('map_update_elem', result);
  }

  /** Whether the key was there. */
  delete(key: Uint8Array): boolean {
    return this.#found('map_delete_elem', this.#sys.bpf('map_delete_elem', { map_fd: this.fd, key }));
  }

  /** The key after `key`, or the first where `key` is undefined or gone; undefined after the last. */
  nextKey(key: Uint8Array | undefined): Uint8Array | undefined {
    const next = new Uint8Array(this.keySize);
    const result = this.#sys.bpf('map_get_next_key', { map_fd: this.fd, key, next_key: next });
    return this.#found('map_get_next_key', result) ? next : undefined;
  }

  /**
   * Keys and values; elements that go while they are read are skipped. A writer that keeps deleting the key under way makes a
   * kernel start over, so there are at most `limit` rounds.
   */
  *entries(limit: number, options: EntriesOptions = {}): Generator<[Uint8Array, Uint8Array]> {
    if (options.batch !== undefined && (yield* this.#batches(options.batch))) return;
    let rounds = 0;
    for (let key = this.nextKey(undefined); key !== undefined && rounds < limit; key = this.nextKey(key), rounds++) {
      const value = this.get(key);
      if (value !== undefined) yield [key, value];
    }
  }

  /** Reads by map_lookup_batch; false where the kernel or the map type has none. */
  *#batches(size: number): Generator<[Uint8Array, Uint8Array], boolean> {
    let room = size;
    // The cursor is opaque: as long as a key, and no shorter than the u32 that hash maps keep.
    let cursor: Uint8Array | undefined;
    for (;;) {
      const keys = new Uint8Array(room * this.keySize);
      const values = new Uint8Array(room * this.valueSize);
      const next = new Uint8Array(Math.max(4, this.keySize));
      const attr = { map_fd: this.fd, in_batch: cursor, out_batch: next, keys, values, count: room };
      const result = this.#lookupBatch(attr);
      if (result === -ERRNO.ENOSPC) {
        // A hash map gives whole buckets only.
        room *= 2;
        continue;
      }
      if (result < 0 && result !== -ERRNO.ENOENT) {
        if (cursor === undefined && NO_BATCHES.has(-result)) return false;
        throw this.#refused('map_lookup_batch', result);
      }
      for (let i = 0; i < attr.count; i++) {
        yield [
          keys.subarray(i * this.keySize, (i + 1) * this.keySize),
          values.subarray(i * this.valueSize, (i + 1) * this.valueSize),
        ];
      }
      if (result < 0) return true;
      cursor = next;
    }
  }

  #lookupBatch(attr: MapBatchAttr): number {
    try {
      return this.#sys.bpf('map_lookup_batch', attr);
    } catch (error) {
      if (error instanceof NotSupportedError) return -ERRNO.EOPNOTSUPP;
      throw error;
    }
  }

  #found(command: string, result: number): boolean {
    if (result >= 0) return true;
    if (result === -ERRNO.ENOENT) return false;
    throw this.#refused(command, result);
  }

  #refused(command: string, result: number): SyscallError {
    return new SyscallError(
      command,
      -result,
      this.#sys.why === '' ? `map ${this.name}` : `map ${this.name}: ${this.#sys.why}`,
    );
  }
}

/**
 * A map with keys and values as JavaScript sees them: by BTF where the object has types for them, else `Uint8Array`s (indices of
 * arrays are numbers either way). On a per-CPU map a value is an array with one element for each possible CPU.
 */
export class BpfMap<K extends BtfValue = BtfValue, V extends BtfValue = BtfValue> implements Disposable {
  readonly spec: MapSpec;
  /** The same map by its bytes. */
  readonly raw: RawMap;
  readonly #sys: Sys;
  readonly #key: Codec;
  readonly #value: Codec;
  readonly #event: MapCodecs['event'];
  #open = true;

  constructor(sys: Sys, fd: Fd, spec: MapSpec, codecs: MapCodecs) {
    this.#sys = sys;
    this.spec = spec;
    this.#key = codecs.key;
    this.#value = codecs.value;
    this.#event = codecs.event;
    this.raw = new RawMap(sys, fd, spec.name, codecs.key.size, codecs.value.size);
  }

  get name(): string {
    return this.spec.name;
  }

  get fd(): Fd {
    return this.raw.fd;
  }

  /** Whether each key has one value for each possible CPU. */
  get perCpu(): boolean {
    return isPerCpu(this.spec.type);
  }

  /** The value of `key`, undefined where there is none. */
  get(key: K): V | undefined {
    const value = this.raw.get(this.#encodeKey(key));
    // The map's definition types its values; who names V vouches for it.
    return value === undefined ? undefined : (this.#value.decode(value) as V);
  }

  /** The values of `key` on each CPU, CPU 0 first. @throws {BpfError} `not_per_cpu` on other maps. */
  getPerCpu(key: K): BtfValue[] | undefined {
    if (!this.perCpu) {
      throw new BpfError('not_per_cpu', `map ${this.name}: getPerCpu on type ${this.spec.type}, want a per-CPU type`);
    }
    const values: BtfValue | undefined = this.get(key);
    return Array.isArray(values) ? values : undefined;
  }

  /** Stores a value. @throws {BpfError} when key or value does not fit its type; SyscallError when the kernel refuses. */
  set(key: K, value: V, mode: UpdateMode = 'any'): void {
    this.raw.set(this.#encodeKey(key), this.#value.encode(value, `map ${this.name}: value`), mode);
  }

  has(key: K): boolean {
    return this.raw.get(this.#encodeKey(key)) !== undefined;
  }

  /** Whether the key was there. */
  delete(key: K): boolean {
    return this.raw.delete(this.#encodeKey(key));
  }

  *entries(options?: EntriesOptions): Generator<[K, V]> {
    for (const [key, value] of this.raw.entries(this.#rounds(), options)) {
      yield [this.#key.decode(key) as K, this.#value.decode(value) as V];
    }
  }

  *keys(): Generator<K> {
    let rounds = this.#rounds();
    for (let key = this.raw.nextKey(undefined); key !== undefined && rounds-- > 0; key = this.raw.nextKey(key)) {
      yield this.#key.decode(key) as K;
    }
  }

  [Symbol.iterator](): Generator<[K, V]> {
    return this.entries();
  }

  /**
   * The events of a ring buffer or perf event array as they come, until `signal` ends the sequence: by their BTF type where one is known, else bytes. A
   * sample that is shorter than its type is given as bytes.
   * @example for await (const event of events.read({ signal: AbortSignal.timeout(1000), type: 'event' })) console.log(event);
   * @throws {BpfError} `not_events` on another map, `bad_type` where the object has no such type; SyscallError when the kernel refuses.
   */
  async *read(options: ReadOptions = {}): AsyncGenerator<BtfValue> {
    const codec = this.#event?.(options.type);
    if (options.type !== undefined && codec === undefined) {
      throw new BpfError(
        'bad_type',
        `map ${this.name}: type ${options.type}, want a struct or union of the object's BTF`,
      );
    }
    for await (const sample of readSamples(this.#events(options.onLost), options.signal)) {
      yield codec !== undefined && sample.length >= codec.size ? codec.decode(sample.subarray(0, codec.size)) : sample;
    }
  }

  /** Closes the descriptor; the map lives on while programs or pins hold it. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#sys.close(this.fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #events(onLost: ReadOptions['onLost']): SampleSource {
    const { type } = this.spec;
    if (type === 'ringbuf') return new RingReader(this.#sys, this.fd, ringSize(this.spec));
    if (type === 'perf_event_array') return new PerfReader(this.#sys, this.fd, onLost);
    throw new BpfError('not_events', `map ${this.name}: read on type ${type}, want ringbuf or perf_event_array`);
  }

  /** Twice what fits: elements that come and go may be met, a walk that starts over for ever may not. */
  #rounds(): number {
    return this.spec.maxEntries === 0 ? Number.POSITIVE_INFINITY : 2 * this.spec.maxEntries;
  }

  #encodeKey(key: K): Uint8Array {
    return this.#key.encode(key, `map ${this.name}: key`);
  }
}
