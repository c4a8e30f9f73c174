/** Values as text through their BTF, for listings: `{pid: 12, comm: "bash", state: RUNNING, peers: [1, 2, 0 × 14]}`. */
import type { Btf } from './btf.ts';
import { decodeString, noValue } from './decode.ts';
import { bitRangeOf, canonical, isCharArray, readBits, readInteger } from './scalar.ts';
import type { BtfArray, BtfComposite, BtfEnum, BtfInt } from './types.ts';
import { anonymousComposite, memberOffset, Walk } from './walk.ts';

/** Runs of equal elements from this length on print once with a count. */
const SHORTEST_RUN = 4;

/**
 * The value of type `typeId` in `bytes` on one line: members by name, enums by enumerator, pointers in hex, char arrays
 * as strings.
 * @throws {BtfError} when `bytes` are too few or the type has no values.
 */
export function formatValue(btf: Btf, typeId: number, bytes: Uint8Array): string {
  return formatAt(new Walk(btf, typeId, bytes), typeId, 0, 0);
}

function formatAt(walk: Walk, typeId: number, offset: number, depth: number): string {
  const { btf, bytes } = walk;
  const type = btf.resolve(typeId);
  const size = btf.sizeOf(typeId);
  walk.enter(typeId, offset, size, depth);
  switch (type.kind) {
    case 'int':
    case 'enum':
    case 'enum64':
      return formatInteger(type, readInteger(bytes, offset, type.size, btf.byteOrder, type.signed));
    case 'ptr':
      return `0x${readInteger(bytes, offset, size, btf.byteOrder, false).toString(16)}`;
    case 'float': {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const little = btf.byteOrder === 'little';
      if (size === 4) return String(view.getFloat32(offset, little));
      if (size === 8) return String(view.getFloat64(offset, little));
      return `[${bytes.subarray(offset, offset + size).join(', ')}]`;
    }
    case 'array':
      return formatArray(walk, type, offset, depth);
    case 'struct':
    case 'union':
      return `{${formatMembers(walk, type, offset, depth).join(', ')}}`;
    case 'datasec':
      return `{${type.vars.map(row => `${btf.nameOf(row.type)}: ${formatAt(walk, row.type, offset + row.offset, depth + 1)}`).join(', ')}}`;
    case 'var':
      return formatAt(walk, type.type, offset, depth + 1);
    default:
      throw noValue(type);
  }
}

function formatInteger(type: BtfInt | BtfEnum, value: number | bigint): string {
  if (type.kind === 'int') return type.bool ? String(Number(value) !== 0) : String(value);
  return type.values.find(row => row.value === BigInt(value))?.name ?? String(value);
}

function formatArray(walk: Walk, type: BtfArray, offset: number, depth: number): string {
  const { btf, bytes } = walk;
  if (isCharArray(btf, type)) return JSON.stringify(decodeString(bytes.subarray(offset, offset + type.count)));
  const size = btf.sizeOf(type.type);
  const parts: string[] = [];
  let previous = '';
  let run = 0;
  const endRun = () => {
    if (run >= SHORTEST_RUN) parts.push(`${previous} × ${run}`);
    else for (let i = 0; i < run; i++) parts.push(previous);
  };
  for (let i = 0; i < (size === 0 ? 0 : type.count); i++) {
    const text = formatAt(walk, type.type, offset + i * size, depth + 1);
    if (run > 0 && text === previous) {
      run++;
      continue;
    }
    endRun();
    previous = text;
    run = 1;
  }
  endRun();
  return `[${parts.join(', ')}]`;
}

function formatMembers(walk: Walk, type: BtfComposite, offset: number, depth: number): string[] {
  const { btf, bytes } = walk;
  return type.members.flatMap(member => {
    const inner = anonymousComposite(btf, member);
    if (inner !== undefined) {
      const at = memberOffset(type, member, offset);
      walk.enter(inner.id, at, inner.size, depth);
      return formatMembers(walk, inner, at, depth + 1);
    }
    if (member.name === '') return [];
    const range = bitRangeOf(btf, member, offset);
    if (range === undefined) {
      return [`${member.name}: ${formatAt(walk, member.type, memberOffset(type, member, offset), depth + 1)}`];
    }
    const field = btf.resolve(member.type);
    if (field.kind !== 'int' && field.kind !== 'enum' && field.kind !== 'enum64')
      throw noValue(field, 'as a bit field');
    walk.enter(member.type, 0, Math.ceil((range.bitOffset + range.bits) / 8), depth);
    const value = canonical(readBits(bytes, range, btf.byteOrder), range.bits, field.signed);
    return [`${member.name}: ${formatInteger(field, value)}`];
  });
}
