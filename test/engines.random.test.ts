/** Every engine computes what the instruction table's `eval` says. Random programs: `src/fuzz/campaign.test.ts`. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INSTRUCTIONS, type InstructionName } from '../src/asm/instructions.ts';
import type { AluRow, ConditionRow, Row } from '../src/asm/row.ts';
import { ENGINE_NAMES, TestBench } from './support/engines.ts';
import { program, type Source } from './support/program.ts';

/** The rows of one kind, with their names. */
function rowsOf<K extends Row['kind']>(kind: K): (Extract<Row, { kind: K }> & { name: InstructionName })[] {
  const rows = Object.values(INSTRUCTIONS).filter(row => row.kind === kind);
  return rows as unknown as (Extract<Row, { kind: K }> & { name: InstructionName })[]; // by their kind
}

const EDGES = [
  0n,
  1n,
  2n,
  31n,
  32n,
  63n,
  64n,
  0x7fn,
  0x80n,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  1n << 32n,
  1n << 63n,
  (1n << 63n) - 1n,
  (1n << 64n) - 1n,
];
const IMMEDIATES = [0, 1, -1, 2, 7, 31, 32, 63, 255, 0x7fff_ffff, -0x8000_0000, -2, 0x1234_5678];

/** Pairs of operands: all edges with each other, and random ones. */
const PAIRS: [bigint, bigint][] = [
  ...EDGES.flatMap(a => EDGES.map((b): [bigint, bigint] => [a, b])),
  ...fc.sample(fc.tuple(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })), {
    numRuns: 50,
    seed: 1,
  }),
];

const WORDS = 4;

/** Runs a program over the words of its context; gives the words as it leaves them. */
function runner(bench: TestBench, source: Source): (...values: bigint[]) => bigint[] {
  const compiled = program(source);
  const { address } = bench.context;
  return (...values) => {
    values.forEach((value, i) => {
      bench.memory.view.setBigUint64(address + 8 * i, value, true);
    });
    bench.run(compiled);
    return Array.from({ length: WORDS }, (_, i) => bench.memory.view.getBigUint64(address + 8 * i, true));
  };
}

const LOAD_OPERANDS: Source = [
  ['mov64_x', { dst: 9, src: 1 }],
  ['ldx_mem_dw', { dst: 2, src: 9 }],
  ['ldx_mem_dw', { dst: 3, src: 9, off: 8 }],
];
const STORE_RESULT: Source = [['stx_mem_dw', { dst: 9, src: 2, off: 16 }], ['exit']];

const immediatesOf = (row: AluRow | ConditionRow): readonly number[] => (row.source === 'k' ? IMMEDIATES : [0]);
const sourceOf = (row: AluRow | ConditionRow, imm: number, b: bigint): bigint =>
  row.source === 'k' ? BigInt.asUintN(64, BigInt(imm)) : b;
/** A row whose immediate is its own (the width of a byte swap, the sign of a division) keeps it. */
const operandsOf = (row: AluRow | ConditionRow, imm: number): { dst: number; src?: number; imm?: number } =>
  row.source === 'k' ? { dst: 2, imm } : { dst: 2, src: 3 };

/** What a program gives for each of {@link PAIRS}, beside what it should: one comparison for all, so that a failure shows its operands. */
function agree<Result>(got: (a: bigint, b: bigint) => Result, want: (a: bigint, b: bigint) => Result): void {
  const results = PAIRS.map(([a, b]) => ({ a, b, result: got(a, b) }));
  expect(results).toEqual(PAIRS.map(([a, b]) => ({ a, b, result: want(a, b) })));
}

describe.each(ENGINE_NAMES)('%s', engine => {
  const bench = new TestBench(engine, { bytes: new Uint8Array(WORDS * 8) });

  it.each(rowsOf('alu').map(row => [row.name, row] as const))('%s', (name, row) => {
    for (const imm of immediatesOf(row)) {
      const run = runner(bench, [...LOAD_OPERANDS, [name, operandsOf(row, imm)], ...STORE_RESULT]);
      agree(
        (a, b) => run(a, b)[2],
        (a, b) => row.eval(a, sourceOf(row, imm, b)),
      );
    }
  });

  it.each(rowsOf('endian').map(row => [row.name, row] as const))('%s', (name, row) => {
    const run = runner(bench, [...LOAD_OPERANDS, [name, { dst: 2 }], ...STORE_RESULT]);
    agree(
      (a, b) => run(a, b)[2],
      a => row.eval(a),
    );
  });

  it.each(rowsOf('condition').map(row => [row.name, row] as const))('%s', (name, row) => {
    for (const imm of immediatesOf(row)) {
      const source: Source = [
        ...LOAD_OPERANDS,
        ['mov64_k', { dst: 4, imm: 1 }],
        [name, { ...operandsOf(row, imm), off: 1 }],
        ['ja', { off: 1 }],
        ['mov64_k', { dst: 4, imm: 2 }],
        ['stx_mem_dw', { dst: 9, src: 4, off: 16 }],
        ['exit'],
      ];
      const run = runner(bench, source);
      agree(
        (a, b) => run(a, b)[2],
        (a, b) => (row.eval(a, sourceOf(row, imm, b)) ? 2n : 1n),
      );
    }
  });

  it.each(rowsOf('atomic').map(row => [row.name, row] as const))('%s', (name, row) => {
    const result = row.op === 'cmpxchg' ? 0 : 3;
    const source: Source = [
      ...LOAD_OPERANDS,
      ['ldx_mem_dw', { dst: 0, src: 9, off: 16 }],
      [name, { dst: 9, src: 3 }],
      ['stx_mem_dw', { dst: 9, src: result, off: 24 }],
      ['exit'],
    ];
    const run = runner(bench, source);
    const low = (1n << BigInt(row.bits)) - 1n;
    // compare-and-exchange finds what it expects, and does not
    for (const r0Of of [(old: bigint): bigint => old, (old: bigint): bigint => old ^ 1n]) {
      agree(
        (old, src) => run(old, src, r0Of(old)),
        (old, src) => {
          const r0 = r0Of(old);
          const memory = (old & ~low) | row.eval(old & low, src, r0);
          return [memory, src, r0, row.fetch ? old & low : result === 0 ? r0 : src];
        },
      );
    }
  });
});
