import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BtfBuilder } from '../../test/support/btf-builder.ts';
import { parseElf } from '../elf/parse.ts';
import { parseBtf } from './btf.ts';
import { BtfError } from './error.ts';
import { parseBtfExt } from './ext.ts';
import { formatTypeName } from './type-name.ts';

const objects = join(import.meta.dirname, '../../test/data/object');

/** A section of one of the test objects. */
function section(object: string, name: string): Uint8Array {
  const elf = parseElf(new Uint8Array(readFileSync(join(objects, `${object}.bpf.o`))));
  return elf.sections.find(candidate => candidate.name === name)?.contents ?? new Uint8Array(0);
}

describe('parseBtf', () => {
  test.each(['little', 'big'] as const)('makes every kind of type, %s-endian', order => {
    const b = new BtfBuilder(order);
    const int = b.int('int', 4, 1);
    const types = [
      int,
      b.ref('ptr', int),
      b.array(int, 3),
      b.struct('s', 4, [['m', int, 0, 5]]),
      b.struct('u', 4, [['m', int, 0]], 'union'),
      b.enum('e', 4, [['A', -1]], true),
      b.type('fwd', 'f', 0, true, 0),
      b.ref('typedef', int, 't'),
      b.ref('volatile', int),
      b.ref('const', int),
      b.ref('restrict', int),
      b.type('func', 'fn', 1, false, 14),
      b.type('float', 'double', 0, false, 8),
      b.proto(int, [['a', int]]),
      b.type('var', 'v', 0, false, int, 1),
      b.type('datasec', '.data', 1, false, 4, 15, 0, 4),
      b.type('decl_tag', 'tag', 0, false, int, -1),
      b.ref('type_tag', int, 'user'),
      b.enum64('e64', [['B', 2n ** 40n]]),
    ];
    const btf = parseBtf(b.bytes());
    expect(btf.byteOrder).toBe(order);
    expect(btf.typeCount).toBe(types.length + 1);
    expect(types.map(id => btf.type(id))).toMatchObject([
      { kind: 'int', name: 'int', size: 4, signed: true, bool: false, bits: 32 },
      { kind: 'ptr', type: int },
      { kind: 'array', type: int, count: 3 },
      { kind: 'struct', size: 4, members: [{ name: 'm', type: int, bitOffset: 0, bits: 5 }] },
      { kind: 'union', size: 4, members: [{ name: 'm', bits: 0 }] },
      { kind: 'enum', signed: true, values: [{ name: 'A', value: -1n }] },
      { kind: 'fwd', of: 'union' },
      { kind: 'typedef', name: 't', type: int },
      { kind: 'volatile' },
      { kind: 'const' },
      { kind: 'restrict' },
      { kind: 'func', name: 'fn', type: 14, linkage: 1 },
      { kind: 'float', size: 8 },
      { kind: 'func_proto', type: int, params: [{ name: 'a', type: int }] },
      { kind: 'var', name: 'v', linkage: 1 },
      { kind: 'datasec', size: 4, vars: [{ type: 15, offset: 0, size: 4 }] },
      { kind: 'decl_tag', component: -1 },
      { kind: 'type_tag', name: 'user' },
      { kind: 'enum64', size: 8, values: [{ name: 'B', value: 2n ** 40n }] },
    ]);
    expect(btf.type(0)).toMatchObject({ kind: 'void' });
    expect(btf.idByName('s', 'struct')).toBe(4);
    expect(btf.idByName('s', 'union')).toBeUndefined();
  });

  test('resolves typedefs and qualifiers, and sizes through arrays', () => {
    const b = new BtfBuilder();
    const int = b.int('int', 4, 1);
    const chain = b.ref('typedef', b.ref('const', b.ref('volatile', int)), 'deep');
    const matrix = b.array(b.array(chain, 3), 5);
    const btf = parseBtf(b.bytes());
    expect(btf.resolve(chain).id).toBe(int);
    expect(btf.sizeOf(matrix)).toBe(60);
    expect(btf.alignOf(matrix)).toBe(4);
  });

  const int = (b: BtfBuilder) => b.int('int', 4, 1);
  const rows: [name: string, use: () => unknown, message: RegExp, typeId: number | undefined][] = [
    ['no header', () => parseBtf(new Uint8Array(10)), /10 bytes, want a header of 24/, undefined],
    ['another magic', () => parseBtf(new Uint8Array(24)), /magic 0x0000, want 0xeb9f/, undefined],
    ['a cut section', () => parseBtf(section('globals', '.BTF').slice(0, 100)), /the section has 100/, undefined],
    [
      'an unknown kind',
      () => parseBtf(patched(b => b.type('ptr', '', 0, false, 0), 24 + 4, 20 << 24)),
      /kind 20, want 1\.\.19/,
      undefined,
    ],
    [
      'a cut type',
      () => parseBtf(patched(b => b.struct('s', 4, []), 24 + 4, (4 << 24) | 9)),
      /the last type is cut off/,
      1,
    ],
    ['a type that is not there', () => built(b => b.ref('ptr', 9)).type(9), /no type 9, want 1\.\.1/, 9],
    [
      'a name that is not there',
      () => parseBtf(patched(int, 24, 99)).type(1),
      /string offset 99 is outside/,
      undefined,
    ],
    ['an int of 40 bytes', () => built(b => b.int('x', 40)).type(1), /int x has 64 bits from bit 0 in 40 bytes/, 1],
    ['a typedef of itself', () => built(b => b.ref('typedef', 1, 'a')).resolve(1), /more than 32 typedefs/, 1],
    ['an array of itself', () => built(b => b.array(1, 2)).sizeOf(1), /arrays nested deeper than 32/, 1],
    ['an array beyond 32 bits', () => built(b => b.array(int(b), 0xffffffff)).sizeOf(2), /exceeds 32 bits/, 2],
    ['a function', () => built(b => b.proto(0, [])).sizeOf(1), /a func_proto has no size/, 1],
  ];
  test.each(rows)('refuses %s', (_name, use, message, typeId) => {
    let thrown: unknown;
    try {
      use();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(BtfError);
    expect(thrown).toMatchObject({ typeId, message: expect.stringMatching(message) });
  });

  test('throws nothing but BtfError, whatever the bytes', () => {
    const good = section('globals', '.BTF');
    const mutants = fc
      .tuple(fc.nat(good.length - 1), fc.uint8Array({ minLength: 1, maxLength: 8 }))
      .map(([at, patch]) => {
        const copy = good.slice();
        copy.set(patch.subarray(0, good.length - at), at);
        return copy;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), mutants), bytes => {
        try {
          const btf = parseBtf(bytes);
          for (let id = 1; id < btf.typeCount; id++) formatTypeName(btf, id);
          for (let id = 1; id < btf.typeCount; id++) btf.sizeOf(id);
        } catch (error) {
          expect(error).toBeInstanceOf(BtfError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

function built(add: (b: BtfBuilder) => unknown) {
  const b = new BtfBuilder();
  add(b);
  return parseBtf(b.bytes());
}

/** BTF with the word at `offset` set. */
function patched(add: (b: BtfBuilder) => unknown, offset: number, word: number): Uint8Array {
  const b = new BtfBuilder();
  add(b);
  const bytes = b.bytes();
  new DataView(bytes.buffer).setUint32(offset, word, true);
  return bytes;
}

const KERNEL_BTF = '/sys/kernel/btf/vmlinux';

describe.skipIf(!existsSync(KERNEL_BTF))('BTF of the running kernel (needs /sys/kernel/btf/vmlinux)', () => {
  test('every type has a name in C, and a task a pid', () => {
    const btf = parseBtf(new Uint8Array(readFileSync(KERNEL_BTF)));
    for (let id = 1; id < btf.typeCount; id++) expect(formatTypeName(btf, id)).not.toBe('');
    const task = btf.type(btf.idByName('task_struct', 'struct') ?? 0);
    const pid = task.kind === 'struct' ? task.members.find(member => member.name === 'pid') : undefined;
    expect(formatTypeName(btf, pid?.type ?? 0)).toBe('pid_t');
  });
});

describe('parseBtfExt', () => {
  test.each(['subprogs', 'subprogs-eb'])('reads functions and lines of %s', object => {
    const btf = parseBtf(section(object, '.BTF'));
    const ext = parseBtfExt(section(object, '.BTF.ext'), btf);
    expect([...ext.funcs.keys()]).toEqual(['.text', 'tc', '?xdp.frags']);
    expect(ext.funcs.get('tc')?.map(({ typeId }) => btf.nameOf(typeId))).toEqual(['first', 'second', 'third']);
    expect(ext.lines.get('?xdp.frags')?.[0]).toMatchObject({ offset: 0, text: expect.stringContaining('XDP_PASS') });
    expect(ext.lines.get('?xdp.frags')?.[0]?.file).toMatch(/subprogs\.bpf\.c$/);
  });

  test('reads CO-RE records', () => {
    const btf = parseBtf(section('core', '.BTF'));
    const records = parseBtfExt(section('core', '.BTF.ext'), btf).core.get('raw_tp/sched_switch') ?? [];
    expect(records.map(({ typeId, accessSpec, kind }) => [btf.nameOf(typeId), accessSpec, kind])).toEqual(
      expect.arrayContaining([
        ['task_struct', '0:0', 0],
        ['task_struct', '0:3', 2],
        ['inner', '0', 8],
        ['state', '0', 11],
        ['task_struct', '0', 9],
      ]),
    );
  });

  const ext = section('core', '.BTF.ext');
  const rows: [name: string, at: number, word: number, message: RegExp][] = [
    ['another magic', 0, 0x1234, /magic 0x1234/],
    ['a short header', 4, 8, /header length 8/],
    ['functions beyond the section', 12, 0xffffff0, /bytes wanted, the section has/],
    ['a small record size', 32, 4, /record size 4, want a multiple of 4 from 8/],
    ['too many records', 40, 0xfffffff, /268435455 records for .* exceed/],
    ['a type that is not there', 48, 9999, /no type 9999/],
  ];
  test.each(rows)('refuses %s', (_name, at, word, message) => {
    const bytes = ext.slice();
    new DataView(bytes.buffer).setUint32(at, word, true);
    const parse = () => parseBtfExt(bytes, parseBtf(section('core', '.BTF')));
    expect(parse).toThrow(BtfError);
    expect(parse).toThrow(message);
  });
});

describe('formatTypeName', () => {
  const b = new BtfBuilder();
  const int = b.int('int', 4, 1);
  const char = b.int('char', 1, 1);
  const foo = b.struct('foo', 4, []);
  const pointer = b.ref('ptr', foo);
  const proto = b.proto(int, [
    ['', b.ref('ptr', 0)],
    ['n', int],
  ]);
  const rows: [id: number, text: string][] = [
    [pointer, 'struct foo *'],
    [b.ref('const', pointer), 'struct foo *const'],
    [b.ref('ptr', b.ref('const', char)), 'const char *'],
    [b.array(b.array(int, 3), 2), 'int[2][3]'],
    [b.array(pointer, 2), 'struct foo *[2]'],
    [b.ref('ptr', b.array(int, 4)), 'int (*)[4]'],
    [b.ref('ptr', proto), 'int (*)(void *, int n)'],
    [b.ref('ptr', b.proto(0, [['', 0]])), 'void (*)(...)'],
    [b.type('fwd', 'later', 0, false, 0), 'struct later'],
    [b.struct('', 0, [], 'union'), 'union {…}'],
    [b.ref('typedef', int, 'pid_t'), 'pid_t'],
  ];
  const loop = b.ref('ptr', 0x7fff);
  const btf = parseBtf(b.bytes());
  test.each(rows)('of type %i is %s', (id, text) => {
    expect(formatTypeName(btf, id)).toBe(text);
  });

  test('ends for a type of itself', () => {
    const self = new BtfBuilder();
    self.ref('ptr', 1);
    expect(formatTypeName(parseBtf(self.bytes()), 1)).toContain('…');
    expect(() => formatTypeName(btf, loop)).toThrow(BtfError);
  });
});
