/**
 * Operands and results of arithmetic, byte order and conditions, written down by hand. Every row becomes a case for each form that can
 * hold its operands: registers, and an immediate where the operand sign-extends from 32 bits.
 */
import { assembleConformance } from '../../src/asm/conformance-syntax.ts';
import { hex64, s64, u64 } from '../../src/util/int64.ts';
import type { ConformanceCase } from './data-file.ts';

const MAX = 0x7fff_ffff_ffff_ffffn;
const MIN = 0x8000_0000_0000_0000n;
const ONES = 0xffff_ffff_ffff_ffffn;
/** What must not shine through in 32 bits. */
const HIGH = 0xdead_beef_0000_0000n;

type Binary = readonly [operation: string, dst: bigint, src: bigint, result: bigint];

/** Whole registers. */
const ALU64: readonly Binary[] = [
  ['mov', 1n, 0x7fff_ffffn, 0x7fff_ffffn],
  ['mov', 1n, ONES, ONES],
  ['mov', 1n, 0xffff_ffff_8000_0000n, 0xffff_ffff_8000_0000n],
  ['mov', 1n, 0x1234_5678_9abc_def0n, 0x1234_5678_9abc_def0n],
  ['add', 2n, 3n, 5n],
  ['add', MAX, 1n, MIN],
  ['add', ONES, 1n, 0n],
  ['add', 0xffff_ffffn, 1n, 0x1_0000_0000n],
  ['add', 5n, u64(-7n), u64(-2n)],
  ['sub', 5n, 3n, 2n],
  ['sub', 0n, 1n, ONES],
  ['sub', MIN, 1n, MAX],
  ['sub', 5n, u64(-1n), 6n],
  ['mul', 7n, 6n, 42n],
  ['mul', 0x1_0000_0001n, 0x1_0000_0001n, 0x2_0000_0001n],
  ['mul', ONES, ONES, 1n],
  ['mul', MIN, 2n, 0n],
  ['mul', 3n, u64(-4n), u64(-12n)],
  ['div', 43n, 6n, 7n],
  ['div', ONES, 2n, MAX],
  ['div', 7n, 0n, 0n],
  ['div', 0x1_0000_0000_0000n, 0x10_0000n, 0x1000_0000n],
  ['div', ONES, u64(-1n), 1n],
  ['div', 7n, u64(-1n), 0n],
  ['div', MIN, u64(-1n), 0n],
  ['sdiv', u64(-43n), 6n, u64(-7n)],
  ['sdiv', 43n, u64(-6n), u64(-7n)],
  ['sdiv', u64(-43n), u64(-6n), 7n],
  ['sdiv', u64(-7n), 0n, 0n],
  ['sdiv', MIN, u64(-1n), MIN],
  ['sdiv', MIN, 1n, MIN],
  ['mod', 43n, 6n, 1n],
  ['mod', 43n, 0n, 43n],
  ['mod', ONES, 0n, ONES],
  ['mod', ONES, 0x10n, 0xfn],
  ['mod', 7n, u64(-1n), 7n],
  ['mod', MIN, u64(-1n), MIN],
  ['smod', u64(-43n), 6n, u64(-1n)],
  ['smod', 43n, u64(-6n), 1n],
  ['smod', u64(-43n), u64(-6n), u64(-1n)],
  ['smod', u64(-43n), 0n, u64(-43n)],
  ['smod', MIN, u64(-1n), 0n],
  ['or', 0xf0f0n, 0x0f0fn, 0xffffn],
  ['or', 0n, u64(-0x8000_0000n), 0xffff_ffff_8000_0000n],
  ['and', 0xff00_ff00_ff00_ff00n, 0x0ff0_0ff0_0ff0_0ff0n, 0x0f00_0f00_0f00_0f00n],
  ['and', ONES, 0x7fff_ffffn, 0x7fff_ffffn],
  ['and', ONES, u64(-2n), u64(-2n)],
  ['xor', ONES, 0x5555_5555_5555_5555n, 0xaaaa_aaaa_aaaa_aaaan],
  ['xor', 1n, u64(-1n), u64(-2n)],
  ['lsh', 1n, 63n, MIN],
  ['lsh', 0x8000_0001n, 4n, 0x8_0000_0010n],
  ['lsh', ONES, 0n, ONES],
  ['lsh', 1n, 64n, 1n],
  ['lsh', 1n, 67n, 8n],
  ['lsh', 1n, u64(-1n), MIN],
  ['rsh', MIN, 63n, 1n],
  ['rsh', ONES, 32n, 0xffff_ffffn],
  ['rsh', ONES, 0n, ONES],
  ['rsh', 0x80n, 64n, 0x80n],
  ['rsh', 0x80n, 67n, 0x10n],
  ['arsh', MIN, 63n, ONES],
  ['arsh', MIN, 4n, 0xf800_0000_0000_0000n],
  ['arsh', MAX, 62n, 1n],
  ['arsh', MIN, 0n, MIN],
  ['arsh', MIN, 64n, MIN],
  ['arsh', MIN, 65n, 0xc000_0000_0000_0000n],
];

/** Low halves; the upper half of both operands is set, and of the result clear. */
const ALU32: readonly Binary[] = [
  ['mov', 1n, 0x7fff_ffffn, 0x7fff_ffffn],
  ['mov', 1n, 0xffff_ffffn, 0xffff_ffffn],
  ['add', 2n, 3n, 5n],
  ['add', 0x7fff_ffffn, 1n, 0x8000_0000n],
  ['add', 0xffff_ffffn, 1n, 0n],
  ['sub', 0n, 1n, 0xffff_ffffn],
  ['sub', 0x8000_0000n, 1n, 0x7fff_ffffn],
  ['mul', 0x1_0001n, 0x1_0001n, 0x2_0001n],
  ['mul', 0xffff_ffffn, 0xffff_ffffn, 1n],
  ['div', 43n, 6n, 7n],
  ['div', 43n, 0n, 0n],
  ['div', 0xffff_ffffn, 2n, 0x7fff_ffffn],
  ['div', 0x8000_0000n, 0xffff_ffffn, 0n],
  ['sdiv', 0xffff_ffd5n, 6n, 0xffff_fff9n],
  ['sdiv', 43n, 0xffff_fffan, 0xffff_fff9n],
  ['sdiv', 0xffff_ffd5n, 0n, 0n],
  ['sdiv', 0x8000_0000n, 0xffff_ffffn, 0x8000_0000n],
  ['mod', 43n, 6n, 1n],
  ['mod', 43n, 0n, 43n],
  ['mod', 0xffff_ffffn, 0n, 0xffff_ffffn],
  ['mod', 0x8000_0000n, 0xffff_ffffn, 0x8000_0000n],
  ['smod', 0xffff_ffd5n, 6n, 0xffff_ffffn],
  ['smod', 43n, 0xffff_fffan, 1n],
  ['smod', 0xffff_ffd5n, 0n, 0xffff_ffd5n],
  ['smod', 0x8000_0000n, 0xffff_ffffn, 0n],
  ['or', 0xf0f0_0000n, 0x0000_0f0fn, 0xf0f0_0f0fn],
  ['or', 0n, 0x8000_0000n, 0x8000_0000n],
  ['and', 0xff00_ff00n, 0x0ff0_0ff0n, 0x0f00_0f00n],
  ['and', 0xffff_ffffn, 0xffff_fffen, 0xffff_fffen],
  ['xor', 0xffff_ffffn, 0x5555_5555n, 0xaaaa_aaaan],
  ['lsh', 1n, 31n, 0x8000_0000n],
  ['lsh', 0x8000_0001n, 4n, 0x10n],
  ['lsh', 1n, 32n, 1n],
  ['lsh', 1n, 35n, 8n],
  ['rsh', 0x8000_0000n, 31n, 1n],
  ['rsh', 0xffff_ffffn, 0n, 0xffff_ffffn],
  ['rsh', 0x80n, 36n, 8n],
  ['arsh', 0x8000_0000n, 31n, 0xffff_ffffn],
  ['arsh', 0x8000_0000n, 4n, 0xf800_0000n],
  ['arsh', 0x7fff_ffffn, 30n, 1n],
  ['arsh', 0x8000_0000n, 33n, 0xc000_0000n],
];

/** Operations on one register: mnemonic, before, after. */
const UNARY: readonly (readonly [operation: string, before: bigint, after: bigint])[] = [
  ['neg %r0', 5n, u64(-5n)],
  ['neg %r0', 0n, 0n],
  ['neg %r0', MIN, MIN],
  ['neg %r0', ONES, 1n],
  ['neg32 %r0', HIGH | 5n, 0xffff_fffbn],
  ['neg32 %r0', HIGH | 0x8000_0000n, 0x8000_0000n],
  ['neg32 %r0', HIGH, 0n],
  ['movsx864 %r0, %r0', 0x1234_5680n, 0xffff_ffff_ffff_ff80n],
  ['movsx864 %r0, %r0', ONES - 0x80n, 0x7fn],
  ['movsx1664 %r0, %r0', 0x1234_8000n, 0xffff_ffff_ffff_8000n],
  ['movsx1664 %r0, %r0', ONES - 0x8000n, 0x7fffn],
  ['movsx3264 %r0, %r0', 0x8000_0000n, 0xffff_ffff_8000_0000n],
  ['movsx3264 %r0, %r0', HIGH | 0x7fff_ffffn, 0x7fff_ffffn],
  ['movsx832 %r0, %r0', HIGH | 0x80n, 0xffff_ff80n],
  ['movsx832 %r0, %r0', HIGH | 0xff7fn, 0x7fn],
  ['movsx1632 %r0, %r0', HIGH | 0x8000n, 0xffff_8000n],
  ['movsx1632 %r0, %r0', HIGH | 0xffff_7fffn, 0x7fffn],
  ['le16 %r0', 0x1122_3344_5566_7788n, 0x7788n],
  ['le32 %r0', 0x1122_3344_5566_7788n, 0x5566_7788n],
  ['le64 %r0', 0x1122_3344_5566_7788n, 0x1122_3344_5566_7788n],
  ['be16 %r0', 0x1122_3344_5566_7788n, 0x8877n],
  ['be32 %r0', 0x1122_3344_5566_7788n, 0x8877_6655n],
  ['be64 %r0', 0x1122_3344_5566_7788n, 0x8877_6655_4433_2211n],
  ['swap16 %r0', 0x1122_3344_5566_7788n, 0x8877n],
  ['swap32 %r0', 0x1122_3344_5566_7788n, 0x8877_6655n],
  ['swap64 %r0', 0x1122_3344_5566_7788n, 0x8877_6655_4433_2211n],
  ['swap16 %r0', 0x80n, 0x8000n],
  ['swap32 %r0', 0xffn, 0xff00_0000n],
  ['be16 %r0', ONES, 0xffffn],
];

type Comparison = readonly [dst: bigint, src: bigint, ...taken: readonly string[]];

/** Which conditions hold of two whole registers. */
const COMPARISONS64: readonly Comparison[] = [
  [5n, 5n, 'jeq', 'jge', 'jle', 'jsge', 'jsle', 'jset'],
  [5n, 6n, 'jne', 'jlt', 'jle', 'jslt', 'jsle', 'jset'],
  [6n, 5n, 'jne', 'jgt', 'jge', 'jsgt', 'jsge', 'jset'],
  [ONES, 1n, 'jne', 'jgt', 'jge', 'jslt', 'jsle', 'jset'],
  [1n, ONES, 'jne', 'jlt', 'jle', 'jsgt', 'jsge', 'jset'],
  [MIN, MAX, 'jne', 'jgt', 'jge', 'jslt', 'jsle'],
  [0n, 0n, 'jeq', 'jge', 'jle', 'jsge', 'jsle'],
  [ONES, ONES, 'jeq', 'jge', 'jle', 'jsge', 'jsle', 'jset'],
  [0xffff_ffffn, ONES, 'jne', 'jlt', 'jle', 'jsgt', 'jsge', 'jset'],
  [HIGH | 5n, 5n, 'jne', 'jgt', 'jge', 'jslt', 'jsle', 'jset'],
  [0xf0n, 0x0fn, 'jne', 'jgt', 'jge', 'jsgt', 'jsge'],
  [MIN, u64(-0x8000_0000n), 'jne', 'jlt', 'jle', 'jslt', 'jsle', 'jset'],
];

/** Which conditions hold of two low halves; the upper half of the first is set. */
const COMPARISONS32: readonly Comparison[] = [
  [5n, 5n, 'jeq', 'jge', 'jle', 'jsge', 'jsle', 'jset'],
  [5n, 6n, 'jne', 'jlt', 'jle', 'jslt', 'jsle', 'jset'],
  [6n, 5n, 'jne', 'jgt', 'jge', 'jsgt', 'jsge', 'jset'],
  [0xffff_ffffn, 1n, 'jne', 'jgt', 'jge', 'jslt', 'jsle', 'jset'],
  [1n, 0xffff_ffffn, 'jne', 'jlt', 'jle', 'jsgt', 'jsge', 'jset'],
  [0x8000_0000n, 0x7fff_ffffn, 'jne', 'jgt', 'jge', 'jslt', 'jsle'],
  [0n, 0n, 'jeq', 'jge', 'jle', 'jsge', 'jsle'],
  [0xf0n, 0x0fn, 'jne', 'jgt', 'jge', 'jsgt', 'jsge'],
];

const CONDITIONS = ['jeq', 'jne', 'jgt', 'jge', 'jlt', 'jle', 'jsgt', 'jsge', 'jslt', 'jsle', 'jset'];

function toCase(name: string, lines: readonly string[], result: bigint): ConformanceCase {
  const { bytes } = assembleConformance(lines.join('\n'));
  return { name, program: () => bytes, memory: new Uint8Array(0), maps: {}, expected: { result } };
}

const load = (register: number, value: bigint): string => `lddw %r${register}, ${hex64(value)}`;
/** Whether an immediate can be `value` in 64 bits. */
const isImmediate = (value: bigint): boolean => BigInt.asIntN(32, value) === s64(value);

function* binaryCases(): Generator<ConformanceCase> {
  for (const [name, dst, src, result] of ALU64) {
    const title = `${name} ${hex64(dst)}, ${hex64(src)}`;
    yield toCase(`${title}: register`, [load(0, dst), load(1, src), `${name} %r0, %r1`, 'exit'], result);
    if (!isImmediate(src)) continue;
    yield toCase(`${title}: immediate`, [load(0, dst), `${name} %r0, ${s64(src)}`, 'exit'], result);
  }
  for (const [name, dst, src, result] of ALU32) {
    const title = `${name}32 ${hex64(dst)}, ${hex64(src)}`;
    const front = load(0, HIGH | dst);
    yield toCase(`${title}: register`, [front, load(1, HIGH | src), `${name}32 %r0, %r1`, 'exit'], result);
    yield toCase(`${title}: immediate`, [front, `${name}32 %r0, ${hex64(src)}`, 'exit'], result);
  }
}

function* unaryCases(): Generator<ConformanceCase> {
  for (const [operation, before, after] of UNARY) {
    yield toCase(`${operation} of ${hex64(before)}`, [load(0, before), operation, 'exit'], after);
  }
}

function* conditionCases(): Generator<ConformanceCase> {
  const jump = (operation: string): string[] => [operation, 'mov %r0, 0', 'exit', 'taken:', 'mov %r0, 1', 'exit'];
  for (const [dst, src, ...taken] of COMPARISONS64) {
    for (const name of CONDITIONS) {
      const title = `${name} ${hex64(dst)}, ${hex64(src)}`;
      const result = taken.includes(name) ? 1n : 0n;
      const front = load(3, dst);
      yield toCase(`${title}: register`, [front, load(4, src), ...jump(`${name} %r3, %r4, taken`)], result);
      if (!isImmediate(src)) continue;
      yield toCase(`${title}: immediate`, [front, ...jump(`${name} %r3, ${s64(src)}, taken`)], result);
    }
  }
  for (const [dst, src, ...taken] of COMPARISONS32) {
    for (const name of CONDITIONS) {
      const title = `${name}32 ${hex64(dst)}, ${hex64(src)}`;
      const result = taken.includes(name) ? 1n : 0n;
      const front = load(3, HIGH | dst);
      yield toCase(`${title}: register`, [front, load(4, src), ...jump(`${name}32 %r3, %r4, taken`)], result);
      yield toCase(`${title}: immediate`, [front, ...jump(`${name}32 %r3, ${hex64(src)}, taken`)], result);
    }
  }
}

/** Every case of the tables. */
export function arithmeticCases(): ConformanceCase[] {
  return [...binaryCases(), ...unaryCases(), ...conditionCases()];
}
