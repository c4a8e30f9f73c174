/** The error of a CO-RE relocation that cannot be computed or applied. */
import { BpfError } from '../util/error.ts';

/** A CO-RE record that makes no sense, or that has more than one answer; `access` is what it asks for (`task_struct.pid`). */
export class CoreError extends BpfError {
  override readonly name = 'CoreError';
  readonly access: string;
  /** The instruction slot of the record. */
  readonly insn: number;

  constructor(access: string, insn: number, problem: string, options?: { cause?: unknown }) {
    super('core', `${access}: ${problem} (insn ${insn})`, options);
    this.access = access;
    this.insn = insn;
  }
}
