/**
 * Values of a context that stand for more than their bits: text, bytes and structs that a pointer leads to. They are built in guest
 * memory and give way to the pointer.
 *
 * Where a 64-bit word or a pointer is wanted: a number, a bigint, a boolean, or text in the form `0x…` is the word itself; any other
 * text is a pointer to it with its NUL, bytes a pointer to them. `{ $user: … }` puts text or bytes in user memory, `{ $type: 'sock', … }`
 * is a pointer to a struct of the kernel's BTF, and a record is one where the pointer's own type says which.
 */

import type { Btf } from '../btf/btf.ts';
import type { BtfRecord } from '../btf/decode.ts';
import { encodeValue } from '../btf/encode.ts';
import type { BtfComposite, BtfType } from '../btf/types.ts';
import type { BtfValue } from '../btf/value.ts';
import type { GuestObjects, ObjectSpace } from '../machine/guest-objects.ts';
import type { Machine } from '../machine/machine.ts';
import { u64 } from '../util/int64.ts';
import { ContextError } from './context-error.ts';

/** What values of one context are built with. */
export interface ValueWorld {
  readonly machine: Machine;
  readonly objects: GuestObjects;
  /** Types of the kernel, where there are any. */
  readonly btf: Btf | undefined;
  /** Where text and bytes lie that do not say it. */
  readonly space: ObjectSpace;
}

const utf8 = new TextEncoder();
const INTEGER = /^-?(0x[0-9a-f]+)$/i;

/** Whether a value is a record of named values. */
export function isRecord(value: BtfValue | undefined): value is BtfRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** The integer that a value is, undefined where it is none. */
export function integerOf(value: BtfValue): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (value === null) return 0n;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  if (typeof value !== 'string' || !INTEGER.test(value)) return undefined;
  return value.startsWith('-') ? -BigInt(value.slice(1)) : BigInt(value);
}

/** Text with its NUL, or bytes. */
function textBytes(path: string, value: BtfValue): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return utf8.encode(`${value}\0`);
  throw new ContextError(path, `${describe(value)}, want text or bytes`);
}

/** A value in short, for messages. */
export function describe(value: BtfValue | undefined): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return isRecord(value) ? 'a record' : String(value);
}

/** A value as a 64-bit word. `typeId` is its type where that is known. */
export function wordOf(world: ValueWorld, path: string, value: BtfValue, typeId?: number): bigint {
  const integer = integerOf(value);
  if (integer !== undefined) {
    if (integer < -(1n << 63n) || integer >= 1n << 64n) throw new ContextError(path, `${integer} does not fit 64 bits`);
    return u64(integer);
  }
  const type = typeId === undefined ? undefined : world.btf?.resolve(typeId);
  if (type?.kind === 'enum' || type?.kind === 'enum64') return enumerator(path, type, value);
  return pointerOf(world, path, value, type?.kind === 'ptr' ? type.type : undefined);
}

function enumerator(path: string, type: Extract<BtfType, { kind: 'enum' | 'enum64' }>, value: BtfValue): bigint {
  const found = type.values.find(({ name }) => name === value);
  if (found === undefined) throw new ContextError(path, `${describe(value)}, want an enumerator of ${type.name}`);
  return u64(found.value);
}

/** A pointer to what a value stands for; `pointee` is the type that the pointer has, where it says one. */
function pointerOf(world: ValueWorld, path: string, value: BtfValue, pointee: number | undefined): bigint {
  if (!isRecord(value) && !Array.isArray(value))
    return world.objects.pointTo(path, textBytes(path, value), world.space);
  if (isRecord(value) && '$user' in value) {
    return world.objects.pointTo(path, textBytes(path, value['$user'] as BtfValue), 'user');
  }
  const { btf } = world;
  if (btf === undefined) throw new ContextError(path, `${describe(value)}: a struct needs the kernel's BTF`);
  if (isRecord(value)) {
    const { $type, ...members } = value;
    const typeId = $type === undefined ? pointee : structId(btf, path, $type);
    if (typeId === undefined) throw new ContextError(path, "a record without a type, want '$type'");
    return world.objects.pointTo(path, structBytes(world, path, typeId, members));
  }
  if (pointee === undefined) throw new ContextError(path, 'an array, but the type of its elements is not known');
  const parts = value.map((element, i) => structBytes(world, `${path}[${i}]`, pointee, element));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return world.objects.pointTo(path, bytes);
}

function structId(btf: Btf, path: string, name: BtfValue): number {
  const id = typeof name === 'string' ? btf.idsByName(name).find(each => isComposite(btf.resolve(each))) : undefined;
  if (id === undefined) throw new ContextError(path, `$type ${describe(name)}: the BTF has no such struct`);
  return id;
}

function isComposite(type: BtfType): type is BtfComposite {
  return type.kind === 'struct' || type.kind === 'union';
}

/** The bytes of a value of a BTF type, what its pointers lead to built beside it. */
export function structBytes(world: ValueWorld, path: string, typeId: number, value: BtfValue): Uint8Array {
  const btf = world.btf!;
  return encodeValue(btf, typeId, lowered(world, path, typeId, value), undefined, path);
}

/** A value whose pointers are words. */
function lowered(world: ValueWorld, path: string, typeId: number, value: BtfValue): BtfValue {
  const btf = world.btf!;
  const type = btf.resolve(typeId);
  if (type.kind === 'ptr') return wordOf(world, path, value, typeId);
  if (type.kind === 'int' && typeof value === 'string') return integerOf(value) ?? value;
  if (type.kind === 'array' && Array.isArray(value)) {
    return value.map((element, i) => lowered(world, `${path}[${i}]`, type.type, element));
  }
  if (!isComposite(type) || !isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const memberType = memberTypeId(btf, type, name);
      return [name, memberType === undefined ? member : lowered(world, `${path}.${name}`, memberType, member)];
    }),
  );
}

/** The type of a member, one of an anonymous member included. */
function memberTypeId(btf: Btf, type: BtfComposite, name: string): number | undefined {
  for (const member of type.members) {
    if (member.name === name) return member.type;
    const inner = member.name === '' ? btf.resolve(member.type) : undefined;
    const found = inner !== undefined && isComposite(inner) ? memberTypeId(btf, inner, name) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}
