/** The hand on a simulated kernel's clock. Time moves only when somebody moves it, and never back. */
import { BpfError } from '../util/error.ts';
import type { Env } from '../vm/env.ts';

/** Nanoseconds since the simulated kernel booted. */
export class SimClock {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  /** What `bpf_ktime_get_ns` gives now. */
  get now(): bigint {
    return this.#env.monotonicNs;
  }

  /** Lets `ns` nanoseconds pass. @throws {BpfError} `bad_time` when negative. */
  advance(ns: bigint): void {
    this.set(this.#env.monotonicNs + ns);
  }

  /** Lets time pass until `now`. @throws {BpfError} `bad_time` when that is in the past. */
  set(now: bigint): void {
    if (now < this.#env.monotonicNs) {
      throw new BpfError(
        'bad_time',
        `set the clock to ${now} ns: it shows ${this.#env.monotonicNs}, want that or later`,
      );
    }
    this.#env.monotonicNs = now;
  }
}
