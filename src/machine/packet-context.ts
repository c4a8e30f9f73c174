/** What the contexts of packet programs have in common, for helpers that take any of them. */
import type { HookContext } from '../vm/env.ts';

/** A packet under a program: an XDP buffer or a socket buffer. */
export interface PacketContext extends HookContext {
  /** Bytes of the packet, those not in line included. */
  readonly length: number;
  /**
   * Calls `visit` for each contiguous piece of `[offset, offset + length)` of the packet with its linear address, in order. The
   * caller has checked that the range lies inside.
   */
  pieces(offset: number, length: number, visit: (address: number, size: number) => void): void;
}

/** Whether a context is a packet. */
export function isPacketContext(context: HookContext): context is PacketContext {
  return 'pieces' in context;
}
