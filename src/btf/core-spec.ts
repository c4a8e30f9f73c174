/**
 * The access that a CO-RE record describes (`0:1:2` of a type) as steps: the array elements and the named members it goes through.
 * Anonymous members make no step, for the target may have the same field at another depth. Follows libbpf's `bpf_core_parse_spec`.
 */
import type { Btf } from './btf.ts';
import { CORE_KINDS } from './core-kinds.ts';
import { BtfError } from './error.ts';
import { formatTypeName } from './type-name.ts';
import type { BtfArray } from './types.ts';

/** Longest access string, in elements. */
const MAX_LENGTH = 64;

/** One step of an access. */
export interface CoreStep {
  /** A member's struct, an enumerator's enum, or the type of an array element. */
  readonly typeId: number;
  /** Index of the member, enumerator or array element. */
  readonly index: number;
  /** Of a member or enumerator; undefined for an array element. */
  readonly name: string | undefined;
}

/** An access in one BTF. */
export interface CoreSpec {
  readonly btf: Btf;
  readonly rootId: number;
  /** Empty for what is asked of a type as a whole. The first of a field access indexes the root as if it were an array. */
  readonly steps: readonly CoreStep[];
  /** Where the field starts, from the start of the root. */
  readonly bitOffset: number;
}

/** A record as .BTF.ext has it. */
export interface CoreQuery {
  readonly typeId: number;
  readonly accessSpec: string;
  readonly kind: number;
}

/**
 * The access of a record in the types that it was compiled with.
 * @throws {BtfError} when the types do not have it.
 */
export function parseSpec(btf: Btf, { typeId, accessSpec, kind }: CoreQuery): CoreSpec {
  const row = CORE_KINDS[kind];
  if (row === undefined) throw new BtfError(`CO-RE kind ${kind}, want 0..${CORE_KINDS.length - 1}`, { typeId });
  const spec = { btf, rootId: typeId, steps: [], bitOffset: 0 };
  if (row.of === 'type') {
    if (accessSpec !== '0') throw badAccess(accessSpec, typeId, 'want 0 for a type');
    return spec;
  }
  const indexes = parseIndexes(accessSpec, typeId);
  if (row.of === 'field') return { ...spec, ...parseField(btf, typeId, indexes) };
  const type = btf.resolve(typeId);
  const [index = 0] = indexes;
  const value = type.kind === 'enum' || type.kind === 'enum64' ? type.values[index] : undefined;
  if (value === undefined || indexes.length > 1) throw badAccess(accessSpec, typeId, 'want an enumerator of an enum');
  return { ...spec, steps: [{ typeId: type.id, index, name: value.name }] };
}

function parseField(btf: Btf, rootId: number, indexes: readonly number[]): Pick<CoreSpec, 'steps' | 'bitOffset'> {
  const [first = 0, ...rest] = indexes;
  let type = btf.resolve(rootId);
  let bitOffset = first * btf.sizeOf(type.id) * 8;
  const steps: CoreStep[] = [{ typeId: type.id, index: first, name: undefined }];
  for (const index of rest) {
    switch (type.kind) {
      case 'struct':
      case 'union': {
        const member = type.members[index];
        if (member === undefined) throw badAccess(indexes.join(':'), rootId, `${type.kind} has no member ${index}`);
        bitOffset += member.bitOffset;
        if (member.name !== '') steps.push({ typeId: type.id, index, name: member.name });
        type = btf.resolve(member.type);
        break;
      }
      case 'array': {
        if (!hasElement(btf, steps.at(-1), type, index))
          throw badAccess(indexes.join(':'), rootId, `array has ${type.count} elements`);
        type = btf.resolve(type.type);
        steps.push({ typeId: type.id, index, name: undefined });
        bitOffset += index * btf.sizeOf(type.id) * 8;
        break;
      }
      default:
        throw badAccess(indexes.join(':'), rootId, `a ${type.kind} has no parts`);
    }
  }
  return { steps, bitOffset };
}

function parseIndexes(accessSpec: string, typeId: number): number[] {
  if (!/^\d+(:\d+)*$/.test(accessSpec)) throw badAccess(accessSpec, typeId, 'want numbers between colons');
  const indexes = accessSpec.split(':').map(Number);
  if (indexes.length > MAX_LENGTH) throw badAccess(accessSpec, typeId, `longer than ${MAX_LENGTH} elements`);
  return indexes;
}

function badAccess(accessSpec: string, typeId: number, problem: string): BtfError {
  return new BtfError(`access ${accessSpec}: ${problem}`, { typeId });
}

/** Whether an array reached by `step` has an element `index`; the flexible array at the end of a struct has all. */
export function hasElement(btf: Btf, step: CoreStep | undefined, array: BtfArray, index: number): boolean {
  if (index < array.count) return true;
  if (array.count > 0 || step?.name === undefined) return false;
  const parent = btf.type(step.typeId);
  return (parent.kind === 'struct' || parent.kind === 'union') && step.index === parent.members.length - 1;
}

/** A record's access for people: `task_struct.comm[3]`, `enum foo.BAR`, `struct foo`; the bare record where the types do not tell. */
export function formatAccess(btf: Btf | undefined, query: CoreQuery): string {
  if (btf === undefined) return query.accessSpec;
  try {
    const { steps, rootId } = parseSpec(btf, query);
    const root = btf.type(rootId);
    const first = steps[0];
    if (first === undefined) return formatTypeName(btf, rootId);
    if (first.name !== undefined) return `${formatTypeName(btf, rootId)}.${first.name}`;
    const text = root.name === '' ? formatTypeName(btf, rootId) : root.name;
    return steps.reduce(
      (path, { name, index }, i) =>
        name !== undefined ? `${path}.${name}` : i === 0 && index === 0 ? path : `${path}[${index}]`,
      text,
    );
  } catch (error) {
    if (!(error instanceof BtfError)) throw error;
    return `type ${query.typeId} access ${query.accessSpec}`;
  }
}
