/** Errors of loading: a reference that cannot be resolved, and a program that the verifier refuses. */
import type { SyscallError } from '../sys/error.ts';
import { BpfError } from '../util/error.ts';

/** Something in a spec refers to what is not there, or says what cannot be; `subject` names the program, map or variable. */
export class RelocationError extends BpfError {
  override readonly name = 'RelocationError';
  readonly subject: string;

  constructor(subject: string, message: string, options?: { cause?: unknown }) {
    super('relocation', `${subject}: ${message}`, options);
    this.subject = subject;
  }
}

/** The verifier refused a program. The message is the log's last telling lines; `log` holds all of it. */
export class VerifierError extends BpfError {
  override readonly name = 'VerifierError';
  readonly program: string;
  /** The instruction slot that the verifier stopped at, where the log says so. */
  readonly insn: number | undefined;
  readonly errno: string;
  readonly log: string;

  constructor(program: string, log: string, cause: SyscallError) {
    super('verifier', `load program ${program}: ${cause.errno}: ${tellingLines(log).join(' / ')}`, { cause });
    this.program = program;
    this.insn = lastInsn(log);
    this.errno = cause.errno;
    this.log = log;
  }
}

/** A line that says where the verifier is, not what it found: instruction, state, source line, statistics. */
const ROUTINE =
  /^(;|\d+: |R\d+(_\w+)?=|from \d+ to |func#|processed \d+ insns|verification time|stack depth|max_states|total_states|peak_states|mark_|regs=|parent |last_idx |frame\d+:|arg#\d+ )/;

/** The lines of a verifier log that tell why: the instruction it stopped at and what it said there. */
export function tellingLines(log: string): string[] {
  const lines = log
    .replace(/\0.*$/s, '')
    .split('\n')
    .filter(line => line.trim() !== '');
  const last = lines.findLastIndex(line => !ROUTINE.test(line));
  if (last < 0) return lines.slice(-1);
  let first = last;
  while (first > 0 && !ROUTINE.test(lines[first - 1] as string) && last - first < 2) first--;
  const insn = lines.slice(0, first).findLast(line => /^\d+: \(/.test(line));
  return [...(insn === undefined ? [] : [insn.trim()]), ...lines.slice(first, last + 1).map(line => line.trim())];
}

function lastInsn(log: string): number | undefined {
  const found = [...log.matchAll(/^(\d+): \(/gm)].at(-1);
  return found === undefined ? undefined : Number(found[1]);
}
