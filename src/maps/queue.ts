/** `queue` and `stack`: a ring of values without keys. Follows kernel/bpf/queue_stack_maps.c. */
import { KIND_QUEUE, KIND_STACK } from '../runtime/layout.ts';
import { isError } from '../runtime/runtime.ts';
import type { Region } from '../vm/memory.ts';
import { MapBase, type MapHost, narrowFlags } from './base.ts';
import { checkFlags, checkSizes, KMALLOC_MAX_SIZE, PLAIN_FLAGS, refuseCreate } from './check.ts';
import { headerRequest } from './header.ts';
import { isRefusal, type MapAttributes, type MapObject, type Refusal } from './map.ts';
import { allotRegions } from './regions.ts';

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
    header: headerRequest(map),
    ring: { size: (map.maxEntries + 1) * map.valueSize, access: 'none' },
  });
  return isRefusal(regions) ? regions : new QueueMap(host, map, regions);
}

/** A live queue or stack. */
class QueueMap extends MapBase {
  constructor(host: MapHost, map: MapAttributes, regions: { header: Region; ring: Region }) {
    const kind = map.type === 'stack' ? KIND_STACK : KIND_QUEUE;
    super(host, map, regions, { kind, values: regions.ring.base, stride: map.valueSize });
  }

  push(value: number, flags: bigint): number {
    return this.answer(this.runtime.push(this.address, value, narrowFlags(flags)), flags, 0);
  }

  pop(value: number): number {
    return this.answer(this.runtime.pop(this.address, value), 0n, 0);
  }

  peek(value: number): number {
    return this.answer(this.runtime.peek(this.address, value), 0n, 0);
  }

  protected override copyOut(_key: Uint8Array, value: Uint8Array): number {
    return this.#getOut(value, false);
  }

  userUpdate(_key: Uint8Array, value: Uint8Array, flags: bigint): number {
    const refused = this.checkLockFlag(flags);
    if (refused !== 0) return refused;
    const slot = this.answer(this.runtime.placeQueue(this.address, narrowFlags(flags)), flags, 0);
    if (isError(slot)) return slot;
    this.memory.write(slot >>> 0, value);
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

  protected override explain(errno: string, flags: bigint): string {
    const { type, maxEntries } = this.attributes;
    if (errno === 'ENOENT') return `the ${type} is empty`;
    if (errno === 'E2BIG') return `all ${maxEntries} entries are in use`;
    return flags === 0n ? `a ${type} has no keys` : `flags ${flags}, want BPF_ANY or BPF_EXIST`;
  }

  #getOut(value: Uint8Array, remove: boolean): number {
    const slot = this.answer(this.runtime.nextInQueue(this.address, Number(remove)), 0n, 0);
    if (isError(slot)) return slot;
    value.set(this.memory.read(slot >>> 0, value.length));
    return 0;
  }
}
