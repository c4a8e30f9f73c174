/** Lines written one after the other, with labels for what is not written yet. */

import type { Instruction } from '../asm/insn.ts';
import type { InstructionName } from '../asm/instructions.ts';
import { instruction, layOut, type Operands } from './code.ts';

/** A place in the code; one that was never placed is an error of the writer's. */
export interface Label {
  line: number | undefined;
}

/** Writes a program. */
export class Emitter {
  readonly #lines: { readonly insn: Instruction; readonly to: Label | undefined }[] = [];

  /** Lines so far. */
  get length(): number {
    return this.#lines.length;
  }

  label(): Label {
    return { line: undefined };
  }

  /** Puts a label in front of the next line. */
  place(label: Label): void {
    label.line = this.#lines.length;
  }

  /** Writes an instruction; `to` is what it jumps to or calls. */
  emit(name: InstructionName, operands: Operands = {}, to?: Label): void {
    this.#lines.push({ insn: instruction(name, operands), to });
  }

  /** The program. */
  instructions(): Instruction[] {
    return layOut(
      this.#lines.map(({ insn, to }) => {
        if (to === undefined) return { insn };
        if (to.line === undefined) throw new RangeError('a label that was never placed');
        return { insn, to: to.line };
      }),
    );
  }
}
