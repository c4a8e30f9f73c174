/**
 * What a row of the instruction table says. Rows are told apart by `kind`; a consumer switches on it.
 *
 * `fields` is about the encoding alone: what an operand's value means (a shift by 70, a division by the constant zero, a write
 * to the frame pointer) is the verifier's to judge.
 */
import type { KernelVersion } from '../uapi/profile.ts';

/** Values that a field may hold: whatever fits its bits, a register (0 to 10), or one of a list. */
export type Allowed = 'any' | 'register' | readonly number[];

/** What each field of an encoding may hold; `next_imm` is the second slot's immediate. */
export interface Fields {
  readonly dst: Allowed;
  readonly src: Allowed;
  readonly off: Allowed;
  readonly imm: Allowed;
  readonly next_imm?: Allowed;
}

/** Conformance groups of RFC 9669 §2.4; `linux` for what Linux added to it, `llvm` for what only LLVM has, `internal` for what only Linux's verifier writes. */
export type ConformanceGroup =
  | 'base32'
  | 'base64'
  | 'atomic32'
  | 'atomic64'
  | 'divmul32'
  | 'divmul64'
  | 'packet'
  | 'linux'
  | 'llvm'
  | 'internal';

/** LLVM's `-mcpu=vN`: the first that emits the instruction by itself. */
export type IsaVersion = 1 | 2 | 3 | 4;

/** Bits of a memory operand. */
export type MemoryBits = 8 | 16 | 32 | 64;

/** Where the second operand comes from: the immediate (`k`) or a register (`x`). */
export type Source = 'k' | 'x';

/** What every row says. */
export interface RowBase {
  readonly opcode: number;
  readonly fields: Fields;
  /** The text in the kernel's log, as a template: see `syntax.ts`. */
  readonly syntax: string;
  /** Undefined for what LLVM leaves to loaders and kernels. */
  readonly isa: IsaVersion | undefined;
  readonly group: ConformanceGroup;
  /** The first Linux that loads it; undefined where none does up to the reference. */
  readonly since: KernelVersion | undefined;
}

/**
 * Arithmetic on a register. `eval` takes whole 64-bit registers (an immediate sign-extended) and gives the whole new one; a
 * 32-bit row looks at the low halves and clears the upper half of its result.
 */
export interface AluRow extends RowBase {
  readonly kind: 'alu';
  readonly op: AluOp;
  readonly bits: 32 | 64;
  /** Unary operations have none. */
  readonly source: Source | undefined;
  /** `movsx` only: the bits that it takes of the source. */
  readonly from?: 8 | 16 | 32;
  readonly eval: (dst: bigint, src: bigint) => bigint;
}

/** Operations of {@link AluRow}. */
export type AluOp =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'sdiv'
  | 'or'
  | 'and'
  | 'lsh'
  | 'rsh'
  | 'neg'
  | 'mod'
  | 'smod'
  | 'xor'
  | 'mov'
  | 'movsx'
  | 'arsh';

/** Byte order conversion of the low `bits` of a register, the rest cleared; `eval` is that of a little-endian machine. */
export interface EndianRow extends RowBase {
  readonly kind: 'endian';
  readonly op: 'le' | 'be' | 'bswap';
  readonly bits: 16 | 32 | 64;
  readonly eval: (dst: bigint) => bigint;
}

/** Turns a pointer of one address space into one of another: `imm` is destination space << 16 | source space. */
export interface AddrSpaceCastRow extends RowBase {
  readonly kind: 'addr_space_cast';
}

/** Conditional jump by `off`. `eval` takes whole 64-bit registers; a 32-bit row looks at the low halves. */
export interface ConditionRow extends RowBase {
  readonly kind: 'condition';
  readonly op: ConditionOp;
  readonly bits: 32 | 64;
  readonly source: Source;
  readonly eval: (dst: bigint, src: bigint) => boolean;
}

/** Operations of {@link ConditionRow}. */
export type ConditionOp = 'jeq' | 'jne' | 'jgt' | 'jge' | 'jlt' | 'jle' | 'jsgt' | 'jsge' | 'jslt' | 'jsle' | 'jset';

/** Unconditional jump; `distance` names the field that holds it. */
export interface JumpRow extends RowBase {
  readonly kind: 'jump';
  readonly distance: 'off' | 'imm';
}

/** Jump by `off` once a hidden counter or clock has run out. */
export interface MayGotoRow extends RowBase {
  readonly kind: 'may_goto';
}

export interface CallRow extends RowBase {
  readonly kind: 'call';
  readonly callee: 'helper' | 'subprogram' | 'kfunc' | 'register';
}

export interface ExitRow extends RowBase {
  readonly kind: 'exit';
}

/** `dst = *(src + off)`, zero- or sign-extended to 64 bits. */
export interface LoadRow extends RowBase {
  readonly kind: 'load';
  readonly bits: MemoryBits;
  readonly signed: boolean;
  readonly acquire: boolean;
}

/** `*(dst + off) = src` or `imm`. */
export interface StoreRow extends RowBase {
  readonly kind: 'store';
  readonly bits: MemoryBits;
  readonly source: Source;
  readonly release: boolean;
}

/**
 * Read-modify-write of `*(dst + off)`. With `fetch` the old value, zero-extended, goes to `src` (to r0 for `cmpxchg`). `eval`
 * gives the new memory value from the old one and the whole registers.
 */
export interface AtomicRow extends RowBase {
  readonly kind: 'atomic';
  readonly op: AtomicOp;
  readonly bits: 32 | 64;
  readonly fetch: boolean;
  readonly eval: (old: bigint, src: bigint, r0: bigint) => bigint;
}

/** Operations of {@link AtomicRow}. */
export type AtomicOp = 'add' | 'or' | 'and' | 'xor' | 'xchg' | 'cmpxchg';

/** Classic BPF's packet load into r0, at `imm` (`abs`) or at `src + imm` (`ind`), in network byte order. */
export interface PacketRow extends RowBase {
  readonly kind: 'packet';
  readonly mode: 'abs' | 'ind';
  readonly bits: 8 | 16 | 32;
}

/** `dst =` a 64-bit immediate, or what it stands for. */
export interface WideRow extends RowBase {
  readonly kind: 'wide';
  readonly pseudo: 'imm' | 'map_fd' | 'map_value' | 'btf_id' | 'func' | 'map_idx' | 'map_idx_value';
}

/** What Linux's verifier writes into a checked program: seen in listings of loaded programs, refused from users. */
export interface InternalRow extends RowBase {
  readonly kind: 'internal';
  readonly op: 'mov_percpu' | 'nospec';
}

/** A row of the instruction table. */
export type Row =
  | AluRow
  | EndianRow
  | AddrSpaceCastRow
  | ConditionRow
  | JumpRow
  | MayGotoRow
  | CallRow
  | ExitRow
  | LoadRow
  | StoreRow
  | AtomicRow
  | PacketRow
  | WideRow
  | InternalRow;
