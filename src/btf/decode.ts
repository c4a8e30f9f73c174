/** Bytes to JavaScript values along a BTF type; the shapes are those of {@link BtfValue}. */
import type { Btf } from './btf.ts';
import { BtfError } from './error.ts';
import { bitRangeOf, canonical, isCharArray, readBits, readInteger } from './scalar.ts';
import type { BtfArray, BtfComposite, BtfDatasec, BtfType } from './types.ts';
import type { BtfValue } from './value.ts';
import { anonymousComposite, memberOffset, Walk } from './walk.ts';

const UTF8 = new TextDecoder();

/** An object that values are gathered in by name. */
export type BtfRecord = { [member: string]: BtfValue };

/**
 * Decodes the value of type `typeId` in `bytes`, in the byte order of `btf`. Anonymous members appear in their parent;
 * a char array is the string up to its first NUL.
 * @throws {BtfError} when `bytes` are too few or the type has no values.
 */
export function decodeValue(btf: Btf, typeId: number, bytes: Uint8Array): BtfValue {
  return decodeAt(new Walk(btf, typeId, bytes), typeId, 0, 0);
}

function decodeAt(walk: Walk, typeId: number, offset: number, depth: number): BtfValue {
  const { btf, bytes } = walk;
  const type = btf.resolve(typeId);
  walk.enter(typeId, offset, btf.sizeOf(typeId), depth);
  switch (type.kind) {
    case 'int':
      if (type.bool) return Number(readInteger(bytes, offset, type.size, btf.byteOrder, false)) !== 0;
      return readInteger(bytes, offset, type.size, btf.byteOrder, type.signed);
    case 'enum':
    case 'enum64':
      return readInteger(bytes, offset, type.size, btf.byteOrder, type.signed);
    case 'ptr':
      return readInteger(bytes, offset, 8, btf.byteOrder, false);
    case 'float':
      return decodeFloat(btf, bytes, offset, type.size);
    case 'array':
      return decodeArray(walk, type, offset, depth);
    case 'struct':
    case 'union': {
      const record: BtfRecord = {};
      decodeMembers(walk, type, offset, depth, record);
      return record;
    }
    case 'var':
      return decodeAt(walk, type.type, offset, depth + 1);
    case 'datasec':
      return decodeDatasec(walk, type, offset, depth);
    default:
      throw noValue(type);
  }
}

function decodeFloat(btf: Btf, bytes: Uint8Array, offset: number, size: number): BtfValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = btf.byteOrder === 'little';
  if (size === 4) return view.getFloat32(offset, little);
  if (size === 8) return view.getFloat64(offset, little);
  return bytes.slice(offset, offset + size);
}

function decodeArray(walk: Walk, type: BtfArray, offset: number, depth: number): BtfValue {
  const { btf, bytes } = walk;
  if (isCharArray(btf, type)) return decodeString(bytes.subarray(offset, offset + type.count));
  const size = btf.sizeOf(type.type);
  const elements: BtfValue[] = [];
  if (size === 0) return elements;
  for (let i = 0; i < type.count; i++) elements.push(decodeAt(walk, type.type, offset + i * size, depth + 1));
  return elements;
}

/** The text of a char array: UTF-8 up to the first NUL or the end. */
export function decodeString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return UTF8.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function decodeMembers(walk: Walk, type: BtfComposite, offset: number, depth: number, into: BtfRecord): void {
  const { btf } = walk;
  for (const member of type.members) {
    const inner = anonymousComposite(btf, member);
    const bits = bitRangeOf(btf, member, offset);
    if (inner !== undefined) {
      const at = memberOffset(type, member, offset);
      walk.enter(inner.id, at, inner.size, depth);
      decodeMembers(walk, inner, at, depth + 1, into);
    } else if (member.name === '') {
      // An unnamed bit field is padding.
    } else if (bits !== undefined) {
      setOwn(into, member.name, decodeBits(walk, member.type, bits));
    } else {
      setOwn(into, member.name, decodeAt(walk, member.type, memberOffset(type, member, offset), depth + 1));
    }
  }
}

function decodeBits(walk: Walk, typeId: number, range: { bitOffset: number; bits: number }): BtfValue {
  const { btf, bytes } = walk;
  const type = btf.resolve(typeId);
  if (type.kind !== 'int' && type.kind !== 'enum' && type.kind !== 'enum64') throw noValue(type, 'as a bit field');
  const end = Math.ceil((range.bitOffset + range.bits) / 8);
  walk.enter(typeId, 0, end, 0);
  const raw = readBits(bytes, range, btf.byteOrder);
  if (type.kind === 'int' && type.bool) return raw !== 0n;
  // The width of the value follows the type, not the field: `u64 flag: 1` is a bigint.
  const value = canonical(raw, range.bits, type.signed);
  return type.size > 4 ? BigInt(value) : value;
}

function decodeDatasec(walk: Walk, type: BtfDatasec, offset: number, depth: number): BtfValue {
  const record: BtfRecord = {};
  for (const variable of type.vars) {
    setOwn(record, walk.btf.nameOf(variable.type), decodeAt(walk, variable.type, offset + variable.offset, depth + 1));
  }
  return record;
}

/** The error for a type that no value has. */
export function noValue(type: BtfType, where = ''): BtfError {
  return new BtfError(`a ${type.kind} has no value${where === '' ? '' : ` ${where}`}`, { typeId: type.id });
}

/** Assigns an own property whatever its name, `__proto__` included. */
export function setOwn<T>(record: { [name: string]: T }, name: string, value: T): void {
  if (name === '__proto__') {
    Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    record[name] = value;
  }
}
