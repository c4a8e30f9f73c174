/** `SimKernel`: our own kernel in this process, and the user's hand on the machine under it. */
import { KernelSys } from '../kernel/kernel.ts';
import { Kernel } from '../loader/kernel.ts';
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

  /** Takes each line that a program prints with `bpf_trace_printk`. */
  set onTrace(listener: (line: string) => void) {
    this.#kernel.machine.onTrace = listener;
  }

  /** Called before each instruction of every run while set. */
  set onStep(listener: ((step: Step) => void) | undefined) {
    this.#kernel.interpreter.onStep = listener;
  }

  /** r0 to r10 as the last run left them, which after a `VmFault` is where it stopped. */
  get registers(): BigUint64Array {
    return this.#kernel.interpreter.registers.slice();
  }
}
