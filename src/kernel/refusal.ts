/** How a command of our kernel refuses: an errno and the reason in words. */
import { ERRNO, type ErrnoName } from '../uapi/errno.ts';

/** Thrown inside a command; `KernelSys.bpf` turns it into a negative errno and keeps `why`. Never leaves the kernel. */
export class CommandRefusal extends Error {
  readonly errno: number;

  constructor(errno: number, why: string) {
    super(why);
    this.errno = errno;
  }
}

/** Ends a command with `errno`. */
export function refuse(errno: ErrnoName, why: string): never {
  throw new CommandRefusal(ERRNO[errno], why);
}
