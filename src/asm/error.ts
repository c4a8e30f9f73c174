/** The error of instructions: bytes that are none, fields that no row of the table allows. */
import { BpfError } from '../util/error.ts';

/** A field of an instruction, or what else of its bytes is wrong: `next_slot` is the second half of a wide instruction, `bytes` the stream itself. */
export type InstructionField = 'opcode' | 'dst' | 'src' | 'off' | 'imm' | 'next_imm' | 'next_slot' | 'bytes';

/** An instruction that the table does not allow, or bytes that do not hold one. */
export class AsmError extends BpfError {
  override readonly name = 'AsmError';
  /** Slot of the instruction, counted in 8 bytes from the start; undefined where only one instruction was at hand. */
  readonly insn: number | undefined;
  readonly field: InstructionField;

  /** `detail` follows `insn N: `. */
  constructor(insn: number | undefined, field: InstructionField, detail: string) {
    super('bad_instruction', insn === undefined ? detail : `insn ${insn}: ${detail}`);
    this.insn = insn;
    this.field = field;
  }
}
