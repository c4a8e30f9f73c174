/**
 * Attribute objects to bytes and back: encodes by the layouts of `attr.gen.ts`, with addresses that the caller gives, and assigns
 * what the kernel wrote back. Members that an object leaves out are zero; aliases of one union write the same bytes.
 */
import { BpfError } from '../util/error.ts';
import { ATTR_LAYOUTS, type BpfAttr, type BpfCommand } from './attr.gen.ts';
import { COMMANDS, type CommandRow } from './commands.ts';
import type { LinkedBytes, MemberLayout, StructLayout } from './layout.ts';

/** Gives the address under which a kernel finds `bytes`. They must stay there until the call has ended. */
export type AddressOf = (bytes: Uint8Array) => bigint;

/** The largest attribute of any command in bytes: room enough for {@link encodeAttr}. */
export const MAX_ATTR_SIZE = Math.max(...Object.values(ATTR_LAYOUTS).map(layout => layout.size));

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

/** The bytes of a text pointer with its NUL; bytes are taken as they are. */
export function cString(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? utf8.encode(`${text}\0`) : text;
}

/** Text up to the first NUL, or to the end. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return fromUtf8.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

type Members = ReadonlyMap<string, MemberLayout>;

const membersByName = new WeakMap<readonly MemberLayout[], Members>();

function byName(list: readonly MemberLayout[]): Members {
  let members = membersByName.get(list);
  if (members === undefined) {
    members = new Map(list.map(member => [member.name, member]));
    membersByName.set(list, members);
  }
  return members;
}

function bad(what: string, name: string, value: unknown, want: string): BpfError {
  return new BpfError('bad_attribute', `${what}: ${name} ${String(value)}, want ${want}`);
}

function encodePointer(value: unknown, addressOf: AddressOf): bigint | undefined {
  if (typeof value === 'string') return addressOf(cString(value));
  if (value instanceof Uint8Array) return value.length === 0 ? 0n : addressOf(value);
  if (typeof value !== 'object' || value === null || !('links' in value)) return undefined;
  const { bytes, links } = value as LinkedBytes; // the only other shape that a pointer member may have
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const { offset, target } of links) view.setBigUint64(offset, addressOf(target), true);
  return addressOf(bytes);
}

function encodeMember(
  view: DataView,
  base: number,
  member: MemberLayout,
  value: unknown,
  addressOf: AddressOf,
  what: string,
) {
  const at = base + member.offset;
  switch (member.kind) {
    case 'u8':
    case 'u16':
    case 'u32':
    case 's32': {
      if (typeof value !== 'number' || !Number.isInteger(value) || value < -(2 ** 31) || value >= 2 ** 32) {
        throw bad(what, member.name, value, 'an integer of 32 bits');
      }
      if (member.size === 4) view.setUint32(at, value, true);
      else if (member.size === 2) view.setUint16(at, value, true);
      else view.setUint8(at, value);
      break;
    }
    case 'bits': {
      if (typeof value !== 'number') throw bad(what, member.name, value, 'a number');
      const [first, count] = member.bits ?? [0, 32];
      const mask = count === 32 ? 0xffffffff : (2 ** count - 1) * 2 ** first;
      view.setUint32(at, ((view.getUint32(at, true) & ~mask) | ((value << first) & mask)) >>> 0, true);
      break;
    }
    case 'u64':
      if (typeof value !== 'bigint') throw bad(what, member.name, value, 'a bigint');
      view.setBigUint64(at, value, true);
      break;
    case 'pointer': {
      const address = encodePointer(value, addressOf);
      if (address === undefined) throw bad(what, member.name, value, 'bytes');
      view.setBigUint64(at, address, true);
      break;
    }
    case 'chars':
    case 'bytes': {
      const bytes = typeof value === 'string' ? utf8.encode(value) : value;
      if (!(bytes instanceof Uint8Array)) throw bad(what, member.name, value, 'text or bytes');
      // A text that fills its array loses its NUL here, and the kernel refuses it.
      for (let i = 0; i < bytes.length && i < member.size; i++) view.setUint8(at + i, bytes[i] ?? 0);
      break;
    }
    case 'struct':
      if (typeof value !== 'object' || value === null) throw bad(what, member.name, value, 'an object');
      encodeMembers(view, at, member.members ?? [], value, addressOf, `${what}: ${member.name}`);
  }
}

function encodeMembers(
  view: DataView,
  base: number,
  list: readonly MemberLayout[],
  values: object,
  addressOf: AddressOf,
  what: string,
): void {
  const members = byName(list);
  for (const name in values) {
    const value = (values as Record<string, unknown>)[name]; // own members by name, checked one by one
    if (value === undefined) continue;
    const member = members.get(name);
    if (member === undefined) throw new BpfError('bad_attribute', `${what}: no member ${name}`);
    encodeMember(view, base, member, value, addressOf, what);
  }
}

/** Encodes the members of `values` into `view`, of which the first `layout.size` bytes are zeroed before. `what` begins a message. */
export function encodeStruct(
  layout: StructLayout,
  values: object,
  view: DataView,
  addressOf: AddressOf,
  what: string,
): void {
  new Uint8Array(view.buffer, view.byteOffset, layout.size).fill(0);
  encodeMembers(view, 0, layout.members, values, addressOf, what);
}

function decodeMember(view: DataView, base: number, member: MemberLayout): unknown {
  const at = base + member.offset;
  const bytes = () => new Uint8Array(view.buffer, view.byteOffset + at, member.size);
  switch (member.kind) {
    case 'u8':
      return view.getUint8(at);
    case 'u16':
      return view.getUint16(at, true);
    case 'u32':
      return view.getUint32(at, true);
    case 's32':
      return view.getInt32(at, true);
    case 'bits': {
      const [first, count] = member.bits ?? [0, 32];
      return (view.getUint32(at, true) >>> first) % 2 ** count;
    }
    case 'u64':
      return view.getBigUint64(at, true);
    case 'chars':
      return textOf(bytes());
    case 'bytes':
      return bytes().slice();
    case 'pointer':
      return undefined;
    case 'struct': {
      const nested: Record<string, unknown> = {};
      decodeMembers(view, at, member.members ?? [], nested);
      return nested;
    }
  }
}

function decodeMembers(
  view: DataView,
  base: number,
  list: readonly MemberLayout[],
  into: Record<string, unknown>,
): void {
  for (const member of list) {
    if (member.kind !== 'pointer') into[member.name] = decodeMember(view, base, member);
  }
}

/** The members of a struct by name, without its pointers, whose addresses mean nothing here. */
export function decodeStruct(layout: StructLayout, bytes: Uint8Array): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  decodeMembers(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, layout.members, values);
  return values;
}

/**
 * Encodes an attribute for `command` into `view`, of at least {@link MAX_ATTR_SIZE} bytes; returns its size in bytes.
 * @throws {BpfError} `bad_attribute` where a member is unknown or of the wrong type.
 */
export function encodeAttr<C extends BpfCommand>(
  command: C,
  attr: BpfAttr[C],
  view: DataView,
  addressOf: AddressOf,
): number {
  const layout = ATTR_LAYOUTS[COMMANDS[command].attr];
  encodeStruct(layout, attr, view, addressOf, command);
  return layout.size;
}

/** Assigns to `attr` the scalars that the kernel wrote into the encoded attribute. */
export function readBack<C extends BpfCommand>(command: C, attr: BpfAttr[C], view: DataView): void {
  const row: CommandRow = COMMANDS[command];
  if (row.writes === undefined) return;
  const members = byName(ATTR_LAYOUTS[row.attr].members);
  for (const name of row.writes) {
    const member = members.get(name);
    if (member !== undefined) (attr as Record<string, unknown>)[name] = decodeMember(view, 0, member); // `writes` names members
  }
}
