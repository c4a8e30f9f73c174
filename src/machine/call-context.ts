/** The context of programs that see a call: its arguments as 64-bit words, and what it returned. */
import type { HookContext } from '../vm/env.ts';

/** A call under a program: `fentry`, `fexit`, LSM hooks, typed and raw tracepoints. */
export interface CallContext extends HookContext {
  readonly kind: 'call';
  /** Arguments, from the context's address on. */
  readonly argumentCount: number;
  /** Whether the word behind them is what the function returned. */
  readonly hasReturnValue: boolean;
}

/** Whether a context is a call. */
export function isCallContext(context: HookContext): context is CallContext {
  return context.kind === 'call';
}
