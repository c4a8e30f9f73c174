/**
 * The simulated machine under one kernel: guest memory, clock, randomness, CPUs, and the trace log. Everything is seeded and
 * deterministic; time moves only when somebody moves it.
 */

import { Random } from '../util/random.ts';
import type { Env } from '../vm/env.ts';
import { GuestMemory } from '../vm/memory.ts';

export interface MachineOptions {
  /** Possible CPUs; 1 by default. */
  cpus?: number;
  /** Seed of all randomness; 1 by default. */
  seed?: number;
  /** Nanoseconds since boot at the start; 0 by default. */
  now?: bigint;
  /** Nanoseconds between 1970-01-01 and boot; 0 by default. */
  bootTime?: bigint;
}

/** One simulated machine. */
export class Machine implements Disposable {
  readonly memory = new GuestMemory();
  readonly env: Env;
  /** Takes each line that a program prints (`bpf_trace_printk`); does nothing until somebody listens. */
  onTrace: (line: string) => void = () => {};

  constructor(options: MachineOptions = {}) {
    const random = new Random(options.seed ?? 1);
    this.env = {
      cpus: options.cpus ?? 1,
      cpu: 0,
      monotonicNs: options.now ?? 0n,
      bootTimeNs: options.bootTime ?? 0n,
      random: () => random.u32(),
    };
  }

  [Symbol.dispose](): void {
    this.memory[Symbol.dispose]();
  }
}
