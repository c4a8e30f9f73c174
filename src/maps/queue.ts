/** `queue` and `stack`: a ring of values without keys. Follows kernel/bpf/queue_stack_maps.c. */
import type { Region } from '../vm/memory.ts';
import { allotRegions, MapBase, type MapHost } from './base.ts';
import { checkFlags, checkSizes, KMALLOC_MAX_SIZE, PLAIN_FLAGS, refuseCreate } from './check.ts';
import { BPF_EXIST, BPF_NOEXIST } from './flags.ts';
import { isRefusal, type MapAttributes, type MapObject, type Refusal } from './map.ts';

/** Offsets in the header: the slot of the next push, the slot of the oldest value. Equal when empty; one slot is never used. */
const RING = { head: 0, tail: 4, size: 8 } as const;

/** What MAP_CREATE refuses. */
export function checkQueue(map: MapAttributes): Refusal | undefined {
  const refused = checkSizes(map, { key: size => size === 0, keyText: '0' }) ?? checkFlags(map, PLAIN_FLAGS);
  if (refused !== undefined) return refused;
  if (map.valueSize <= KMALLOC_MAX_SIZE) return undefined;
  return refuseCreate(map, 'E2BIG', `value_size ${map.valueSize}, want at most ${KMALLOC_MAX_SIZE}`);
}

/** Creates a queue or stack that was checked. */
export function createQueue(host: MapHost, map: MapAttributes): MapObject | Refusal {
  const regions = allotRegions(host.machine.memory, map, {
    header: { size: RING.size, access: 'none' },
    ring: { size: (map.maxEntries + 1) * map.valueSize, access: 'none' },
  });
  return isRefusal(regions) ? regions : new QueueMap(host, map, regions);
}

/** A live queue or stack. */
class QueueMap extends MapBase {
  readonly #ring: Region;

  constructor(host: MapHost, map: MapAttributes, regions: { header: Region; ring: Region }) {
    super(host, map, regions);
    this.#ring = regions.ring;
  }

  push(value: number, flags: bigint): number {
    const slot = this.#reserve(flags);
    if (slot < 0) return slot;
    this.memory.u8.copyWithin(slot, value, value + this.attributes.valueSize);
    return 0;
  }

  pop(value: number): number {
    return this.#get(value, true);
  }

  peek(value: number): number {
    return this.#get(value, false);
  }

  override update(_key: number, _value: number, _flags: bigint): number {
    return this.refuse('EINVAL', `a ${this.attributes.type} is written by push`);
  }

  override delete(_key: number): number {
    return this.refuse('EINVAL', `a ${this.attributes.type} has no keys`);
  }

  protected override copyOut(_key: Uint8Array, value: Uint8Array): number {
    return this.#getOut(value, false);
  }

  userUpdate(_key: Uint8Array, value: Uint8Array, flags: bigint): number {
    const refused = this.checkLockFlag(flags);
    if (refused !== 0) return refused;
    const slot = this.#reserve(flags);
    if (slot < 0) return slot;
    this.memory.write(slot, value);
    return 0;
  }

  userDelete(_key: Uint8Array): number {
    return this.delete(0);
  }

  override userLookupAndDelete(_key: Uint8Array, value: Uint8Array, flags: bigint): number {
    if (flags !== 0n) return this.refuse('EINVAL', `flags ${flags}, want 0`);
    return this.#getOut(value, true);
  }

  userNextKey(_key: Uint8Array | undefined, _next: Uint8Array): number {
    return this.refuse('EINVAL', `a ${this.attributes.type} has no keys`);
  }

  get #slots(): number {
    return this.attributes.maxEntries + 1;
  }

  #load(field: number): number {
    return this.memory.view.getUint32(this.address + field, true);
  }

  #store(field: number, slot: number): void {
    this.memory.view.setUint32(this.address + field, slot, true);
  }

  /** Linear address for one more value, or a negative errno. BPF_EXIST makes room at the expense of the oldest. */
  #reserve(flags: bigint): number {
    if ((flags & BPF_NOEXIST) !== 0n || flags > BPF_EXIST) {
      return this.refuse('EINVAL', `flags ${flags}, want BPF_ANY or BPF_EXIST`);
    }
    const head = this.#load(RING.head);
    const following = (head + 1) % this.#slots;
    const tail = this.#load(RING.tail);
    if (following === tail) {
      if (flags !== BPF_EXIST) return this.refuse('E2BIG', `all ${this.attributes.maxEntries} entries are in use`);
      this.#store(RING.tail, (tail + 1) % this.#slots);
    }
    this.#store(RING.head, following);
    return this.#ring.base + head * this.attributes.valueSize;
  }

  /** Linear address of the value whose turn it is, or a negative errno. */
  #next(remove: boolean): number {
    const head = this.#load(RING.head);
    const tail = this.#load(RING.tail);
    if (head === tail) return this.refuse('ENOENT', `the ${this.attributes.type} is empty`);
    const isStack = this.attributes.type === 'stack';
    const slot = isStack ? (head + this.#slots - 1) % this.#slots : tail;
    if (remove) this.#store(isStack ? RING.head : RING.tail, isStack ? slot : (slot + 1) % this.#slots);
    return this.#ring.base + slot * this.attributes.valueSize;
  }

  #get(value: number, remove: boolean): number {
    const { valueSize } = this.attributes;
    const slot = this.#next(remove);
    if (slot < 0) this.memory.u8.fill(0, value, value + valueSize);
    else this.memory.u8.copyWithin(value, slot, slot + valueSize);
    return Math.min(slot, 0);
  }

  #getOut(value: Uint8Array, remove: boolean): number {
    const slot = this.#next(remove);
    if (slot < 0) return slot;
    value.set(this.memory.u8.subarray(slot, slot + value.length));
    return 0;
  }
}
