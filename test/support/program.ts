/** Programs written down in tests: instructions by the name of their row. */
import { encode } from '../../src/asm/codec.ts';
import type { Instruction } from '../../src/asm/insn.ts';
import { INSTRUCTIONS, type InstructionName } from '../../src/asm/instructions.ts';
import type { Row } from '../../src/asm/row.ts';
import type { Program, Slot } from '../../src/vm/program.ts';

type Operands = { dst?: number; src?: number; off?: number; imm?: number; imm64?: bigint };

/** One instruction; a field that its row fixes needs not be given. */
export function insn(name: InstructionName, operands: Operands = {}): Instruction {
  const row: Row = INSTRUCTIONS[name];
  const field = (key: 'dst' | 'src' | 'off' | 'imm'): number => {
    const allowed = row.fields[key];
    return operands[key] ?? (Array.isArray(allowed) ? (allowed[0] as number) : 0);
  };
  const plain = { opcode: row.opcode, dst: field('dst'), src: field('src'), off: field('off'), imm: field('imm') };
  if (row.kind !== 'wide') return plain;
  const imm64 = operands.imm64 ?? BigInt(plain.imm >>> 0);
  return { ...plain, imm: Number(BigInt.asIntN(32, imm64)), imm64 };
}

/** `[name, operands]` pairs as instructions. */
export type Source = readonly (readonly [InstructionName, Operands?])[];

/** The bytes of a program, for PROG_LOAD. */
export function programBytes(source: Source): Uint8Array<ArrayBuffer> {
  return encode(source.map(([name, operands]) => insn(name, operands)));
}

/** A program for an engine. */
export function program(source: Source, name = 'test'): Program {
  const slots: (Slot | undefined)[] = [];
  for (const [rowName, operands] of source) {
    const instruction = insn(rowName, operands);
    slots.push({ insn: instruction, row: INSTRUCTIONS[rowName] });
    if (instruction.imm64 !== undefined) slots.push(undefined);
  }
  return { name, slots };
}
