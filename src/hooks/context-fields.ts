/**
 * Contexts of the context table, laid out from fields given by name. Addresses may be text (`10.0.0.1`, `2001:db8::1`); packet data is
 * bytes, or hex; a socket is a record of `bpf_sock`'s fields, of which one is made where the context always has one.
 */

import type { BtfValue } from '../btf/value.ts';
import { parseIpv4, parseIpv6 } from '../packet/address.ts';
import { CONTEXTS, type ContextField, type ContextRow } from '../uapi/contexts.ts';
import { parseHex } from '../util/bytes.ts';
import { ContextError, unknownField } from './context-error.ts';
import { describe, integerOf, isRecord, type ValueWorld, wordOf } from './context-value.ts';

/** The values of a context by the names of its fields. */
export type ContextFields = { readonly [name: string]: BtfValue };

/** Fields that hold the length of what another field points to, and are filled in where they are not given. */
const LENGTHS: Readonly<Record<string, readonly string[]>> = {
  optval: ['optlen'],
  skb_data: ['skb_len'],
  data: ['len', 'size'],
};

/** Bytes that a value stands for. */
export function bytesOf(path: string, value: BtfValue): Uint8Array {
  const bytes = typeof value === 'string' ? parseHex(value) : value;
  if (!(bytes instanceof Uint8Array))
    throw new ContextError(path, `${describe(value)}, want bytes, or their hex digits`);
  return bytes;
}

/** Writes a scalar field, or an array of words, to the bytes of a context. */
function encodeScalar(bytes: Uint8Array, name: string, field: ContextField, value: BtfValue): void {
  const { offset, size, element = size } = field;
  const target = bytes.subarray(offset, offset + size);
  const given = typeof value === 'string' ? addressBytes(name, value) : undefined;
  const raw = given ?? (value instanceof Uint8Array ? value : undefined);
  if (raw !== undefined) {
    if (raw.length !== size) throw new ContextError(name, `${raw.length} bytes, want ${size}`);
    target.set(raw);
    return;
  }
  const elements = Array.isArray(value) && element < size ? value : [value];
  if (elements.length > size / element)
    throw new ContextError(name, `${elements.length} elements, want ${size / element}`);
  for (const [i, each] of elements.entries()) {
    encodeInteger(target.subarray(element * i, element * (i + 1)), name, each);
  }
}

function addressBytes(name: string, text: string): Uint8Array | undefined {
  if (name.endsWith('_ip4') && text.includes('.')) return parseIpv4(text);
  return name.endsWith('_ip6') ? parseIpv6(text) : undefined;
}

/** Writes an integer, little-endian, of as many bytes as there are. */
export function encodeInteger(target: Uint8Array, name: string, value: BtfValue): void {
  const bits = BigInt(8 * target.length);
  const integer = integerOf(value);
  if (integer === undefined) throw new ContextError(name, `${describe(value)}, want an integer of ${bits} bits`);
  if (integer < -(1n << (bits - 1n)) || integer >= 1n << bits)
    throw new ContextError(name, `${integer} does not fit ${bits} bits`);
  let rest = BigInt.asUintN(Number(bits), integer);
  for (let i = 0; i < target.length; i++, rest >>= 8n) target[i] = Number(rest & 0xffn);
}

/** The row of a context, whose fields are all that may be given. @throws ContextError for a name that is none. */
function rowFor(name: string, given: ContextFields): ContextRow {
  const row: ContextRow = CONTEXTS[name as keyof typeof CONTEXTS]; // callers have the name from the table
  const names = Object.keys(row.fields).filter(field => field !== '_padding');
  const stray = Object.keys(given).find(field => !names.includes(field));
  if (stray !== undefined) throw unknownField(name, stray, names);
  return row;
}

/** The bytes of a context of the table; what its pointers lead to is built. */
export function encodeFields(world: ValueWorld, name: string, given: ContextFields): Uint8Array {
  const row = rowFor(name, given);
  const bytes = new Uint8Array(row.size);
  for (const field of Object.keys(row.fields)) encodeField(world, bytes, row, field, given);
  return bytes;
}

/** Writes scalar fields over a context that is there. */
export function overwriteFields(bytes: Uint8Array, name: string, given: ContextFields): void {
  const row = rowFor(name, given);
  for (const [field, value] of Object.entries(given)) {
    const { load, ...place } = row.fields[field] as ContextField; // rowFor knows the name
    if (load !== 'scalar') throw new ContextError(field, `${describe(value)}: it follows from the packet`);
    encodeScalar(bytes, field, { load, ...place }, value);
  }
}

function encodeField(world: ValueWorld, bytes: Uint8Array, row: ContextRow, name: string, given: ContextFields): void {
  const field = row.fields[name] as ContextField;
  const value = given[name];
  switch (field.load) {
    case 'scalar':
      if (value !== undefined) encodeScalar(bytes, name, field, value);
      return;
    case 'ptr_to_packet':
      encodePacket(world, bytes, row, name, bytesOf(name, value ?? new Uint8Array(0)), given);
      return;
    case 'ptr_to_packet_end':
    case 'ptr_to_packet_meta':
      if (value !== undefined) throw new ContextError(name, `${describe(value)}: it follows from the data`);
      return;
    case 'ptr_to_socket':
    case 'ptr_to_socket_or_null':
    case 'ptr_to_sock_common_or_null':
      if (value !== undefined || field.load === 'ptr_to_socket')
        encodeInteger(bytes.subarray(field.offset, field.offset + 8), name, socketPointer(world, name, value ?? {}));
      return;
    default:
      encodeInteger(bytes.subarray(field.offset, field.offset + 8), name, objectPointer(world, name, field, value));
  }
}

/** Data, its end, and its length where nobody says another. */
function encodePacket(
  world: ValueWorld,
  bytes: Uint8Array,
  row: ContextRow,
  name: string,
  data: Uint8Array,
  given: ContextFields,
): void {
  const start = world.objects.pointTo(name, data);
  for (const [other, field] of Object.entries(row.fields)) {
    const at = bytes.subarray(field.offset, field.offset + field.size);
    if (other === name) encodeInteger(at, name, start);
    else if (field.load === 'ptr_to_packet_end') encodeInteger(at, other, start + BigInt(data.length));
    else if (LENGTHS[name]?.includes(other) === true && given[other] === undefined)
      encodeInteger(at, other, data.length);
  }
}

function socketPointer(world: ValueWorld, name: string, value: BtfValue): bigint {
  if (!isRecord(value)) return wordOf(world, name, value);
  return world.objects.pointTo(name, encodeFields(world, 'bpf_sock', value));
}

/** A pointer to a kernel struct, an empty one where none is given. */
function objectPointer(world: ValueWorld, name: string, field: ContextField, value: BtfValue | undefined): bigint {
  const $type = field.btf ?? '';
  if (world.btf !== undefined)
    return wordOf(world, name, isRecord(value ?? {}) ? { $type, ...(value as object) } : (value ?? 0));
  return value === undefined ? world.objects.pointTo(name, new Uint8Array(4096)) : wordOf(world, name, value);
}

/** The scalar fields of a context, and what its packet pointers lead to, as a program left them. */
export function decodeFields(world: ValueWorld, name: string, address: number): ContextFields {
  const row: ContextRow = CONTEXTS[name as keyof typeof CONTEXTS]; // the caller has the name from the table
  const { view } = world.objects.memory;
  const integer = (at: number, size: number): number | bigint => {
    if (size === 8) return view.getBigUint64(at, true);
    return size === 4 ? view.getUint32(at, true) : size === 2 ? view.getUint16(at, true) : view.getUint8(at);
  };
  const fields: { [name: string]: BtfValue } = {};
  for (const [field, { offset, size, element = size, load }] of Object.entries(row.fields)) {
    const at = address + offset;
    if (load === 'ptr_to_packet') fields[field] = packetBytes(world, row, address, at);
    else if (load !== 'scalar' || field === '_padding') continue;
    else if (element === size) fields[field] = integer(at, size);
    else fields[field] = Array.from({ length: size / element }, (_, i) => integer(at + i * element, element));
  }
  return fields;
}

function packetBytes({ objects: { memory } }: ValueWorld, row: ContextRow, address: number, at: number): Uint8Array {
  const end = Object.values(row.fields).find(field => field.load === 'ptr_to_packet_end');
  const start = memory.view.getUint32(at, true);
  return memory.read(start, end === undefined ? 0 : memory.view.getUint32(address + end.offset, true) - start);
}
