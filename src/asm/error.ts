/** The error of instructions: bytes that are none, fields that no row of the table allows, text that is no assembly. */
import { BpfError } from '../util/error.ts';

/**
 * A field of an instruction, or what else of its bytes is wrong: `next_slot` is the second half of a wide instruction, `bytes` the
 * stream itself, `text` the assembly that it was written in.
 */
export type InstructionField = 'opcode' | 'dst' | 'src' | 'off' | 'imm' | 'next_imm' | 'next_slot' | 'bytes' | 'text';

/** A place in a text; both count from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** An instruction that the table does not allow, or bytes or text that do not hold one. */
export class AsmError extends BpfError {
  override readonly name = 'AsmError';
  /** Slot of the instruction, counted in 8 bytes from the start; undefined where only one instruction was at hand, or its text. */
  readonly insn: number | undefined;
  readonly field: InstructionField;
  /** Where in the assembled text, counted from 1; undefined for bytes. */
  readonly line: number | undefined;
  readonly column: number | undefined;

  /** `detail` follows `insn N: `, or `line N, column N: ` where there is a `place`. */
  constructor(insn: number | undefined, field: InstructionField, detail: string, place?: TextPlace) {
    const bytePlace = insn === undefined ? '' : `insn ${insn}: `;
    super(
      'bad_instruction',
      `${place === undefined ? bytePlace : `line ${place.line}, column ${place.column}: `}${detail}`,
    );
    this.insn = insn;
    this.field = field;
    this.line = place?.line;
    this.column = place?.column;
  }
}
