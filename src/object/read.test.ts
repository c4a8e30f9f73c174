import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseBtf } from '../btf/btf.ts';
import { BtfError } from '../btf/error.ts';
import { STT } from '../elf/constants.ts';
import { ElfError } from '../elf/error.ts';
import { parseElf } from '../elf/parse.ts';
import { toHex } from '../util/bytes.ts';
import { NotSupportedError } from '../util/error.ts';
import { readObject } from './read.ts';
import type { ProgramSpec } from './spec.ts';

const objects = join(import.meta.dirname, '../../test/data/object');
const load = (name: string) => new Uint8Array(readFileSync(join(objects, `${name}.bpf.o`)));

/** A program's instruction slots as hex. */
function slots(program: ProgramSpec | undefined): string[] {
  const text = toHex(program?.instructions ?? new Uint8Array(0));
  return Array.from({ length: text.length / 16 }, (_, i) => text.slice(16 * i, 16 * i + 16));
}

/** For each call or callback address: its slot and the function that starts where its immediate points. */
function callees(program: ProgramSpec | undefined, order: 'little' | 'big'): [number, string | undefined][] {
  if (program === undefined) return [];
  const view = new DataView(program.instructions.buffer);
  const found: [number, string | undefined][] = [];
  for (let slot = 0; slot < view.byteLength / 8; slot++) {
    const registers = view.getUint8(slot * 8 + 1);
    const src = order === 'little' ? registers >> 4 : registers & 0xf;
    const opcode = view.getUint8(slot * 8);
    if (!(opcode === 0x85 && src === 1) && !(opcode === 0x18 && src === 4)) continue;
    const target = slot + 1 + view.getInt32(slot * 8 + 4, order === 'little');
    found.push([slot, program.functions.find(fn => fn.insn === target)?.name]);
  }
  return found;
}

describe('programs', () => {
  for (const [name, order] of [
    ['subprogs', 'little'],
    ['subprogs-eb', 'big'],
  ] as const) {
    const spec = readObject(load(name));

    test(`of ${name} by section and function`, () => {
      expect(spec.byteOrder).toBe(order);
      expect(Object.values(spec.programs).map(p => [p.name, p.section, p.type, p.flags, p.autoload])).toEqual([
        ['first', 'tc', 'sched_cls', 0, true],
        ['second', 'tc', 'sched_cls', 0, true],
        ['third', 'tc', 'sched_cls', 0, true],
        ['spare', '?xdp.frags', 'xdp', 32, false],
      ]);
      expect(spec.license).toBe('GPL');
    });

    test(`of ${name} have the functions appended in the order of their first use, depth first`, () => {
      const names = (program: string) => spec.programs[program]?.functions.map(fn => fn.name);
      expect(names('first')).toEqual(['first', 'inside', 'shared', 'branch', 'leaf', 'replaceable']);
      expect(names('second')).toEqual(['second', 'on_each', 'leaf']);
      expect(names('spare')).toEqual(['spare']);
    });

    test(`of ${name} end with the exception callback that their tag names`, () => {
      expect(spec.programs['third']?.functions.map(fn => fn.name)).toEqual(['third', 'leaf', 'on_throw']);
    });

    test(`of ${name} call what they called`, () => {
      expect(callees(spec.programs['first'], order).map(([, callee]) => callee)).toEqual([
        'inside',
        'replaceable',
        'shared',
        'branch',
        'leaf',
        'leaf',
        'leaf',
      ]);
      expect(callees(spec.programs['second'], order).map(([, callee]) => callee)).toEqual(['on_each', 'leaf']);
      const { references = [] } = spec.programs['second'] ?? {};
      expect(references).toContainEqual({ insn: expect.any(Number), kind: 'function', function: 'on_each' });
    });

    test(`of ${name} bring the types, lines and references of their functions along`, () => {
      const first = spec.programs['first'];
      const btf = parseBtf(spec.btf ?? new Uint8Array(0));
      expect(first?.functions.map(fn => btf.nameOf(fn.typeId ?? 0))).toEqual(first?.functions.map(fn => fn.name));
      const leaf = first?.functions.find(fn => fn.name === 'leaf');
      const line = first?.lines.findLast(({ insn }) => insn <= (leaf?.insn ?? 0));
      expect(line).toMatchObject({ insn: leaf?.insn, text: expect.stringMatching(/x \* base|leaf/) });
      expect(btf.string(line?.lineOff ?? 0)).toBe(line?.text);
      const [reference] = first?.references.filter(({ kind }) => kind === 'map_value') ?? [];
      expect(reference).toMatchObject({ kind: 'map_value', map: '.data', offset: 0 });
      expect(slots(first)[reference?.insn ?? 0]?.slice(0, 2)).toBe('18');
      const insns = first?.lines.map(({ insn }) => insn) ?? [];
      expect(insns).toEqual([...insns].sort((a, b) => a - b));
    });
  }

  test('of objects that libbpf takes not: static functions beside programs, programs that call each other', () => {
    const { programs } = readObject(load('statics'));
    expect(Object.keys(programs)).toEqual(['use', 'other']);
    expect(programs['use']?.functions.map(fn => fn.name)).toEqual(['use', 'local', 'other']);
    expect(callees(programs['use'], 'little').map(([, callee]) => callee)).toEqual(['local', 'other', 'local']);
    expect(programs['other']?.functions.map(fn => fn.name)).toEqual(['other', 'local']);
  });

  test('of compilers that gave functions no type, from label to label', () => {
    const bytes = load('maps');
    const elf = parseElf(bytes);
    const symtab = elf.sections.find(section => section.name === '.symtab');
    for (const { index, type } of elf.symbols)
      if (type === STT.FUNC) bytes[(symtab?.offset ?? 0) + 24 * index + 4] = 0x10;
    expect(readObject(bytes).programs).toEqual(readObject(load('maps')).programs);
  });

  test('a hidden function is static in BTF, a global one global', () => {
    const spec = readObject(load('subprogs'));
    const btf = parseBtf(spec.btf ?? new Uint8Array(0));
    const linkage = (name: string) => btf.type(btf.idByName(name, 'func') ?? 0);
    expect(linkage('inside')).toMatchObject({ linkage: 0 });
    expect(linkage('shared')).toMatchObject({ linkage: 1 });
  });

  test('have the CO-RE records of their functions', () => {
    const { use } = readObject(load('core')).programs;
    const depth = use?.functions.find(fn => fn.name === 'depth_of');
    expect(depth?.insn).toBeGreaterThan(0);
    const inDepth = use?.coreRelocations.filter(({ insn }) => insn >= (depth?.insn ?? 0));
    expect(inDepth?.map(({ accessSpec, kind }) => [accessSpec, kind])).toEqual([
      ['0:3', 0],
      ['0:2:2:0', 0],
    ]);
  });
});

describe('maps', () => {
  test('defined through BTF', () => {
    const { maps } = readObject(load('maps'));
    expect(maps['flows']).toMatchObject({
      type: 'hash',
      keySize: 12,
      valueSize: 8,
      maxEntries: 1024,
      flags: 1,
      numaNode: 1,
      pinning: 'by_name',
    });
    expect(maps['counters']).toMatchObject({ type: 'percpu_array', keySize: 4, valueSize: 16, keyTypeId: undefined });
    expect(maps['seen']).toMatchObject({ type: 'bloom_filter', keySize: 0, valueSize: 4, extra: 5n });
    expect(maps['outer']).toMatchObject({
      type: 'array_of_maps',
      valueSize: 4,
      inner: { name: 'outer.inner', type: 'array', maxEntries: 8 },
      slots: [
        { key: 1, kind: 'map', name: 'second' },
        { key: 3, kind: 'map', name: 'first' },
      ],
    });
    expect(maps['jumps']).toMatchObject({
      type: 'prog_array',
      slots: [
        { key: 0, kind: 'program', name: 'tail_zero' },
        { key: 2, kind: 'program', name: 'tail_two' },
      ],
    });
  });

  test('are what instructions refer to', () => {
    const { programs } = readObject(load('maps'));
    const named = programs['count']?.references.map(reference =>
      reference.kind === 'map' ? reference.map : reference.kind,
    );
    expect(new Set(named)).toEqual(new Set(['flows', 'outer', 'seen', 'counters', 'events', 'jumps']));
  });

  test.each(['legacy', 'legacy-nobtf'])('of a section maps: %s', name => {
    const spec = readObject(load(name));
    expect(Object.keys(spec.maps)).toEqual(['table', 'list']);
    expect(spec.maps['table']).toMatchObject({ type: 'hash', keySize: 4, valueSize: 8, maxEntries: 16, flags: 1 });
    expect(spec.maps['table']?.keyTypeId === undefined).toBe(name === 'legacy-nobtf');
    expect(spec.programs['probe']?.references).toMatchObject([
      { kind: 'map', map: 'table' },
      { kind: 'map', map: 'list' },
    ]);
    expect(spec).toMatchObject({ kernelVersion: 0x050a03, license: 'Dual MIT/GPL' });
  });

  test('of struct_ops hold programs at their members', () => {
    const { maps } = readObject(load('struct-ops'));
    expect(maps['one']).toMatchObject({
      type: 'struct_ops',
      valueSize: 24,
      flags: 0,
      slots: [{ key: 0, kind: 'program', name: 'start' }],
    });
    expect(maps['two']).toMatchObject({
      flags: 1 << 13,
      slots: [
        { key: 0, name: 'start' },
        { key: 16, name: 'stop' },
      ],
    });
  });

  test('of an arena hold its variables', () => {
    const { maps, programs } = readObject(load('arena'));
    expect(maps['arena']).toMatchObject({ type: 'arena', section: { name: '.addr_space.1' } });
    expect(toHex(maps['arena']?.section?.contents ?? new Uint8Array(0))).toBe('05000000');
    expect(programs['use']?.references).toContainEqual({
      insn: expect.any(Number),
      kind: 'map_value',
      map: 'arena',
      offset: 0,
    });
  });
});

describe('variables', () => {
  test.each(['globals', 'globals-eb'])('of %s have their C values', name => {
    const spec = readObject(load(name));
    const [low, high] = name.endsWith('eb') ? [2, 1] : [1, 2];
    expect(spec.rodata).toEqual({
      min_ns: 1000000n,
      banner: 'hello',
      defaults: {
        ...{
          limit: 200,
          color: 5,
          corners: [
            { x: 1, y: -2 },
            { x: 3, y: 4 },
          ],
          name: 'main',
          number: 0x20001,
          low,
          high,
        },
        ...{ urgent: 1, level: 6, delta: 600, shift: -9, on: true, next: 0n },
      },
    });
    expect(spec.data).toEqual({
      wide: 0x100000001n,
      ratio: 0.5,
      big: -5n,
      numbers: [1, 2, 3, 0],
      hidden_count: 7,
      'use.calls': 3,
    });
    expect(spec.bss).toMatchObject({ total: 0, current: { name: '', on: false } });
    expect(spec.sections).toEqual({
      '.data.tuned': { tuned: 42 },
      '.rodata.fixed': { fixed: 43 },
      '.bss.scratch': { scratch: 0 },
    });
  });

  test('lie where the references to them say', () => {
    const spec = readObject(load('globals'));
    const { tuned, total } = spec.variables;
    expect(tuned).toMatchObject({ section: '.data.tuned', map: '.data.tuned', offset: 0, size: 4 });
    const references = spec.programs['use']?.references ?? [];
    for (const variable of [tuned, total]) {
      expect(references).toContainEqual({
        insn: expect.any(Number),
        kind: 'map_value',
        map: variable?.map,
        offset: variable?.offset,
      });
    }
    expect(spec.maps['.rodata']).toMatchObject({
      type: 'array',
      keySize: 4,
      valueSize: 72,
      maxEntries: 1,
      flags: (1 << 7) | (1 << 10),
    });
    expect(spec.maps['.rodata']?.section).toMatchObject({ name: '.rodata', readOnly: true });
    expect(spec.maps['.bss']?.section?.contents).toEqual(new Uint8Array(56));
  });

  test('without BTF are bytes', () => {
    const spec = readObject(load('globals-nobtf'));
    expect(spec.btf).toBeUndefined();
    expect(spec.sections['.data.tuned']).toEqual({ tuned: new Uint8Array([42, 0, 0, 0]) });
    expect(spec.variables['min_ns']).toMatchObject({ section: '.rodata', size: 8, typeId: undefined });
    expect(spec.maps['.rodata']?.flags).toBe(1 << 7);
  });
});

describe('externs', () => {
  const spec = readObject(load('externs'));

  test('by kind, with the layout of .kconfig', () => {
    const kinds = Object.values(spec.externs).map(({ name, kind, weak, offset }) => [name, kind, weak, offset]);
    expect(kinds).toEqual([
      ['CONFIG_HZ', 'kconfig', false, 0],
      ['CONFIG_IPV6', 'kconfig', true, 8],
      ['LINUX_KERNEL_VERSION', 'kconfig', false, 12],
      ['CONFIG_BPF_SYSCALL', 'kconfig', false, 16],
      ['CONFIG_LOCALVERSION', 'kconfig', false, 17],
      ['bpf_link_fops', 'ksym', false, undefined],
      ['bpf_task_acquire', 'kfunc', false, undefined],
      ['bpf_task_release', 'kfunc', true, undefined],
      ['runqueues', 'ksym', true, undefined],
    ]);
    expect(spec.externs['bpf_link_fops']?.typeId).toBeUndefined();
    expect(spec.externs['runqueues']?.typeId).toBeTypeOf('number');
  });

  test('are what instructions refer to', () => {
    const references = spec.programs['use']?.references.flatMap(reference =>
      'extern' in reference ? [[reference.kind, reference.extern]] : [],
    );
    expect(references).toEqual(
      expect.arrayContaining([
        ['kfunc', 'bpf_task_acquire'],
        ['extern', 'CONFIG_HZ'],
        ['extern', 'runqueues'],
      ]),
    );
  });

  test('are defined variables in the BTF for the kernel', () => {
    const btf = parseBtf(spec.btf ?? new Uint8Array(0));
    const section = (name: string) => {
      const type = btf.type(btf.idByName(name, 'datasec') ?? 0);
      return type.kind === 'datasec'
        ? { size: type.size, vars: type.vars.map(row => [btf.nameOf(row.type), row.offset, row.size]) }
        : undefined;
    };
    expect(section('.kconfig')).toEqual({
      size: 37,
      vars: [
        ['CONFIG_HZ', 0, 8],
        ['CONFIG_IPV6', 8, 4],
        ['LINUX_KERNEL_VERSION', 12, 4],
        ['CONFIG_BPF_SYSCALL', 16, 1],
        ['CONFIG_LOCALVERSION', 17, 20],
      ],
    });
    expect(section('.ksyms')?.size).toBe(16);
    expect(
      section('.ksyms')
        ?.vars.map(([name]) => name)
        .sort(),
    ).toEqual(['bpf_link_fops', 'dummy_ksym', 'dummy_ksym', 'runqueues']);
    expect(btf.type(btf.idByName('CONFIG_HZ', 'var') ?? 0)).toMatchObject({ linkage: 1 });
    expect(btf.type(btf.idByName('bpf_task_acquire', 'func') ?? 0)).toMatchObject({ linkage: 1 });
  });
});

test('a Node Buffer is read as any bytes are, and is not written to', () => {
  const file = readFileSync(join(objects, 'maps.bpf.o'));
  const before = Buffer.from(file);
  expect(readObject(file)).toEqual(readObject(load('maps')));
  expect(file.equals(before)).toBe(true);
});

describe('malformed objects', () => {
  test('a label behind its section is no function', () => {
    const mutant = readFileSync(join(objects, 'mutants/label-behind-section.bin'));
    expect(() => readObject(mutant)).toThrow(/function \w+ has -\d+ bytes, want whole instructions/);
  });

  const good = load('maps');
  const elf = parseElf(good);
  const at = (name: string) => elf.sections.find(section => section.name === name)?.offset ?? 0;
  const symbolAt = (name: string) =>
    at('.symtab') + 24 * (elf.symbols.find(symbol => symbol.name === name)?.index ?? 0);
  const set = (offset: number, ...bytes: number[]) => {
    const copy = good.slice();
    copy.set(bytes, offset);
    return copy;
  };
  const licenseIndex = elf.sections.findIndex(section => section.name === 'license');

  const rows: [name: string, bytes: Uint8Array, kind: typeof ElfError | typeof BtfError, message: RegExp][] = [
    ['an executable', set(16, 2), ElfError, /file type 2, want 1/],
    ['another machine', set(18, 62, 0), ElfError, /machine 62, want 247/],
    [
      'a function beyond its section',
      set(symbolAt('count') + 16, 0, 0x10),
      ElfError,
      /^xdp\+0x20: function count of 4096 bytes crosses/,
    ],
    [
      'a function of half an instruction',
      set(symbolAt('count') + 16, 4),
      ElfError,
      /function count has \d+ bytes, want whole instructions/,
    ],
    [
      'functions over each other',
      set(symbolAt('tail_two') + 8, 8),
      ElfError,
      /^xdp\+0x8: function tail_two overlaps function tail_zero/,
    ],
    [
      'two programs of a name',
      set(symbolAt('tail_two'), ...good.subarray(symbolAt('tail_zero'), symbolAt('tail_zero') + 4)),
      ElfError,
      /a second program tail_zero/,
    ],
    ['a relocation of another type', set(at('.relxdp') + 8, 99), ElfError, /relocation type 99, want 1 .* or 10/],
    ['a relocation inside an instruction', set(at('.relxdp'), 0x24), ElfError, /a relocation inside an instruction/],
    [
      'a relocation of another instruction',
      set(at('.relxdp'), 0x20),
      ElfError,
      /a relocation against flows of opcode 0x.*, want a call or ld_imm64/,
    ],
    [
      'an address in no data',
      set(symbolAt('flows') + 6, licenseIndex),
      ElfError,
      /the address of flows in license, which is no data section/,
    ],
    ['a slot outside the values', set(at('.rel.maps'), 0), ElfError, /is not in a slot of its values/],
    ['another BTF', set(at('.BTF'), 0, 0), BtfError, /magic 0x0000/],
    ['another .BTF.ext', set(at('.BTF.ext'), 0, 0), BtfError, /^\.BTF\.ext\+0x0: magic/],
    [
      'lines inside instructions',
      set(at('.BTF.ext') + 32 + 4 + 8 + 3 * 8 + 4 + 8, 3),
      BtfError,
      /line_info record for xdp\+0x3 lies inside an instruction/,
    ],
  ];
  test.each(rows)('%s', (_name, bytes, kind, message) => {
    expect(() => readObject(bytes)).toThrow(kind);
    expect(() => readObject(bytes)).toThrow(message);
  });

  test('more zeroed data than an object may have', () => {
    const bytes = load('globals');
    const index = parseElf(bytes).sections.findIndex(section => section.name === '.bss');
    const view = new DataView(bytes.buffer);
    view.setBigUint64(Number(view.getBigUint64(40, true)) + 64 * index + 32, 1n << 40n, true);
    expect(() => readObject(bytes)).toThrow(/^\.bss: 1099511627776 bytes of zeroed data, want at most 268435456/);
  });

  test('throw nothing but input errors, whatever the bytes', () => {
    const corpus = ['maps', 'globals', 'subprogs', 'externs', 'struct-ops'].map(load);
    const mutants = fc
      .tuple(
        fc.constantFrom(...corpus),
        fc.array(fc.tuple(fc.nat(10_000), fc.uint8Array({ minLength: 1, maxLength: 8 })), {
          minLength: 1,
          maxLength: 4,
        }),
      )
      .map(([bytes, patches]) => {
        const copy = bytes.slice();
        for (const [where, patch] of patches)
          copy.set(patch.subarray(0, copy.length - (where % copy.length)), where % copy.length);
        return copy;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutants), bytes => {
        try {
          readObject(bytes);
        } catch (error) {
          expect(
            [ElfError, BtfError, NotSupportedError].some(kind => error instanceof kind),
            String(error),
          ).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('the result shares no memory with the file', () => {
    const bytes = load('globals');
    const spec = readObject(bytes);
    const before = JSON.stringify(spec, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
    bytes.fill(0xff);
    expect(JSON.stringify(spec, (_, value) => (typeof value === 'bigint' ? `${value}` : value))).toBe(before);
    expect(structuredClone(spec)).toEqual(spec);
  });
});
