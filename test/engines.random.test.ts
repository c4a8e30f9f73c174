/** Every engine computes what the instruction table's `eval` says, and on random programs what the interpreter does. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INSTRUCTIONS, type InstructionName } from '../src/asm/instructions.ts';
import type { AluRow, ConditionRow, Row } from '../src/asm/row.ts';
import { VmFault } from '../src/vm/fault.ts';
import type { Program } from '../src/vm/program.ts';
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

/** Instructions of random programs: r9 stays the context's address, r10 the frame's. */
const REGISTER = fc.integer({ min: 0, max: 8 });
const IMMEDIATE = fc.oneof(fc.constantFrom(...IMMEDIATES), fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }));
const names = (kind: Row['kind']): fc.Arbitrary<InstructionName> =>
  fc.constantFrom(...rowsOf(kind).map(row => row.name));

type Step = readonly [InstructionName, NonNullable<Source[number][1]>, target?: number];

const CONTEXT_SIZE = 32;
/** A place in memory that every run may use: the stack or the context, with room for 8 bytes. */
const PLACE = fc.oneof(
  fc.record({ base: fc.constant(10), off: fc.integer({ min: -64, max: -8 }) }),
  fc.record({ base: fc.constant(9), off: fc.integer({ min: 0, max: CONTEXT_SIZE - 8 }) }),
);

const COMPUTE: fc.Arbitrary<Step> = fc
  .record({ name: fc.oneof(names('alu'), names('endian')), dst: REGISTER, src: REGISTER, imm: IMMEDIATE })
  .map(({ name, dst, src, imm }) => [name, { dst, ...operandsBeside(name, src, imm) }]);
const ACCESS: fc.Arbitrary<Step> = fc
  .record({
    name: fc.oneof(names('load'), names('store'), names('atomic')),
    place: PLACE,
    register: REGISTER,
    imm: IMMEDIATE,
  })
  .map(({ name, place: { base, off }, register, imm }) => {
    const row = INSTRUCTIONS[name];
    if (row.kind === 'load') return [name, { dst: register, src: base, off }];
    return [name, { dst: base, off, ...operandsBeside(name, register, imm) }];
  });
const JUMP: fc.Arbitrary<Step> = fc
  .record({
    name: fc.oneof({ weight: 4, arbitrary: names('condition') }, { weight: 1, arbitrary: fc.constant('ja' as const) }),
    dst: REGISTER,
    src: REGISTER,
    imm: IMMEDIATE,
    to: fc.nat(1000),
  })
  .map(({ name, dst, src, imm, to }) =>
    name === 'ja' ? [name, {}, to] : [name, { dst, ...operandsBeside(name, src, imm) }, to],
  );
const CALL: fc.Arbitrary<Step> = fc.nat(1000).map(to => ['call_subprog', {}, to]);
const OTHER: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>(['exit', {}]),
  fc
    .record({ dst: REGISTER, imm64: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }) })
    .map(({ dst, imm64 }): Step => ['ld_imm64', { dst, imm64 }]),
  fc.record({ dst: REGISTER, src: REGISTER }).map(({ dst, src }): Step => ['mov64_x', { dst, src }]),
);

function operandsBeside(name: InstructionName, src: number, imm: number): { src?: number; imm?: number } {
  const { fields } = INSTRUCTIONS[name];
  return { ...(fields.src === 'register' ? { src } : {}), ...(fields.imm === 'any' ? { imm } : {}) };
}

/** Lays steps out as a program: targets become distances. */
function assemble(steps: readonly Step[], end: Source): Program {
  const begin: Source = [
    ['mov64_x', { dst: 9, src: 1 }],
    ['mov64_k', { dst: 1, imm: 3 }],
  ];
  const starts: number[] = [];
  let slot = begin.length;
  for (const [name] of steps) {
    starts.push(slot);
    slot += name === 'ld_imm64' ? 2 : 1;
  }
  starts.push(slot);
  const body = steps.map(([name, operands, to], i): Source[number] => {
    if (to === undefined) return [name, operands];
    const distance = starts[to % starts.length]! - starts[i]! - 1;
    return [name, name === 'call_subprog' ? { imm: distance } : { ...operands, off: distance }];
  });
  return program([...begin, ...body, ...end]);
}

interface Outcome {
  readonly r0: bigint | undefined;
  readonly context: Uint8Array;
  readonly fault: { readonly pc: number; readonly reason: string } | undefined;
}

const FUEL = 20_000;

function outcome(bench: TestBench, compiled: Program, bytes: Uint8Array): Outcome {
  bench.memory.write(bench.context.address, bytes);
  try {
    return { r0: bench.run(compiled), context: bench.contextBytes(), fault: undefined };
  } catch (error) {
    if (!(error instanceof VmFault)) throw error;
    return { r0: undefined, context: bench.contextBytes(), fault: { pc: error.pc, reason: error.reason } };
  }
}

describe('random programs', () => {
  const [interp, jit, unchecked] = ENGINE_NAMES.map(
    name => new TestBench(name, { fuel: FUEL, bytes: new Uint8Array(CONTEXT_SIZE) }),
  ) as [TestBench, TestBench, TestBench]; // as many as there are names
  const bytes = fc.uint8Array({ minLength: CONTEXT_SIZE, maxLength: CONTEXT_SIZE });
  const END: Source = [['xor64_x', { dst: 0, src: 3 }], ['exit']];
  const sameAsInterpreter = (steps: readonly Step[], context: Uint8Array): void => {
    const compiled = assemble(steps, END);
    const want = outcome(interp, compiled, context);
    if (want.fault?.reason === 'out_of_fuel') {
      // Where in the last instructions the engines stop is not the same; that the compiled one ends is what counts.
      outcome(jit, compiled, context);
      return;
    }
    expect(outcome(jit, compiled, context)).toEqual(want);
    if (want.fault === undefined) expect(outcome(unchecked, compiled, context)).toEqual(want);
  };

  it('without jumps', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(COMPUTE, COMPUTE, ACCESS, OTHER), { maxLength: 60 }), bytes, sameAsInterpreter),
      {
        numRuns: 200,
      },
    );
  });

  it('with jumps to anywhere, irreducible loops among them', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: COMPUTE },
      { weight: 2, arbitrary: ACCESS },
      { weight: 3, arbitrary: JUMP },
      { weight: 1, arbitrary: OTHER },
    );
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), bytes, sameAsInterpreter), { numRuns: 400 });
  });

  it('with calls', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: COMPUTE },
      { weight: 2, arbitrary: ACCESS },
      { weight: 2, arbitrary: JUMP },
      { weight: 1, arbitrary: OTHER },
      { weight: 1, arbitrary: CALL },
    );
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), bytes, sameAsInterpreter), { numRuns: 300 });
  });
});
