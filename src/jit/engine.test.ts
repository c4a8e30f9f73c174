import { afterEach, describe, expect, it, vi } from 'vitest';
import { program, type Source } from '../../test/support/program.ts';
import type { Env, HookContext } from '../vm/env.ts';
import { VmFault } from '../vm/fault.ts';
import { GuestMemory } from '../vm/memory.ts';
import { kernelPointer } from '../vm/pointer.ts';
import type { Linkage } from '../vm/program.ts';
import { JitEngine, type JitOptions } from './engine.ts';
import type { HotHelper, InlineMap } from './options.ts';
import { FunctionBody } from './wasm/code.ts';
import { type FunctionType, ModuleBuilder } from './wasm/module.ts';
import { OP } from './wasm/opcodes.ts';

const NO_LINKAGE: Linkage = { helper: () => undefined, tailCallTarget: () => undefined };

function setUp(options: JitOptions = {}, linkage: Linkage = NO_LINKAGE) {
  const memory = new GuestMemory();
  const env: Env = { cpus: 4, cpu: 0, monotonicNs: 0n, bootTimeNs: 0n, random: () => 4 };
  const region = memory.allot({ name: 'contexts', size: 256, access: 'read_write' })!;
  const context: HookContext = { kind: 'test', address: region.base };
  return { memory, env, region, context, engine: new JitEngine(memory, env, linkage, options) };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('runs', () => {
  it('gives the low half as a number', () => {
    const { engine, context } = setUp();
    const minusOne = program([['mov64_k', { imm: -1 }], ['exit']]);
    expect(engine.runNumber(minusOne, context)).toBe(0xffff_ffff);
    expect(engine.run(minusOne, context)).toBe(0xffff_ffff_ffff_ffffn);
  });

  it('runs a burst of contexts', () => {
    const { engine, context, memory, region } = setUp();
    const double = program([
      ['ldx_mem_w', { src: 1 }],
      ['add64_x', { src: 0 }],
      ['stx_mem_w', { dst: 1, src: 0, off: 4 }],
      ['exit'],
    ]);
    for (let i = 0; i < 10; i++) memory.view.setUint32(region.base + 8 * i, 100 + i, true);
    const verdicts = region.base + 128;
    engine.runBurst(double, context, { address: region.base, stride: 8, count: 10, verdicts });
    const read = (at: number, step: number): number[] =>
      Array.from({ length: 10 }, (_, i) => memory.view.getUint32(at + step * i, true));
    const want = Array.from({ length: 10 }, (_, i) => 200 + 2 * i);
    expect(read(verdicts, 4)).toEqual(want);
    expect(read(region.base + 4, 8)).toEqual(want);
  });

  it('counts tail calls and fuel anew for each run of a burst', () => {
    const again = program([
      ['mov64_k', { dst: 2 }],
      ['mov64_k', { dst: 3 }],
      ['call', { imm: 12 }],
      ['mov64_k', { imm: 7 }],
      ['exit'],
    ]);
    const { engine, context, memory, region } = setUp(
      { fuelPerRun: 200 },
      { ...NO_LINKAGE, tailCallTarget: () => again },
    );
    engine.runBurst(again, context, { address: region.base, stride: 0, count: 5, verdicts: region.base });
    expect([...new Uint32Array(memory.u8.buffer, region.base, 6)]).toEqual([7, 7, 7, 7, 7, 0]);
  });

  it('names the program that faulted after a tail call', () => {
    const bad = program([['mov64_k'], ['ldx_mem_w', { src: 0 }], ['exit']], 'bad');
    const { engine, context } = setUp({}, { ...NO_LINKAGE, tailCallTarget: () => bad });
    const good = program([['call', { imm: 12 }], ['exit']], 'good');
    expect(() => engine.run(good, context)).toThrow(/^bad: insn 1: /);
    const unchecked = setUp(
      { isChecked: () => false },
      {
        ...NO_LINKAGE,
        tailCallTarget: () => program([['mov64_k', { imm: -1 }], ['ldx_mem_w', { src: 0 }], ['exit']], 'bad'),
      },
    );
    expect(() => unchecked.engine.run(good, unchecked.context)).toThrow(/^bad: insn 1: /);
  });

  it('checks the accesses that it is told to', () => {
    const { engine, context } = setUp({ isChecked: (_program, pc) => pc === 2 });
    const source: Source = [
      ['mov64_k', { dst: 2 }],
      ['ldx_mem_w', { src: 2, off: 8 }],
      ['ldx_mem_w', { src: 2, off: 8 }],
      ['exit'],
    ];
    expect(() => engine.run(program(source), context)).toThrow(
      expect.objectContaining({ pc: 2, reason: 'null_pointer' }),
    );
  });

  it('gives a place in the table to another program once it is released', () => {
    const { engine } = setUp();
    const [one, two] = [program([['exit']]), program([['exit']])];
    const place = engine.place(one);
    expect(engine.place(one)).toBe(place);
    engine.release(one);
    expect(engine.place(two)).toBe(place);
  });
});

describe('maps that are known', () => {
  const lookUp = (map: bigint, key: number): Source => [
    ['st_mem_w', { dst: 10, off: -4, imm: key }],
    ['mov64_x', { dst: 2, src: 10 }],
    ['add64_k', { dst: 2, imm: -4 }],
    ['ld_imm64', { dst: 1, imm64: map }],
    ['call', { imm: 1 }],
    ['exit'],
  ];

  it('looks up in an array without a call', () => {
    const map: InlineMap = { kind: 'array', values: 0x50000, stride: 24, maxEntries: 3 };
    const { engine, context } = setUp({ inlineMap: address => (address === 0x40000 ? map : undefined) });
    const at = (key: number): bigint => engine.run(program(lookUp(kernelPointer(0x40000), key)), context);
    expect([0, 2, 3, -1].map(at)).toEqual([kernelPointer(0x50000), kernelPointer(0x50030), 0n, 0n]);
    expect(() => engine.run(program(lookUp(kernelPointer(0x40008), 0)), context)).toThrow(/bpf_map_lookup_elem#1/);
  });

  it("finds the running CPU's value", () => {
    const map: InlineMap = { kind: 'array', values: 0x50000, stride: 8, cpuStride: 0x1000, maxEntries: 3 };
    const { engine, context, env } = setUp({ inlineMap: () => map });
    const source = program(lookUp(kernelPointer(0x40000), 1));
    for (const cpu of [0, 3, 1]) {
      env.cpu = cpu;
      expect(engine.run(source, context)).toBe(kernelPointer(0x50008 + cpu * 0x1000));
    }
  });

  it('tail-calls through the slots of a prog array', () => {
    let slots = 0;
    const { engine, context, memory } = setUp({ inlineMap: () => ({ kind: 'prog_array', slots, maxEntries: 2 }) });
    slots = memory.allot({ name: 'slots', size: 8, access: 'none' })!.base;
    memory.view.setUint32(slots + 4, engine.place(program([['mov64_k', { imm: 77 }], ['exit']])), true);
    const call = (index: number): Source => [
      ['ld_imm64', { dst: 2, imm64: kernelPointer(0x40000) }],
      ['mov32_k', { dst: 3, imm: index }],
      ['call', { imm: 12 }],
      ['mov64_k', { imm: 1 }],
      ['exit'],
    ];
    expect([0, 1, 2, -1].map(index => engine.run(program(call(index)), context))).toEqual([1n, 77n, 1n, 1n]);
  });
});

/** An instance with `add: (i64, i64) → i64` and `read: (i32) → i32`, which reads memory. */
function hotInstance(memory: GuestMemory): WebAssembly.Exports {
  const module = new ModuleBuilder();
  module.importMemory('env', 'memory', { min: 1, max: 65536 });
  const define = (name: string, type: FunctionType, emit: (body: FunctionBody) => void): void => {
    const index = module.function(type);
    const body = new FunctionBody(type.parameters.length);
    emit(body);
    module.define(index, body);
    module.exportFunction(name, index);
  };
  define('add', { parameters: ['i64', 'i64'], results: ['i64'] }, body => {
    body.get(0);
    body.get(1);
    body.op(OP['i64.add']);
  });
  define('read', { parameters: ['i32'], results: ['i32'] }, body => {
    body.get(0);
    body.memory(OP['i32.load'], 0);
  });
  const { memory: shared } = memory;
  return new WebAssembly.Instance(new WebAssembly.Module(module.encode().bytes), { env: { memory: shared } }).exports;
}

describe('helpers that are WebAssembly', () => {
  it('take whole registers and give one', () => {
    let hot: HotHelper | undefined;
    const { engine, context, memory } = setUp({ hotHelper: id => (id === 5 ? hot : undefined) });
    hot = { body: hotInstance(memory)['add']!, parameters: ['i64', 'i64'], result: 'i64', accesses: [] };
    const source: Source = [
      ['mov64_k', { dst: 1, imm: -40 }],
      ['mov64_k', { dst: 2, imm: -2 }],
      ['call', { imm: 5 }],
      ['add64_x', { dst: 0, src: 1 }],
      ['exit'],
    ];
    expect(engine.run(program(source), context)).toBe(BigInt.asUintN(64, -82n));
  });

  it('take addresses, which are checked, and give numbers or pointers, by the map in r1', () => {
    const hot: Partial<Record<HotHelper['result'], HotHelper>> = {};
    const results: Record<number, HotHelper['result']> = { 262144: 'int', 262152: 'pointer' };
    const { engine, context, memory, region } = setUp({
      hotHelper: (id, map) => (id === 5 && map !== undefined ? hot[results[map] ?? 'i64'] : undefined),
    });
    const body = hotInstance(memory)['read']!;
    // The map is read itself here: it stands in the context.
    for (const result of ['int', 'pointer'] as const) {
      hot[result] = { body, parameters: ['i32'], result, accesses: [{ register: 2, bytes: 40, write: false }] };
    }
    const call = (map: number, off: number): Source => [
      ['mov64_x', { dst: 2, src: 1 }],
      ['add64_k', { dst: 2, imm: off }],
      ['ld_imm64', { dst: 1, imm64: kernelPointer(map) }],
      ['call', { imm: 5 }],
      ['exit'],
    ];
    while (memory.u8.length < 0x50000) memory.allot({ name: 'more', size: 65536, access: 'none' });
    const run = (map: number, value: number, off = 0): bigint => {
      memory.view.setInt32(map, value, true);
      return engine.run(program(call(map, off)), context);
    };
    expect(run(0x40000, -22)).toBe(BigInt.asUintN(64, -22n));
    expect(run(0x40008, 0x1234)).toBe(kernelPointer(0x1234));
    expect(run(0x40008, 0)).toBe(0n);
    expect(run(0x40008, 0, region.size - 40)).toBe(0n);
    expect(() => run(0x40008, 0, region.size - 39)).toThrow(
      expect.objectContaining({ pc: 4, reason: 'out_of_bounds' }),
    );
  });
});

describe('where WebAssembly may not be compiled', () => {
  it('the interpreter runs the program, and the engine says why', () => {
    const Disallowed = class {
      constructor() {
        throw new WebAssembly.CompileError('Wasm code generation disallowed by embedder');
      }
    };
    vi.spyOn(WebAssembly, 'Module').mockImplementation(Disallowed as never);
    const { engine, context, memory, region } = setUp();
    const source = program([['ldx_mem_w', { src: 1 }], ['exit']], 'plain');
    memory.view.setUint32(region.base + 8, 5, true);
    expect(engine.compile(source)).toEqual({ engine: 'interp', why: expect.stringMatching(/^plain: .*disallowed/) });
    expect(engine.run(source, { ...context, address: region.base + 8 })).toBe(5n);
    expect(engine.runNumber(source, { ...context, address: region.base + 8 })).toBe(5);
    engine.runBurst(source, context, { address: region.base, stride: 8, count: 2, verdicts: region.base + 64 });
    expect(memory.view.getUint32(region.base + 68, true)).toBe(5);
    expect(() => engine.run(program([['mov64_k', { dst: 1 }], ['ldx_mem_w', { src: 1 }], ['exit']]), context)).toThrow(
      VmFault,
    );
  });
});
