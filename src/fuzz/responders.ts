/** Our own engines as responders, each with a kernel of its own. */
import { KernelSys } from '../kernel/kernel.ts';
import { kernelResponder } from './kernel-responder.ts';
import type { Responder } from './question.ts';

/** Instructions that the interpreter takes before it gives up; a verifiable program takes fewer. */
export const FUEL = 50_000;

/** Our engines: the interpreter; the compiler; the compiler without the checks that stand in for a verifier. */
export const OWN_ENGINES = {
  interp: { kernel: { engine: 'interp', fuel: FUEL }, checks: true },
  // Compiled code counts by blocks: what the interpreter runs to its end must have enough.
  jit: { kernel: { engine: 'jit', fuel: 4 * FUEL }, checks: true },
  trust: { kernel: { engine: 'jit', trust: true }, checks: false },
} as const;

/** The name of one of our engines. */
export type OwnEngine = keyof typeof OWN_ENGINES;

/** A responder over a new kernel with one of our engines. */
export function ownResponder(name: OwnEngine): Responder {
  const { kernel, checks } = OWN_ENGINES[name];
  return kernelResponder(name, new KernelSys(kernel), { checks });
}
