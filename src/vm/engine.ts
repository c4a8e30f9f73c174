/** What runs programs: an interpreter, a compiler. Every engine gives the same results and the same faults. */
import type { HookContext } from './env.ts';
import type { Program } from './program.ts';

export interface Engine {
  /**
   * Runs a program over a context and gives r0.
   * @throws VmFault where it breaks a rule of memory, calls or fuel; NotSupportedError where it calls what has no body here.
   */
  run(program: Program, context: HookContext): bigint;
  /** The same `times` times in a row, once unless given; gives the low half of the last r0, unsigned. */
  runNumber(program: Program, context: HookContext, times?: number): number;
}
