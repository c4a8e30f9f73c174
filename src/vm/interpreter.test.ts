import { describe, expect, it } from 'vitest';
import { program, type Source } from '../../test/support/program.ts';
import type { HelperFunction } from './call.ts';
import type { Env, HookContext } from './env.ts';
import type { FaultReason } from './fault.ts';
import { VmFault } from './fault.ts';
import { Interpreter } from './interpreter.ts';
import { GuestMemory } from './memory.ts';
import { textPointer } from './pointer.ts';
import type { Program } from './program.ts';

const ENV: Env = { cpus: 1, cpu: 0, monotonicNs: 0n, bootTimeNs: 0n, random: () => 4 };

interface Bench {
  helpers?: Record<number, HelperFunction>;
  tailCalls?: Record<number, Program>;
  fuel?: number;
  context?: Partial<HookContext>;
}

function run(source: Source, bench: Bench = {}): bigint {
  const memory = new GuestMemory();
  const context = memory.allot({ name: 'ctx', size: 16, access: 'read_write' })!;
  memory.view.setUint32(context.base, 0xcafe, true);
  const interpreter = new Interpreter(
    memory,
    ENV,
    { helper: id => bench.helpers?.[id], tailCallTarget: (_map, index) => bench.tailCalls?.[index] },
    bench.fuel === undefined ? {} : { fuel: bench.fuel },
  );
  return interpreter.run(program(source), { kind: 'test', address: context.base, ...bench.context });
}

function fault(source: Source, bench?: Bench): VmFault {
  try {
    run(source, bench);
  } catch (error) {
    if (error instanceof VmFault) return error;
    throw error;
  }
  throw new Error('the program ran to its end');
}

describe('results', () => {
  const rows: [name: string, source: Source, r0: bigint][] = [
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
      'may_goto falls through a bounded number of times',
      [['add64_k', { imm: 1 }], ['may_goto', { off: 1 }], ['ja', { off: -3 }], ['exit']],
      8n * 1024n * 1024n + 1n,
    ],
  ];

  it.each(rows)('%s', (_name, source, r0) => expect(run(source)).toBe(r0));
});

describe('calls out', () => {
  it('hands r1 to r5 to a helper and takes r0 from it', () => {
    const helpers = {
      5: ((_call, a, b, c, d, e) => a + 10n * b + 100n * c + 1000n * d + 10000n * e) as HelperFunction,
    };
    const source: Source = [1, 2, 3, 4, 5].map(n => ['mov64_k', { dst: n, imm: n }] as const);
    expect(run([...source, ['call', { imm: 5 }], ['exit']], { helpers })).toBe(54321n);
  });

  it('runs a callback in a frame of its own', () => {
    const helpers: Record<number, HelperFunction> = {
      181: (call, count, fn, context) => {
        for (let i = 0n; i < count; i++) if (call.callback(fn, i, context, 0n, 0n) !== 0n) return i + 1n;
        return count;
      },
    };
    const source: Source = [
      ['st_mem_dw', { dst: 10, off: -8 }],
      ['mov64_k', { dst: 1, imm: 100 }],
      ['ld_imm64', { dst: 2, imm64: textPointer(10) }],
      ['mov64_x', { dst: 3, src: 10 }],
      ['add64_k', { dst: 3, imm: -8 }],
      ['call', { imm: 181 }],
      ['ldx_mem_dw', { src: 10, off: -8 }],
      ['exit'],
      ['exit'],
      ['ldx_mem_dw', { dst: 3, src: 2 }],
      ['add64_x', { dst: 3, src: 1 }],
      ['stx_mem_dw', { dst: 2, src: 3 }],
      ['mov64_k', { dst: 0, imm: 0 }],
      ['jlt64_k', { dst: 1, imm: 9, off: 1 }],
      ['mov64_k', { dst: 0, imm: 1 }],
      ['exit'],
    ];
    expect(run(source, { helpers })).toBe(45n);
  });

  it('tail-calls into another program, falls through an empty slot, and stops after 33', () => {
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
      ['mov64_k', { dst: 3, imm: 0 }],
      ['call', { imm: 12 }],
      ['mov64_k', { imm: 8 }],
      ['exit'],
    ]);
    const helpers: Record<number, HelperFunction> = { 5: () => BigInt(calls++) };
    expect(run(call(0), { tailCalls: { 0: again }, helpers })).toBe(8n);
    expect(calls).toBe(33);
  });

  it('names a helper that has no body, when it is reached', () => {
    expect(run([['ja', { off: 1 }], ['call', { imm: 69 }], ['exit']])).toBe(0n);
    expect(() => run([['call', { imm: 69 }], ['exit']])).toThrow(/bpf_fib_lookup#69/);
  });

  it('returns 0 from the function whose legacy packet load leaves the packet', () => {
    const readPacket = (offset: number, size: number): number | undefined => (offset + size <= 4 ? 0x1234 : undefined);
    const source: Source = [
      ['ld_abs_h', { imm: 2 }],
      ['mov64_x', { dst: 6, src: 0 }],
      ['ld_abs_w', { imm: 2 }],
      ['exit'],
    ];
    expect(run(source.slice(0, 1).concat([['exit']]), { context: { readPacket } })).toBe(0x1234n);
    expect(run(source, { context: { readPacket } })).toBe(0n);
    const deep: Source = [
      ['call_subprog', { imm: 2 }],
      ['add64_k', { imm: 5 }],
      ['exit'],
      ['mov64_x', { dst: 6, src: 1 }],
      ['ld_abs_w', { imm: 2 }],
      ['exit'],
    ];
    expect(run(deep, { context: { readPacket } })).toBe(5n);
  });
});

describe('faults', () => {
  const rows: [name: string, source: Source, pc: number, reason: FaultReason, message: RegExp][] = [
    [
      'a read below the stack',
      [['ldx_mem_b', { src: 10, off: -513 }], ['exit']],
      0,
      'out_of_bounds',
      /outside of stack/,
    ],
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
      'a bad atomic',
      [['mov64_k', { dst: 1 }], ['atomic_add64', { dst: 1, src: 1 }], ['exit']],
      1,
      'null_pointer',
      /write of 8/,
    ],
    ['endless recursion', [['call_subprog', { imm: -1 }], ['exit']], 0, 'stack_depth', /call stack of 9 frames/],
    ['a jump out of the program', [['ja', { off: 7 }], ['exit']], 8, 'bad_jump', /slot 8/],
    [
      'a legacy packet load without a packet',
      [['ld_abs_b', { imm: 0 }], ['exit']],
      0,
      'bad_argument',
      /no socket buffer/,
    ],
  ];

  it.each(rows)('%s', (_name, source, pc, reason, message) => {
    const { pc: at, reason: why, message: text } = fault(source);
    expect({ at, why }).toEqual({ at: pc, why: reason });
    expect(text).toMatch(message);
  });

  it('an endless loop runs out of fuel', () => {
    const { reason, detail } = fault([['ja', { off: -1 }], ['exit']], { fuel: 1000 });
    expect(reason).toBe('out_of_fuel');
    expect(detail).toContain('1000 instructions');
  });

  it('leaves the interpreter ready for the next run', () => {
    const memory = new GuestMemory();
    const context = memory.allot({ name: 'ctx', size: 8, access: 'read' })!;
    const interpreter = new Interpreter(memory, ENV, { helper: () => undefined, tailCallTarget: () => undefined });
    const deep = program([
      ['call_subprog', { imm: 1 }],
      ['exit'],
      ['mov64_k', { dst: 1 }],
      ['ldx_mem_b', { src: 1 }],
      ['exit'],
    ]);
    const good = program([['st_mem_b', { dst: 10, off: -512 }], ['mov64_k', { imm: 3 }], ['exit']]);
    const where = { kind: 'test', address: context.base };
    expect(() => interpreter.run(deep, where)).toThrow(VmFault);
    expect(interpreter.run(good, where)).toBe(3n);
  });
});
