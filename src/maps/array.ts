/**
 * `array` and `percpu_array`: values side by side in one region, `round_up(value_size, 8)` apart, one block of them for each CPU
 * where values are per CPU. Follows kernel/bpf/arraymap.c.
 */
import { KIND_ARRAY } from '../runtime/layout.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import { alignUp } from '../util/bytes.ts';
import { GUEST_PAGE, type Region } from '../vm/memory.ts';
import { MapBase, type MapHost, nextIndex, readU32, writeU32 } from './base.ts';
import {
  checkFlags,
  checkSizes,
  hasFlag,
  PCPU_MIN_UNIT_SIZE,
  PLAIN_FLAGS,
  programAccess,
  refuseCreate,
} from './check.ts';
import { headerRequest, type MapLayout } from './header.ts';
import { isRefusal, type MapAttributes, type MapMapping, type MapObject, type Refusal } from './map.ts';
import { allotRegions } from './regions.ts';

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
  const cpus = isPerCpu(map) ? env.cpus : 1;
  const regions = allotRegions(memory, map, {
    header: headerRequest(map),
    values: {
      size: cpus * map.maxEntries * stride,
      access: programAccess(map),
      elements: { stride, size: map.valueSize },
    },
  });
  if (isRefusal(regions)) return regions;
  const block = isPerCpu(map) ? map.maxEntries * stride : 0;
  return new ArrayMap(host, map, regions, { kind: KIND_ARRAY, values: regions.values.base, stride, block, cpus });
}

/** A live array. */
class ArrayMap extends MapBase {
  override readonly values: Region;
  readonly #stride: number;

  constructor(host: MapHost, map: MapAttributes, regions: { header: Region; values: Region }, layout: MapLayout) {
    super(host, map, regions, layout);
    this.values = regions.values;
    this.#stride = alignUp(map.valueSize, 8);
  }

  lookupOnCpu(key: number, cpu: number): number {
    return this.runtime.lookupOn(this.address, key, cpu) >>> 0;
  }

  visitEach(visit: (key: number, value: number) => boolean): number {
    const key = new Uint8Array(4);
    let visited = 0;
    while (visited < this.attributes.maxEntries) {
      writeU32(key, 0, visited++);
      if (!this.visitOne(key, this.lookup(this.putKey(key)), visit)) break;
    }
    return visited;
  }

  get mapping(): MapMapping | undefined {
    if (!hasFlag(this.attributes, 'BPF_F_MMAPABLE')) return undefined;
    const size = alignUp(this.values.size, GUEST_PAGE);
    return { address: this.values.base, size, writable: size };
  }

  protected override copyOut(key: Uint8Array, value: Uint8Array): number {
    const index = readU32(key, 0);
    const { maxEntries } = this.attributes;
    if (index >= maxEntries) return this.refuse('ENOENT', `index ${index} of an array of ${maxEntries}`);
    this.load(this.values.base + index * this.#stride, value);
    return 0;
  }

  userUpdate(key: Uint8Array, value: Uint8Array, flags: bigint): number {
    return this.checkLockFlag(flags) || this.store(key, value, flags);
  }

  userDelete(_key: Uint8Array): number {
    return this.delete(0);
  }

  userNextKey(key: Uint8Array | undefined, next: Uint8Array): number {
    return nextIndex(key, next, this.attributes.maxEntries);
  }

  protected override explain(errno: string, flags: bigint, key: number): string {
    if (errno === 'E2BIG') {
      return `index ${this.memory.view.getUint32(key, true)} of an array of ${this.attributes.maxEntries}`;
    }
    if (errno === 'EEXIST') return 'BPF_NOEXIST, but every element of an array exists';
    return key === 0 ? 'elements of an array cannot be deleted' : super.explain(errno, flags, key);
  }
}
