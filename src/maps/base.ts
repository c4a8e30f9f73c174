/**
 * What the map types share: their memory, refusals with reasons, the checks of flags that the system call makes for all of them.
 * A type overrides what it has; the rest refuses as the kernel does where an operation is missing.
 */
import type { Machine } from '../machine/machine.ts';
import { isError, type RuntimeFunctions } from '../runtime/runtime.ts';
import { ERRNO, type ErrnoName, errnoName } from '../uapi/errno.ts';
import { alignUp } from '../util/bytes.ts';
import { hex64 } from '../util/int64.ts';
import type { GuestMemory, Region } from '../vm/memory.ts';
import { BPF_EXIST, BPF_F_LOCK } from './flags.ts';
import { callbackKeyOffset, keyOffset, type MapLayout, writeHeader } from './header.ts';
import type { MapAttributes, MapObject, References, ValueField } from './map.ts';
import { readValue, writeValue } from './value.ts';

/** What maps stand on. */
export interface MapHost {
  readonly machine: Machine;
  readonly references: References;
}

/** A map whose programs' side is the runtime's, with everything refused of the system call's side that its type does not do. */
export abstract class MapBase implements MapObject {
  readonly attributes: MapAttributes;
  readonly address: number;
  readonly userValueSize: number;
  readonly values: Region | undefined;
  why = '';
  protected readonly machine: Machine;
  protected readonly memory: GuestMemory;
  protected readonly runtime: RuntimeFunctions;
  protected readonly fields: readonly ValueField[];
  /** Bytes from the values of one CPU to those of the next; 0 where all share them. */
  protected readonly block: number;
  /** Linear address where the key of a system call is put. */
  protected readonly keyAddress: number;
  readonly #regions: readonly Region[];
  readonly #cpus: number;
  #nesting = 0;

  /** `regions.header` is what programs hold a pointer to, of at least `headerRequest`'s size; all are given back with the map. */
  constructor(
    host: MapHost,
    attributes: MapAttributes,
    regions: Readonly<{ header: Region; values?: Region }>,
    layout: MapLayout,
  ) {
    this.machine = host.machine;
    this.memory = host.machine.memory;
    this.runtime = host.machine.runtime.functions;
    this.attributes = attributes;
    this.address = regions.header.base;
    this.values = regions.values;
    this.fields = attributes.fields ?? [];
    this.keyAddress = this.address + keyOffset(attributes);
    this.block = layout.block ?? 0;
    this.#cpus = layout.cpus ?? 1;
    this.userValueSize = this.block === 0 ? attributes.valueSize : this.#cpus * alignUp(attributes.valueSize, 8);
    this.#regions = Object.values(regions);
    writeHeader(this.memory, regions.header, attributes, layout);
  }

  abstract userUpdate(key: Uint8Array, value: Uint8Array, flags: bigint): number;
  abstract userDelete(key: Uint8Array): number;
  abstract userNextKey(key: Uint8Array | undefined, next: Uint8Array): number;

  /** Copies the value of `key` out; the flags have been checked. */
  protected abstract copyOut(key: Uint8Array, value: Uint8Array): number;

  /** Says why the runtime refused an operation with the key at address `key`. */
  protected explain(errno: string, flags: bigint, _key: number): string {
    const { type } = this.attributes;
    if (errno === 'EOPNOTSUPP') return `programs cannot write or delete from a ${type}`;
    if ((flags & ~BPF_F_LOCK) > BPF_EXIST) return `flags ${hex64(flags)}, want BPF_ANY, BPF_NOEXIST or BPF_EXIST`;
    return `flags ${hex64(flags)} do not go with a ${type} ${this.fields.length === 0 ? 'without' : 'with'} a bpf_spin_lock`;
  }

  lookup(key: number): number {
    return this.runtime.lookup(this.address, key) >>> 0;
  }

  update(key: number, value: number, flags: bigint): number {
    return this.answer(this.runtime.update(this.address, key, value, narrowFlags(flags)), flags, key);
  }

  delete(key: number): number {
    return this.answer(this.runtime.remove(this.address, key), 0n, key);
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

  /** Puts the key of a system call where the runtime finds it; gives its address. */
  protected putKey(key: Uint8Array): number {
    this.memory.write(this.keyAddress, key);
    return this.keyAddress;
  }

  /** What the runtime answered; notes why where that is a refusal. */
  protected answer(answer: number, flags: bigint, key: number): number {
    if (isError(answer)) this.why = this.explain(errnoName(-answer), flags, key);
    return answer;
  }

  /** Makes the place for a value of a system call and writes it there, that of each CPU where values are per CPU. */
  protected store(key: Uint8Array, value: Uint8Array, flags: bigint): number {
    const at = this.putKey(key);
    const answer = this.answer(this.runtime.place(this.address, at, narrowFlags(flags)), flags, at);
    if (isError(answer)) return answer;
    const first = (answer >>> 0) - this.machine.env.cpu * this.block;
    this.#eachPart(value, (part, offset) => writeValue(this.memory, first + offset, part, this.fields));
    return 0;
  }

  /** Copies the value whose first CPU's part lies at `first` out, the parts of all CPUs where values are per CPU. */
  protected load(first: number, value: Uint8Array): void {
    this.#eachPart(value, (part, offset) => readValue(this.memory, first + offset, part, this.fields));
  }

  /** Calls `visit` with a key and value for a callback of a program; the key is a copy that only this callback sees. */
  protected visitOne(key: Uint8Array, value: number, visit: (key: number, value: number) => boolean): boolean {
    const at = this.address + callbackKeyOffset(this.attributes, this.#nesting);
    this.memory.write(at, key);
    this.#nesting++;
    try {
      return visit(at, value);
    } finally {
      this.#nesting--;
    }
  }

  /** Notes why, and gives the negative errno. */
  protected refuse(errno: ErrnoName, why: string): number {
    this.why = why;
    return -ERRNO[errno];
  }

  #eachPart(value: Uint8Array, act: (part: Uint8Array, offset: number) => void): void {
    if (this.block === 0) {
      act(value, 0);
      return;
    }
    const stride = value.length / this.#cpus;
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      act(value.subarray(cpu * stride, (cpu + 1) * stride), cpu * this.block);
    }
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

/** The flags of an update as the runtime takes them: 32 bits, more than it knows where there are more. */
export function narrowFlags(flags: bigint): number {
  return flags > 0x7fff_ffffn ? -1 : Number(flags);
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
