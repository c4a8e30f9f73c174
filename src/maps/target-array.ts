/** `devmap`, `cpumap` and `xskmap`: an array of redirect targets. Follows kernel/bpf/devmap.c, cpumap.c and net/xdp/xskmap.c. */
import { KIND_TARGETS } from '../runtime/layout.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import type { Region } from '../vm/memory.ts';
import { MapBase, type MapHost, nextIndex, readU32 } from './base.ts';
import { BPF_EXIST, BPF_NOEXIST } from './flags.ts';
import { headerRequest } from './header.ts';
import { isRefusal, type MapAttributes, type MapObject, type Reference, type Refusal } from './map.ts';
import { allotRegions } from './regions.ts';
import type { TargetRow } from './target.ts';
import { readValue } from './value.ts';

/** Bytes between slots. */
const STRIDE = 8;

/** Creates an array of the targets that `row` describes. */
export function createTargetArray(row: TargetRow) {
  return (host: MapHost, wanted: MapAttributes): MapObject | Refusal => {
    // The kernel keeps programs from writing device indices by this flag, and shows it.
    const map = wanted.type === 'devmap' ? { ...wanted, flags: wanted.flags | MAP_FLAGS.BPF_F_RDONLY_PROG } : wanted;
    const regions = allotRegions(host.machine.memory, map, {
      header: headerRequest(map),
      values: { size: map.maxEntries * STRIDE, access: 'read', elements: { stride: STRIDE, size: map.valueSize } },
    });
    return isRefusal(regions) ? regions : new TargetArray(host, map, regions, row);
  };
}

/** A live array of targets. */
class TargetArray extends MapBase {
  override readonly values: Region;
  readonly #host: MapHost;
  readonly #row: TargetRow;
  readonly #held = new Map<number, Reference>();

  constructor(host: MapHost, map: MapAttributes, regions: { header: Region; values: Region }, row: TargetRow) {
    super(host, map, regions, { kind: KIND_TARGETS, values: regions.values.base, stride: STRIDE });
    this.values = regions.values;
    this.#host = host;
    this.#row = row;
  }

  hasTarget(index: number): boolean {
    return index < this.attributes.maxEntries && this.memory.view.getUint32(this.#address(index), true) !== 0;
  }

  slot(index: number): Reference | undefined {
    return this.#held.get(index);
  }

  protected override copyOut(key: Uint8Array, value: Uint8Array): number {
    if (this.#row.hidden) return this.refuse('EOPNOTSUPP', `a ${this.attributes.type} cannot be read by system call`);
    const index = readU32(key, 0);
    if (!this.hasTarget(index)) return this.refuse('ENOENT', `nothing in slot ${index}`);
    readValue(this.memory, this.#address(index), value, []);
    return 0;
  }

  userUpdate(key: Uint8Array, value: Uint8Array, flags: bigint): number {
    const refused = this.checkLockFlag(flags) || this.checkUpdateFlags(flags);
    if (refused !== 0) return refused;
    const index = readU32(key, 0);
    const { maxEntries } = this.attributes;
    if (index >= maxEntries) return this.refuse('E2BIG', `index ${index} of an array of ${maxEntries}`);
    if (flags === BPF_NOEXIST && (!this.#row.hidden || this.hasTarget(index))) {
      return this.refuse('EEXIST', 'BPF_NOEXIST, but the slot exists');
    }
    const target = this.#row.accept(this.#host, this, index, value);
    if (isRefusal(target)) {
      this.why = target.why;
      return -target.errno;
    }
    if (flags === BPF_EXIST && this.#row.hidden && !this.hasTarget(index)) {
      target.held?.[Symbol.dispose]();
      return this.refuse('ENOENT', `nothing in slot ${index}`);
    }
    this.#set(index, target.words, target.held);
    return 0;
  }

  userDelete(key: Uint8Array): number {
    const index = readU32(key, 0);
    const { maxEntries } = this.attributes;
    if (index >= maxEntries) return this.refuse('EINVAL', `index ${index} of an array of ${maxEntries}`);
    this.#set(index, [0, 0], undefined);
    return 0;
  }

  userNextKey(key: Uint8Array | undefined, next: Uint8Array): number {
    return nextIndex(key, next, this.attributes.maxEntries);
  }

  override [Symbol.dispose](): void {
    for (const held of this.#held.values()) held[Symbol.dispose]();
    this.#held.clear();
    super[Symbol.dispose]();
  }

  #address(index: number): number {
    return this.values.base + index * STRIDE;
  }

  #set(index: number, words: readonly [number, number], held: Reference | undefined): void {
    this.memory.view.setUint32(this.#address(index), words[0], true);
    this.memory.view.setUint32(this.#address(index) + 4, words[1], true);
    this.#held.get(index)?.[Symbol.dispose]();
    if (held === undefined) this.#held.delete(index);
    else this.#held.set(index, held);
  }
}
