/** `SimKernel`: our own kernel in this process, and the user's hand on the machine under it. */

import type { ContextRequest } from '../hooks/context.ts';
import { KernelSys } from '../kernel/kernel.ts';
import type { ContextRun } from '../kernel/run-context.ts';
import { Kernel } from '../loader/kernel.ts';
import type { Program } from '../loader/program.ts';
import type { KernelProfile } from '../uapi/profile.ts';
import type { Interpreter } from '../vm/interpreter.ts';
import { SimClock } from './clock.ts';

/** Which kernel to be, on which machine. */
export interface SimKernelOptions {
  /** The release of Linux to be; `6.18` by default. */
  readonly version?: string;
  /** Possible CPUs; 1 by default. */
  readonly cpus?: number;
  /** Seed of all randomness; 1 by default. */
  readonly seed?: number;
  /** Nanoseconds since boot at the start; 0 by default. */
  readonly now?: bigint;
  /** What runs programs: `jit`, compiled to WebAssembly, by default. */
  readonly engine?: 'jit' | 'interp';
  /** Compiles programs without the checks that stand in for a verifier. */
  readonly trust?: boolean;
  /** Instructions that one run may take before it ends with a fault. */
  readonly fuel?: number;
  /** The configuration that `__kconfig` externs read: `CONFIG_HZ=1000` lines. */
  readonly kconfig?: string;
}

/** What a program's run looks like before each instruction. */
export type Step = Pick<Interpreter, 'pc' | 'registers' | 'depth' | 'program'>;

/**
 * A kernel in user space: deterministic, the same on every machine, no privileges needed. It does not verify programs yet: they run
 * with every access checked, and what a verifier would have refused ends in a `VmFault`.
 * @example const kernel = new SimKernel({ version: '6.18', cpus: 4, seed: 1, now: 0n });
 */
export class SimKernel extends Kernel {
  readonly clock: SimClock;
  readonly #kernel: KernelSys;

  constructor(options: SimKernelOptions = {}) {
    const { kconfig, ...machine } = options;
    const kernel = new KernelSys(machine);
    super(kernel, { version: kernel.profile.version, kconfig });
    this.#kernel = kernel;
    this.clock = new SimClock(kernel.machine.env);
  }

  /** Which Linux this kernel is. */
  get profile(): KernelProfile {
    return this.#kernel.profile;
  }

  /**
   * Runs a loaded program of any type once, over a context given by field name: what no system call of Linux does for most types.
   * @throws ContextError where a field does not fit; VmFault where the run faults.
   * @example kernel.runContext(collection.program('connect4'), { fields: { user_ip4: '10.0.0.1', user_port: 80 } })
   */
  runContext(program: Program, request: ContextRequest): ContextRun {
    return this.#kernel.runContext(program.fd, { attachTo: program.spec.attachTo, ...request });
  }

  /** Takes each line that a program prints with `bpf_trace_printk`. */
  set onTrace(listener: (line: string) => void) {
    this.#kernel.machine.onTrace = listener;
  }

  /** Called before each instruction of every run while set. */
  set onStep(listener: ((step: Step) => void) | undefined) {
    this.#kernel.interpreter.onStep = listener;
  }

  /**
   * r0 to r10 as the last interpreted run left them, which after a `VmFault` is where it stopped; undefined where programs are
   * compiled and nobody watches their steps.
   */
  get registers(): BigUint64Array | undefined {
    return this.#kernel.interprets ? this.#kernel.interpreter.registers.slice() : undefined;
  }
}
