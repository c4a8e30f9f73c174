import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { INSTRUCTIONS, type InstructionName } from './instructions.ts';
import { rowsOf } from './match.ts';
import { parseSyntax } from './syntax.ts';

const u64Max = 0xffff_ffff_ffff_ffffn;
const u64 = fc.bigInt(0n, u64Max);

/** A signed number as the register that holds it. */
const reg = (value: bigint): bigint => BigInt.asUintN(64, value);

test('no two rows take the same encoding, and all are found by opcode', () => {
  for (const row of Object.values(INSTRUCTIONS)) expect(rowsOf(row.opcode)).toContain(row);
  const rows = Object.values(INSTRUCTIONS);
  expect(new Set(rows.map(row => [row.opcode, row.fields.src, row.fields.off, row.fields.imm].join('/'))).size).toBe(
    rows.length,
  );
});

test('the products are complete', () => {
  const count = (kind: string) => Object.values(INSTRUCTIONS).filter(row => row.kind === kind).length;
  expect({
    alu: count('alu'),
    endian: count('endian'),
    condition: count('condition'),
    load: count('load'),
    store: count('store'),
    atomic: count('atomic'),
    packet: count('packet'),
    wide: count('wide'),
  }).toEqual({
    alu: 14 * 4 + 2 + 5,
    endian: 9,
    condition: 11 * 4,
    load: 4 + 3 + 4,
    store: 4 + 4 + 4,
    atomic: (4 * 2 + 2) * 2,
    packet: 6,
    wide: 7,
  });
});

test('opcodes that Linux 6.18 knows, by number', () => {
  const loadable = Object.values(INSTRUCTIONS).filter(row => row.since !== undefined);
  const opcodes = [...new Set(loadable.map(row => row.opcode))].sort((a, b) => a - b);
  expect(opcodes.map(opcode => opcode.toString(16).padStart(2, '0')).join(' ')).toBe(
    '04 05 06 07 0c 0f 14 15 16 17 18 1c 1d 1e 1f 20 24 25 26 27 28 2c 2d 2e 2f 30 34 35 36 37 3c 3d 3e 3f 40 44 45 46 47 48 ' +
      '4c 4d 4e 4f 50 54 55 56 57 5c 5d 5e 5f 61 62 63 64 65 66 67 69 6a 6b 6c 6d 6e 6f 71 72 73 74 75 76 77 79 7a 7b 7c 7d 7e 7f ' +
      '81 84 85 87 89 91 94 95 97 9c 9f a4 a5 a6 a7 ac ad ae af b4 b5 b6 b7 bc bd be bf c3 c4 c5 c6 c7 cb cc cd ce cf d3 d4 d5 d6 ' +
      'd7 db dc dd de e5',
  );
});

test('every template parses', () => {
  for (const row of Object.values(INSTRUCTIONS)) expect(parseSyntax(row.syntax).length).toBeGreaterThan(0);
});

type Evaluated = Extract<(typeof INSTRUCTIONS)[InstructionName], { kind: 'alu' | 'endian' }>['name'];

describe('eval', () => {
  test.each<[Evaluated, bigint, bigint, bigint]>([
    ['add64_x', u64Max, 1n, 0n],
    ['add32_k', 0xffff_ffff_ffff_ffffn, 1n, 0n],
    ['sub64_x', 0n, 1n, u64Max],
    ['sub32_x', 0x5_0000_0000n, 1n, 0xffff_ffffn],
    ['mul64_x', 1n << 63n, 2n, 0n],
    ['mul32_x', 0xffff_ffffn, 0xffff_ffffn, 1n],
    ['div64_x', 7n, 0n, 0n],
    ['div64_k', 7n, reg(-1n), 0n],
    ['div32_k', 0xffff_fffen, reg(-2n), 1n],
    ['div32_x', 0x1_0000_0007n, 0x1_0000_0000n, 0n],
    ['mod64_x', reg(-7n), 0n, reg(-7n)],
    ['mod32_x', 0x1_0000_0007n, 0n, 7n],
    ['sdiv64_x', 1n << 63n, reg(-1n), 1n << 63n],
    ['sdiv32_x', 0x8000_0000n, 0xffff_ffffn, 0x8000_0000n],
    ['sdiv64_k', reg(-7n), 2n, reg(-3n)],
    ['sdiv64_x', 7n, 0n, 0n],
    ['smod64_x', 1n << 63n, reg(-1n), 0n],
    ['smod64_k', reg(-13n), 3n, reg(-1n)],
    ['smod32_k', 0xffff_fff3n, 3n, 0xffff_ffffn],
    ['smod32_x', 0x1_ffff_fff3n, 0n, 0xffff_fff3n],
    ['lsh64_x', 1n, 64n, 1n],
    ['lsh64_x', 1n, 127n, 1n << 63n],
    ['lsh32_x', 1n, 33n, 2n],
    ['rsh64_k', u64Max, 63n, 1n],
    ['rsh32_k', u64Max, 31n, 1n],
    ['arsh64_x', 1n << 63n, 63n, u64Max],
    ['arsh32_x', 0x8000_0000n, 31n, 0xffff_ffffn],
    ['and64_k', u64Max, reg(-8n), reg(-8n)],
    ['xor32_k', 0n, reg(-1n), 0xffff_ffffn],
    ['mov64_k', 0n, reg(-1n), u64Max],
    ['mov32_k', 0n, reg(-1n), 0xffff_ffffn],
    ['movsx64_8', 0n, 0x1280n, reg(-128n)],
    ['movsx64_32', 0n, 0x7fff_ffffn, 0x7fff_ffffn],
    ['movsx32_16', 0n, 0x8000n, 0xffff_8000n],
    ['neg64', 1n, 0n, u64Max],
    ['neg32', 1n, 0n, 0xffff_ffffn],
    ['neg64', 1n << 63n, 0n, 1n << 63n],
    ['le16', 0x1122_3344_5566_7788n, 0n, 0x7788n],
    ['le64', 0x1122_3344_5566_7788n, 0n, 0x1122_3344_5566_7788n],
    ['be16', 0x1122_3344_5566_7788n, 0n, 0x8877n],
    ['be32', 0x1122_3344_5566_7788n, 0n, 0x8877_6655n],
    ['bswap64', 0x1122_3344_5566_7788n, 0n, 0x8877_6655_4433_2211n],
  ])('%s of %x, %x', (name, dst, src, expected) => {
    expect(INSTRUCTIONS[name].eval(dst, src)).toBe(expected);
  });

  test.each<[Extract<(typeof INSTRUCTIONS)[InstructionName], { kind: 'condition' }>['name'], bigint, bigint, boolean]>([
    ['jeq32_x', 0x1_0000_0001n, 1n, true],
    ['jeq64_x', 0x1_0000_0001n, 1n, false],
    ['jgt64_k', 1n, reg(-1n), false],
    ['jsgt64_k', 1n, reg(-1n), true],
    ['jsgt32_k', 0xffff_ffffn, 0n, false],
    ['jgt32_k', 0xffff_ffffn, 0n, true],
    ['jset64_k', 1n << 40n, reg(-256n), true],
    ['jset32_k', 1n << 40n, reg(-256n), false],
    ['jslt64_x', 1n << 63n, 0n, true],
    ['jsle64_x', 5n, 5n, true],
  ])('%s of %x, %x', (name, dst, src, expected) => {
    expect(INSTRUCTIONS[name].eval(dst, src)).toBe(expected);
  });

  test.each<
    [Extract<(typeof INSTRUCTIONS)[InstructionName], { kind: 'atomic' }>['name'], bigint, bigint, bigint, bigint]
  >([
    ['atomic_add64', u64Max, 2n, 0n, 1n],
    ['atomic_add32', 0xffff_ffffn, 0x1_0000_0002n, 0n, 1n],
    ['atomic_fetch_xor64', 0xf0n, 0xffn, 0n, 0x0fn],
    ['atomic_xchg32', 1n, u64Max, 0n, 0xffff_ffffn],
    ['atomic_cmpxchg64', 5n, 9n, 5n, 9n],
    ['atomic_cmpxchg64', 5n, 9n, 6n, 5n],
    ['atomic_cmpxchg32', 5n, 9n, 0x1_0000_0005n, 9n],
  ])('%s of %x, %x, r0 %x', (name, old, src, r0, expected) => {
    expect(INSTRUCTIONS[name].eval(old, src, r0)).toBe(expected);
  });

  test('results are canonical, and 32-bit rows see only low halves', () => {
    const low = (value: bigint) => BigInt.asUintN(32, value);
    for (const row of Object.values(INSTRUCTIONS)) {
      if (row.kind !== 'alu') continue;
      fc.assert(
        fc.property(u64, u64, (dst, src) => {
          const result = row.eval(dst, src);
          expect(result).toBe(BigInt.asUintN(row.bits, result));
          if (row.bits === 32) expect(row.eval(low(dst), low(src))).toBe(result);
        }),
        { numRuns: 20 },
      );
    }
  });

  test('a condition and its opposite disagree', () => {
    const opposites = [
      ['jeq64_x', 'jne64_x'],
      ['jgt64_x', 'jle64_x'],
      ['jge64_x', 'jlt64_x'],
      ['jsgt32_x', 'jsle32_x'],
      ['jsge32_x', 'jslt32_x'],
    ] as const;
    for (const [one, other] of opposites) {
      fc.assert(
        fc.property(u64, u64, (dst, src) => {
          expect(INSTRUCTIONS[one].eval(dst, src)).toBe(!INSTRUCTIONS[other].eval(dst, src));
        }),
      );
    }
  });
});
