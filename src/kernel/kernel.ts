/** `KernelSys`: the system call of our own kernel. Commands are a table (`commands.ts`), one file per family in `cmd/`. */
import type { ContextRequest } from '../hooks/context.ts';
import type { Machine } from '../machine/machine.ts';
import type { BpfAttr, BpfCommand } from '../sys/attr.gen.ts';
import { SyscallError } from '../sys/error.ts';
import type { Fd, Mapping, PacketRun, PerfEventAttr, Sys } from '../sys/sys.ts';
import type { KernelProfile } from '../uapi/profile.ts';
import { NotSupportedError } from '../util/error.ts';
import type { Interpreter } from '../vm/interpreter.ts';
import { runXdpPackets } from './cmd/test-run/xdp.ts';
import { COMMANDS, type Command } from './commands.ts';
import { KernelCore, type KernelOptions } from './core.ts';
import { mapMemory } from './mmap.ts';
import { openPerfEvent } from './perf-event.ts';
import { CommandRefusal, refuse } from './refusal.ts';
import { type ContextRun, runContext } from './run-context.ts';

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

  /** Whether the next run is the interpreter's. */
  get interprets(): boolean {
    return this.#core.interprets;
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

  /**
   * Runs a program of any type once, over a context given by field name.
   * @throws SyscallError where `fd` is no program; ContextError where a field does not fit; VmFault where the run faults.
   * @example kernel.runContext(fd, { fields: { family: 2, user_ip4: '10.0.0.1' } }).retval
   */
  runContext(fd: Fd, request: ContextRequest): ContextRun {
    try {
      return runContext(this.#core, fd, request);
    } catch (error) {
      throw error instanceof CommandRefusal ? new SyscallError('prog_test_run', error.errno, error.message) : error;
    }
  }

  runPackets(fd: Fd, run: PacketRun): number {
    return this.#answer(() => {
      const object = this.#core.object(fd, 'prog');
      if (object.attributes.type !== 'xdp')
        return refuse('EINVAL', `a ${object.attributes.type} program: only xdp programs run in bulk`);
      return runXdpPackets(this.#core, object, run);
    });
  }

  close(fd: Fd): number {
    return this.#answer(() => this.#core.fds.close(fd));
  }

  /** @throws NotSupportedError for another event than those that programs write to. */
  perfEventOpen(attr: PerfEventAttr, cpu: number): number {
    return this.#answer(() => openPerfEvent(this.#core, attr, cpu));
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
