/**
 * BTF types as data. Source: Documentation/bpf/btf.rst and include/uapi/linux/btf.h of Linux 6.18; names are the
 * kernel's, `type` is always the id of the type referred to, id 0 is void.
 */

/**
 * The kinds by number: name, bytes after the 12-byte header, bytes per element of `vlen`. `array` and its like count no
 * elements.
 */
export const KINDS = [
  { kind: 'void', extra: 0, element: 0 },
  { kind: 'int', extra: 4, element: 0 },
  { kind: 'ptr', extra: 0, element: 0 },
  { kind: 'array', extra: 12, element: 0 },
  { kind: 'struct', extra: 0, element: 12 },
  { kind: 'union', extra: 0, element: 12 },
  { kind: 'enum', extra: 0, element: 8 },
  { kind: 'fwd', extra: 0, element: 0 },
  { kind: 'typedef', extra: 0, element: 0 },
  { kind: 'volatile', extra: 0, element: 0 },
  { kind: 'const', extra: 0, element: 0 },
  { kind: 'restrict', extra: 0, element: 0 },
  { kind: 'func', extra: 0, element: 0 },
  { kind: 'func_proto', extra: 0, element: 8 },
  { kind: 'var', extra: 4, element: 0 },
  { kind: 'datasec', extra: 0, element: 12 },
  { kind: 'float', extra: 0, element: 0 },
  { kind: 'decl_tag', extra: 4, element: 0 },
  { kind: 'type_tag', extra: 0, element: 0 },
  { kind: 'enum64', extra: 0, element: 12 },
] as const;

/** A kind by the kernel's name, in lower case. */
export type BtfKind = (typeof KINDS)[number]['kind'];

/** Linkage of functions and variables; the numbers are those of `enum btf_func_linkage` and of `BTF_VAR_*`. */
export const LINKAGE = { static: 0, global: 1, extern: 2 } as const;

interface Named {
  readonly id: number;
  /** Empty for an anonymous type. */
  readonly name: string;
}

export interface BtfVoid extends Named {
  readonly kind: 'void';
}

export interface BtfInt extends Named {
  readonly kind: 'int';
  readonly size: number;
  readonly signed: boolean;
  readonly char: boolean;
  readonly bool: boolean;
  /** Bits of the value and where they start: `size * 8` and 0 except for bit fields of old compilers. */
  readonly bits: number;
  readonly bitOffset: number;
}

export interface BtfFloat extends Named {
  readonly kind: 'float';
  readonly size: number;
}

export interface BtfPtr extends Named {
  readonly kind: 'ptr';
  readonly type: number;
}

export interface BtfArray extends Named {
  readonly kind: 'array';
  readonly type: number;
  readonly indexType: number;
  readonly count: number;
}

export interface BtfMember {
  /** Empty for an anonymous struct or union. */
  readonly name: string;
  readonly type: number;
  readonly bitOffset: number;
  /** Width of a bit field; 0 where the type says it. */
  readonly bits: number;
}

export interface BtfComposite extends Named {
  readonly kind: 'struct' | 'union';
  readonly size: number;
  readonly members: readonly BtfMember[];
}

export interface BtfEnum extends Named {
  readonly kind: 'enum' | 'enum64';
  readonly size: number;
  readonly signed: boolean;
  readonly values: readonly { readonly name: string; readonly value: bigint }[];
}

export interface BtfFwd extends Named {
  readonly kind: 'fwd';
  readonly of: 'struct' | 'union';
}

/** What stands between a use and its type without changing it. */
export interface BtfModifier extends Named {
  readonly kind: 'typedef' | 'volatile' | 'const' | 'restrict' | 'type_tag';
  readonly type: number;
}

export interface BtfFunc extends Named {
  readonly kind: 'func';
  /** Its `func_proto`. */
  readonly type: number;
  readonly linkage: number;
}

export interface BtfFuncProto extends Named {
  readonly kind: 'func_proto';
  /** What it returns. */
  readonly type: number;
  /** A last parameter of type 0 without name stands for `...`. */
  readonly params: readonly { readonly name: string; readonly type: number }[];
}

export interface BtfVar extends Named {
  readonly kind: 'var';
  readonly type: number;
  readonly linkage: number;
}

export interface BtfDatasec extends Named {
  readonly kind: 'datasec';
  readonly size: number;
  /** `type` is a `var`, or the `func` of an extern function. */
  readonly vars: readonly { readonly type: number; readonly offset: number; readonly size: number }[];
}

export interface BtfDeclTag extends Named {
  readonly kind: 'decl_tag';
  readonly type: number;
  /** Index of the member or parameter that is tagged, -1 for the type itself. */
  readonly component: number;
}

export type BtfType =
  | BtfVoid
  | BtfInt
  | BtfFloat
  | BtfPtr
  | BtfArray
  | BtfComposite
  | BtfEnum
  | BtfFwd
  | BtfModifier
  | BtfFunc
  | BtfFuncProto
  | BtfVar
  | BtfDatasec
  | BtfDeclTag;

/** Whether a type stands in front of another without changing its values. */
export function isModifier(type: BtfType): type is BtfModifier {
  switch (type.kind) {
    case 'typedef':
    case 'volatile':
    case 'const':
    case 'restrict':
    case 'type_tag':
      return true;
    default:
      return false;
  }
}
