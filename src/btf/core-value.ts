/**
 * What a CO-RE record's answer is in one BTF: a number, and for offsets the size of what lies there. Follows libbpf's
 * `bpf_core_calc_field_relo`, `bpf_core_calc_type_relo` and `bpf_core_calc_enumval_relo`.
 */
import type { Btf } from './btf.ts';
import type { CoreKindOf } from './core-kinds.ts';
import type { CoreSpec, CoreStep } from './core-spec.ts';
import { BtfError } from './error.ts';

/** An answer. */
export interface CoreValue {
  /** 64 bits, unsigned. */
  readonly value: bigint;
  /** Whether a compiler agrees on the value: where a bit field is read from is its own choice. */
  readonly certain: boolean;
  /** The scalar that is read at a byte offset; undefined for bit fields and for what is no offset. */
  readonly unit?: { readonly typeId: number; readonly size: number };
}

/** The answer for a type as a whole; 0 where the target has none. */
export function typeValue(kind: CoreKindOf<'type'>, spec: CoreSpec | undefined): CoreValue {
  if (spec === undefined) return exactly(0);
  switch (kind) {
    case 'type_id_local':
    case 'type_id_target':
      // Ids change when objects are linked.
      return { value: BigInt(spec.rootId), certain: false };
    case 'type_exists':
    case 'type_matches':
      return exactly(1);
    case 'type_size':
      return exactly(spec.btf.sizeOf(spec.rootId));
  }
}

/** The answer for an enumerator; undefined for the value of one that is not there. */
export function enumeratorValue(kind: CoreKindOf<'enumval'>, spec: CoreSpec | undefined): CoreValue | undefined {
  if (kind === 'enumval_exists') return exactly(spec === undefined ? 0 : 1);
  const step = spec?.steps[0];
  const type = step && spec?.btf.type(step.typeId);
  if (type?.kind !== 'enum' && type?.kind !== 'enum64') return undefined;
  const { value } = type.values[step?.index ?? 0] as { value: bigint }; // the step was made from it
  // libbpf takes every 32-bit enumerator for a signed one.
  return { value: BigInt.asUintN(64, type.kind === 'enum' ? BigInt.asIntN(32, value) : value), certain: true };
}

/** The answer for a field; undefined for what is asked of one that is not there. */
export function fieldValue(kind: CoreKindOf<'field'>, spec: CoreSpec | undefined): CoreValue | undefined {
  if (kind === 'field_exists') return exactly(spec === undefined ? 0 : 1);
  const step = spec?.steps.at(-1);
  if (spec === undefined || step === undefined) return undefined;
  return step.name === undefined ? elementValue(kind, spec, step) : memberValue(kind, spec, step);
}

type FieldKind = Exclude<CoreKindOf<'field'>, 'field_exists'>;

function elementValue(kind: FieldKind, { btf, bitOffset }: CoreSpec, { typeId }: CoreStep): CoreValue {
  switch (kind) {
    case 'field_byte_offset':
      return { ...exactly(bitOffset / 8), unit: unitOf(btf, typeId) };
    case 'field_byte_size':
      return exactly(btf.sizeOf(typeId));
    default:
      throw new BtfError(`${kind} of an array element, want the kind for members only`, { typeId });
  }
}

function memberValue(kind: FieldKind, { btf, bitOffset }: CoreSpec, { typeId, index }: CoreStep): CoreValue {
  const parent = btf.type(typeId);
  const member = parent.kind === 'struct' || parent.kind === 'union' ? parent.members[index] : undefined;
  if (member === undefined) throw new BtfError(`has no member ${index}`, { typeId });
  const type = btf.resolve(member.type);
  const bitField = member.bits > 0;
  const size = btf.sizeOf(type.id);
  const { byteOffset, byteSize } = bitField
    ? containerOf(typeId, bitOffset, member.bits, size)
    : { byteOffset: Math.floor(bitOffset / 8), byteSize: size };
  const bits = bitField ? member.bits : 8 * byteSize;
  const inByte = bitOffset - 8 * byteOffset;
  switch (kind) {
    case 'field_byte_offset':
      return bitField
        ? { value: BigInt(byteOffset), certain: false }
        : { ...exactly(byteOffset), unit: unitOf(btf, type.id) };
    case 'field_byte_size':
      return { value: BigInt(byteSize), certain: !bitField };
    case 'field_signed':
      return exactly('signed' in type && type.signed ? 1 : 0);
    case 'field_lshift_u64': {
      const shift = btf.byteOrder === 'little' ? 64 - (inByte + bits) : 8 * (8 - byteSize) + inByte;
      return { value: BigInt.asUintN(64, BigInt(shift)), certain: !bitField };
    }
    case 'field_rshift_u64':
      return { value: BigInt.asUintN(64, BigInt(64 - bits)), certain: true };
  }
}

/** The smallest aligned integer, from the declared size up, that holds all of a bit field. */
function containerOf(
  typeId: number,
  bitOffset: number,
  bits: number,
  declaredSize: number,
): { byteOffset: number; byteSize: number } {
  const firstByte = Math.floor(bitOffset / 8);
  for (let byteSize = declaredSize; byteSize > 0 && byteSize <= 8; byteSize *= 2) {
    const byteOffset = firstByte - (firstByte % byteSize);
    if (bitOffset + bits <= 8 * (byteOffset + byteSize)) return { byteOffset, byteSize };
  }
  throw new BtfError(`the bit field at bit ${bitOffset} of ${bits} bits does not fit one load of 8 bytes`, { typeId });
}

/** What one load reads of a value: of an array its innermost element. */
function unitOf(btf: Btf, typeId: number): { typeId: number; size: number } {
  let type = btf.resolve(typeId);
  for (let depth = 0; type.kind === 'array' && depth < MAX_DIMENSIONS; depth++) type = btf.resolve(type.type);
  return { typeId: type.id, size: btf.sizeOf(type.id) };
}

const MAX_DIMENSIONS = 32;

function exactly(value: number): CoreValue {
  return { value: BigInt(value), certain: true };
}
