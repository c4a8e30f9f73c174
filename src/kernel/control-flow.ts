/** Where instructions lead, as far as it shows without knowing any value. */
import { slotCount } from '../asm/insn.ts';
import { targetOf } from '../asm/target.ts';
import type { Slot } from '../vm/program.ts';

/** The instructions that every run passes, up to the first that decides something. Targets have been checked. */
export function certainSlots(slots: readonly (Slot | undefined)[]): ReadonlySet<number> {
  const certain = new Set<number>();
  for (let pc = 0; !certain.has(pc); ) {
    const slot = slots[pc];
    if (slot === undefined) break;
    certain.add(pc);
    const { kind } = slot.row;
    if (kind === 'exit' || kind === 'condition' || kind === 'may_goto') break;
    pc = kind === 'jump' ? targetOf(slot.row, slot.insn, pc)! : pc + slotCount(slot.insn);
  }
  return certain;
}
