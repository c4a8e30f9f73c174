/** The seam between an engine and the bodies of helpers and kfuncs. */
import type { HookContext } from './env.ts';
import type { GuestMemory } from './memory.ts';

/** What a helper body sees of the run that called it. */
export interface HelperCall {
  readonly memory: GuestMemory;
  /** What the program runs over. */
  readonly context: HookContext;
  /** Name of the program, as the kernel keeps it. */
  readonly program: string;
  /**
   * Runs the function that `pointer` (a text pointer) names, as a callback in a frame of its own, and gives its r0.
   * @throws VmFault where it faults or the pointer names no function.
   */
  callback(pointer: bigint, r1: bigint, r2: bigint, r3: bigint, r4: bigint): bigint;
}

/** A helper as an engine calls it: registers r1 to r5 in, r0 out, all canonical unsigned 64-bit. @throws AccessRefusal on arguments no kernel would let through. */
export type HelperFunction = (call: HelperCall, r1: bigint, r2: bigint, r3: bigint, r4: bigint, r5: bigint) => bigint;
