/**
 * What the map types share: their memory, refusals with reasons, the checks of flags that the system call makes for all of them.
 * A type overrides what it has; the rest refuses as the kernel does where an operation is missing.
 */
import type { Machine } from '../machine/machine.ts';
import { ERRNO, type ErrnoName } from '../uapi/errno.ts';
import { hex64 } from '../util/int64.ts';
import type { GuestMemory, Region, RegionSpec } from '../vm/memory.ts';
import { BPF_EXIST, BPF_F_LOCK } from './flags.ts';
import { type MapAttributes, type MapObject, type References, type Refusal, refusal, type ValueField } from './map.ts';

/** What maps stand on. */
export interface MapHost {
  readonly machine: Machine;
  readonly references: References;
}

/** What a map type needs of guest memory, by role; `name` is made from it. */
export type RegionRequest = Omit<RegionSpec, 'name'>;

/**
 * Allots the regions of a map, all or none. The name of one is that of the map and its role, the role `values` apart.
 */
export function allotRegions<Role extends string>(
  memory: GuestMemory,
  map: MapAttributes,
  requests: Readonly<Record<Role, RegionRequest>>,
): Readonly<Record<Role, Region>> | Refusal {
  const regions: Partial<Record<Role, Region>> = {};
  const label = `map ${map.name === '' ? map.type : map.name}`;
  for (const role in requests) {
    const name = role === 'values' ? label : `${label} ${role}`;
    const region = memory.allot({ name, ...requests[role] });
    if (region === undefined) {
      for (const done in regions) memory.release(regions[done] as Region);
      return refusal(ERRNO.ENOMEM, `${label}: no room for ${requests[role].size} bytes of ${role}`);
    }
    regions[role] = region;
  }
  return regions as Record<Role, Region>; // every role has been visited
}

/** A map with everything refused that its type does not do. */
export abstract class MapBase implements MapObject {
  readonly attributes: MapAttributes;
  readonly address: number;
  readonly userValueSize: number;
  readonly values: Region | undefined;
  why = '';
  protected readonly machine: Machine;
  protected readonly memory: GuestMemory;
  protected readonly fields: readonly ValueField[];
  readonly #regions: readonly Region[];

  /** `regions.header` is what programs hold a pointer to; all are given back with the map. */
  constructor(
    host: MapHost,
    attributes: MapAttributes,
    regions: Readonly<{ header: Region; values?: Region }>,
    userValueSize = attributes.valueSize,
  ) {
    this.machine = host.machine;
    this.memory = host.machine.memory;
    this.attributes = attributes;
    this.address = regions.header.base;
    this.userValueSize = userValueSize;
    this.values = regions.values;
    this.fields = attributes.fields ?? [];
    this.#regions = Object.values(regions);
  }

  abstract userUpdate(key: Uint8Array, value: Uint8Array, flags: bigint): number;
  abstract userDelete(key: Uint8Array): number;
  abstract userNextKey(key: Uint8Array | undefined, next: Uint8Array): number;

  /** Copies the value of `key` out; the flags have been checked. */
  protected abstract copyOut(key: Uint8Array, value: Uint8Array): number;

  /** No verified program looks into a map that does not override this. */
  lookup(_key: number): number {
    return 0;
  }

  update(_key: number, _value: number, _flags: bigint): number {
    return this.refuse('EOPNOTSUPP', `programs cannot write a ${this.attributes.type}`);
  }

  delete(_key: number): number {
    return this.refuse('EOPNOTSUPP', `programs cannot delete from a ${this.attributes.type}`);
  }

  userLookup(key: Uint8Array, value: Uint8Array, flags: bigint): number {
    return this.checkReadFlags(flags) || this.copyOut(key, value);
  }

  userLookupAndDelete(_key: Uint8Array, _value: Uint8Array, flags: bigint): number {
    return this.checkReadFlags(flags) || this.refuse('ENOTSUPP', `${this.attributes.type} has no lookup-and-delete`);
  }

  [Symbol.dispose](): void {
    for (const region of this.#regions) this.memory.release(region);
  }

  /** Notes why, and gives the negative errno. */
  protected refuse(errno: ErrnoName, why: string): number {
    this.why = why;
    return -ERRNO[errno];
  }

  /** Refuses flags of a lookup by system call: only BPF_F_LOCK may be there, and only where there is a lock. */
  protected checkReadFlags(flags: bigint): number {
    if ((flags & ~BPF_F_LOCK) !== 0n) return this.refuse('EINVAL', `flags ${hex64(flags)}, want 0 or BPF_F_LOCK`);
    return this.checkLockFlag(flags);
  }

  /** Refuses BPF_F_LOCK where the value has no lock. */
  protected checkLockFlag(flags: bigint): number {
    if ((flags & BPF_F_LOCK) === 0n || this.fields.some(field => field.kind === 'spin_lock')) return 0;
    return this.refuse('EINVAL', 'BPF_F_LOCK, but the value has no bpf_spin_lock');
  }

  /** Refuses flags of an update that no map knows. */
  protected checkUpdateFlags(flags: bigint, known = 0n): number {
    if ((flags & ~known) > BPF_EXIST) {
      return this.refuse('EINVAL', `flags ${hex64(flags)}, want BPF_ANY, BPF_NOEXIST or BPF_EXIST`);
    }
    return 0;
  }
}

/** A little-endian u32 in bytes. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** Writes a little-endian u32. */
export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = value >>> (8 * i);
}

/** MAP_GET_NEXT_KEY of every map whose keys are indices. */
export function nextIndex(key: Uint8Array | undefined, next: Uint8Array, maxEntries: number): number {
  const index = key === undefined ? 0xffff_ffff : readU32(key, 0);
  if (index === maxEntries - 1) return -ERRNO.ENOENT;
  writeU32(next, 0, index >= maxEntries ? 0 : index + 1);
  return 0;
}
