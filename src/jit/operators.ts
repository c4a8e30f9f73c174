/**
 * The WebAssembly operator of each arithmetic, condition and memory row of the instruction table. What a row means beside its
 * operator (the divisor zero, a shift amount) is the same in both worlds or stands in `lower.ts`.
 */
import type { AluOp, AtomicOp, ConditionOp, MemoryBits } from '../asm/row.ts';
import { OP, type OpName } from './wasm/opcodes.ts';

/** An operator of both widths, without its prefix. */
type Operator = OpName extends infer Name ? (Name extends `i64.${infer Rest}` ? Rest : never) : never;

const ALU = {
  add: 'add',
  sub: 'sub',
  mul: 'mul',
  div: 'div_u',
  sdiv: 'div_s',
  or: 'or',
  and: 'and',
  // Shift amounts are taken modulo the width, as BPF does.
  lsh: 'shl',
  rsh: 'shr_u',
  mod: 'rem_u',
  smod: 'rem_s',
  xor: 'xor',
  arsh: 'shr_s',
} as const satisfies Record<Exclude<AluOp, 'neg' | 'mov' | 'movsx'>, Operator>;

/** Operations with two operands and an operator. */
export type BinaryOp = keyof typeof ALU;

const CONDITION = {
  jeq: 'eq',
  jne: 'ne',
  jgt: 'gt_u',
  jge: 'ge_u',
  jlt: 'lt_u',
  jle: 'le_u',
  jsgt: 'gt_s',
  jsge: 'ge_s',
  jslt: 'lt_s',
  jsle: 'le_s',
} as const satisfies Record<Exclude<ConditionOp, 'jset'>, Operator>;

const ATOMIC = { add: 'add', or: 'or', and: 'and', xor: 'xor' } as const satisfies Partial<Record<AtomicOp, Operator>>;

const LOAD = {
  '8': 'i32.load8_u',
  '16': 'i32.load16_u',
  '32': 'i32.load',
  '64': 'i64.load',
  s8: 'i64.load8_s',
  s16: 'i64.load16_s',
  s32: 'i64.load32_s',
} as const satisfies Record<string, OpName>;

const STORE = { 8: 'i32.store8', 16: 'i32.store16', 32: 'i32.store', 64: 'i64.store' } as const satisfies Record<
  MemoryBits,
  OpName
>;

export const aluOperator = (op: BinaryOp, bits: 32 | 64): OpName => `i${bits}.${ALU[op]}`;

export const conditionOperator = (op: keyof typeof CONDITION, bits: 32 | 64): OpName => `i${bits}.${CONDITION[op]}`;

export const atomicOperator = (op: keyof typeof ATOMIC, bits: 32 | 64): OpName => `i${bits}.${ATOMIC[op]}`;

/** The load of a row; those of up to 32 bits that do not extend the sign give 32. */
export const loadOperator = (bits: MemoryBits, signed: boolean): OpName =>
  bits === 64 ? LOAD[64] : LOAD[`${signed ? 's' : ''}${bits}`];

/** The store of a row; those of up to 32 bits take 32. */
export const storeOperator = (bits: MemoryBits): OpName => STORE[bits];

/** The comparison that holds exactly where another does not. */
export const COMPLEMENT: ReadonlyMap<number, number> = new Map(
  (['i32', 'i64'] as const).flatMap(type =>
    (
      [
        ['eq', 'ne'],
        ['lt_s', 'ge_s'],
        ['lt_u', 'ge_u'],
        ['gt_s', 'le_s'],
        ['gt_u', 'le_u'],
      ] as const
    ).flatMap(([one, other]): [number, number][] => [
      [OP[`${type}.${one}`], OP[`${type}.${other}`]],
      [OP[`${type}.${other}`], OP[`${type}.${one}`]],
    ]),
  ),
);
