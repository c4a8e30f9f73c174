/**
 * Rows of the classes ALU and ALU64 (RFC 9669 §4.1, §4.2): arithmetic on registers, byte order, address spaces. An operation's
 * facts stand once in `OPERATIONS`; rows are its product with width and source.
 */
import type { KernelVersion } from '../../uapi/profile.ts';
import { BPF_ALU, BPF_ALU64, BPF_K, BPF_X } from '../insn.ts';
import type {
  AddrSpaceCastRow,
  AluOp,
  AluRow,
  ConformanceGroup,
  EndianRow,
  InternalRow,
  IsaVersion,
  Source,
} from '../row.ts';
import { DST, DST_IMM, DST_SRC, namesOf, tableOf } from './fields.ts';

/** An operation on operands cut to `bits`; what it gives is cut again. */
type Evaluate = (dst: bigint, src: bigint, bits: 32 | 64) => bigint;

interface Operation {
  /** Upper four bits of the opcode. */
  readonly code: number;
  /** Where several operations share a code, `off` tells them apart. */
  readonly off?: number;
  readonly sign: string;
  readonly isa?: IsaVersion;
  readonly since?: KernelVersion;
  /** The 32-bit form, where it came later. */
  readonly since32?: KernelVersion;
  readonly divmul?: true;
  readonly eval: Evaluate;
}

const signed = (value: bigint, bits: number): bigint => BigInt.asIntN(bits, value);
const shift = (amount: bigint, bits: number): bigint => amount & BigInt(bits - 1);

const OPERATIONS = {
  add: { code: 0x00, sign: '+=', eval: (dst, src) => dst + src },
  sub: { code: 0x10, sign: '-=', eval: (dst, src) => dst - src },
  mul: { code: 0x20, sign: '*=', divmul: true, eval: (dst, src) => dst * src },
  div: { code: 0x30, sign: '/=', divmul: true, eval: (dst, src) => (src === 0n ? 0n : dst / src) },
  sdiv: {
    code: 0x30,
    off: 1,
    sign: 's/=',
    divmul: true,
    isa: 4,
    since: '6.6',
    // bigint division truncates towards zero; the most negative value by -1 wraps to itself when cut.
    eval: (dst, src, bits) => (src === 0n ? 0n : signed(dst, bits) / signed(src, bits)),
  },
  or: { code: 0x40, sign: '|=', eval: (dst, src) => dst | src },
  and: { code: 0x50, sign: '&=', eval: (dst, src) => dst & src },
  lsh: { code: 0x60, sign: '<<=', eval: (dst, src, bits) => dst << shift(src, bits) },
  rsh: { code: 0x70, sign: '>>=', eval: (dst, src, bits) => dst >> shift(src, bits) },
  mod: { code: 0x90, sign: '%=', divmul: true, eval: (dst, src) => (src === 0n ? dst : dst % src) },
  smod: {
    code: 0x90,
    off: 1,
    sign: 's%=',
    divmul: true,
    isa: 4,
    since: '6.6',
    eval: (dst, src, bits) => (src === 0n ? dst : signed(dst, bits) % signed(src, bits)),
  },
  xor: { code: 0xa0, sign: '^=', eval: (dst, src) => dst ^ src },
  mov: { code: 0xb0, sign: '=', eval: (_dst, src) => src },
  arsh: { code: 0xc0, sign: 's>>=', since32: '5.0', eval: (dst, src, bits) => signed(dst, bits) >> shift(src, bits) },
} as const satisfies Partial<Record<AluOp, Operation>>;

const NEG = 0x80;
const MOV = 0xb0;
const END = 0xd0;

const WIDTHS = [
  { bits: 32, class: BPF_ALU, letter: 'w', isa: 3, base: 'base32', divmul: 'divmul32' },
  { bits: 64, class: BPF_ALU64, letter: 'r', isa: 1, base: 'base64', divmul: 'divmul64' },
] as const satisfies { isa: IsaVersion; base: ConformanceGroup; divmul: ConformanceGroup; [more: string]: unknown }[];

const SOURCES = [
  { source: 'k', bit: BPF_K, fields: DST_IMM, operand: () => '{imm}' },
  { source: 'x', bit: BPF_X, fields: DST_SRC, operand: (letter: string) => `${letter}{src}` },
] as const satisfies { source: Source; [more: string]: unknown }[];

const evaluator =
  (evaluate: Evaluate, bits: 32 | 64) =>
  (dst: bigint, src: bigint): bigint =>
    BigInt.asUintN(bits, evaluate(BigInt.asUintN(bits, dst), BigInt.asUintN(bits, src), bits));

function* binaryRows(): Generator<[`${keyof typeof OPERATIONS}${32 | 64}_${Source}`, AluRow]> {
  for (const op of namesOf(OPERATIONS)) {
    const operation: Operation = OPERATIONS[op];
    for (const width of WIDTHS) {
      for (const { source, bit, fields, operand } of SOURCES) {
        const row: AluRow = {
          kind: 'alu',
          op,
          bits: width.bits,
          source,
          opcode: operation.code | bit | width.class,
          fields: { ...fields, off: [operation.off ?? 0] },
          syntax: `${width.letter}{dst} ${operation.sign} ${operand(width.letter)}`,
          isa: operation.isa ?? width.isa,
          group: operation.divmul === true ? width.divmul : width.base,
          since: (width.bits === 32 ? operation.since32 : undefined) ?? operation.since ?? '3.18',
          eval: evaluator(operation.eval, width.bits),
        };
        yield [`${op}${width.bits}_${source}`, row];
      }
    }
  }
}

function* negRows(): Generator<[`neg${32 | 64}`, AluRow]> {
  for (const { bits, class: insnClass, letter, isa, base } of WIDTHS) {
    const row: AluRow = {
      kind: 'alu',
      op: 'neg',
      bits,
      source: undefined,
      opcode: NEG | BPF_K | insnClass,
      fields: DST,
      syntax: `${letter}{dst} = -${letter}{dst}`,
      isa,
      group: base,
      since: '3.18',
      eval: evaluator(dst => -dst, bits),
    };
    yield [`neg${bits}`, row];
  }
}

function* movsxRows(): Generator<[`movsx${32 | 64}_${8 | 16}` | 'movsx64_32', AluRow]> {
  for (const { bits, class: insnClass, letter, base } of WIDTHS) {
    for (const from of [8, 16, 32] as const) {
      if (from === bits) continue;
      const row: AluRow = {
        kind: 'alu',
        op: 'movsx',
        bits,
        source: 'x',
        from,
        opcode: MOV | BPF_X | insnClass,
        fields: { ...DST_SRC, off: [from] },
        syntax: `${letter}{dst} = (s{off})${letter}{src}`,
        isa: 4,
        group: base,
        since: '6.6',
        eval: evaluator((_dst, src) => signed(src, from), bits),
      };
      // 32 bits into 32 were skipped above, which the checker cannot see.
      yield [`movsx${bits}_${from}` as 'movsx64_32', row];
    }
  }
}

/** Reverses the bytes of the low `bits`; the rest is cleared. */
function byteSwap(value: bigint, bits: number): bigint {
  let swapped = 0n;
  for (let bit = 0; bit < bits; bit += 8) swapped = (swapped << 8n) | ((value >> BigInt(bit)) & 0xffn);
  return swapped;
}

const CONVERSIONS = {
  le: { opcode: END | BPF_K | BPF_ALU, isa: 1, since: '3.18', convert: (value, bits) => BigInt.asUintN(bits, value) },
  be: { opcode: END | BPF_X | BPF_ALU, isa: 1, since: '3.18', convert: byteSwap },
  bswap: { opcode: END | BPF_K | BPF_ALU64, isa: 4, since: '6.6', convert: byteSwap },
} as const satisfies Record<
  EndianRow['op'],
  { opcode: number; isa: IsaVersion; since: KernelVersion; convert: (value: bigint, bits: number) => bigint }
>;

function* endianRows(): Generator<[`${EndianRow['op']}${16 | 32 | 64}`, EndianRow]> {
  for (const op of namesOf(CONVERSIONS)) {
    const { opcode, isa, since, convert } = CONVERSIONS[op];
    for (const bits of [16, 32, 64] as const) {
      const row: EndianRow = {
        kind: 'endian',
        op,
        bits,
        opcode,
        fields: { ...DST, imm: [bits] },
        syntax: `r{dst} = ${op}{imm} r{dst}`,
        isa,
        group: bits === 64 ? 'base64' : 'base32',
        since,
        eval: dst => convert(dst, bits),
      };
      yield [`${op}${bits}`, row];
    }
  }
}

const addrSpaceCast: AddrSpaceCastRow = {
  kind: 'addr_space_cast',
  opcode: MOV | BPF_X | BPF_ALU64,
  fields: { ...DST_SRC, off: [1], imm: [0x0000_0001, 0x0001_0000] },
  syntax: 'r{dst} = addr_space_cast(r{src}, {imm:hi}, {imm:lo})',
  isa: 1,
  group: 'linux',
  since: '6.9',
};

const movPercpu: InternalRow = {
  kind: 'internal',
  op: 'mov_percpu',
  opcode: MOV | BPF_X | BPF_ALU64,
  fields: { ...DST_SRC, off: [-1] },
  syntax: 'r{dst} = &(void __percpu *)(r{src})',
  isa: undefined,
  group: 'internal',
  since: undefined,
};

/** Rows of the classes ALU and ALU64 by name: `add64_x`, `movsx32_8`, `be16` … */
export const ALU_ROWS = {
  ...tableOf(binaryRows()),
  ...tableOf(negRows()),
  ...tableOf(movsxRows()),
  ...tableOf(endianRows()),
  addr_space_cast: addrSpaceCast,
  mov_percpu: movPercpu,
} as const;
