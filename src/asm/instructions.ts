/**
 * The table of all instructions: RFC 9669, Linux's additions up to 6.18, LLVM's `callx`. An opcode's facts stand in its rows and
 * nowhere else; `match.ts` finds the row of an instruction.
 */
import type { Row } from './row.ts';
import { ALU_ROWS } from './table/alu.ts';
import { ATOMIC_ROWS } from './table/atomic.ts';
import { JUMP_ROWS } from './table/jump.ts';
import { MEMORY_ROWS } from './table/memory.ts';

const ROWS = { ...ALU_ROWS, ...JUMP_ROWS, ...MEMORY_ROWS, ...ATOMIC_ROWS } as const satisfies Record<string, Row>;

/** The name of a row: `add64_x`, `ldx_mem_dw`, `call_kfunc` … */
export type InstructionName = keyof typeof ROWS;

/** A row with its name. */
export type InstructionRow = Row & { readonly name: InstructionName };

/** Every instruction by name. */
export const INSTRUCTIONS = Object.fromEntries(Object.entries(ROWS).map(([name, row]) => [name, { name, ...row }])) as {
  // The rows' own types, each with its key added.
  readonly [Name in InstructionName]: (typeof ROWS)[Name] & { readonly name: Name };
};
