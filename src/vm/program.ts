/** A program as an engine takes it: decoded, with everything that depended on the kernel already in its immediates. */
import type { Instruction } from '../asm/insn.ts';
import type { Row } from '../asm/row.ts';
import type { HelperFunction } from './call.ts';

/** An instruction at its slot, with its row of the table. */
export interface Slot {
  readonly insn: Instruction;
  readonly row: Row;
}

/**
 * A program ready to run. `slots` is indexed by pc; the second half of a wide instruction is undefined. Wide immediates are plain
 * 64-bit values: map pointers, value addresses and text pointers are in place. Jumps and calls stay inside `slots`.
 */
export interface Program {
  readonly name: string;
  readonly slots: readonly (Slot | undefined)[];
}

/** What a program's calls resolve to. */
export interface Linkage {
  /** The body of a helper, undefined where this kernel has none. */
  helper(id: number): HelperFunction | undefined;
  /** The program at `index` of the prog array that `map` points to. */
  tailCallTarget(map: bigint, index: number): Program | undefined;
}
