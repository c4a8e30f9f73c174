/** The instruction set: table, codec, assembler, disassembler. */
export { type AssembleOptions, type Assembly, asm, assemble } from './assemble.ts';
export { checkInstruction, decode, decodeAt, encode, type PlacedInstruction, readInstruction } from './codec.ts';
export { assembleConformance } from './conformance-syntax.ts';
export { formatInstruction, type InstructionText } from './disasm.ts';
export { AsmError, type InstructionField, type TextPlace } from './error.ts';
export {
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_IDX,
  BPF_PSEUDO_MAP_IDX_VALUE,
  BPF_PSEUDO_MAP_VALUE,
  BPF_REG_FP,
  type Instruction,
  isWide,
  joinImm64,
  LD_IMM64,
  nextImm,
  SLOT_BYTES,
  slotCount,
} from './insn.ts';
export { INSTRUCTIONS, type InstructionName, type InstructionRow } from './instructions.ts';
export type { Semicolon } from './lexer.ts';
export { type FieldFault, type FieldName, findRow, matchRow, rowsOf, selectRow } from './match.ts';
export type {
  AddrSpaceCastRow,
  Allowed,
  AluOp,
  AluRow,
  AtomicOp,
  AtomicRow,
  CallRow,
  ConditionOp,
  ConditionRow,
  ConformanceGroup,
  EndianRow,
  ExitRow,
  Fields,
  InternalRow,
  IsaVersion,
  JumpRow,
  LoadRow,
  MayGotoRow,
  MemoryBits,
  PacketRow,
  Row,
  RowBase,
  Source,
  StoreRow,
  WideRow,
} from './row.ts';
export { SOURCE_TEXT } from './source-text.ts';
export { type Operand, parseSyntax, type SyntaxPiece } from './syntax.ts';
export { distanceField, targetOf } from './target.ts';
export { type XlatedSymbols, xlatedText } from './xlated.ts';
