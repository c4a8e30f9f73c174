/**
 * Values of one basic block as expression trees over WebAssembly's own operators. A register holds a tree; copying a register copies the
 * reference. So what a 32-bit operation cuts off is never computed twice, addresses fold into constants, and a rotation is
 * seen for what it is although the program wrote two shifts and an or.
 *
 * A tree is pure: it reads locals that keep their value until the block's end, and may be emitted at any place of the block.
 */
import { OP, type OpName, type ValueType } from './wasm/opcodes.ts';

/** One node. What instructions with effects give (a load, a call) is a node whose `local` is set when the effect is emitted. */
export interface Value {
  /** The opcode that computes it: a constant, `local.get`, an operator; `nop` for what an effect gives. */
  readonly op: number;
  readonly type: ValueType;
  readonly a: Value | undefined;
  readonly b: Value | undefined;
  /** Constants: the halves, low first. `local.get`: the local. */
  readonly lo: number;
  readonly hi: number;
  /** Longest way down to a leaf. */
  readonly depth: number;
  /** Nodes and effects that were built upon it. */
  uses: number;
  /** The local that holds the result once it has been computed; -1 before. */
  local: number;
}

function node(op: number, type: ValueType, a?: Value, b?: Value, lo = 0, hi = 0): Value {
  let depth = 0;
  if (a !== undefined) {
    a.uses++;
    depth = a.depth + 1;
  }
  if (b !== undefined) {
    b.uses++;
    if (b.depth >= depth) depth = b.depth + 1;
  }
  return { op, type, a, b, lo, hi, depth, uses: 0, local: -1 };
}

/** A 64-bit constant by its halves. */
export const const64 = (lo: number, hi: number): Value =>
  node(OP['i64.const'], 'i64', undefined, undefined, lo | 0, hi | 0);

/** A 64-bit constant. */
export const constBig = (value: bigint): Value =>
  const64(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));

/** A 32-bit constant. */
export const const32 = (value: number): Value => node(OP['i32.const'], 'i32', undefined, undefined, value | 0, 0);

/** What a local holds at the block's begin. */
export const localValue = (index: number, type: ValueType): Value =>
  node(OP['local.get'], type, undefined, undefined, index);

/** What an effect will give. */
export const effectValue = (type: ValueType): Value => node(OP.nop, type);

export const isConst = (v: Value): boolean => v.op === OP['i64.const'] || v.op === OP['i32.const'];

/** The value of a 64-bit constant, unsigned. */
export const bigOf = (v: Value): bigint => (BigInt(v.hi >>> 0) << 32n) | BigInt(v.lo >>> 0);

/** Whether the upper half is known to be zero. */
const isNarrow = (v: Value): boolean => v.op === OP['i64.extend_i32_u'] || (v.op === OP['i64.const'] && v.hi === 0);

/** The low half of a 64-bit value. */
export function wrap(v: Value): Value {
  switch (v.op) {
    case OP['i64.const']:
      return const32(v.lo);
    case OP['i64.extend_i32_u']:
    case OP['i64.extend_i32_s']:
      return v.a!;
    case OP['i64.add']:
      // Where a half is at hand, the addition needs no more than the halves.
      if (isExtended(v.a!) || isExtended(v.b!)) return binary('i32.add', wrap(v.a!), wrap(v.b!));
      break;
  }
  return node(OP['i32.wrap_i64'], 'i32', v);
}

const isExtended = (v: Value): boolean => v.op === OP['i64.extend_i32_u'] || v.op === OP['i64.extend_i32_s'];

/** A 32-bit value with an upper half of zero. */
export function zeroExtend(v: Value): Value {
  return v.op === OP['i32.const'] ? const64(v.lo, 0) : node(OP['i64.extend_i32_u'], 'i64', v);
}

export function unary(name: OpName, a: Value): Value {
  return node(OP[name], name.startsWith('i64') ? 'i64' : 'i32', a);
}

/** Comparisons give 32 bits whatever their operands are. */
const isCompare = (op: number): boolean => op >= OP['i32.eqz'] && op <= OP['i64.ge_u'];

/** An operator on two values; gives a simpler tree of the same value where there is one. */
export function binary(name: OpName, a: Value, b: Value): Value {
  const op = OP[name];
  return simplify(op, a, b) ?? node(op, a.type === 'i32' || isCompare(op) ? 'i32' : 'i64', a, b);
}

function simplify(op: number, a: Value, b: Value): Value | undefined {
  switch (op) {
    case OP['i64.add']:
    case OP['i32.add']:
      return addition(op, a, b) ?? rotation(a, b);
    case OP['i64.or']:
    case OP['i32.or']:
    case OP['i64.xor']:
    case OP['i32.xor']:
      return isZero(b) ? a : rotation(a, b);
    case OP['i64.and']:
      // A mask of the low half is an operation on the low half.
      return b.op === OP['i64.const'] && b.hi === 0 ? zeroExtend(maskLow(wrap(a), b.lo)) : undefined;
    case OP['i64.shr_u']:
      if (isConst(b) && (b.lo & 63) === 32 && isShift(a, OP['i64.shl'], 32)) return zeroExtend(wrap(a.a!));
      return isZero(b) ? a : undefined;
    case OP['i64.shr_s']:
      if (isConst(b) && (b.lo & 63) === 32 && isShift(a, OP['i64.shl'], 32)) return unary('i64.extend32_s', a.a!);
      return isZero(b) ? a : undefined;
    case OP['i64.shl']:
    case OP['i64.sub']:
    case OP['i32.shl']:
    case OP['i32.shr_u']:
    case OP['i32.shr_s']:
    case OP['i32.sub']:
      return isZero(b) ? a : undefined;
    default:
      return undefined;
  }
}

const isZero = (v: Value): boolean => isConst(v) && v.lo === 0 && v.hi === 0;

const maskLow = (a: Value, mask: number): Value => (mask === -1 ? a : binary('i32.and', a, const32(mask)));

/** Collects constants that are added, as the second operand: (x + 1) + 2 is x + 3, (x + 1) + y is (x + y) + 1. */
function addition(op: number, a: Value, b: Value): Value | undefined {
  if (isConst(a) && !isConst(b)) return addition(op, b, a) ?? node(op, a.type, b, a);
  if (!isConst(b)) {
    if (a.op === op && isConst(a.b!)) return node(op, a.type, node(op, a.type, a.a, b), a.b);
    if (b.op === op && isConst(b.b!)) return node(op, a.type, node(op, a.type, a, b.a), b.b);
    return undefined;
  }
  if (isZero(b)) return a;
  const add = op === OP['i32.add'] ? addConst32 : addConst64;
  if (isConst(a)) return add(a, b);
  if (a.op !== op || !isConst(a.b!)) return undefined;
  const sum = add(a.b!, b);
  return isZero(sum) ? a.a! : node(op, a.type, a.a, sum);
}

const addConst32 = (a: Value, b: Value): Value => const32(a.lo + b.lo);

function addConst64(a: Value, b: Value): Value {
  const low = (a.lo >>> 0) + (b.lo >>> 0);
  return const64(low, a.hi + b.hi + (low > 0xffff_ffff ? 1 : 0));
}

const isShift = (v: Value, op: number, amount: number): boolean =>
  v.op === op && isConst(v.b!) && (v.b!.lo & 63) === amount;

/** x << n joined with x >> (width - n) is a rotation. */
function rotation(a: Value, b: Value): Value | undefined {
  const bits = a.type === 'i64' ? 64 : 32;
  const [left, right] = bits === 64 ? [OP['i64.shl'], OP['i64.shr_u']] : [OP['i32.shl'], OP['i32.shr_u']];
  if (a.op === right && b.op === left) return rotation(b, a);
  if (a.op !== left || b.op !== right || a.a !== b.a || !isConst(a.b!) || !isConst(b.b!)) return undefined;
  const amount = a.b!.lo & (bits - 1);
  if (amount === 0 || amount + (b.b!.lo & (bits - 1)) !== bits) return undefined;
  return bits === 64
    ? node(OP['i64.rotl'], 'i64', a.a, const64(amount, 0))
    : node(OP['i32.rotl'], 'i32', a.a, const32(amount));
}

/** Comparisons of 64 bits and what they are on 32 when both upper halves are zero: signed ones see no sign. */
const NARROW_COMPARE: Readonly<Partial<Record<OpName, OpName>>> = {
  'i64.eq': 'i32.eq',
  'i64.ne': 'i32.ne',
  'i64.lt_u': 'i32.lt_u',
  'i64.gt_u': 'i32.gt_u',
  'i64.le_u': 'i32.le_u',
  'i64.ge_u': 'i32.ge_u',
  'i64.lt_s': 'i32.lt_u',
  'i64.gt_s': 'i32.gt_u',
  'i64.le_s': 'i32.le_u',
  'i64.ge_s': 'i32.ge_u',
};

/** A comparison, on the low halves where that is enough. */
export function compare(name: OpName, a: Value, b: Value): Value {
  const narrow = NARROW_COMPARE[name];
  if (narrow !== undefined && isNarrow(a) && isNarrow(b)) return compare(narrow, wrap(a), wrap(b));
  if (isZero(b) && name.endsWith('.eq')) return unary(name === 'i64.eq' ? 'i64.eqz' : 'i32.eqz', a);
  return binary(name, a, b);
}

/** A linear address: a 32-bit value, and what the instruction adds to it. */
export interface Address {
  readonly base: Value;
  /** Not negative. */
  readonly offset: number;
}

/** Below this nothing is mapped, so no address that is has wrapped around where less was added. */
const MAX_OFFSET = 0x10000;

/** The linear address that a pointer plus `off` points to, constants collected. */
export function addressOf(pointer: Value, off: number): Address {
  if (pointer.op === OP['i64.const']) return { base: const32(pointer.lo + off), offset: 0 };
  const hasConstant = pointer.op === OP['i64.add'] && isConst(pointer.b!);
  const base = wrap(hasConstant ? pointer.a! : pointer);
  const offset = hasConstant ? (pointer.b!.lo + off) | 0 : off;
  if (offset >= 0 && offset < MAX_OFFSET) return { base, offset };
  return { base: binary('i32.add', base, const32(offset)), offset: 0 };
}

/** An address in one piece. */
export const linearOf = ({ base, offset }: Address): Value => binary('i32.add', base, const32(offset));
