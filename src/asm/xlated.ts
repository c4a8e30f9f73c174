/**
 * What a loaded program's instructions say that a program's own do not: the kernel has put map ids, function addresses and
 * subprogram numbers in their fields. The texts are those of `bpftool prog dump xlated` (tools/bpf/bpftool/xlated_dumper.c).
 */
import { helperName } from '../uapi/helpers.ts';
import { hex64, u64 } from '../util/int64.ts';
import type { InstructionText } from './disasm.ts';
import {
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_IDX_VALUE,
  BPF_PSEUDO_MAP_VALUE,
  type Instruction,
  nextImm,
} from './insn.ts';

/** What a listing of a loaded program can learn from the kernel to name the functions that it calls. */
export interface XlatedSymbols {
  /** What calls of helpers and kernel functions count from: the address of `__bpf_call_base`. */
  readonly callBase: bigint;
  /** `jited_ksyms` of the program: where its functions lie, by subprogram; empty for an interpreted one. */
  readonly jitedFunctions: readonly bigint[];
  /** The name of the function at an address. */
  readonly nameAt: (address: bigint) => string | undefined;
}

const NO_SYMBOLS: XlatedSymbols = { callBase: 0n, jitedFunctions: [], nameAt: () => undefined };

function wideText(insn: Instruction): string | undefined {
  const low = insn.imm >>> 0;
  const high = nextImm(insn) >>> 0;
  switch (insn.src) {
    case BPF_PSEUDO_MAP_FD:
      return `map[id:${low}]`;
    case BPF_PSEUDO_MAP_VALUE:
      return `map[id:${low}][0]+${high}`;
    case BPF_PSEUDO_MAP_IDX_VALUE:
      return `map[idx:${low}]+${high}`;
    case BPF_PSEUDO_FUNC:
      return `subprog[${insn.imm < 0 ? '' : '+'}${insn.imm}]`;
    default:
      return undefined;
  }
}

/** The text of a function's address. */
const functionText = (address: bigint, symbols: XlatedSymbols): string => symbols.nameAt(address) ?? hex64(address);

function calleeText(insn: Instruction, symbols: XlatedSymbols): string | undefined {
  const counted = u64(symbols.callBase + BigInt(insn.imm));
  if (insn.src !== BPF_PSEUDO_CALL) {
    const isHelperId = insn.src === 0 && helperName(insn.imm) !== 'unknown';
    return isHelperId ? undefined : functionText(counted, symbols);
  }
  const distance = `${insn.off < 0 ? '' : '+'}${insn.off}`;
  if (symbols.jitedFunctions.length === 0) return distance;
  return `${distance}#${functionText(symbols.jitedFunctions[insn.imm] ?? counted, symbols)}`;
}

/** How `bpftool prog dump xlated` prints a loaded program's instructions: `call pc+3#bpf_prog_…_f`, `r1 = map[id:7][0]+4`. */
export function xlatedText(symbols: XlatedSymbols = NO_SYMBOLS): InstructionText {
  return { callee: insn => calleeText(insn, symbols), imm64: wideText };
}
