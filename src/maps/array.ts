/**
 * `array` and `percpu_array`: values side by side in one region, `round_up(value_size, 8)` apart, one block of them for each CPU
 * where values are per CPU. Follows kernel/bpf/arraymap.c.
 */
import { ERRNO } from '../uapi/errno.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import { alignUp } from '../util/bytes.ts';
import type { Region } from '../vm/memory.ts';
import { allotRegions, MapBase, type MapHost, nextIndex, readU32 } from './base.ts';
import {
  checkFlags,
  checkSizes,
  hasFlag,
  PCPU_MIN_UNIT_SIZE,
  PLAIN_FLAGS,
  programAccess,
  refuseCreate,
} from './check.ts';
import { BPF_F_LOCK, BPF_NOEXIST } from './flags.ts';
import { isRefusal, type MapAttributes, type MapObject, type Refusal } from './map.ts';
import { copyValue, readValue, writeValue } from './value.ts';

/** Callbacks that can stand inside each other: the frames of a program. */
const MAX_NESTING = 8;

const isPerCpu = (map: MapAttributes): boolean => map.type === 'percpu_array';

/** What MAP_CREATE refuses. */
export function checkArray(map: MapAttributes): Refusal | undefined {
  const flags = isPerCpu(map) ? PLAIN_FLAGS : PLAIN_FLAGS | MAP_FLAGS.BPF_F_MMAPABLE | MAP_FLAGS.BPF_F_INNER_MAP;
  const refused = checkSizes(map, { key: size => size === 4, keyText: '4' }) ?? checkFlags(map, flags);
  if (refused !== undefined) return refused;
  if (isPerCpu(map) && hasFlag(map, 'BPF_F_NUMA_NODE'))
    return refuseCreate(map, 'EINVAL', 'per-CPU values have no node');
  const most = isPerCpu(map) ? PCPU_MIN_UNIT_SIZE : 2 ** 31 - 1;
  if ((isPerCpu(map) ? alignUp(map.valueSize, 8) : map.valueSize) > most) {
    return refuseCreate(map, 'E2BIG', `value_size ${map.valueSize}, want at most ${most}`);
  }
  return undefined;
}

/** Creates an array that was checked. */
export function createArray(host: MapHost, map: MapAttributes): MapObject | Refusal {
  const { memory, env } = host.machine;
  const stride = alignUp(map.valueSize, 8);
  const blocks = isPerCpu(map) ? env.cpus : 1;
  const regions = allotRegions(memory, map, {
    // The keys that callbacks of for_each see.
    header: { size: MAX_NESTING * 8, access: 'read' },
    values: {
      size: blocks * map.maxEntries * stride,
      access: programAccess(map),
      elements: { stride, size: map.valueSize },
    },
  });
  return isRefusal(regions) ? regions : new ArrayMap(host, map, regions);
}

/** A live array. */
class ArrayMap extends MapBase {
  override readonly values: Region;
  readonly #stride: number;
  /** Bytes between the values of one CPU and those of the next; 0 where all CPUs share them. */
  readonly #block: number;
  readonly #cpus: number;
  #nesting = 0;

  constructor(host: MapHost, map: MapAttributes, regions: { header: Region; values: Region }) {
    const stride = alignUp(map.valueSize, 8);
    const cpus = isPerCpu(map) ? host.machine.env.cpus : 1;
    super(host, map, regions, isPerCpu(map) ? cpus * stride : map.valueSize);
    this.values = regions.values;
    this.#stride = stride;
    this.#cpus = cpus;
    this.#block = isPerCpu(map) ? map.maxEntries * stride : 0;
  }

  override lookup(key: number): number {
    return this.lookupOnCpu(key, this.machine.env.cpu);
  }

  lookupOnCpu(key: number, cpu: number): number {
    const index = this.memory.view.getUint32(key, true);
    return index < this.attributes.maxEntries ? this.#address(index, cpu) : 0;
  }

  override update(key: number, value: number, flags: bigint): number {
    const index = this.memory.view.getUint32(key, true);
    const refused = this.#checkUpdate(index, flags, BPF_F_LOCK);
    if (refused !== 0) return refused;
    copyValue(this.memory, this.#address(index, this.machine.env.cpu), value, this.attributes.valueSize, this.fields);
    return 0;
  }

  override delete(_key: number): number {
    return this.refuse('EINVAL', 'elements of an array cannot be deleted');
  }

  visitEach(visit: (key: number, value: number) => boolean): number {
    const key = this.address + (this.#nesting++ % MAX_NESTING) * 8;
    let visited = 0;
    try {
      while (visited < this.attributes.maxEntries) {
        const index = visited++;
        this.memory.view.setUint32(key, index, true);
        if (!visit(key, this.#address(index, this.machine.env.cpu))) break;
      }
    } finally {
      this.#nesting--;
    }
    return visited;
  }

  protected override copyOut(key: Uint8Array, value: Uint8Array): number {
    const index = readU32(key, 0);
    const { maxEntries } = this.attributes;
    if (index >= maxEntries) return this.refuse('ENOENT', `index ${index} of an array of ${maxEntries}`);
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      const part = this.#block === 0 ? value : value.subarray(cpu * this.#stride, (cpu + 1) * this.#stride);
      readValue(this.memory, this.#address(index, cpu), part, this.fields);
    }
    return 0;
  }

  userUpdate(key: Uint8Array, value: Uint8Array, flags: bigint): number {
    const index = readU32(key, 0);
    const refused = this.checkLockFlag(flags) || this.#checkUpdate(index, flags, this.#block === 0 ? BPF_F_LOCK : 0n);
    if (refused !== 0) return refused;
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      const part = this.#block === 0 ? value : value.subarray(cpu * this.#stride, (cpu + 1) * this.#stride);
      writeValue(this.memory, this.#address(index, cpu), part, this.fields);
    }
    return 0;
  }

  userDelete(_key: Uint8Array): number {
    return this.delete(0);
  }

  userNextKey(key: Uint8Array | undefined, next: Uint8Array): number {
    return nextIndex(key, next, this.attributes.maxEntries);
  }

  #address(index: number, cpu: number): number {
    return this.values.base + cpu * this.#block + index * this.#stride;
  }

  #checkUpdate(index: number, flags: bigint, known: bigint): number {
    const refused = this.checkUpdateFlags(flags, known);
    if (refused !== 0) return refused;
    const { maxEntries } = this.attributes;
    if (index >= maxEntries) return this.refuse('E2BIG', `index ${index} of an array of ${maxEntries}`);
    if ((flags & BPF_NOEXIST) !== 0n) {
      this.why = 'BPF_NOEXIST, but every element of an array exists';
      return -ERRNO.EEXIST;
    }
    return this.checkLockFlag(flags);
  }
}
