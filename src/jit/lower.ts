/**
 * What each kind of instruction becomes, as a table by the row's `kind`. The semantics are the interpreter's (`vm/operations.ts`); arithmetic on
 * constants is the table's own `eval`.
 */
import type { Instruction } from '../asm/insn.ts';
import type { AluRow, ConditionRow, MemoryBits, Row } from '../asm/row.ts';
import type { BlockBuilder } from './block.ts';
import { callHelper, callSubprogram, loadPacket, refuse, tailCall } from './calls.ts';
import { aluOperator, atomicOperator, conditionOperator, loadOperator, storeOperator } from './operators.ts';
import { TAIL_CALL } from './registers.ts';
import {
  bigOf,
  binary,
  compare,
  const32,
  const64,
  constBig,
  effectValue,
  isConst,
  unary,
  type Value,
  wrap,
  zeroExtend,
} from './value.ts';
import { OP } from './wasm/opcodes.ts';

type Lower = {
  readonly [K in Row['kind']]: (row: Extract<Row, { kind: K }>, insn: Instruction, block: BlockBuilder) => void;
};

/** Iterations that may_goto lets a frame have. */
const BPF_MAX_LOOPS = 8 * 1024 * 1024;

/** The second operand, whole: a register, or the immediate sign-extended. */
const operand = (source: 'k' | 'x' | undefined, insn: Instruction, block: BlockBuilder): Value =>
  source === 'x' ? block.get(insn.src) : const64(insn.imm, insn.imm >> 31);

const NOTHING = (): void => {};

const LOWER: Lower = {
  alu: (row, insn, block) => {
    const src = operand(row.source, insn, block);
    const dst = row.op === 'mov' || row.op === 'movsx' ? src : block.get(insn.dst);
    block.set(
      insn.dst,
      isConst(src) && isConst(dst) ? constBig(row.eval(bigOf(dst), bigOf(src))) : arithmetic(row, dst, src),
    );
  },

  endian: (row, { dst }, block) => {
    const value = block.get(dst);
    if (isConst(value)) return block.set(dst, constBig(row.eval(bigOf(value))));
    block.set(dst, row.op === 'le' ? truncate(value, row.bits) : byteSwap(value, row.bits, block));
  },

  addr_space_cast: (_row, _insn, block) => refuse(block),

  condition: (row, insn, block) => {
    block.test = condition(row, block.get(insn.dst), operand(row.source, insn, block));
  },

  jump: NOTHING,

  may_goto: (_row, _insn, block) => {
    const { emitter, scope } = block;
    const exhausted = effectValue('i32');
    exhausted.uses = 1;
    scope.mayGoto ??= emitter.body.local('i32');
    const counter = scope.mayGoto;
    block.effect(() => {
      const { body } = emitter;
      body.get(counter);
      body.i32(BPF_MAX_LOOPS);
      body.op(OP['i32.ge_u']);
      emitter.bind(exhausted);
      body.get(counter);
      body.i32(1);
      body.op(OP['i32.add']);
      body.set(counter);
    });
    block.test = exhausted;
  },

  call: (row, insn, block) => {
    if (row.callee === 'subprogram') callSubprogram(block.pc + 1 + insn.imm, block);
    else if (row.callee !== 'helper') refuse(block);
    else if (insn.imm === TAIL_CALL) tailCall(block);
    else callHelper(insn.imm, block);
  },

  exit: (_row, _insn, block) => {
    const result = block.get(0);
    result.uses++;
    block.effect(() => {
      block.emitter.push(result);
      block.saveFuel();
      block.emitter.body.op(OP.return);
    });
  },

  load: (row, insn, block) => {
    const { bits, signed } = row;
    const wide = bits === 64 || signed;
    const address = block.access(block.get(insn.src), insn.off, bits / 8, false);
    const loaded = block.load(OP[loadOperator(bits, signed)], address, wide ? 'i64' : 'i32');
    block.set(insn.dst, wide ? loaded : zeroExtend(loaded));
  },

  store: (row, insn, block) => {
    const value = operand(row.source, insn, block);
    const address = block.access(block.get(insn.dst), insn.off, row.bits / 8, true);
    block.store(OP[storeOperator(row.bits)], address, cut(value, row.bits));
  },

  atomic: (row, insn, block) => {
    const { bits, op } = row;
    const address = block.access(block.get(insn.dst), insn.off, bits / 8, true);
    const src = cut(block.get(insn.src), bits);
    const old = block.load(OP[loadOperator(bits, false)], address, bits === 64 ? 'i64' : 'i32');
    old.uses++;
    block.store(OP[storeOperator(bits)], address, op === 'cmpxchg' ? exchanged(old, src, block) : combined());
    if (row.fetch) block.set(op === 'cmpxchg' ? 0 : insn.src, bits === 64 ? old : zeroExtend(old));

    function combined(): Value {
      return op === 'xchg' || op === 'cmpxchg' ? src : binary(atomicOperator(op, bits), old, src);
    }
  },

  packet: (row, insn, block) => loadPacket(row, insn, block),

  wide: (row, insn, block) => (row.pseudo === 'imm' ? block.set(insn.dst, constBig(insn.imm64!)) : refuse(block)),

  internal: (_row, _insn, block) => refuse(block),
};

/** Compiles one instruction into its block. */
export function lower(row: Row, insn: Instruction, block: BlockBuilder): void {
  // the table is total over kinds, and its entry for a kind takes the rows of that kind
  (LOWER[row.kind] as (row: Row, insn: Instruction, block: BlockBuilder) => void)(row, insn, block);
}

/** The value cut to what a memory operand of `bits` takes. */
const cut = (value: Value, bits: MemoryBits): Value => (bits === 64 ? value : wrap(value));

function arithmetic(row: AluRow, dst: Value, src: Value): Value {
  const { bits } = row;
  const a = cut(dst, bits);
  const b = cut(src, bits);
  const result = operate(row, a, b);
  return bits === 64 ? result : zeroExtend(result);
}

function operate({ op, bits, from }: AluRow, a: Value, b: Value): Value {
  switch (op) {
    case 'mov':
      return b;
    case 'movsx':
      if (from === 32) return unary('i64.extend_i32_s', wrap(b));
      return unary(`i${bits}.extend${from!}_s`, b);
    case 'neg':
      return binary(`i${bits}.sub`, bits === 64 ? const64(0, 0) : const32(0), a);
    default:
      return binary(aluOperator(op, bits), a, b);
  }
}

function condition({ op, bits }: ConditionRow, dst: Value, src: Value): Value {
  const a = cut(dst, bits);
  const b = cut(src, bits);
  if (op !== 'jset') return compare(conditionOperator(op, bits), a, b);
  const common = binary(`i${bits}.and`, a, b);
  return common.type === 'i32' ? common : compare('i64.ne', common, const64(0, 0));
}

/** What compare-and-exchange stores. */
function exchanged(old: Value, src: Value, block: BlockBuilder): Value {
  const expected = cut(block.get(0), old.type === 'i64' ? 64 : 32);
  return block.select(compare(`${old.type}.eq`, old, expected), src, old);
}

/** The low bits of a value, the rest cleared. */
function truncate(value: Value, bits: 16 | 32 | 64): Value {
  if (bits === 64) return value;
  return zeroExtend(bits === 32 ? wrap(value) : binary('i32.and', wrap(value), const32(0xffff)));
}

/** The low bits of a value with their bytes reversed. */
function byteSwap(value: Value, bits: 16 | 32 | 64, block: BlockBuilder): Value {
  if (bits === 16) return zeroExtend(swap16(wrap(value)));
  if (bits === 32) return zeroExtend(swap32(wrap(value)));
  // Both halves swapped, and each other's place taken.
  block.force(value);
  const low = zeroExtend(swap32(wrap(value)));
  const high = zeroExtend(swap32(wrap(binary('i64.shr_u', value, const64(32, 0)))));
  return binary('i64.or', binary('i64.shl', low, const64(32, 0)), high);
}

function swap16(v: Value): Value {
  const up = binary('i32.and', binary('i32.shl', v, const32(8)), const32(0xff00));
  return binary('i32.or', up, binary('i32.and', binary('i32.shr_u', v, const32(8)), const32(0xff)));
}

/** Rotating by a byte either way puts each byte right in one of the two. */
function swap32(v: Value): Value {
  const even = binary('i32.and', binary('i32.rotl', v, const32(8)), const32(0x00ff00ff));
  const odd = binary('i32.and', binary('i32.rotl', v, const32(24)), const32(0xff00ff00));
  return binary('i32.or', even, odd);
}
