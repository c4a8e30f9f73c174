/** The error of a refused system call. */
import { errnoName } from '../uapi/errno.ts';
import { BpfError } from '../util/error.ts';
import type { BpfAttr, BpfCommand } from './attr.gen.ts';
import type { Sys } from './sys.ts';

/** A system call that a kernel refused: `errno` by the kernel's name, `why` in words where the kernel says so. */
export class SyscallError extends BpfError {
  override readonly name = 'SyscallError';
  /** `map_create`, `prog_load`, `close` … */
  readonly command: string;
  /** `ENOENT`, `EINVAL` …; `errno_N` for a number without a name. */
  readonly errno: string;
  readonly why: string;

  constructor(command: string, errno: number, why = '') {
    const name = errnoName(errno);
    super(name, `${command}: ${name}${why === '' ? '' : `: ${why}`}`);
    this.command = command;
    this.errno = name;
    this.why = why;
  }
}

/** Performs a command and throws {@link SyscallError} when it is refused. */
export function must<C extends BpfCommand>(sys: Sys, command: C, attr: BpfAttr[C]): number {
  const result = sys.bpf(command, attr);
  if (result < 0) throw new SyscallError(command, -result, sys.why);
  return result;
}
