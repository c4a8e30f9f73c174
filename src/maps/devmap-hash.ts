/** `devmap_hash`: devices under any 32-bit key, in buckets by the key's low bits. Follows kernel/bpf/devmap.c. */
import { ELEMENT_KEY, ELEMENT_VALUE, KIND_HASH_INDEX, MAP_COUNT } from '../runtime/layout.ts';
import { isError } from '../runtime/runtime.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import type { Region } from '../vm/memory.ts';
import { MapBase, type MapHost, readU32, writeU32 } from './base.ts';
import { BPF_NOEXIST } from './flags.ts';
import { allotHash, type HashPlace } from './hash-layout.ts';
import { isRefusal, type MapAttributes, type MapObject, type Reference, type Refusal } from './map.ts';
import { DEVICES } from './target.ts';

/** Creates a hash of devices that was checked. */
export function createDevmapHash(host: MapHost, wanted: MapAttributes): MapObject | Refusal {
  const map = { ...wanted, flags: wanted.flags | MAP_FLAGS.BPF_F_RDONLY_PROG };
  const place = allotHash(host.machine.memory, map, {
    // One more than there can be: a device is put in place before the old one goes.
    entries: map.maxEntries + 1,
    maxEntries: map.maxEntries,
    access: 'read',
    cpus: undefined,
    spares: 0,
    seed: 0,
    traits: 0,
    isKernelOrder: true,
    kind: KIND_HASH_INDEX,
  });
  return isRefusal(place) ? place : new DevmapHash(host, map, place);
}

/** A live hash of devices. */
class DevmapHash extends MapBase {
  override readonly values: Region;
  readonly #host: MapHost;
  /** Programs, by key. */
  readonly #held = new Map<number, Reference>();

  constructor(host: MapHost, map: MapAttributes, place: HashPlace) {
    super(host, map, place.regions, place.layout);
    this.values = place.regions.values;
    this.#host = host;
  }

  override update(_key: number, _value: number, _flags: bigint): number {
    return this.refuse('EOPNOTSUPP', this.explain('EOPNOTSUPP', 0n, 0));
  }

  override delete(_key: number): number {
    return this.refuse('EOPNOTSUPP', this.explain('EOPNOTSUPP', 0n, 0));
  }

  hasTarget(index: number): boolean {
    return this.#find(index) !== 0;
  }

  slot(index: number): Reference | undefined {
    return this.#held.get(index);
  }

  protected override copyOut(key: Uint8Array, value: Uint8Array): number {
    const element = this.#find(readU32(key, 0));
    if (element === 0) return this.refuse('ENOENT', 'no such key');
    this.load(this.#word(element + ELEMENT_VALUE), value);
    return 0;
  }

  userUpdate(key: Uint8Array, value: Uint8Array, flags: bigint): number {
    const refused = this.checkLockFlag(flags) || this.checkUpdateFlags(flags);
    if (refused !== 0) return refused;
    if (readU32(value, 0) === 0) return this.refuse('EINVAL', 'device index 0');
    const index = readU32(key, 0);
    const exists = this.hasTarget(index);
    if (exists && flags === BPF_NOEXIST) return this.refuse('EEXIST', 'BPF_NOEXIST, but the key exists');
    const target = DEVICES.accept(this.#host, this, index, value);
    if (isRefusal(target)) {
      this.why = target.why;
      return -target.errno;
    }
    const { maxEntries } = this.attributes;
    if (!exists && this.#word(this.address + MAP_COUNT) >= maxEntries) {
      target.held?.[Symbol.dispose]();
      return this.refuse('E2BIG', `all ${maxEntries} entries are in use`);
    }
    this.#release(index);
    const words = new Uint8Array(8);
    writeU32(words, 0, target.words[0]);
    writeU32(words, 4, target.words[1]);
    const answer = this.store(key, words.subarray(0, this.attributes.valueSize), 0n);
    if (isError(answer)) return answer;
    if (target.held !== undefined) this.#held.set(index, target.held);
    return 0;
  }

  userDelete(key: Uint8Array): number {
    if (this.runtime.remove(this.address, this.putKey(key)) !== 0) return this.refuse('ENOENT', 'no such key');
    this.#release(readU32(key, 0));
    return 0;
  }

  userNextKey(key: Uint8Array | undefined, next: Uint8Array): number {
    const from = key === undefined ? 0 : this.#find(readU32(key, 0));
    const element = this.runtime.nextElement(this.address, from) >>> 0;
    if (element === 0) return this.refuse('ENOENT', 'no key behind this one');
    writeU32(next, 0, this.#word(element + ELEMENT_KEY));
    return 0;
  }

  override [Symbol.dispose](): void {
    for (const held of this.#held.values()) held[Symbol.dispose]();
    this.#held.clear();
    super[Symbol.dispose]();
  }

  #find(index: number): number {
    this.memory.view.setUint32(this.keyAddress, index, true);
    return this.runtime.find(this.address, this.keyAddress) >>> 0;
  }

  #word(address: number): number {
    return this.memory.view.getUint32(address, true);
  }

  #release(index: number): void {
    this.#held.get(index)?.[Symbol.dispose]();
    this.#held.delete(index);
  }
}
