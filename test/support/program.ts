/** Programs written down in tests: instructions by the name of their row. */
import { encode } from '../../src/asm/codec.ts';
import { INSTRUCTIONS, type InstructionName } from '../../src/asm/instructions.ts';
import { instruction, type Operands } from '../../src/fuzz/code.ts';
import type { Program, Slot } from '../../src/vm/program.ts';

/** `[name, operands]` pairs as instructions. */
export type Source = readonly (readonly [InstructionName, Operands?])[];

/** The bytes of a program, for PROG_LOAD. */
export function programBytes(source: Source): Uint8Array<ArrayBuffer> {
  return encode(source.map(([name, operands]) => instruction(name, operands)));
}

/** A program for an engine. */
export function program(source: Source, name = 'test'): Program {
  const slots: (Slot | undefined)[] = [];
  for (const [rowName, operands] of source) {
    const insn = instruction(rowName, operands);
    slots.push({ insn, row: INSTRUCTIONS[rowName] });
    if (insn.imm64 !== undefined) slots.push(undefined);
  }
  return { name, slots };
}
