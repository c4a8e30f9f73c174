/** Field shapes, sizes and templates that many rows share, and what makes a table out of operations × widths. */
import { BPF_B, BPF_DW, BPF_H, BPF_W } from '../insn.ts';
import type { Allowed, ConformanceGroup, Fields, MemoryBits, Row } from '../row.ts';

/** A field that is not used: it must be zero. */
export const ZERO = [0] as const satisfies Allowed;

/** Nothing but the opcode counts. */
export const NO_FIELDS = { dst: ZERO, src: ZERO, off: ZERO, imm: ZERO } as const satisfies Fields;

/** Works on `dst` alone. */
export const DST = { ...NO_FIELDS, dst: 'register' } as const satisfies Fields;

/** `dst` and an immediate. */
export const DST_IMM = { ...DST, imm: 'any' } as const satisfies Fields;

/** `dst` and `src`. */
export const DST_SRC = { ...DST, src: 'register' } as const satisfies Fields;

/** Memory at a register plus `off`, and the other register. */
export const DST_SRC_OFF = { ...DST_SRC, off: 'any' } as const satisfies Fields;

/** `dst`, `off` and an immediate. */
export const DST_OFF_IMM = { ...DST_IMM, off: 'any' } as const satisfies Fields;

/** Size letters of the load and store classes, as the kernel's macros have them. */
export const SIZES = {
  b: { code: BPF_B, bits: 8, group: 'base32' },
  h: { code: BPF_H, bits: 16, group: 'base32' },
  w: { code: BPF_W, bits: 32, group: 'base32' },
  dw: { code: BPF_DW, bits: 64, group: 'base64' },
} as const satisfies Record<string, { code: number; bits: MemoryBits; group: ConformanceGroup }>;

/** `b`, `h`, `w` or `dw`. */
export type Size = keyof typeof SIZES;

/** Memory that is read, in a template. */
export const LOADED = '(u{bits} *)(r{src} {off:+})';

/** Memory that is written, in a template. */
export const STORED = '(u{bits} *)(r{dst} {off:+})';

/** A table of the rows that a product of operations and widths yields, each under its name. */
export function tableOf<Name extends string, R extends Row>(
  entries: Iterable<readonly [Name, R]>,
): Readonly<Record<Name, R>> {
  // The names that a generator can yield are its type; that it yields each of them is what the table's test counts.
  return Object.fromEntries(entries) as Record<Name, R>;
}

/** The keys of a table of operations, with their type. */
export function namesOf<Name extends string>(operations: Readonly<Record<Name, unknown>>): Name[] {
  return Object.keys(operations) as Name[]; // the tables are literals: no other keys
}
