/**
 * JavaScript values to bytes along a BTF type, the inverse of `decodeValue`: range-checked, and an error names the path
 * (`config.limit: 300 does not fit u8`). Over existing bytes only what differs is written, so that what a decoded value
 * does not show (padding, bytes behind a string's NUL, the other members of a union) stays as it was.
 */
import type { Btf } from './btf.ts';
import { type BtfRecord, decodeString, decodeValue, noValue } from './decode.ts';
import { BtfError } from './error.ts';
import { bitRangeOf, isCharArray, writeBits } from './scalar.ts';
import { formatTypeName } from './type-name.ts';
import type { BtfArray, BtfComposite, BtfEnum, BtfInt, BtfMember } from './types.ts';
import type { BtfValue } from './value.ts';
import { anonymousComposite, memberOffset, Walk } from './walk.ts';

const UTF8 = new TextEncoder();

/** Where a part of the value goes: the byte offset, the levels above it, the path that errors name. */
interface Spot {
  readonly walk: Walk;
  readonly offset: number;
  readonly depth: number;
  readonly path: string;
}

/**
 * Encodes `value` as type `typeId`. Members that the value does not name stay zero, or as they are in `into`. An enum
 * may be given by its enumerator's name, anything by its raw bytes.
 * @returns `into`, or new bytes.
 * @throws {BtfError} when the value does not fit, its message naming the path from `name` (the type's name unless
 * given).
 */
export function encodeValue(btf: Btf, typeId: number, value: BtfValue, into?: Uint8Array, name?: string): Uint8Array {
  const bytes = into ?? new Uint8Array(btf.sizeOf(typeId));
  const path = name ?? (btf.resolve(typeId).name || 'value');
  encodeAt({ walk: new Walk(btf, typeId, bytes), offset: 0, depth: 0, path }, typeId, value);
  return bytes;
}

function encodeAt(spot: Spot, typeId: number, value: BtfValue): void {
  const { walk, offset, depth, path } = spot;
  const { btf, bytes } = walk;
  const type = btf.resolve(typeId);
  const size = btf.sizeOf(typeId);
  walk.enter(typeId, offset, size, depth);
  if (value instanceof Uint8Array) {
    if (value.length !== size) throw mismatch(path, typeId, `${value.length} raw bytes`, `${size} bytes`);
    bytes.set(value, offset);
    return;
  }
  const range = { bitOffset: offset * 8, bits: size * 8 };
  switch (type.kind) {
    case 'int':
    case 'enum':
    case 'enum64':
      writeBits(bytes, range, btf.byteOrder, toInteger(btf, type, typeId, range.bits, value, path));
      return;
    case 'ptr':
      writeBits(bytes, range, btf.byteOrder, inRange(btf, typeId, value, [0n, 1n << 64n], path));
      return;
    case 'float':
      encodeFloat(spot, typeId, size, value);
      return;
    case 'array':
      encodeArray(spot, type, value);
      return;
    case 'struct':
    case 'union':
      encodeComposite(spot, type, value);
      return;
    case 'var':
      encodeAt({ ...spot, depth: depth + 1 }, type.type, value);
      return;
    default:
      throw noValue(type);
  }
}

function encodeComposite(spot: Spot, type: BtfComposite, value: BtfValue): void {
  const { btf } = spot.walk;
  if (!isRecord(value))
    throw mismatch(spot.path, type.id, describe(value), `an object for ${formatTypeName(btf, type.id)}`);
  const used = new Set<string>();
  encodeMembers(spot, type, value, used);
  for (const key of Object.keys(value)) {
    if (used.has(key)) continue;
    const problem = `${formatTypeName(btf, type.id)} has no such member`;
    throw new BtfError(problem, { typeId: type.id, path: `${spot.path}.${key}` });
  }
}

/** Encodes what `record` names of `type`, members of anonymous members included, and adds those names to `used`. */
function encodeMembers(spot: Spot, type: BtfComposite, record: BtfRecord, used: Set<string>): void {
  const { walk, offset, depth, path } = spot;
  const { btf, bytes } = walk;
  // Members of a union lie over each other: one that still has its old value must not undo another that changed.
  const before = type.kind === 'union' ? bytes.slice(offset, offset + type.size) : undefined;
  for (const member of type.members) {
    const inner = anonymousComposite(btf, member);
    if (inner !== undefined) {
      const at = memberOffset(type, member, offset);
      walk.enter(inner.id, at, inner.size, depth);
      const old = before && (decodeValue(btf, inner.id, before.subarray(at - offset)) as BtfRecord); // a composite decodes to a record
      encodeMembers({ ...spot, offset: at, depth: depth + 1 }, inner, old ? changes(old, record, used) : record, used);
    } else if (member.name !== '' && Object.hasOwn(record, member.name)) {
      used.add(member.name);
      const value = record[member.name] as BtfValue;
      if (before !== undefined && sameValue(decodeMember(btf, type, member, before), value)) continue;
      encodeMember({ ...spot, path: `${path}.${member.name}` }, type, member, value);
    }
  }
}

/** The entries of `record` that `old` has with another value; those with the same are only marked as used. */
function changes(old: BtfRecord, record: BtfRecord, used: Set<string>): BtfRecord {
  const changed: BtfRecord = {};
  for (const key of Object.keys(old)) {
    if (!Object.hasOwn(record, key)) continue;
    used.add(key);
    if (!sameValue(old[key], record[key] as BtfValue)) changed[key] = record[key] as BtfValue;
  }
  return changed;
}

function encodeMember(spot: Spot, type: BtfComposite, member: BtfMember, value: BtfValue): void {
  const { walk, offset, depth, path } = spot;
  const { btf } = walk;
  const range = bitRangeOf(btf, member, offset);
  if (range === undefined) {
    encodeAt({ walk, offset: memberOffset(type, member, offset), depth: depth + 1, path }, member.type, value);
    return;
  }
  const field = btf.resolve(member.type);
  if (field.kind !== 'int' && field.kind !== 'enum' && field.kind !== 'enum64') throw noValue(field, 'as a bit field');
  walk.enter(member.type, 0, Math.ceil((range.bitOffset + range.bits) / 8), depth);
  writeBits(walk.bytes, range, btf.byteOrder, toInteger(btf, field, member.type, range.bits, value, path));
}

function decodeMember(btf: Btf, type: BtfComposite, member: BtfMember, bytes: Uint8Array): BtfValue | undefined {
  if (bitRangeOf(btf, member, 0) !== undefined) return undefined;
  return decodeValue(btf, member.type, bytes.subarray(memberOffset(type, member, 0)));
}

function encodeFloat({ walk, offset, path }: Spot, typeId: number, size: number, value: BtfValue): void {
  const { btf, bytes } = walk;
  if (typeof value !== 'number' || (size !== 4 && size !== 8)) {
    throw mismatch(path, typeId, describe(value), size === 4 || size === 8 ? 'a number' : `${size} raw bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (size === 4) view.setFloat32(offset, value, btf.byteOrder === 'little');
  else view.setFloat64(offset, value, btf.byteOrder === 'little');
}

function encodeArray(spot: Spot, type: BtfArray, value: BtfValue): void {
  const { walk, offset, depth, path } = spot;
  const { btf, bytes } = walk;
  if (typeof value === 'string' && isCharArray(btf, type)) {
    const field = bytes.subarray(offset, offset + type.count);
    if (decodeString(field) === value) return;
    const text = UTF8.encode(value);
    if (text.includes(0)) throw mismatch(path, type.id, `${describe(value)} has a NUL inside`, 'none');
    if (text.length > type.count) {
      const problem = `a string of ${text.length} bytes does not fit ${formatTypeName(btf, type.id)}`;
      throw new BtfError(problem, { typeId: type.id, path });
    }
    field.fill(0);
    field.set(text);
    return;
  }
  if (!Array.isArray(value)) {
    throw mismatch(path, type.id, describe(value), isCharArray(btf, type) ? 'a string' : 'an array');
  }
  const size = btf.sizeOf(type.type);
  const count = size === 0 ? 0 : type.count;
  if (value.length !== count) throw mismatch(path, type.id, `${value.length} elements`, `${count}`);
  value.forEach((element, i) => {
    encodeAt({ walk, offset: offset + i * size, depth: depth + 1, path: `${path}[${i}]` }, type.type, element);
  });
}

function toInteger(
  btf: Btf,
  type: BtfInt | BtfEnum,
  typeId: number,
  bits: number,
  value: BtfValue,
  path: string,
): bigint {
  const half = 1n << BigInt(bits - 1);
  if (type.kind === 'int') {
    if (type.bool) return typeof value === 'boolean' ? BigInt(value) : inRange(btf, typeId, value, [0n, 2n], path);
    return inRange(btf, typeId, value, type.signed ? [-half, half] : [0n, 2n * half], path);
  }
  let number = value;
  if (typeof value === 'string') {
    const row = type.values.find(({ name }) => name === value);
    if (row === undefined)
      throw mismatch(path, typeId, describe(value), `an enumerator of ${formatTypeName(btf, typeId)}`);
    number = row.value;
  }
  // C lets an enum hold any number of its width, and compilers do not agree on its sign.
  return inRange(btf, typeId, number, [-half, 2n * half], path);
}

/** `value` as a bigint, which lies from `low` up to but not `end`. */
function inRange(btf: Btf, typeId: number, value: BtfValue, [low, end]: [bigint, bigint], path: string): bigint {
  if (typeof value !== 'bigint' && !(typeof value === 'number' && Number.isInteger(value))) {
    throw mismatch(path, typeId, describe(value), `a value of ${formatTypeName(btf, typeId)}`);
  }
  const integer = BigInt(value);
  if (integer < low || integer >= end) {
    throw new BtfError(`${integer} does not fit ${formatTypeName(btf, typeId)}`, { typeId, path });
  }
  return integer;
}

function isRecord(value: BtfValue): value is BtfRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function mismatch(path: string, typeId: number, got: string, want: string): BtfError {
  return new BtfError(`${got}, want ${want}`, { typeId, path });
}

function describe(value: BtfValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function sameValue(a: BtfValue | undefined, b: BtfValue): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((element, i) => sameValue(element, b[i] as BtfValue));
  }
  if (a !== undefined && isRecord(a) && isRecord(b)) {
    const keys = Object.keys(a);
    if (keys.length !== Object.keys(b).length) return false;
    return keys.every(key => Object.hasOwn(b, key) && sameValue(a[key], b[key] as BtfValue));
  }
  return Object.is(a, b);
}
