/**
 * Which row of the table an instruction is. Rows that share an opcode differ in one field, the selector: `src` of calls and wide
 * immediates, `off` of divisions and moves, `imm` of atomic operations and byte order.
 */
import { InternalError } from '../util/error.ts';
import { BPF_REG_FP, type Instruction, nextImm } from './insn.ts';
import { INSTRUCTIONS, type InstructionRow } from './instructions.ts';
import type { Allowed, Fields } from './row.ts';

/** A field of the encoding that a row restricts. */
export type FieldName = keyof Fields;

/** First and last. */
type Range = readonly [number, number];

/** The bits of each field, as the range of its values. */
const FIELD_RANGE = {
  dst: [0, 15],
  src: [0, 15],
  off: [-0x8000, 0x7fff],
  imm: [-0x8000_0000, 0x7fff_ffff],
  next_imm: [-0x8000_0000, 0x7fff_ffff],
} as const satisfies Record<FieldName, Range>;

/** Fields in order of encoding. */
const FIELDS = ['dst', 'src', 'off', 'imm', 'next_imm'] as const satisfies FieldName[];

const REGISTERS: Range = [0, BPF_REG_FP];

const fieldOf = (insn: Instruction, field: FieldName): number => (field === 'next_imm' ? nextImm(insn) : insn[field]);

const inRange = (value: number, [low, high]: Range): boolean =>
  Number.isInteger(value) && value >= low && value <= high;

function allows(allowed: Allowed, field: FieldName, value: number): boolean {
  if (allowed === 'any') return inRange(value, FIELD_RANGE[field]);
  if (allowed === 'register') return inRange(value, REGISTERS);
  return allowed.includes(value);
}

function describe(allowed: Allowed, field: FieldName): string {
  if (allowed === 'any') return FIELD_RANGE[field].join('..');
  if (allowed === 'register') return REGISTERS.join('..');
  const values = [...allowed].sort((a, b) => a - b).map(String);
  const last = values.pop() ?? 'nothing';
  return values.length === 0 ? last : `${values.join(', ')} or ${last}`;
}

/** The rows of one opcode, and the field that tells them apart where there are several. */
interface OpcodeRows {
  readonly plainest: InstructionRow;
  readonly rows: readonly InstructionRow[];
  readonly selector: { readonly field: FieldName; readonly rows: ReadonlyMap<number, InstructionRow> } | undefined;
}

/** The field in which each of the rows allows values that no other one does. */
function selectorOf(rows: readonly InstructionRow[]): OpcodeRows['selector'] {
  for (const field of ['src', 'off', 'imm'] as const) {
    const entries = rows.flatMap(row => {
      const allowed = row.fields[field];
      return typeof allowed === 'string' ? [] : allowed.map(value => [value, row] as const);
    });
    const byValue = new Map(entries);
    if (byValue.size === entries.length && new Set(byValue.values()).size === rows.length)
      return { field, rows: byValue };
  }
  throw new InternalError(`instructions ${rows.map(row => row.name)}: no field tells them apart`);
}

function indexByOpcode(): (OpcodeRows | undefined)[] {
  const index = new Array<OpcodeRows | undefined>(256).fill(undefined);
  for (const row of Object.values<InstructionRow>(INSTRUCTIONS)) {
    const { plainest, rows } = index[row.opcode] ?? { plainest: row, rows: [] };
    const all = [...rows, row];
    index[row.opcode] = { plainest, rows: all, selector: all.length === 1 ? undefined : selectorOf(all) };
  }
  return index;
}

const BY_OPCODE = indexByOpcode();

/** The rows that share an opcode, the plainest first; empty where no instruction has it. */
export const rowsOf = (opcode: number): readonly InstructionRow[] => BY_OPCODE[opcode]?.rows ?? [];

/**
 * The row that an instruction's opcode and selector name, be its other fields legal or not; undefined where there is none. An
 * interpreter asks this of every instruction once.
 */
export function selectRow(insn: Instruction): InstructionRow | undefined {
  const entry = BY_OPCODE[insn.opcode];
  if (entry === undefined) return undefined;
  const { plainest, selector } = entry;
  return selector === undefined ? plainest : selector.rows.get(fieldOf(insn, selector.field));
}

/** Why no row allows an instruction. */
export interface FieldFault {
  readonly field: FieldName | 'opcode';
  readonly value: number;
  /** What is allowed there. */
  readonly want: string;
  /** The row that wants it; undefined where no instruction has the opcode. */
  readonly row: InstructionRow | undefined;
}

/** The row that allows an instruction as it is, else the first field that is wrong: the selector, then in order of encoding. */
export function matchRow(insn: Instruction): InstructionRow | FieldFault {
  const entry = BY_OPCODE[insn.opcode];
  if (entry === undefined) return { field: 'opcode', value: insn.opcode, want: 'an instruction', row: undefined };
  const { plainest, selector } = entry;
  const row = selectRow(insn);
  const wrong = (field: FieldName, allowed: Allowed): FieldFault => ({
    field,
    value: fieldOf(insn, field),
    want: describe(allowed, field),
    row: row ?? plainest,
  });
  if (selector !== undefined && row === undefined) return wrong(selector.field, [...selector.rows.keys()]);
  const { fields } = row ?? plainest;
  for (const field of FIELDS) {
    const allowed = fields[field];
    if (allowed !== undefined && !allows(allowed, field, fieldOf(insn, field))) return wrong(field, allowed);
  }
  return row ?? plainest;
}

/** The row that allows an instruction as it is, undefined where none does. */
export function findRow(insn: Instruction): InstructionRow | undefined {
  const found = matchRow(insn);
  return 'want' in found ? undefined : found;
}
