/**
 * Types of a map's key and value: what MAP_CREATE checks of them, and the parts of a value that belong to the kernel
 * (kernel/bpf/btf.c, `btf_parse_fields`).
 */
import type { Btf } from '../btf/btf.ts';
import { BtfError } from '../btf/error.ts';
import type { MapAttributes, ValueField } from '../maps/map.ts';
import { refuse } from './refusal.ts';

/** Structs in a value that only helpers and kfuncs touch, by name without `bpf_`. */
const FIELD_KINDS = new Set([
  'spin_lock',
  'res_spin_lock',
  'timer',
  'wq',
  'list_head',
  'list_node',
  'rb_root',
  'rb_node',
  'refcount',
  'task_work',
]);

/** How deep structs and arrays of a value are followed. */
const MAX_DEPTH = 8;

/** Checks that the types have the sizes of the map, and gives the value's fields, ascending. */
export function typedValueFields(
  btf: Btf,
  typed: NonNullable<MapAttributes['btf']>,
  keySize: number,
  valueSize: number,
): ValueField[] {
  try {
    if (typed.keyTypeId !== 0) checkSize(btf, typed.keyTypeId, keySize, 'btf_key_type_id');
    checkSize(btf, typed.valueTypeId, valueSize, 'btf_value_type_id');
    return fieldsOf(btf, typed.valueTypeId, 0, 0);
  } catch (error) {
    if (error instanceof BtfError) return refuse('EINVAL', error.message);
    throw error;
  }
}

function checkSize(btf: Btf, typeId: number, size: number, what: string): void {
  const found = btf.sizeOf(typeId);
  if (found !== size) refuse('EINVAL', `${what} ${typeId}: a type of ${found} bytes, the map has ${size}`);
}

function fieldsOf(btf: Btf, typeId: number, offset: number, depth: number): ValueField[] {
  if (depth > MAX_DEPTH) return [];
  const type = btf.resolve(typeId);
  if (type.kind === 'array') {
    const size = btf.sizeOf(type.type);
    const inner = size === 0 ? [] : fieldsOf(btf, type.type, 0, depth + 1);
    if (inner.length === 0) return [];
    return Array.from({ length: type.count }, (_, i) =>
      inner.map(field => ({ ...field, offset: offset + i * size + field.offset })),
    ).flat();
  }
  if (type.kind !== 'struct') return [];
  const kind = type.name.startsWith('bpf_') ? type.name.slice(4) : '';
  if (FIELD_KINDS.has(kind)) return [{ kind, offset, size: type.size }];
  return type.members.flatMap(member => fieldsOf(btf, member.type, offset + member.bitOffset / 8, depth + 1));
}
