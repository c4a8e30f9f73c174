/**
 * `Instruction`: one eBPF instruction as its encoding's fields, and the numbers that the fields are made of (RFC 9669 §3,
 * include/uapi/linux/bpf.h).
 *
 *     byte    0        1          2..3   4..7
 *          opcode   src|dst       off    imm       little-endian: dst is the low nibble
 *          opcode   dst|src       off    imm       big-endian: dst is the high nibble
 *
 *     opcode of ALU, ALU64, JMP, JMP32:  code (4 bits) | source (1) | class (3)
 *     opcode of LD, LDX, ST, STX:        mode (3 bits) | size (2)   | class (3)
 */

/** One instruction. A wide one (`ld_imm64`) takes two slots, any other takes one. */
export interface Instruction {
  /** u8. */
  readonly opcode: number;
  /** Register number, 4 bits. */
  readonly dst: number;
  /** Register number, or what kind of call or wide immediate this is; 4 bits. */
  readonly src: number;
  /** s16. */
  readonly off: number;
  /** s32. */
  readonly imm: number;
  /** Wide instructions only: the unsigned 64-bit immediate. Its low half is `imm`, its high half the second slot's. */
  readonly imm64?: bigint;
}

/** Bytes of a slot. */
export const SLOT_BYTES = 8;

/** The read-only frame pointer, the last register that a program can name. */
export const BPF_REG_FP = 10;

/** Instruction classes, the low three bits of the opcode. */
export const BPF_LD = 0x00;
export const BPF_LDX = 0x01;
export const BPF_ST = 0x02;
export const BPF_STX = 0x03;
export const BPF_ALU = 0x04;
export const BPF_JMP = 0x05;
export const BPF_JMP32 = 0x06;
export const BPF_ALU64 = 0x07;

/** Source of the second operand in ALU and jump classes: the immediate or a register. */
export const BPF_K = 0x00;
export const BPF_X = 0x08;

/** Operand sizes of the load and store classes. */
export const BPF_W = 0x00;
export const BPF_H = 0x08;
export const BPF_B = 0x10;
export const BPF_DW = 0x18;

/** Bits of the memory operand of an opcode of the load and store classes. */
export const memoryBits = (opcode: number): 8 | 16 | 32 | 64 =>
  ([32, 16, 8, 64] as const)[((opcode & BPF_DW) >> 3) as 0 | 1 | 2 | 3];

/** Modes of the load and store classes. */
export const BPF_IMM = 0x00;
export const BPF_ABS = 0x20;
export const BPF_IND = 0x40;
export const BPF_MEM = 0x60;
export const BPF_MEMSX = 0x80;
export const BPF_NOSPEC = 0xc0;
export const BPF_ATOMIC = 0xc0;

/** Flag in `imm` of an atomic operation: the old value goes to a register. */
export const BPF_FETCH = 0x01;

/** `src` of `ld_imm64`: what the immediate stands for. */
export const BPF_PSEUDO_MAP_FD = 1;
export const BPF_PSEUDO_MAP_VALUE = 2;
export const BPF_PSEUDO_BTF_ID = 3;
export const BPF_PSEUDO_FUNC = 4;
export const BPF_PSEUDO_MAP_IDX = 5;
export const BPF_PSEUDO_MAP_IDX_VALUE = 6;

/** `src` of `call`: a subprogram or a kernel function, else a helper. */
export const BPF_PSEUDO_CALL = 1;
export const BPF_PSEUDO_KFUNC_CALL = 2;

/** The opcode of every wide instruction. */
export const LD_IMM64 = BPF_LD | BPF_IMM | BPF_DW;

/** Whether an opcode begins an instruction of two slots. */
export const isWide = (opcode: number): boolean => opcode === LD_IMM64;

/** Slots that an instruction takes: what `pc` advances by. */
export const slotCount = (insn: Pick<Instruction, 'opcode'>): 1 | 2 => (isWide(insn.opcode) ? 2 : 1);

/** The 64-bit immediate of two halves, each as the signed `imm` of its slot. */
export function joinImm64(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** The second slot's `imm` (s32) of a wide instruction; 0 of any other. */
export function nextImm(insn: Instruction): number {
  return insn.imm64 === undefined ? 0 : Number(BigInt.asIntN(32, insn.imm64 >> 32n));
}
