/**
 * Clock, randomness and CPU of a machine. Their state lies where the runtime has it, in cells of guest memory and a global of
 * WebAssembly, so that compiled programs ask without leaving WebAssembly and every engine sees the same.
 */
import { CELL_CLOCK, CELL_RANDOM, CELLS_SIZE } from '../runtime/layout.ts';
import { Runtime } from '../runtime/runtime.ts';
import { InternalError } from '../util/error.ts';
import type { Env } from '../vm/env.ts';
import type { GuestMemory } from '../vm/memory.ts';

/** What a machine starts with. */
export interface EnvStart {
  readonly cpus: number;
  readonly seed: number;
  readonly monotonicNs: bigint;
  readonly bootTimeNs: bigint;
}

/** Rounds after which a seed has reached the whole state, as in `util/random.ts`. */
const MIXING = 12;

/** The `Env` of one machine. */
export class MachineEnv implements Env {
  readonly cpus: number;
  readonly bootTimeNs: bigint;
  readonly runtime: Runtime;
  readonly #memory: GuestMemory;
  /** What the runtime's global holds, which is slow to read. */
  #cpu = 0;

  constructor(memory: GuestMemory, { cpus, seed, monotonicNs, bootTimeNs }: EnvStart) {
    const cells = memory.allot({ name: 'machine', size: CELLS_SIZE, access: 'none' });
    if (cells === undefined) throw new InternalError('no guest memory for the machine');
    this.#memory = memory;
    this.cpus = cpus;
    this.bootTimeNs = bootTimeNs;
    this.runtime = new Runtime(memory.memory, cells.base);
    this.monotonicNs = monotonicNs;
    [seed, 0x9e3779b9, 0x243f6a88, 1].forEach((word, i) => {
      memory.view.setUint32(cells.base + CELL_RANDOM + 4 * i, word, true);
    });
    for (let i = 0; i < MIXING; i++) this.random();
  }

  get cpu(): number {
    return this.#cpu;
  }

  set cpu(cpu: number) {
    this.#cpu = cpu;
    this.runtime.cpu.value = cpu;
  }

  get monotonicNs(): bigint {
    return this.#memory.view.getBigUint64(this.runtime.cells + CELL_CLOCK, true);
  }

  set monotonicNs(now: bigint) {
    this.#memory.view.setBigUint64(this.runtime.cells + CELL_CLOCK, now, true);
  }

  /** Sets the clock without a 64-bit integer: `now` is whole nanoseconds below 2^53. */
  setMonotonic(now: number): void {
    const { view } = this.#memory;
    const at = this.runtime.cells + CELL_CLOCK;
    view.setUint32(at, now, true);
    view.setUint32(at + 4, now / 0x1_0000_0000, true);
  }

  random(): number {
    return this.runtime.functions.nextRandom() >>> 0;
  }
}
