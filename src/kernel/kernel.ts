/** `KernelSys`: the system call of our own kernel. Commands are a table (`commands.ts`), one file per family in `cmd/`. */
import type { Machine } from '../machine/machine.ts';
import type { BpfAttr, BpfCommand } from '../sys/attr.gen.ts';
import type { Fd, Mapping, Sys } from '../sys/sys.ts';
import type { KernelProfile } from '../uapi/profile.ts';
import { NotSupportedError } from '../util/error.ts';
import type { Interpreter } from '../vm/interpreter.ts';
import { COMMANDS, type Command } from './commands.ts';
import { KernelCore, type KernelOptions } from './core.ts';
import { mapMemory } from './mmap.ts';
import { CommandRefusal } from './refusal.ts';

/** A kernel in user space behind the system call's interface. */
export class KernelSys implements Sys {
  readonly kind = 'sim';
  why = '';
  readonly #core: KernelCore;

  constructor(options: KernelOptions = {}) {
    this.#core = new KernelCore(options);
  }

  /** Which Linux this kernel is. */
  get profile(): KernelProfile {
    return this.#core.profile;
  }

  /** The machine under the kernel: clock, randomness, memory. */
  get machine(): Machine {
    return this.#core.machine;
  }

  /** The engine that runs programs: set its `onStep` to watch a run. */
  get interpreter(): Interpreter {
    return this.#core.interpreter;
  }

  get possibleCpus(): number {
    return this.#core.machine.env.cpus;
  }

  /** @throws NotSupportedError for a command that Linux has and this kernel does not; VmFault where a test run faults. */
  bpf<C extends BpfCommand>(command: C, attr: BpfAttr[C]): number {
    const perform = COMMANDS[command] as Command<C> | undefined; // the table's entry for C takes the attributes of C
    if (perform === undefined) {
      throw new NotSupportedError(command, `bpf(${command}): this kernel does not have the command yet`);
    }
    return this.#answer(() => perform(this.#core, attr));
  }

  close(fd: Fd): number {
    return this.#answer(() => this.#core.fds.close(fd));
  }

  mmap(fd: Fd, length: number, options: { writable: boolean; offset?: number }): Mapping | number {
    let mapping: Mapping | undefined;
    const result = this.#answer(() => {
      mapping = mapMemory(this.#core, fd, length, options);
      return 0;
    });
    return mapping ?? result;
  }

  [Symbol.dispose](): void {
    this.#core[Symbol.dispose]();
  }

  #answer(perform: () => number): number {
    this.why = '';
    try {
      return perform();
    } catch (error) {
      if (!(error instanceof CommandRefusal)) throw error;
      this.why = error.message;
      return -error.errno;
    }
  }
}
