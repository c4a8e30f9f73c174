import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FunctionBody } from './code.ts';
import { type FunctionType, ModuleBuilder } from './module.ts';
import { OP, type OpName, type ValueType } from './opcodes.ts';
import { ByteSink } from './sink.ts';

const bytesOf = (write: (sink: ByteSink) => void): number[] => {
  const sink = new ByteSink(1);
  write(sink);
  return [...sink.bytes];
};

describe('LEB128', () => {
  // the examples of the specification of DWARF, and the ends of the ranges
  const unsigned: [value: number, bytes: number[]][] = [
    [0, [0]],
    [127, [127]],
    [128, [0x80, 1]],
    [12857, [57 + 0x80, 100]],
    [0xffff_ffff, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ];
  it.each(unsigned)('unsigned %i', (value, bytes) => expect(bytesOf(sink => sink.u32(value))).toEqual(bytes));

  const signed: [value: number, bytes: number[]][] = [
    [2, [2]],
    [-2, [0x7e]],
    [63, [0x3f]],
    [64, [0xc0, 0]],
    [-64, [0x40]],
    [-65, [0xbf, 0x7f]],
    [-0x8000_0000, [0x80, 0x80, 0x80, 0x80, 0x78]],
    [0x7fff_ffff, [0xff, 0xff, 0xff, 0xff, 0x07]],
  ];
  it.each(signed)('signed %i', (value, bytes) => expect(bytesOf(sink => sink.s32(value))).toEqual(bytes));

  it('signed 64 bits, by halves', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), value => {
        const bytes = bytesOf(sink => sink.s64(Number(BigInt.asIntN(32, value)), Number(value >> 32n)));
        const read = bytes.reduce((sum, byte, i) => sum | (BigInt(byte & 0x7f) << BigInt(7 * i)), 0n);
        expect(BigInt.asIntN(7 * bytes.length, read)).toBe(value);
      }),
    );
  });
});

/** Makes a module of one function, `main`. */
function moduleOf(type: FunctionType, emit: (body: FunctionBody) => void): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  const main = module.function(type);
  const body = new FunctionBody(type.parameters.length);
  emit(body);
  module.define(main, body);
  module.exportFunction('main', main);
  return module.encode().bytes;
}

function run<Result>(
  bytes: Uint8Array<ArrayBuffer>,
  args: unknown[] = [],
  env: WebAssembly.ModuleImports = {},
): Result {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env });
  return (exports['main'] as (...args: unknown[]) => Result)(...args);
}

describe('functions', () => {
  it('takes locals of both types in any order', () => {
    const bytes = moduleOf({ parameters: ['i64'], results: ['i64'] }, body => {
      const locals = (['i32', 'i64', 'i64', 'i32'] as const).map(type => body.local(type));
      body.i32(-5);
      body.set(locals[3]!);
      body.get(0);
      body.i64(-2, 7);
      body.op(OP['i64.add']);
      body.tee(locals[2]!);
      body.get(locals[3]!);
      body.op(OP['i64.extend_i32_s']);
      body.op(OP['i64.add']);
    });
    expect(run<bigint>(bytes, [1n])).toBe(0x7_ffff_ffffn - 5n);
  });

  it('selects by a table of labels', () => {
    const bytes = moduleOf({ parameters: ['i32'], results: ['i32'] }, body => {
      for (let i = 0; i < 3; i++) body.block();
      body.get(0);
      body.brTable([0, 1], 2);
      for (const answer of [10, 11]) {
        body.end();
        body.i32(answer);
        body.op(OP.return);
      }
      body.end();
      body.i32(99);
    });
    expect([0, 1, 2, -1].map(n => run<number>(bytes, [n]))).toEqual([10, 11, 99, 99]);
  });

  it('loops', () => {
    const bytes = moduleOf({ parameters: ['i32'], results: ['i32'] }, body => {
      const sum = body.local('i32');
      body.loop();
      body.get(sum);
      body.get(0);
      body.op(OP['i32.add']);
      body.set(sum);
      body.get(0);
      body.i32(1);
      body.op(OP['i32.sub']);
      body.tee(0);
      body.brIf(0);
      body.end();
      body.get(sum);
    });
    expect(run(bytes, [100])).toBe(5050);
  });

  it('reads, writes and fills memory', () => {
    const module = new ModuleBuilder();
    module.importMemory('env', 'memory', { min: 1, max: 2 });
    const main = module.function({ parameters: [], results: ['i64'] });
    const body = new FunctionBody(0);
    for (const value of [64, 0xab, 8]) body.i32(value);
    body.fill();
    body.i32(0);
    body.i32(0x12);
    body.memory(OP['i32.store8'], 67);
    body.i32(60);
    body.memory(OP['i64.load'], 4);
    module.define(main, body);
    module.exportFunction('main', main);
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
    expect(BigInt.asUintN(64, run(module.encode().bytes, [], { memory }))).toBe(0xabab_abab_12ab_ababn);
  });
});

describe('modules', () => {
  it('joins two through a table, globals and a tail call', () => {
    const type: FunctionType = { parameters: ['i64', 'i32'], results: ['i64'] };
    const env = {
      table: new WebAssembly.Table({ element: 'anyfunc', initial: 4 }),
      count: new WebAssembly.Global({ value: 'i32', mutable: true }, 0),
      log: (value: number) => value,
    };
    const build = (emit: (body: FunctionBody, count: number, type: number, log: number) => void, place?: number) => {
      const module = new ModuleBuilder();
      module.importTable('env', 'table', { min: 1 });
      const count = module.importGlobal('env', 'count', 'i32', true);
      const log = module.importFunction('env', 'log', { parameters: ['i32'], results: ['i32'] });
      const main = module.function(type);
      const body = new FunctionBody(2);
      emit(body, count, module.type(type), log);
      module.define(main, body);
      module.exportFunction('main', main);
      if (place !== undefined) module.element(place, [main]);
      const { bytes } = module.encode();
      return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env });
    };
    build((body, count) => {
      body.index(OP['global.get'], count);
      body.get(1);
      body.op(OP['i32.add']);
      body.index(OP['global.set'], count);
      body.get(0);
    }, 2);
    const caller = build((body, _count, index, log) => {
      body.get(0);
      body.i32(40);
      body.call(log);
      body.i32(2);
      body.callIndirect(OP.return_call_indirect, index);
    });
    expect((caller.exports['main'] as (a: bigint, b: number) => bigint)(7n, 0)).toBe(7n);
    expect(env.count.value).toBe(40);
  });

  it('tells where the code of each function begins', () => {
    const module = new ModuleBuilder();
    module.name('named');
    const bodies = [1, 2].map(value => {
      const body = new FunctionBody(0);
      body.local('i64');
      body.i32(value);
      body.op(OP.drop);
      module.define(module.function({ parameters: [], results: [] }), body);
      return value;
    });
    const { bytes, codeOffsets } = module.encode();
    expect(WebAssembly.validate(bytes)).toBe(true);
    expect(codeOffsets.map(at => [...bytes.subarray(at, at + 3)])).toEqual(
      bodies.map(value => [OP['i32.const'], value, OP.drop]),
    );
  });

  it('refuses what would move indices that were given, and a function without a body', () => {
    const module = new ModuleBuilder();
    module.function({ parameters: [], results: [] });
    expect(() => module.importFunction('env', 'late', { parameters: [], results: [] })).toThrow(RangeError);
    expect(() => module.encode()).toThrow(/function 0 has no body/);
  });
});

/** Every operator with operands, by its type. */
const OPERATORS = (Object.keys(OP) as OpName[]).filter(name => OP[name] >= OP['i32.eqz']);
const typeOf = (name: OpName): ValueType => (name.startsWith('i64') ? 'i64' : 'i32');
const isUnary = (name: OpName): boolean => /eqz|wrap|extend/.test(name);
const operandOf = (name: OpName): ValueType =>
  name === 'i32.wrap_i64' ? 'i64' : /extend_i32/.test(name) ? 'i32' : typeOf(name);
const resultOf = (name: OpName): ValueType => (OP[name] <= OP['i64.ge_u'] ? 'i32' : typeOf(name));

describe('every instruction is valid', () => {
  it.each(OPERATORS)('%s', name => {
    const parameters = isUnary(name) ? [operandOf(name)] : [operandOf(name), operandOf(name)];
    const bytes = moduleOf({ parameters, results: [resultOf(name)] }, body => {
      parameters.forEach((_type, i) => {
        body.get(i);
      });
      body.op(OP[name]);
    });
    expect(WebAssembly.validate(bytes)).toBe(true);
  });

  it.each((Object.keys(OP) as OpName[]).filter(name => /load|store/.test(name)))('%s', name => {
    const module = new ModuleBuilder();
    module.importMemory('env', 'memory', { min: 1 });
    const isLoad = name.includes('load');
    const body = new FunctionBody(2);
    body.get(0);
    if (!isLoad) body.get(1);
    body.memory(OP[name], 0xffff_ffff);
    const type: FunctionType = { parameters: ['i32', typeOf(name)], results: isLoad ? [typeOf(name)] : [] };
    module.define(module.function(type), body);
    expect(WebAssembly.validate(module.encode().bytes)).toBe(true);
  });

  it('random expressions compute what they say', () => {
    type Tree = number | { readonly op: 'add' | 'sub' | 'mul' | 'xor'; readonly a: Tree; readonly b: Tree };
    const { tree } = fc.letrec<{ tree: Tree }>(tie => ({
      tree: fc.oneof(
        { maxDepth: 8 },
        fc.integer(),
        fc.record({ op: fc.constantFrom('add', 'sub', 'mul', 'xor'), a: tie('tree'), b: tie('tree') }),
      ),
    }));
    const evaluate = (each: Tree): number => {
      if (typeof each === 'number') return each | 0;
      const [a, b] = [evaluate(each.a), evaluate(each.b)];
      return { add: a + b, sub: a - b, mul: Math.imul(a, b), xor: a ^ b }[each.op] | 0;
    };
    const emit = (each: Tree, body: FunctionBody): void => {
      if (typeof each === 'number') {
        body.i32(each);
      } else {
        emit(each.a, body);
        emit(each.b, body);
        body.op(OP[`i32.${each.op}`]);
      }
    };
    fc.assert(
      fc.property(tree, each => {
        expect(run<number>(moduleOf({ parameters: [], results: ['i32'] }, body => emit(each, body)))).toBe(
          evaluate(each),
        );
      }),
    );
  });
});
