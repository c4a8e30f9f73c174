/**
 * The simulated machine under one kernel: guest memory, clock, randomness, CPUs, and the trace log. Everything is seeded and
 * deterministic; time moves only when somebody moves it.
 */

import type { Runtime } from '../runtime/runtime.ts';
import { GuestMemory } from '../vm/memory.ts';
import { MachineEnv } from './env.ts';
import { initTask, type Task } from './task.ts';

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
  readonly env: MachineEnv;
  /** Maps and hot helpers in WebAssembly over `memory`. */
  readonly runtime: Runtime;
  /** The task that programs run in. */
  readonly task: Task = initTask();
  /** Linear address of the current task's `task_struct`, 0 while there is none. */
  taskStruct = 0;
  /** Takes each line that a program prints (`bpf_trace_printk`); does nothing until somebody listens. */
  onTrace: (line: string) => void = () => {};

  constructor(options: MachineOptions = {}) {
    this.env = new MachineEnv(this.memory, {
      cpus: options.cpus ?? 1,
      seed: options.seed ?? 1,
      monotonicNs: options.now ?? 0n,
      bootTimeNs: options.bootTime ?? 0n,
    });
    this.runtime = this.env.runtime;
  }

  [Symbol.dispose](): void {
    this.memory[Symbol.dispose]();
  }
}
