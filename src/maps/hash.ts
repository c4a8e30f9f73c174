/**
 * `hash`, `percpu_hash`, `lru_hash`, `lru_percpu_hash`: a {@link HashTable} for the keys and a region of values, one value for each
 * entry (one block of them for each CPU where values are per CPU). Follows kernel/bpf/hashtab.c.
 *
 * A pre-allocated hash has one entry more for each CPU: an update of an existing key writes to the spare entry of its CPU, puts it in
 * place of the old one and keeps that as the spare. Pointers to the old value see what they saw until the next such update.
 */
import { ERRNO } from '../uapi/errno.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import { alignUp } from '../util/bytes.ts';
import type { Region } from '../vm/memory.ts';
import { allotRegions, MapBase, type MapHost } from './base.ts';
import {
  checkFlags,
  checkSizes,
  hasFlag,
  KMALLOC_MAX_SIZE,
  PCPU_MIN_UNIT_SIZE,
  PLAIN_FLAGS,
  programAccess,
  refuseCreate,
} from './check.ts';
import { BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST } from './flags.ts';
import { bucketCount, HashTable, hashTableSizes, TABLE_CONTROL_SIZE } from './hash-table.ts';
import { LruList, lruListSize } from './lru-list.ts';
import { type Buckets, isRefusal, type MapAttributes, type MapObject, type Refusal } from './map.ts';
import { copyValue, initFields, readValue, writeValue } from './value.ts';

/** sizeof(struct htab_elem), which an entry has beside key and value. */
const HTAB_ELEM_SIZE = 48;
/** Most buckets whose size the kernel's 32 bits hold. */
const MAX_BUCKETS = 2 ** 27;

const FLAGS = PLAIN_FLAGS | MAP_FLAGS.BPF_F_NO_PREALLOC | MAP_FLAGS.BPF_F_NO_COMMON_LRU | MAP_FLAGS.BPF_F_ZERO_SEED;

const isPerCpu = (map: MapAttributes): boolean => map.type === 'percpu_hash' || map.type === 'lru_percpu_hash';
const isLru = (map: MapAttributes): boolean => map.type === 'lru_hash' || map.type === 'lru_percpu_hash';

/** What MAP_CREATE refuses. */
export function checkHash(map: MapAttributes): Refusal | undefined {
  const refused = checkFlags(map, FLAGS);
  if (refused !== undefined) return refused;
  if (!isLru(map) && hasFlag(map, 'BPF_F_NO_COMMON_LRU'))
    return refuseCreate(map, 'EINVAL', `${map.type} has no LRU list`);
  if (isLru(map) && hasFlag(map, 'BPF_F_NO_PREALLOC')) {
    return refuseCreate(map, 'ENOTSUPP', `${map.type} is always pre-allocated`);
  }
  if (hasFlag(map, 'BPF_F_NUMA_NODE') && (isPerCpu(map) || hasFlag(map, 'BPF_F_NO_COMMON_LRU'))) {
    return refuseCreate(map, 'EINVAL', 'what is per CPU has no node');
  }
  const sizes = checkSizes(map, { key: size => size > 0, keyText: '1 or more' });
  if (sizes !== undefined) return sizes;
  const most = KMALLOC_MAX_SIZE - HTAB_ELEM_SIZE - 1;
  if (map.keySize + map.valueSize > most) {
    return refuseCreate(
      map,
      'E2BIG',
      `key_size ${map.keySize} and value_size ${map.valueSize}, want at most ${most} together`,
    );
  }
  if (isPerCpu(map) && alignUp(map.valueSize, 8) > PCPU_MIN_UNIT_SIZE) {
    return refuseCreate(map, 'E2BIG', `value_size ${map.valueSize}, want at most ${PCPU_MIN_UNIT_SIZE}`);
  }
  if (map.maxEntries > MAX_BUCKETS) {
    return refuseCreate(map, 'E2BIG', `max_entries ${map.maxEntries}, want at most ${MAX_BUCKETS}`);
  }
  return undefined;
}

/** Creates a hash that was checked. */
export function createHash(host: MapHost, wanted: MapAttributes): MapObject | Refusal {
  const { memory, env } = host.machine;
  // Lists of their own for each CPU are made equally long.
  const maxEntries = hasFlag(wanted, 'BPF_F_NO_COMMON_LRU') ? alignUp(wanted.maxEntries, env.cpus) : wanted.maxEntries;
  const map = maxEntries === wanted.maxEntries ? wanted : { ...wanted, maxEntries };
  const entries = maxEntries + (isLru(map) ? 0 : env.cpus);
  const buckets = bucketCount(maxEntries);
  const sizes = hashTableSizes(entries, buckets, map.keySize);
  const stride = alignUp(map.valueSize, 8);
  const layout = headerLayout(map, env.cpus);
  const regions = allotRegions(memory, map, {
    header: { size: layout.size, access: 'none' },
    index: { size: sizes.index + (isLru(map) ? lruListSize(entries) : 0), access: 'none' },
    keys: { size: sizes.keys, access: 'read', elements: { stride: alignUp(map.keySize, 8), size: map.keySize } },
    values: {
      size: (isPerCpu(map) ? env.cpus : 1) * entries * stride,
      access: programAccess(map),
      elements: { stride, size: map.valueSize },
    },
  });
  if (isRefusal(regions)) return regions;
  const table = new HashTable(memory, {
    control: regions.header.base,
    index: regions.index.base,
    keys: regions.keys.base,
    buckets,
    keySize: map.keySize,
    seed: hasFlag(map, 'BPF_F_ZERO_SEED') ? 0 : env.random(),
  });
  const lru = isLru(map) ? new LruList(memory, regions.index.base + sizes.index) : undefined;
  return new HashMap(host, map, regions, table, lru, entries);
}

/** Offsets in the header: the table's control block, a spare entry for each CPU, room for a key. */
function headerLayout(map: MapAttributes, cpus: number): { spares: number; key: number; size: number } {
  const spares = TABLE_CONTROL_SIZE;
  const key = alignUp(spares + cpus * 4, 8);
  return { spares, key, size: key + map.keySize };
}

interface HashRegions {
  readonly header: Region;
  readonly index: Region;
  readonly keys: Region;
  readonly values: Region;
}

/** A live hash. */
class HashMap extends MapBase {
  override readonly values: Region;
  readonly buckets: Buckets;
  readonly #table: HashTable;
  readonly #lru: LruList | undefined;
  readonly #stride: number;
  readonly #cpus: number;
  /** Bytes between the values of one CPU and those of the next; 0 where all CPUs share them. */
  readonly #block: number;
  readonly #preallocated: boolean;
  readonly #spares: number;
  /** Where keys of system calls are put to be looked for. */
  readonly #key: number;
  /** Whether the entry that `#place` gave last is new to its key. */
  #created = false;

  constructor(
    host: MapHost,
    map: MapAttributes,
    regions: HashRegions,
    table: HashTable,
    lru: LruList | undefined,
    entries: number,
  ) {
    const stride = alignUp(map.valueSize, 8);
    const cpus = isPerCpu(map) ? host.machine.env.cpus : 1;
    super(host, map, regions, isPerCpu(map) ? cpus * stride : map.valueSize);
    const layout = headerLayout(map, host.machine.env.cpus);
    this.values = regions.values;
    this.#table = table;
    this.#lru = lru;
    this.#stride = stride;
    this.#cpus = cpus;
    this.#block = isPerCpu(map) ? entries * stride : 0;
    this.#preallocated = !hasFlag(map, 'BPF_F_NO_PREALLOC');
    this.#spares = this.address + layout.spares;
    this.#key = this.address + layout.key;
    this.buckets = {
      count: table.buckets,
      entriesIn: bucket => this.#entriesIn(bucket).length,
      read: (bucket, keys, values, remove) => this.#readBucket(bucket, keys, values, remove),
    };
  }

  override lookup(key: number): number {
    return this.lookupOnCpu(key, this.machine.env.cpu);
  }

  lookupOnCpu(key: number, cpu: number): number {
    const entry = this.#table.find(key, this.#table.hash(key));
    if (entry === 0) return 0;
    this.#lru?.touch(entry);
    return this.#valueAddress(entry, cpu);
  }

  override update(key: number, value: number, flags: bigint): number {
    const entry = this.#place(key, flags);
    if (entry < 0) return entry;
    const { cpu } = this.machine.env;
    for (let other = 0; this.#created && other < this.#cpus; other++) this.#clear(entry, other);
    copyValue(this.memory, this.#valueAddress(entry, cpu), value, this.attributes.valueSize, this.fields);
    return 0;
  }

  override delete(key: number): number {
    const entry = this.#table.find(key, this.#table.hash(key));
    if (entry === 0) return this.#refuseMissing();
    this.#remove(entry);
    return 0;
  }

  visitEach(visit: (key: number, value: number) => boolean): number {
    let visited = 0;
    for (let bucket = 0; bucket < this.#table.buckets; bucket++) {
      for (let entry = this.#table.firstIn(bucket); entry !== 0; ) {
        const next = this.#table.nextIn(entry);
        visited++;
        if (!visit(this.#table.keyAddress(entry), this.#valueAddress(entry, this.machine.env.cpu))) return visited;
        entry = next;
      }
    }
    return visited;
  }

  protected override copyOut(key: Uint8Array, value: Uint8Array): number {
    const entry = this.#findBytes(key);
    if (entry === 0) return this.#refuseMissing();
    this.#read(entry, value);
    return 0;
  }

  userUpdate(key: Uint8Array, value: Uint8Array, flags: bigint): number {
    const refused = this.checkLockFlag(flags);
    if (refused !== 0) return refused;
    this.memory.write(this.#key, key);
    const entry = this.#place(this.#key, flags);
    if (entry < 0) return entry;
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      if (this.#created) initFields(this.memory, this.#valueAddress(entry, cpu), this.fields);
      writeValue(this.memory, this.#valueAddress(entry, cpu), this.#part(value, cpu), this.fields);
    }
    return 0;
  }

  userDelete(key: Uint8Array): number {
    this.memory.write(this.#key, key);
    return this.delete(this.#key);
  }

  override userLookupAndDelete(key: Uint8Array, value: Uint8Array, flags: bigint): number {
    const refused = this.checkReadFlags(flags);
    if (refused !== 0) return refused;
    const entry = this.#findBytes(key);
    if (entry === 0) return this.#refuseMissing();
    this.#read(entry, value);
    this.#remove(entry);
    return 0;
  }

  userNextKey(key: Uint8Array | undefined, next: Uint8Array): number {
    const entry = this.#table.next(key === undefined ? 0 : this.#findBytes(key));
    if (entry === 0) return this.refuse('ENOENT', 'no key behind this one');
    const address = this.#table.keyAddress(entry);
    next.set(this.memory.u8.subarray(address, address + this.attributes.keySize));
    return 0;
  }

  #valueAddress(entry: number, cpu: number): number {
    return this.values.base + cpu * this.#block + (entry - 1) * this.#stride;
  }

  /** One CPU's part of a value as the system call sees it. */
  #part(value: Uint8Array, cpu: number): Uint8Array {
    return this.#block === 0 ? value : value.subarray(cpu * this.#stride, (cpu + 1) * this.#stride);
  }

  #findBytes(key: Uint8Array): number {
    this.memory.write(this.#key, key);
    return this.#table.find(this.#key, this.#table.hash(this.#key));
  }

  #read(entry: number, value: Uint8Array): void {
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      readValue(this.memory, this.#valueAddress(entry, cpu), this.#part(value, cpu), this.fields);
    }
  }

  /** Makes the value of an entry that is new to its key ready to be written. */
  #clear(entry: number, cpu: number): void {
    const address = this.#valueAddress(entry, cpu);
    if (this.#block === 0) initFields(this.memory, address, this.fields);
    else this.memory.u8.fill(0, address, address + this.#stride);
  }

  /** The entry in which the value of `key` is to be written, linked; or a negative errno. */
  #place(key: number, flags: bigint): number {
    const inPlace = this.#block !== 0 || this.#lru !== undefined;
    const refused = this.checkUpdateFlags(flags, inPlace ? 0n : BPF_F_LOCK) || this.checkLockFlag(flags);
    if (refused !== 0) return refused;
    const hash = this.#table.hash(key);
    const old = this.#table.find(key, hash);
    const how = flags & ~BPF_F_LOCK;
    if (old !== 0 && how === BPF_NOEXIST) return this.refuse('EEXIST', 'BPF_NOEXIST, but the key exists');
    if (old === 0 && how === BPF_EXIST) return this.#refuseMissing();
    if (old !== 0 && (inPlace || (flags & BPF_F_LOCK) !== 0n)) {
      this.#created = false;
      this.#lru?.touch(old);
      return old;
    }
    if (old === 0 && this.#table.count >= this.attributes.maxEntries && !this.#evict()) {
      return this.refuse('E2BIG', `all ${this.attributes.maxEntries} entries are in use`);
    }
    const entry = old !== 0 && this.#preallocated ? this.#swapSpare(old) : this.#table.take();
    this.#table.link(entry, key, hash);
    this.#lru?.add(entry);
    if (old !== 0) {
      this.#table.unlink(old);
      if (!this.#preallocated) this.#table.give(old);
    }
    this.#created = true;
    return entry;
  }

  /** Makes room by the entry used longest ago. */
  #evict(): boolean {
    if (this.#lru === undefined) return false;
    this.#remove(this.#lru.oldest);
    return true;
  }

  /** Gives this CPU's spare entry and keeps `old` in its place. */
  #swapSpare(old: number): number {
    const at = this.#spares + this.machine.env.cpu * 4;
    const spare = this.memory.view.getUint32(at, true);
    this.memory.view.setUint32(at, old, true);
    return spare === 0 ? this.#table.take() : spare;
  }

  #remove(entry: number): void {
    this.#table.unlink(entry);
    this.#lru?.remove(entry);
    this.#table.give(entry);
  }

  #entriesIn(bucket: number): number[] {
    const entries: number[] = [];
    for (let entry = this.#table.firstIn(bucket); entry !== 0; entry = this.#table.nextIn(entry)) entries.push(entry);
    return entries;
  }

  #readBucket(bucket: number, keys: Uint8Array, values: Uint8Array, remove: boolean): void {
    const { keySize } = this.attributes;
    for (const [i, entry] of this.#entriesIn(bucket).entries()) {
      const key = this.#table.keyAddress(entry);
      keys.set(this.memory.u8.subarray(key, key + keySize), i * keySize);
      this.#read(entry, values.subarray(i * this.userValueSize, (i + 1) * this.userValueSize));
      if (remove) this.#remove(entry);
    }
  }

  #refuseMissing(): number {
    this.why = 'no such key';
    return -ERRNO.ENOENT;
  }
}
