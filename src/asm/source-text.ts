/**
 * Text that loses nothing: what the kernel's log leaves out of an instruction, in the words that `bpftool prog dump xlated` has for it
 * or would have. `kernel-syntax.ts` reads it.
 */
import { formatSyntax, type InstructionText } from './disasm.ts';
import { BPF_PSEUDO_KFUNC_CALL, type Instruction } from './insn.ts';
import { selectRow } from './match.ts';
import type { WideRow } from './row.ts';
import { parseSyntax } from './syntax.ts';

/** What a wide immediate stands for. */
export const WIDE_SYNTAX = {
  imm: '{imm64}',
  map_fd: 'map[fd:{imm}]',
  map_value: 'map[fd:{imm}][0]{next_imm:+}',
  btf_id: 'btf[id:{imm}][fd:{next_imm:+}]',
  func: 'subprog[{imm:+}]',
  map_idx: 'map[idx:{imm}]',
  map_idx_value: 'map[idx:{imm}]{next_imm:+}',
} as const satisfies Record<WideRow['pseudo'], string>;

/** A kfunc of another BTF than the kernel's. */
export const MODULE_KFUNC = 'kernel-function[{off}]';

function wideText(insn: Instruction): string | undefined {
  const row = selectRow(insn);
  return row?.kind === 'wide' ? formatSyntax(parseSyntax(WIDE_SYNTAX[row.pseudo]), insn) : undefined;
}

/**
 * How `formatInstruction` prints what `assemble` reads back as it was: the pseudo sources of wide immediates, which the kernel's log
 * does not show, and the BTF of a kfunc. Only what every kernel ignores is lost: `off` of `exit`, the second half of a function's
 * address.
 */
export const SOURCE_TEXT: InstructionText = {
  callee: insn =>
    insn.src === BPF_PSEUDO_KFUNC_CALL && insn.off !== 0 ? formatSyntax(parseSyntax(MODULE_KFUNC), insn) : undefined,
  imm64: wideText,
};
