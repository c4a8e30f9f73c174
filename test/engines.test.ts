/** Every engine gives the same results and the same faults: one table of cases, run on each. */
import { describe, expect, it } from 'vitest';
import type { HelperFunction } from '../src/vm/call.ts';
import { type FaultReason, VmFault } from '../src/vm/fault.ts';
import { kernelPointer, textPointer } from '../src/vm/pointer.ts';
import { type Bench, ENGINE_NAMES, TestBench } from './support/engines.ts';
import { program, type Source } from './support/program.ts';

const RESULTS: [name: string, source: Source, r0: bigint][] = [
  ['immediates are sign-extended', [['mov64_k', { imm: -1 }], ['exit']], 0xffff_ffff_ffff_ffffn],
  ['32-bit moves clear the upper half', [['mov32_k', { imm: -1 }], ['exit']], 0xffff_ffffn],
  ['wide immediates', [['ld_imm64', { imm64: 0x1122_3344_5566_7788n }], ['exit']], 0x1122_3344_5566_7788n],
  ['the context is in r1', [['ldx_mem_w', { src: 1 }], ['exit']], 0xcafen],
  ['r0 begins as zero', [['exit']], 0n],
  [
    'narrow stores leave their neighbours',
    [
      ['st_mem_dw', { dst: 10, off: -8, imm: -1 }],
      ['st_mem_h', { dst: 10, off: -6, imm: 0x1234 }],
      ['ldx_mem_dw', { src: 10, off: -8 }],
      ['exit'],
    ],
    0xffff_ffff_1234_ffffn,
  ],
  [
    'sign-extending loads',
    [['st_mem_w', { dst: 10, off: -4, imm: -2 }], ['ldx_memsx_h', { src: 10, off: -4 }], ['exit']],
    0xffff_ffff_ffff_fffen,
  ],
  [
    'atomic fetch gives the old value and stores the new',
    [
      ['st_mem_dw', { dst: 10, off: -8, imm: 40 }],
      ['mov64_k', { dst: 1, imm: 2 }],
      ['atomic_fetch_add64', { dst: 10, src: 1, off: -8 }],
      ['ldx_mem_dw', { src: 10, off: -8 }],
      ['lsh64_k', { dst: 1, imm: 8 }],
      ['add64_x', { src: 1 }],
      ['exit'],
    ],
    42n + (40n << 8n),
  ],
  [
    'compare-and-exchange answers in r0',
    [
      ['st_mem_w', { dst: 10, off: -4, imm: 7 }],
      ['mov64_k', { dst: 0, imm: 7 }],
      ['mov64_k', { dst: 1, imm: 9 }],
      ['atomic_cmpxchg32', { dst: 10, src: 1, off: -4 }],
      ['ldx_mem_w', { dst: 2, src: 10, off: -4 }],
      ['lsh64_k', { dst: 2, imm: 8 }],
      ['add64_x', { src: 2 }],
      ['exit'],
    ],
    7n + (9n << 8n),
  ],
  [
    'a loop',
    [
      ['mov64_k', { dst: 1, imm: 10 }],
      ['add64_x', { dst: 0, src: 1 }],
      ['sub64_k', { dst: 1, imm: 1 }],
      ['jne64_k', { dst: 1, off: -3 }],
      ['exit'],
    ],
    55n,
  ],
  [
    'a loop with two entries',
    [
      ['mov64_k', { dst: 1, imm: 10 }],
      ['jeq64_k', { dst: 9, imm: 0, off: 1 }],
      ['add64_k', { dst: 0, imm: 100 }],
      ['add64_x', { dst: 0, src: 1 }],
      ['sub64_k', { dst: 1, imm: 1 }],
      ['jgt64_k', { dst: 1, imm: 5, off: -4 }],
      ['jne64_k', { dst: 1, off: -4 }],
      ['exit'],
    ],
    455n,
  ],
  [
    'registers that swap',
    [
      ['mov64_k', { dst: 1, imm: 1 }],
      ['mov64_k', { dst: 2, imm: 2 }],
      ['mov64_k', { dst: 4, imm: 3 }],
      ['mov64_x', { dst: 3, src: 1 }],
      ['mov64_x', { dst: 1, src: 2 }],
      ['mov64_x', { dst: 2, src: 3 }],
      ['sub64_k', { dst: 4, imm: 1 }],
      ['jne64_k', { dst: 4, off: -5 }],
      ['mov64_x', { dst: 0, src: 1 }],
      ['lsh64_k', { dst: 0, imm: 4 }],
      ['or64_x', { dst: 0, src: 2 }],
      ['exit'],
    ],
    0x21n,
  ],
  [
    'a rotation in two shifts',
    [
      ['ld_imm64', { dst: 1, imm64: 0x8000_0000_0000_0001n }],
      ['ldx_mem_w', { dst: 3, src: 10, off: -8 }],
      ['add64_x', { dst: 1, src: 3 }],
      ['mov64_x', { dst: 0, src: 1 }],
      ['lsh64_k', { dst: 0, imm: 13 }],
      ['rsh64_k', { dst: 1, imm: 51 }],
      ['or64_x', { dst: 0, src: 1 }],
      ['exit'],
    ],
    0x3000n,
  ],
  [
    'a subprogram gives r0 and leaves every other register alone',
    [
      ['mov64_k', { dst: 1, imm: 5 }],
      ['mov64_k', { dst: 6, imm: 6 }],
      ['call_subprog', { imm: 4 }],
      ['add64_x', { src: 1 }],
      ['add64_x', { src: 6 }],
      ['exit'],
      ['exit'],
      ['mov64_x', { dst: 0, src: 1 }],
      ['mov64_k', { dst: 1, imm: 100 }],
      ['mov64_k', { dst: 6, imm: 100 }],
      ['mul64_k', { imm: 10 }],
      ['exit'],
    ],
    61n,
  ],
  [
    'a subprogram sees every register of its caller',
    [
      ['mov64_k', { dst: 0, imm: 1 }],
      ['mov64_k', { dst: 9, imm: 2 }],
      ['call_subprog', { imm: 1 }],
      ['exit'],
      ['add64_x', { dst: 0, src: 9 }],
      ['exit'],
    ],
    3n,
  ],
  [
    "a callee writes its caller's stack through a pointer, and has a stack of its own",
    [
      ['st_mem_dw', { dst: 10, off: -8, imm: 1 }],
      ['mov64_x', { dst: 1, src: 10 }],
      ['call_subprog', { imm: 2 }],
      ['ldx_mem_dw', { src: 10, off: -8 }],
      ['exit'],
      ['st_mem_dw', { dst: 10, off: -8, imm: 99 }],
      ['st_mem_dw', { dst: 1, off: -8, imm: 3 }],
      ['exit'],
    ],
    3n,
  ],
  [
    'a program that calls itself',
    [
      ['jne64_k', { dst: 9, imm: 0, off: 2 }],
      ['mov64_k', { dst: 9, imm: 1 }],
      ['call_subprog', { imm: -3 }],
      ['add64_k', { dst: 0, imm: 1 }],
      ['exit'],
    ],
    2n,
  ],
  [
    'may_goto falls through a bounded number of times',
    [['add64_k', { imm: 1 }], ['may_goto', { off: 1 }], ['ja', { off: -3 }], ['exit']],
    8n * 1024n * 1024n + 1n,
  ],
  [
    'the frame pointer as a number',
    [['mov64_x', { dst: 0, src: 10 }], ['rsh64_k', { dst: 0, imm: 32 }], ['exit']],
    0xffff_8880n,
  ],
];

const FAULTS: [name: string, source: Source, pc: number, reason: FaultReason, message: RegExp][] = [
  ['a read below the stack', [['ldx_mem_b', { src: 10, off: -513 }], ['exit']], 0, 'out_of_bounds', /outside of stack/],
  [
    'a read above the stack',
    [['mov64_k', { dst: 1 }], ['ldx_mem_b', { src: 10 }], ['exit']],
    1,
    'unmapped',
    /nothing there|ctx/,
  ],
  [
    'a write across the end of the context',
    [['st_mem_dw', { dst: 1, off: 9, imm: 0 }], ['exit']],
    0,
    'out_of_bounds',
    /write of 8 bytes at 0x[0-9a-f]+ \(ctx\+9\): outside of ctx/,
  ],
  [
    'NULL',
    [['mov64_k', { dst: 1 }], ['ldx_mem_w', { src: 1, off: 4 }], ['exit']],
    1,
    'null_pointer',
    /read of 4 bytes at 0x4: null pointer/,
  ],
  [
    'a number as a pointer',
    [['ld_imm64', { dst: 1, imm64: 0x1234_0000_0000n }], ['ldx_mem_b', { src: 1 }], ['exit']],
    2,
    'bad_pointer',
    /not a pointer/,
  ],
  [
    'a pointer less than zero',
    [['mov64_k', { dst: 1 }], ['ldx_mem_b', { src: 1, off: -1 }], ['exit']],
    1,
    'bad_pointer',
    /0xffffffffffffffff/,
  ],
  [
    'a load whose value nobody reads',
    [['mov64_k', { dst: 1 }], ['ldx_mem_b', { src: 1 }], ['mov64_k'], ['exit']],
    1,
    'null_pointer',
    /null/,
  ],
  [
    'a bad atomic',
    [['mov64_k', { dst: 1 }], ['atomic_add64', { dst: 1, src: 1 }], ['exit']],
    1,
    'null_pointer',
    /write of 8/,
  ],
  [
    'a callee below its own stack',
    [['call_subprog', { imm: 1 }], ['exit'], ['st_mem_b', { dst: 10, off: -513 }], ['exit']],
    2,
    'out_of_bounds',
    /outside of stack \(1024 bytes/,
  ],
  ['endless recursion', [['call_subprog', { imm: -1 }], ['exit']], 0, 'stack_depth', /call stack of 9 frames/],
  ['a jump out of the program', [['ja', { off: 7 }], ['exit']], 8, 'bad_jump', /slot 8/],
  ['the end of the program', [['mov64_k', { imm: 1 }]], 1, 'bad_jump', /slot 1/],
  [
    'a legacy packet load without a packet',
    [['ld_abs_b', { imm: 0 }], ['exit']],
    0,
    'bad_argument',
    /no socket buffer/,
  ],
];

/** What only a checked run sees. */
const UNCHECKED = new Set<FaultReason>(['null_pointer', 'out_of_bounds', 'bad_pointer', 'unmapped']);

describe.each(ENGINE_NAMES)('%s', engine => {
  const run = (source: Source, bench?: Bench): bigint => new TestBench(engine, bench).run(program(source));

  it.each(RESULTS)('%s', (_name, source, r0) => expect(run(source)).toBe(r0));

  it('hands r1 to r5 to a helper and takes r0 from it', () => {
    const helpers = {
      25: ((_call, a, b, c, d, e) => a + 10n * b + 100n * c + 1000n * d + 10000n * e) as HelperFunction,
    };
    const source: Source = [1, 2, 3, 4, 5].map(n => ['mov64_k', { dst: n, imm: n }] as const);
    expect(run([...source, ['call', { imm: 25 }], ['exit']], { helpers })).toBe(54321n);
  });

  describe('callbacks', () => {
    const helpers: Record<number, HelperFunction> = {
      181: (call, count, fn, context) => {
        for (let i = 0n; i < count; i++) if (call.callback(fn, i, context, 0n, 0n) !== 0n) return i + 1n;
        return count;
      },
    };
    const sum: Source = [
      ['ldx_mem_dw', { dst: 3, src: 2 }],
      ['add64_x', { dst: 3, src: 1 }],
      ['stx_mem_dw', { dst: 2, src: 3 }],
      ['mov64_k', { dst: 0, imm: 0 }],
      ['jlt64_k', { dst: 1, imm: 9, off: 1 }],
      ['mov64_k', { dst: 0, imm: 1 }],
      ['exit'],
    ];
    const loop = (...pointer: Source): Source => [
      ['st_mem_dw', { dst: 10, off: -8 }],
      ['mov64_k', { dst: 1, imm: 100 }],
      ...pointer,
      ['mov64_x', { dst: 3, src: 10 }],
      ['add64_k', { dst: 3, imm: -8 }],
      ['call', { imm: 181 }],
      ['ldx_mem_dw', { src: 10, off: -8 }],
      ['exit'],
      ...sum,
    ];

    it('runs one in a frame of its own', () => {
      expect(run(loop(['ld_imm64', { dst: 2, imm64: textPointer(9) }]), { helpers })).toBe(45n);
    });

    it('runs one whose pointer was computed', () => {
      const pointer: Source = [
        ['mov64_k', { dst: 2, imm: -1 }],
        ['lsh64_k', { dst: 2, imm: 32 }],
        ['or64_k', { dst: 2, imm: 10 }],
      ];
      expect(run(loop(...pointer), { helpers })).toBe(45n);
    });

    it('refuses a pointer to no function', () => {
      const bench = new TestBench(engine, { helpers });
      expect(fault(bench, loop(['ld_imm64', { dst: 2, imm64: textPointer(99) }]))).toMatchObject({
        pc: 6,
        reason: 'bad_pointer',
      });
      expect(fault(bench, loop(['ld_imm64', { dst: 2, imm64: 9n }]))).toMatchObject({ pc: 6, reason: 'bad_pointer' });
    });

    it('bounds how deep they stand in each other', () => {
      const again: Source = [
        ['mov64_k', { dst: 1, imm: 1 }],
        ['ld_imm64', { dst: 2, imm64: textPointer(0) }],
        ['call', { imm: 181 }],
        ['exit'],
      ];
      expect(fault(new TestBench(engine, { helpers }), again)).toMatchObject({ pc: 3, reason: 'stack_depth' });
    });
  });

  it('tail-calls into another program, falls through an empty slot, and stops after 33 that found a program', () => {
    const target = program([['mov64_k', { imm: 77 }], ['exit']]);
    const call = (index: number): Source => [
      ['mov64_k', { dst: 3, imm: index }],
      ['call', { imm: 12 }],
      ['mov64_k', { imm: 1 }],
      ['exit'],
    ];
    expect(run(call(2), { tailCalls: { 2: target } })).toBe(77n);
    expect(run(call(3), { tailCalls: { 2: target } })).toBe(1n);

    let calls = 0;
    const again = program([
      ['call', { imm: 5 }],
      ['mov64_k', { dst: 3, imm: 1 }],
      ['call', { imm: 12 }],
      ['mov64_k', { dst: 3, imm: 0 }],
      ['call', { imm: 12 }],
      ['mov64_k', { imm: 8 }],
      ['exit'],
    ]);
    const helpers: Record<number, HelperFunction> = { 5: () => BigInt(calls++) };
    const bench = { tailCalls: { 0: again }, helpers };
    const twice = new TestBench(engine, bench);
    expect(twice.run(program(call(0)))).toBe(8n);
    expect(calls).toBe(33);
    expect(twice.run(program(call(0)))).toBe(8n);
    expect(calls).toBe(66);
  });

  it('a program that was tail-called from a subprogram returns to its caller', () => {
    const target = program([['add64_k', { dst: 2, imm: 7 }], ['mov64_x', { dst: 0, src: 2 }], ['exit']]);
    const source: Source = [
      ['mov64_k', { dst: 2, imm: 40 }],
      ['call_subprog', { imm: 2 }],
      ['add64_x', { dst: 0, src: 2 }],
      ['exit'],
      ['mov64_k', { dst: 3, imm: 1 }],
      ['call', { imm: 12 }],
      ['exit'],
    ];
    expect(run(source, { tailCalls: { 1: target } })).toBe(47n);
  });

  it('names a helper that has no body, when it is reached', () => {
    expect(run([['ja', { off: 1 }], ['call', { imm: 69 }], ['exit']])).toBe(0n);
    expect(() => run([['call', { imm: 69 }], ['exit']])).toThrow(/bpf_fib_lookup#69/);
    expect(() => run([['callx', { dst: 1 }], ['exit']])).toThrow(/indirect calls/);
    expect(() => run([['call_kfunc', { imm: 3 }], ['exit']])).toThrow(/BTF id 3/);
  });

  it('returns 0 from the function whose legacy packet load leaves the packet', () => {
    const readPacket = (offset: number, size: number): number | undefined => (offset + size <= 4 ? 0x1234 : undefined);
    const context = { readPacket };
    expect(run([['ld_abs_h', { imm: 2 }], ['exit']], { context })).toBe(0x1234n);
    expect(run([['mov64_k', { dst: 2, imm: 1 }], ['ld_ind_h', { src: 2, imm: 1 }], ['exit']], { context })).toBe(
      0x1234n,
    );
    expect(
      run([['mov64_k', { imm: 5 }], ['ld_abs_w', { imm: 2 }], ['mov64_k', { imm: 5 }], ['exit']], { context }),
    ).toBe(0n);
    const deep: Source = [
      ['call_subprog', { imm: 2 }],
      ['add64_k', { imm: 5 }],
      ['exit'],
      ['ld_abs_w', { imm: 2 }],
      ['exit'],
    ];
    expect(run(deep, { context })).toBe(5n);
  });

  it('leaves the engine ready for the next run', () => {
    const bench = new TestBench(engine);
    const deep: Source = [['call_subprog', { imm: 1 }], ['exit'], ['call_subprog', { imm: -1 }], ['exit']];
    expect(() => bench.run(program(deep))).toThrow(VmFault);
    expect(bench.run(program([['st_mem_b', { dst: 10, off: -512 }], ['mov64_k', { imm: 3 }], ['exit']]))).toBe(3n);
  });

  it('reaches memory through a constant pointer and a negative index', () => {
    const bench = new TestBench(engine);
    const region = bench.memory.allot({ name: 'table', size: 64, access: 'read' })!;
    bench.memory.write(region.base, Uint8Array.of(1, 2, 3, 4));
    const end: Source[number] = ['ld_imm64', { dst: 2, imm64: kernelPointer(region.base + 4) }];
    const index: Source = [
      ['ldx_mem_w', { dst: 3, src: 1 }],
      ['sub64_k', { dst: 3, imm: 0xcafe + 1 }],
    ];
    const source: Source = [...index, end, ['add64_x', { dst: 2, src: 3 }], ['ldx_mem_b', { src: 2 }], ['exit']];
    expect(bench.run(program(source))).toBe(4n);
  });

  it('begins each run with an empty stack', () => {
    const bench = new TestBench(engine);
    bench.run(program([['st_mem_dw', { dst: 10, off: -400, imm: 9 }], ['exit']]));
    expect(bench.run(program([['ldx_mem_dw', { src: 10, off: -400 }], ['exit']]))).toBe(0n);
  });
});

describe.each(ENGINE_NAMES)('faults of %s', engine => {
  const rows = FAULTS.filter(([, , , reason]) => engine !== 'jit, unchecked' || !UNCHECKED.has(reason));

  it.each(rows)('%s', (_name, source, pc, reason, message) => {
    const { pc: at, reason: why, message: text } = fault(new TestBench(engine), source);
    expect({ at, why }).toEqual({ at: pc, why: reason });
    expect(text).toMatch(message);
  });

  it.skipIf(engine === 'jit, unchecked')('an endless loop runs out of fuel', () => {
    for (const loop of [
      [['ja', { off: -1 }], ['exit']],
      [['call_subprog', { imm: 1 }], ['ja', { off: -2 }], ['exit']],
    ] as Source[]) {
      const { reason, detail } = fault(new TestBench(engine, { fuel: 1000 }), loop);
      expect(reason).toBe('out_of_fuel');
      expect(detail).toContain('1000 instructions');
    }
  });
});

describe.each(['interp', 'jit'] as const)('accesses of %s', engine => {
  it('see a window that a helper has moved', () => {
    const helpers: Record<number, HelperFunction> = {
      5: call => {
        call.memory.regionAt(call.context.address)!.end -= 8;
        return 0n;
      },
    };
    const load: Source[number] = ['ldx_mem_dw', { dst: 2, src: 1, off: 8 }];
    const bench = new TestBench(engine, { helpers });
    expect(fault(bench, [load, load, ['call', { imm: 5 }], load, ['exit']])).toMatchObject({
      pc: 3,
      reason: 'out_of_bounds',
    });
    // and one that was moved between two runs
    expect(fault(bench, [load, ['exit']])).toMatchObject({ pc: 0, reason: 'out_of_bounds' });
  });

  it('stay inside one element, whatever was allowed before', () => {
    const bench = new TestBench(engine);
    const elements = { stride: 16, size: 12 };
    const { base } = bench.memory.allot({ name: 'map', size: 64, access: 'read_write', elements })!;
    const at = (offset: number): Source => [
      ['ld_imm64', { dst: 2, imm64: kernelPointer(base) }],
      ['ldx_mem_dw', { src: 2, off: 4 }],
      ['ldx_mem_dw', { src: 2, off: 16 }],
      ['ldx_mem_w', { src: 2, off: offset }],
      ['exit'],
    ];
    expect(bench.run(program(at(24)))).toBe(0n);
    expect(fault(bench, at(25))).toMatchObject({ pc: 4, reason: 'out_of_bounds' });
    expect(fault(bench, at(12))).toMatchObject({ pc: 4, reason: 'out_of_bounds' });
  });

  it('read what they may not write', () => {
    const bench = new TestBench(engine);
    const { base } = bench.memory.allot({ name: 'constants', size: 8, access: 'read' })!;
    const pointer: Source[number] = ['ld_imm64', { dst: 2, imm64: kernelPointer(base) }];
    const source: Source = [pointer, ['ldx_mem_w', { src: 2 }], ['stx_mem_w', { dst: 2, src: 1 }], ['exit']];
    expect(fault(bench, source)).toMatchObject({ pc: 3, reason: 'read_only' });
  });

  it('see the stack of the frame that runs', () => {
    const source: Source = [
      ['mov64_x', { dst: 6, src: 10 }],
      ['sub64_k', { dst: 6, imm: 600 }],
      ['mov64_x', { dst: 1, src: 6 }],
      ['call_subprog', { imm: 2 }],
      ['stx_mem_w', { dst: 6, src: 0 }],
      ['exit'],
      // the callee may write there, which is its own frame; the caller may not
      ['stx_mem_w', { dst: 1, src: 1 }],
      ['exit'],
    ];
    expect(fault(new TestBench(engine), source)).toMatchObject({ pc: 4, reason: 'out_of_bounds' });
  });

  it.each([0xffff_ffff_ffff_fff8n, 0xffff_8880_ffff_fffcn, 0xffff_8880_0000_0000n, 0xffff_fff8n])(
    'of 8 bytes at %#x are refused',
    pointer => {
      const source: Source = [['ld_imm64', { dst: 2, imm64: pointer }], ['ldx_mem_dw', { src: 2, off: 4 }], ['exit']];
      const want = fault(new TestBench('interp'), source);
      expect(fault(new TestBench(engine), source)).toMatchObject({ pc: 2, reason: want.reason, message: want.message });
    },
  );
});

describe('unchecked', () => {
  it('an access outside of the memory is a fault at its instruction', () => {
    const source: Source = [
      ['mov64_k', { dst: 1, imm: -1 }],
      ['mov64_k'],
      ['ldx_mem_w', { src: 1 }],
      ['add64_x', { src: 1 }],
      ['exit'],
    ];
    expect(fault(new TestBench('jit, unchecked'), source)).toMatchObject({ pc: 2, reason: 'out_of_bounds' });
  });
});

function fault(bench: TestBench, source: Source): VmFault {
  try {
    bench.run(program(source));
  } catch (error) {
    if (error instanceof VmFault) return error;
    throw error;
  }
  throw new Error('the program ran to its end');
}
