/**
 * Instructions as text, the way Linux prints them: in the verifier's log (kernel/bpf/disasm.c) and, with `xlatedText` of `xlated.ts`, in
 * `bpftool prog dump xlated`. Takes illegal instructions too, since a log shows one before it refuses it.
 */
import { helperName } from '../uapi/helpers.ts';
import { hex64 } from '../util/int64.ts';
import {
  BPF_ATOMIC,
  BPF_DW,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_STX,
  BPF_W,
  type Instruction,
  joinImm64,
  memoryBits,
  nextImm,
} from './insn.ts';
import { INSTRUCTIONS, type InstructionRow } from './instructions.ts';
import { rowsOf, selectRow } from './match.ts';
import { type Operand, parseSyntax, type SyntaxPiece } from './syntax.ts';

/** How to print what an instruction alone does not tell. */
export interface InstructionText<I extends Instruction = Instruction> {
  /** Whether `(bf) `, the opcode, goes in front; it does where this is absent. */
  readonly opcode?: boolean;
  /**
   * What a call calls: the name before `#imm` of a helper or kfunc, what follows `pc` for a subprogram. Undefined, or absent, for
   * the helper's name, `kernel-function`, and the distance.
   */
  readonly callee?: (insn: I) => string | undefined;
  /** What a wide immediate stands for. Undefined, or absent, for its 64 bits in hex. */
  readonly imm64?: (insn: I) => string | undefined;
}

const SYNTAX = new Map<InstructionRow, readonly SyntaxPiece[]>(
  Object.values(INSTRUCTIONS).map(row => [row, parseSyntax(row.syntax)]),
);

const signedText = (value: number): string => (value < 0 ? String(value) : `+${value}`);

function calleeText(insn: Instruction): string {
  switch (insn.src) {
    case 0:
      return helperName(insn.imm);
    case BPF_PSEUDO_CALL:
      return signedText(insn.imm);
    case BPF_PSEUDO_KFUNC_CALL:
      return 'kernel-function';
    default:
      return 'unknown';
  }
}

/** One operand's text, by its notation. */
function operandText<I extends Instruction>(operand: Operand, insn: I, text: InstructionText<I>): string {
  switch (operand) {
    case 'dst':
    case 'src':
    case 'off':
    case 'imm':
      return String(insn[operand]);
    case 'off:+':
      return signedText(insn.off);
    case 'bits':
      return String(memoryBits(insn.opcode));
    case 'imm:+':
      return signedText(insn.imm);
    case 'imm:x':
      return `0x${(insn.imm >>> 0).toString(16)}`;
    case 'imm:hi':
      return String(insn.imm >> 16);
    case 'imm:lo':
      return String(insn.imm & 0xffff);
    case 'next_imm:+':
      return signedText(nextImm(insn));
    case 'imm64':
      return text.imm64?.(insn) ?? hex64(insn.imm64 ?? joinImm64(insn.imm, 0));
    case 'callee':
      return text.callee?.(insn) ?? calleeText(insn);
  }
}

/** The text of a template with the operands of an instruction in it. */
export function formatSyntax<I extends Instruction>(
  pieces: readonly SyntaxPiece[],
  insn: I,
  text: InstructionText<I> = {},
): string {
  return pieces.map(piece => ('text' in piece ? piece.text : operandText(piece.operand, insn, text))).join('');
}

/** Whether an opcode is an atomic operation's, of any width. */
const isAtomic = (opcode: number): boolean => (opcode & ~BPF_DW) === (BPF_STX | BPF_ATOMIC);

/** The row whose syntax prints an instruction: its own, or where its selector is illegal the one that the kernel takes it for. */
function printedRow(insn: Instruction): InstructionRow | undefined {
  const row = selectRow(insn);
  if (row !== undefined) return row;
  if (isAtomic(insn.opcode)) return selectRow({ ...insn, opcode: BPF_STX | BPF_ATOMIC | BPF_W });
  const { movsx32_16: movsx32 } = INSTRUCTIONS;
  if (insn.opcode === movsx32.opcode && insn.off === 32) return movsx32;
  return rowsOf(insn.opcode)[0];
}

/**
 * The text of one instruction: `(07) r2 += -4`. What no template covers prints as the kernel does, `BUG_c3`.
 *
 * @example formatInstruction(insn, { imm64: () => `map[id:${id}]` })
 */
export function formatInstruction<I extends Instruction>(insn: I, text: InstructionText<I> = {}): string {
  const opcode = insn.opcode.toString(16).padStart(2, '0');
  const row = printedRow(insn);
  const pieces = row && SYNTAX.get(row);
  if (pieces === undefined) return `BUG_${opcode}`;
  return `${text.opcode === false ? '' : `(${opcode}) `}${formatSyntax(pieces, insn, text)}`;
}
