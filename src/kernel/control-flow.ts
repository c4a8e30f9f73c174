/** Where instructions lead, as far as it shows without knowing any value. */
import { type Instruction, slotCount } from '../asm/insn.ts';
import type { Row } from '../asm/row.ts';
import type { Slot } from '../vm/program.ts';

/** Where an instruction may go, or point to a function, beside the next one. */
export function targetOf(row: Row, insn: Instruction, pc: number): number | undefined {
  switch (row.kind) {
    case 'condition':
    case 'may_goto':
      return pc + 1 + insn.off;
    case 'jump':
      return pc + 1 + insn[row.distance];
    case 'call':
      return row.callee === 'subprogram' ? pc + 1 + insn.imm : undefined;
    case 'wide':
      return row.pseudo === 'func' ? pc + 1 + insn.imm : undefined;
    default:
      return undefined;
  }
}

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
