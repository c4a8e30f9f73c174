/**
 * `hash`, `percpu_hash`, `lru_hash`, `lru_percpu_hash`: creation and the system call's side; the table itself is the runtime's. Follows
 * kernel/bpf/hashtab.c.
 *
 * A pre-allocated hash has one element more for each CPU: an update of an existing key writes to the spare element of its CPU, puts it
 * in place of the old one and keeps that as the spare. Pointers to the old value see what they saw until the next such update.
 */
import {
  ELEMENT_KEY,
  ELEMENT_NEXT,
  ELEMENT_VALUE,
  TRAIT_IN_PLACE,
  TRAIT_LRU,
  TRAIT_SPARES,
} from '../runtime/layout.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import { alignUp } from '../util/bytes.ts';
import type { Region } from '../vm/memory.ts';
import { MapBase, type MapHost } from './base.ts';
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
import { allotHash, type HashPlace } from './hash-layout.ts';
import { type Buckets, isRefusal, type MapAttributes, type MapObject, type Refusal } from './map.ts';

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
  const spares = isLru(map) ? 0 : env.cpus;
  const place = allotHash(memory, map, {
    entries: maxEntries + spares,
    maxEntries,
    access: programAccess(map),
    cpus: isPerCpu(map) ? env.cpus : undefined,
    spares,
    seed: hasFlag(map, 'BPF_F_ZERO_SEED') ? 0 : env.random(),
    isKernelOrder: hasFlag(map, 'BPF_F_ZERO_SEED'),
    traits:
      (isLru(map) ? TRAIT_LRU : 0) |
      (isLru(map) || isPerCpu(map) ? TRAIT_IN_PLACE : 0) |
      (hasFlag(map, 'BPF_F_NO_PREALLOC') ? 0 : TRAIT_SPARES),
  });
  return isRefusal(place) ? place : new HashMap(host, map, place);
}

/** A live hash. */
class HashMap extends MapBase {
  override readonly values: Region;
  readonly buckets: Buckets;
  readonly #bucketsAt: number;

  constructor(host: MapHost, map: MapAttributes, { regions, layout, buckets }: HashPlace) {
    super(host, map, regions, layout);
    this.values = regions.values;
    this.#bucketsAt = buckets.address;
    this.buckets = {
      count: buckets.count,
      entriesIn: bucket => this.#elementsIn(bucket).length,
      read: (bucket, keys, values, remove) => this.#readBucket(bucket, keys, values, remove),
    };
  }

  lookupOnCpu(key: number, cpu: number): number {
    return this.runtime.lookupOn(this.address, key, cpu) >>> 0;
  }

  visitEach(visit: (key: number, value: number) => boolean): number {
    let visited = 0;
    for (let bucket = 0; bucket < this.buckets.count; bucket++) {
      for (let element = this.#word(this.#bucketsAt + 4 * bucket); element !== 0; ) {
        const next = this.#word(element + ELEMENT_NEXT);
        const key = this.#keyOf(element);
        const value = this.#word(element + ELEMENT_VALUE) + this.machine.env.cpu * this.block;
        visited++;
        if (!this.visitOne(key, value, visit)) return visited;
        element = next;
      }
    }
    return visited;
  }

  protected override copyOut(key: Uint8Array, value: Uint8Array): number {
    const element = this.#find(key);
    if (element === 0) return this.#refuseMissing();
    this.load(this.#word(element + ELEMENT_VALUE), value);
    return 0;
  }

  userUpdate(key: Uint8Array, value: Uint8Array, flags: bigint): number {
    return this.checkLockFlag(flags) || this.store(key, value, flags);
  }

  userDelete(key: Uint8Array): number {
    return this.delete(this.putKey(key));
  }

  override userLookupAndDelete(key: Uint8Array, value: Uint8Array, flags: bigint): number {
    const refused = this.userLookup(key, value, flags);
    return refused === 0 ? this.userDelete(key) : refused;
  }

  userNextKey(key: Uint8Array | undefined, next: Uint8Array): number {
    const element = this.runtime.nextElement(this.address, key === undefined ? 0 : this.#find(key)) >>> 0;
    if (element === 0) return this.refuse('ENOENT', 'no key behind this one');
    next.set(this.#keyOf(element));
    return 0;
  }

  protected override explain(errno: string, flags: bigint, key: number): string {
    if (errno === 'ENOENT') return 'no such key';
    if (errno === 'EEXIST') return 'BPF_NOEXIST, but the key exists';
    if (errno === 'E2BIG') return `all ${this.attributes.maxEntries} entries are in use`;
    return super.explain(errno, flags, key);
  }

  /** Address of the element with a key, 0 for none. Not a use of it. */
  #find(key: Uint8Array): number {
    return this.runtime.find(this.address, this.putKey(key)) >>> 0;
  }

  #word(address: number): number {
    return this.memory.view.getUint32(address, true);
  }

  #keyOf(element: number): Uint8Array {
    return this.memory.read(element + ELEMENT_KEY, this.attributes.keySize);
  }

  #elementsIn(bucket: number): number[] {
    const elements: number[] = [];
    let element = this.#word(this.#bucketsAt + 4 * bucket);
    for (; element !== 0; element = this.#word(element + ELEMENT_NEXT)) elements.push(element);
    return elements;
  }

  #readBucket(bucket: number, keys: Uint8Array, values: Uint8Array, remove: boolean): void {
    for (const [i, element] of this.#elementsIn(bucket).entries()) {
      keys.set(this.#keyOf(element), i * this.attributes.keySize);
      const value = values.subarray(i * this.userValueSize, (i + 1) * this.userValueSize);
      this.load(this.#word(element + ELEMENT_VALUE), value);
      if (remove) this.runtime.remove(this.address, element + ELEMENT_KEY);
    }
  }

  #refuseMissing(): number {
    return this.refuse('ENOENT', this.explain('ENOENT', 0n, 0));
  }
}
