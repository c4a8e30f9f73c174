/** `devmap_hash`: devices under any 32-bit key, in buckets by the key's low bits. Follows kernel/bpf/devmap.c. */
import { MAP_FLAGS } from '../uapi/flags.ts';
import type { Region } from '../vm/memory.ts';
import { allotRegions, MapBase, type MapHost, readU32, writeU32 } from './base.ts';
import { BPF_NOEXIST } from './flags.ts';
import { bucketCount, HashTable, hashTableSizes, TABLE_CONTROL_SIZE } from './hash-table.ts';
import { isRefusal, type MapAttributes, type MapObject, type Reference, type Refusal } from './map.ts';
import { DEVICES } from './target.ts';
import { readValue } from './value.ts';

/** Bytes between values. */
const STRIDE = 8;

/** Creates a hash of devices that was checked. */
export function createDevmapHash(host: MapHost, wanted: MapAttributes): MapObject | Refusal {
  const map = { ...wanted, flags: wanted.flags | MAP_FLAGS.BPF_F_RDONLY_PROG };
  const { memory } = host.machine;
  const buckets = bucketCount(map.maxEntries);
  const sizes = hashTableSizes(map.maxEntries, buckets, map.keySize);
  const regions = allotRegions(memory, map, {
    header: { size: TABLE_CONTROL_SIZE + map.keySize, access: 'none' },
    index: { size: sizes.index, access: 'none' },
    keys: { size: sizes.keys, access: 'none' },
    values: { size: map.maxEntries * STRIDE, access: 'read', elements: { stride: STRIDE, size: map.valueSize } },
  });
  if (isRefusal(regions)) return regions;
  const table = new HashTable(memory, {
    control: regions.header.base,
    index: regions.index.base,
    keys: regions.keys.base,
    buckets,
    keySize: map.keySize,
    seed: 0,
  });
  return new DevmapHash(host, map, regions, table);
}

/** A live hash of devices. */
class DevmapHash extends MapBase {
  override readonly values: Region;
  readonly #host: MapHost;
  readonly #table: HashTable;
  readonly #key: number;
  /** Programs, by entry. */
  readonly #held = new Map<number, Reference>();

  constructor(host: MapHost, map: MapAttributes, regions: { header: Region; values: Region }, table: HashTable) {
    super(host, map, regions);
    this.values = regions.values;
    this.#host = host;
    this.#table = table;
    this.#key = this.address + TABLE_CONTROL_SIZE;
  }

  override lookup(key: number): number {
    const entry = this.#find(this.memory.view.getUint32(key, true));
    return entry === 0 ? 0 : this.#address(entry);
  }

  hasTarget(index: number): boolean {
    return this.#find(index) !== 0;
  }

  slot(index: number): Reference | undefined {
    return this.#held.get(this.#find(index));
  }

  protected override copyOut(key: Uint8Array, value: Uint8Array): number {
    const entry = this.#find(readU32(key, 0));
    if (entry === 0) return this.refuse('ENOENT', 'no such key');
    readValue(this.memory, this.#address(entry), value, []);
    return 0;
  }

  userUpdate(key: Uint8Array, value: Uint8Array, flags: bigint): number {
    const refused = this.checkLockFlag(flags) || this.checkUpdateFlags(flags);
    if (refused !== 0) return refused;
    if (readU32(value, 0) === 0) return this.refuse('EINVAL', 'device index 0');
    const index = readU32(key, 0);
    const old = this.#find(index);
    if (old !== 0 && flags === BPF_NOEXIST) return this.refuse('EEXIST', 'BPF_NOEXIST, but the key exists');
    const target = DEVICES.accept(this.#host, this, index, value);
    if (isRefusal(target)) {
      this.why = target.why;
      return -target.errno;
    }
    const { maxEntries } = this.attributes;
    if (old === 0 && this.#table.count >= maxEntries) {
      target.held?.[Symbol.dispose]();
      return this.refuse('E2BIG', `all ${maxEntries} entries are in use`);
    }
    if (old !== 0) this.#remove(old);
    const entry = this.#table.take();
    this.memory.view.setUint32(this.#key, index, true);
    this.#table.link(entry, this.#key, index);
    this.memory.view.setUint32(this.#address(entry), target.words[0], true);
    this.memory.view.setUint32(this.#address(entry) + 4, target.words[1], true);
    if (target.held !== undefined) this.#held.set(entry, target.held);
    return 0;
  }

  userDelete(key: Uint8Array): number {
    const entry = this.#find(readU32(key, 0));
    if (entry === 0) return this.refuse('ENOENT', 'no such key');
    this.#remove(entry);
    return 0;
  }

  userNextKey(key: Uint8Array | undefined, next: Uint8Array): number {
    const entry = this.#table.next(key === undefined ? 0 : this.#find(readU32(key, 0)));
    if (entry === 0) return this.refuse('ENOENT', 'no key behind this one');
    writeU32(next, 0, this.memory.view.getUint32(this.#table.keyAddress(entry), true));
    return 0;
  }

  override [Symbol.dispose](): void {
    for (const held of this.#held.values()) held[Symbol.dispose]();
    this.#held.clear();
    super[Symbol.dispose]();
  }

  #find(index: number): number {
    this.memory.view.setUint32(this.#key, index, true);
    return this.#table.find(this.#key, index);
  }

  #address(entry: number): number {
    return this.values.base + (entry - 1) * STRIDE;
  }

  #remove(entry: number): void {
    this.#table.unlink(entry);
    this.#table.give(entry);
    this.#held.get(entry)?.[Symbol.dispose]();
    this.#held.delete(entry);
  }
}
