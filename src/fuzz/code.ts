/**
 * Instructions that can be moved about: jumps and calls name the line that they lead to, and become distances when the lines are laid
 * out. Line numbers count instructions; slots, which distances count, are what a wide instruction takes two of.
 */
import { decode } from '../asm/codec.ts';
import { type Instruction, slotCount } from '../asm/insn.ts';
import { INSTRUCTIONS, type InstructionName } from '../asm/instructions.ts';
import { selectRow } from '../asm/match.ts';
import type { Row } from '../asm/row.ts';
import { distanceField } from '../asm/target.ts';

/** An instruction, and the line that it leads to where it jumps, calls a subprogram or points to one. */
export interface Line {
  readonly insn: Instruction;
  readonly to?: number;
}

/** Fields of an instruction as its writer gives them; what the row fixes may be left out. */
export interface Operands {
  readonly dst?: number;
  readonly src?: number;
  readonly off?: number;
  readonly imm?: number;
  readonly imm64?: bigint;
}

/** One instruction of a row. */
export function instruction(name: InstructionName, operands: Operands = {}): Instruction {
  const row: Row = INSTRUCTIONS[name];
  const field = (key: 'dst' | 'src' | 'off' | 'imm'): number => {
    const allowed = row.fields[key];
    return operands[key] ?? (typeof allowed === 'string' ? 0 : (allowed[0] ?? 0));
  };
  const plain = { opcode: row.opcode, dst: field('dst'), src: field('src'), off: field('off'), imm: field('imm') };
  if (row.kind !== 'wide') return plain;
  const imm64 = operands.imm64 ?? BigInt(plain.imm >>> 0);
  return { ...plain, imm: Number(BigInt.asIntN(32, imm64)), imm64 };
}

/** The slot of each line, and behind them the slot that follows the last. */
function slotsOf(lines: readonly { readonly insn: Instruction }[]): number[] {
  const slots = [0];
  for (const { insn } of lines) slots.push(slots.at(-1)! + slotCount(insn));
  return slots;
}

/** The lines of a program's bytes. @throws AsmError where they are no instructions. */
export function linesOf(bytes: Uint8Array): Line[] {
  const insns = decode(bytes);
  const lineAt = new Map(insns.map(({ slot }, line) => [slot, line]));
  return insns.map(({ slot, ...insn }) => {
    const field = distanceField(selectRow(insn));
    if (field === undefined) return { insn };
    const to = lineAt.get(slot + 1 + insn[field]);
    return to === undefined ? { insn } : { insn, to };
  });
}

/** The instructions of lines, jumps and calls as distances. */
export function layOut(lines: readonly Line[]): Instruction[] {
  const slots = slotsOf(lines);
  return lines.map(({ insn, to }, line) => {
    if (to === undefined) return insn;
    const distance = slots[to]! - slots[line]! - 1;
    if (insn.imm64 !== undefined) return { ...insn, imm: distance, imm64: BigInt(distance >>> 0) };
    return { ...insn, [distanceField(selectRow(insn)) ?? 'off']: distance };
  });
}

/** Lines without those from `first` up to `end`; what led into them leads to what follows them. */
export function withoutLines(lines: readonly Line[], first: number, end: number): Line[] {
  const moved = (to: number): number => (to < first ? to : Math.max(first, to - (end - first)));
  return [...lines.slice(0, first), ...lines.slice(end)].map(({ insn, to }) =>
    to === undefined ? { insn } : { insn, to: moved(to) },
  );
}
