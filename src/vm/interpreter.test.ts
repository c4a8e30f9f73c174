/** What only the interpreter has: state to look at between instructions. What every engine does is in test/engines.test.ts. */
import { describe, expect, it } from 'vitest';
import { program, type Source } from '../../test/support/program.ts';
import type { Env, HookContext } from './env.ts';
import { VmFault } from './fault.ts';
import { Interpreter } from './interpreter.ts';
import { GuestMemory } from './memory.ts';

const ENV: Env = { cpus: 1, cpu: 0, monotonicNs: 0n, bootTimeNs: 0n, random: () => 4 };

function bench(): { interpreter: Interpreter; context: HookContext } {
  const memory = new GuestMemory();
  const context = memory.allot({ name: 'ctx', size: 8, access: 'read' })!;
  const interpreter = new Interpreter(memory, ENV, { helper: () => undefined, tailCallTarget: () => undefined });
  return { interpreter, context: { kind: 'test', address: context.base } };
}

/** Calls a function that loads through NULL. */
const DEEP_FAULT: Source = [
  ['call_subprog', { imm: 1 }],
  ['exit'],
  ['mov64_k', { dst: 1 }],
  ['ldx_mem_b', { src: 1 }],
  ['exit'],
];

describe('the interpreter', () => {
  it('shows every step: pc, depth and registers before the instruction', () => {
    const { interpreter, context } = bench();
    const steps: [pc: number, depth: number, r0: bigint][] = [];
    interpreter.onStep = x => steps.push([x.pc, x.depth, x.registers[0]!]);
    const source: Source = [
      ['mov64_k', { imm: 5 }],
      ['call_subprog', { imm: 1 }],
      ['exit'],
      ['mov64_k', { imm: 6 }],
      ['exit'],
    ];
    expect(interpreter.run(program(source), context)).toBe(6n);
    expect(steps).toEqual([
      [0, 0, 0n],
      [1, 0, 5n],
      [3, 1, 5n],
      [4, 1, 6n],
      [2, 0, 6n],
    ]);
  });

  it('stands where a fault stopped it', () => {
    const { interpreter, context } = bench();
    expect(() => interpreter.run(program(DEEP_FAULT), context)).toThrow(VmFault);
    expect({ pc: interpreter.pc, depth: interpreter.depth, r1: interpreter.registers[1] }).toEqual({
      pc: 3,
      depth: 1,
      r1: 0n,
    });
  });

  it('is ready for the next run after a fault', () => {
    const { interpreter, context } = bench();
    const good = program([['st_mem_b', { dst: 10, off: -512 }], ['mov64_k', { imm: 3 }], ['exit']]);
    expect(() => interpreter.run(program(DEEP_FAULT), context)).toThrow(VmFault);
    expect(interpreter.run(good, context)).toBe(3n);
  });

  it('runs as often as it is told, and gives the last r0', () => {
    const { interpreter, context } = bench();
    let runs = 0;
    interpreter.onStep = ({ pc }) => {
      if (pc === 0) runs++;
    };
    expect(interpreter.runNumber(program([['mov64_k', { imm: -1 }], ['exit']]), context, 3)).toBe(0xffff_ffff);
    expect(runs).toBe(3);
  });
});
