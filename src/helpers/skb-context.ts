/** Narrowing of what socket buffer helpers are called with. */
import { SkBuff } from '../machine/skb.ts';
import type { HookContext } from '../vm/env.ts';
import { AccessRefusal } from '../vm/fault.ts';

/** SKB_MAX_ALLOC: most bytes that a helper lets a packet grow to. */
export const SKB_MAX_LENGTH = 4 * 4096 - 320;

/** The packet that the program runs over. */
export function skbOf(context: HookContext): SkBuff {
  if (context instanceof SkBuff) return context;
  throw new AccessRefusal('bad_argument', `a context of kind ${context.kind}, want __sk_buff`);
}
