/** What the bench asks of an engine, whatever runs behind it. */
import type { Clock } from './clock.ts';
import type { Bench } from './suite.ts';

/** What runs of a program gave. */
export interface Outcome {
  /** Nanoseconds of all runs, by the engine's clock. */
  readonly ns: number;
  /** r0 of the last run, 32 bits, unsigned. */
  readonly retval: number;
  /** FNV-1a of the packet as the last run left it. */
  readonly packetHash: number;
}

/** A program in an engine, its maps filled. */
export interface Loaded {
  /** Milliseconds that reading, loading and compiling took; filling maps does not count. */
  readonly loadMs: number;
  /** Runs the program `count` times over a fresh copy of its packet, each run on what the one before left. */
  run(count: number): Outcome | Promise<Outcome>;
}

/** An open engine. */
export interface Engine extends AsyncDisposable {
  /** What its times are. */
  readonly clock: Clock['kind'];
  /** @throws NotSupportedError for a program that the engine cannot run. */
  load(bench: Bench): Loaded | Promise<Loaded>;
}

/** Why an engine is not there. */
export interface Skipped {
  readonly skipped: string;
}

/** FNV-1a, 32 bits. */
export function fnv1a(bytes: Uint8Array): number {
  let hash = 2_166_136_261;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 16_777_619);
  return hash >>> 0;
}
