/** What a CO-RE record may ask for. Source: `enum bpf_core_relo_kind` in include/uapi/linux/bpf.h of Linux 6.18. */

/** The kinds by number: name, and what the record's access string walks along. */
export const CORE_KINDS = [
  { kind: 'field_byte_offset', of: 'field' },
  { kind: 'field_byte_size', of: 'field' },
  { kind: 'field_exists', of: 'field' },
  { kind: 'field_signed', of: 'field' },
  { kind: 'field_lshift_u64', of: 'field' },
  { kind: 'field_rshift_u64', of: 'field' },
  { kind: 'type_id_local', of: 'type' },
  { kind: 'type_id_target', of: 'type' },
  { kind: 'type_exists', of: 'type' },
  { kind: 'type_size', of: 'type' },
  { kind: 'enumval_exists', of: 'enumval' },
  { kind: 'enumval_value', of: 'enumval' },
  { kind: 'type_matches', of: 'type' },
] as const;

type Row = (typeof CORE_KINDS)[number];

/** A CO-RE kind by the kernel's name, in lower case, without the prefix. */
export type CoreKind = Row['kind'];

/** The kinds that are asked of a field, a type or an enumerator. */
export type CoreKindOf<Of extends Row['of']> = Extract<Row, { of: Of }>['kind'];

/** The number of the kind that asks nothing of the target. */
export const TYPE_ID_LOCAL = CORE_KINDS.findIndex(({ kind }) => kind === 'type_id_local');
