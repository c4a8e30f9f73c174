/**
 * Arrays whose slots hold what a file descriptor names: `prog_array`, `perf_event_array`, `cgroup_array`. Only system calls fill
 * them; engines and helpers read `slot`. Follows the fd arrays of kernel/bpf/arraymap.c.
 */

import { KIND_OPAQUE } from '../runtime/layout.ts';
import { ERRNO } from '../uapi/errno.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import type { Region } from '../vm/memory.ts';
import { MapBase, type MapHost, nextIndex, readU32, writeU32 } from './base.ts';
import { checkFlags, checkSizes } from './check.ts';
import { headerRequest } from './header.ts';
import {
  isRefusal,
  type MapAttributes,
  type MapObject,
  type Reference,
  type ReferenceKind,
  type References,
  type Refusal,
} from './map.ts';
import { allotRegions } from './regions.ts';

/** What the slots of a type hold, and whether a system call may read the ids of it. */
interface FdArrayRow {
  readonly holds: ReferenceKind;
  readonly readable: boolean;
}

const FD_ARRAYS = {
  prog_array: { holds: 'program', readable: true },
  perf_event_array: { holds: 'perf_event', readable: false },
  cgroup_array: { holds: 'cgroup', readable: false },
} as const satisfies Record<string, FdArrayRow>;

/** What MAP_CREATE refuses. */
export function checkFdArray(map: MapAttributes): Refusal | undefined {
  const flags = MAP_FLAGS.BPF_F_NUMA_NODE | MAP_FLAGS.BPF_F_RDONLY | MAP_FLAGS.BPF_F_WRONLY;
  const is4 = (size: number): boolean => size === 4;
  return (
    checkSizes(map, { key: is4, keyText: '4', value: is4, valueText: '4, a file descriptor' }) ??
    checkFlags(map, map.type === 'perf_event_array' ? flags | MAP_FLAGS.BPF_F_PRESERVE_ELEMS : flags)
  );
}

/** Bytes of the word that compiled code finds in each slot. */
const SLOT = 4;

/** Creates an array of references of one of the types in the table above. */
export function createFdArray(type: keyof typeof FD_ARRAYS) {
  return (host: MapHost, map: MapAttributes): MapObject | Refusal => {
    const regions = allotRegions(host.machine.memory, map, {
      header: headerRequest(map),
      slots: { size: map.maxEntries * SLOT, access: 'none' },
    });
    return isRefusal(regions) ? regions : new FdArrayMap(host, map, regions, FD_ARRAYS[type]);
  };
}

/** A live array of references. */
class FdArrayMap extends MapBase {
  readonly #row: FdArrayRow;
  readonly #references: References;
  readonly #words: number;
  readonly #slots = new Map<number, Reference>();

  constructor(host: MapHost, map: MapAttributes, regions: { header: Region; slots: Region }, row: FdArrayRow) {
    super(host, map, regions, { kind: KIND_OPAQUE, values: regions.slots.base, stride: SLOT });
    this.#row = row;
    this.#references = host.references;
    this.#words = regions.slots.base;
  }

  slot(index: number): Reference | undefined {
    return this.#slots.get(index);
  }

  override userLookup(key: Uint8Array, value: Uint8Array, flags: bigint): number {
    const refused = this.checkReadFlags(flags);
    if (refused !== 0) return refused;
    if (!this.#row.readable) return this.refuse('ENOTSUPP', `a ${this.attributes.type} cannot be read by system call`);
    return this.copyOut(key, value);
  }

  protected override copyOut(key: Uint8Array, value: Uint8Array): number {
    const held = this.#slots.get(readU32(key, 0));
    if (held === undefined) return this.#refuseEmpty(key);
    writeU32(value, 0, held.id);
    return 0;
  }

  userUpdate(key: Uint8Array, value: Uint8Array, flags: bigint): number {
    if (flags !== 0n) return this.refuse('EINVAL', `flags ${flags}, want BPF_ANY`);
    const index = readU32(key, 0);
    const refused = this.#checkIndex(index);
    if (refused !== 0) return refused;
    const held = this.#references.resolve(this.#row.holds, readU32(value, 0) | 0, this);
    if (isRefusal(held)) {
      this.why = held.why;
      return -held.errno;
    }
    this.#slots.get(index)?.[Symbol.dispose]();
    this.#slots.set(index, held);
    this.#setWord(index, held.word ?? 0);
    return 0;
  }

  userDelete(key: Uint8Array): number {
    const index = readU32(key, 0);
    const refused = this.#checkIndex(index);
    if (refused !== 0) return refused;
    const held = this.#slots.get(index);
    if (held === undefined) return this.#refuseEmpty(key);
    this.#slots.delete(index);
    this.#setWord(index, 0);
    held[Symbol.dispose]();
    return 0;
  }

  userNextKey(key: Uint8Array | undefined, next: Uint8Array): number {
    return nextIndex(key, next, this.attributes.maxEntries);
  }

  override [Symbol.dispose](): void {
    for (const held of this.#slots.values()) held[Symbol.dispose]();
    this.#slots.clear();
    super[Symbol.dispose]();
  }

  /** What compiled code finds in a slot. */
  #setWord(index: number, word: number): void {
    this.memory.view.setUint32(this.#words + index * SLOT, word, true);
  }

  #checkIndex(index: number): number {
    const { maxEntries } = this.attributes;
    return index < maxEntries ? 0 : this.refuse('E2BIG', `index ${index} of an array of ${maxEntries}`);
  }

  #refuseEmpty(key: Uint8Array): number {
    this.why = `nothing in slot ${readU32(key, 0)}`;
    return -ERRNO.ENOENT;
  }
}
