/** Where an instruction leads beside the next one, as far as its encoding says. */
import type { Instruction } from './insn.ts';
import type { Row } from './row.ts';

/** The field that holds the distance to another instruction: of jumps, calls of subprograms, and addresses of functions. */
export function distanceField(row: Row | undefined): 'off' | 'imm' | undefined {
  switch (row?.kind) {
    case 'condition':
    case 'may_goto':
      return 'off';
    case 'jump':
      return row.distance;
    case 'call':
      return row.callee === 'subprogram' ? 'imm' : undefined;
    case 'wide':
      return row.pseudo === 'func' ? 'imm' : undefined;
    default:
      return undefined;
  }
}

/** The slot that the instruction at slot `pc` may go to, or points to. */
export function targetOf(row: Row, insn: Instruction, pc: number): number | undefined {
  const field = distanceField(row);
  return field === undefined ? undefined : pc + 1 + insn[field];
}
