/** Loading against a kernel that only writes down what it is asked. */
import { describe, expect, test } from 'vitest';
import type { CollectionSpec, MapSpec, ProgramSpec } from '../object/spec.ts';
import type { BpfAttr, BpfCommand } from '../sys/attr.gen.ts';
import type { Sys } from '../sys/sys.ts';
import { ERRNO } from '../uapi/errno.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import { Kernel } from './kernel.ts';

/** `r1 = 0 ll; r0 = 0; exit`. */
const CODE = Uint8Array.of(
  0x18,
  1,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0xb7,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0x95,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
);
const LOG = '0: (95) exit\nR0 !read_ok\nprocessed 1 insns\n';

type Answer = (attr: Record<string, unknown>) => number | undefined;

/** Hands out descriptors, remembers calls, refuses where `answers` say so. */
class NotingSys implements Sys {
  readonly kind: Sys['kind'];
  readonly why = '';
  readonly possibleCpus = 2;
  readonly calls: { command: string; attr: Record<string, unknown> }[] = [];
  readonly open = new Set<number>();
  readonly #answers: Partial<Record<BpfCommand, Answer>>;
  #next = 3;

  constructor(answers: Partial<Record<BpfCommand, Answer>> = {}, kind: Sys['kind'] = 'sim') {
    this.#answers = answers;
    this.kind = kind;
  }

  bpf<C extends BpfCommand>(command: C, attr: BpfAttr[C]): number {
    const noted = { ...attr } as Record<string, unknown>; // attributes of any command, to be looked at
    this.calls.push({ command, attr: noted });
    const answer = this.#answers[command]?.(attr as Record<string, unknown>);
    if (answer !== undefined) return answer;
    if (!['map_create', 'btf_load', 'prog_load'].includes(command)) return 0;
    this.open.add(this.#next);
    return this.#next++;
  }

  close(fd: number): number {
    return this.open.delete(fd) ? 0 : -ERRNO.EBADF;
  }

  mmap(): number {
    return -ERRNO.EPERM;
  }

  [Symbol.dispose](): void {}

  of(command: BpfCommand): Record<string, unknown>[] {
    return this.calls.filter(call => call.command === command).map(call => call.attr);
  }
}

function mapSpec(name: string, changes: Partial<MapSpec> = {}): MapSpec {
  return {
    name,
    type: 'array',
    keySize: 4,
    valueSize: 8,
    maxEntries: 1,
    flags: 0,
    extra: 0n,
    numaNode: undefined,
    pinning: 'none',
    keyTypeId: undefined,
    valueTypeId: undefined,
    inner: undefined,
    slots: [],
    section: undefined,
    ...changes,
  };
}

function programSpec(name: string, changes: Partial<ProgramSpec> = {}): ProgramSpec {
  return {
    name,
    section: 'xdp',
    type: 'xdp',
    attachType: 'xdp',
    attachTo: undefined,
    flags: 0,
    autoload: true,
    instructions: CODE,
    functions: [{ insn: 0, name, typeId: undefined }],
    lines: [],
    references: [],
    coreRelocations: [],
    ...changes,
  };
}

function collectionSpec(changes: Partial<CollectionSpec> = {}): CollectionSpec {
  return {
    byteOrder: 'little',
    license: 'GPL',
    kernelVersion: undefined,
    programs: { main: programSpec('main') },
    maps: {},
    variables: {},
    rodata: {},
    data: {},
    bss: {},
    sections: {},
    externs: {},
    btf: undefined,
    ...changes,
  };
}

const load = (sys: Sys, spec: CollectionSpec, options = {}) => new Kernel(sys).load(spec, options);

/** Register byte and immediates of the wide load at slot 0. */
function wideLoad(sys: NotingSys): number[] {
  const [attr] = sys.of('prog_load');
  if (!(attr?.['insns'] instanceof Uint8Array)) throw new Error('no program was loaded');
  const view = new DataView(attr['insns'].slice().buffer);
  return [view.getUint8(1), view.getInt32(4, true), view.getInt32(12, true)];
}

describe('references', () => {
  const maps = {
    a: mapSpec('a'),
    '.data': mapSpec('.data', { section: { name: '.data', contents: new Uint8Array(8), readOnly: false } }),
  };

  test.each([
    ['a map', { insn: 0, kind: 'map', map: 'a' }, {}, [0x11, 3, 0]],
    ['a value in a data section', { insn: 0, kind: 'map_value', map: '.data', offset: 4 }, {}, [0x21, 4, 4]],
    [
      'a weak symbol that is absent',
      { insn: 0, kind: 'extern', extern: 'gone' },
      { weak: true, kind: 'ksym' },
      [0x01, 0, 0],
    ],
  ] as const)('%s', async (_, reference, extern, expected) => {
    const sys = new NotingSys();
    const externs: CollectionSpec['externs'] = {
      gone: {
        name: 'gone',
        kind: 'ksym',
        weak: false,
        typeId: undefined,
        offset: undefined,
        size: undefined,
        ...extern,
      },
    };
    const programs = { main: programSpec('main', { references: [reference] }) };
    await load(sys, collectionSpec({ programs, maps, externs }));
    expect(wideLoad(sys)).toEqual(expected);
    expect(CODE[1]).toBe(1);
  });

  const none: CollectionSpec['externs'] = {};
  const ksym: CollectionSpec['externs'] = {
    gone: { name: 'gone', kind: 'ksym', weak: false, typeId: undefined, offset: undefined, size: undefined },
  };
  const hz: CollectionSpec['externs'] = {
    CONFIG_HZ: {
      name: 'CONFIG_HZ',
      kind: 'kconfig',
      weak: false,
      typeId: undefined,
      offset: undefined,
      size: undefined,
    },
  };
  test.each([
    [
      'a map that is not there',
      { references: [{ insn: 0, kind: 'map', map: 'b' }] },
      none,
      /program main: insn 0 refers to map b/,
    ],
    [
      'a strong kernel symbol',
      { references: [{ insn: 0, kind: 'extern', extern: 'gone' }] },
      ksym,
      /program main: ksym gone: .*not supported yet/,
    ],
    [
      'a config option without type',
      { references: [{ insn: 0, kind: 'extern', extern: 'CONFIG_HZ' }] },
      hz,
      /extern CONFIG_HZ: has no type/,
    ],
    [
      'CO-RE',
      { coreRelocations: [{ insn: 0, typeId: 1, accessSpec: '0:1', kind: 0 }] },
      none,
      /program main: CO-RE relocation of 0:1 \(insn 0\) needs options.btf, a kernel's types/,
    ],
    [
      'a section that names no type',
      { type: 'unspec', section: 'foo' },
      none,
      /SEC\("foo"\) names no program type; set spec.programs\['main'\].type/,
    ],
    [
      'a type that needs a target',
      { type: 'tracing', attachTo: 'do_exit' },
      none,
      /tracing program for do_exit needs a kernel's BTF/,
    ],
  ] as const)('refuses %s, and closes what was made', async (_, changes, externs, message) => {
    const sys = new NotingSys({}, 'linux');
    const programs = { main: programSpec('main', changes as Partial<ProgramSpec>) }; // a row is a part of a spec
    await expect(load(sys, collectionSpec({ programs, maps, externs }))).rejects.toThrow(message);
    expect(sys.open.size).toBe(0);
  });

  test('our kernel takes a program without its target, to run it over a context', async () => {
    const sys = new NotingSys();
    await load(
      sys,
      collectionSpec({ programs: { main: programSpec('main', { type: 'tracing', attachTo: 'do_exit' }) } }),
    );
    expect(sys.open.size).toBe(1);
  });

  test('programs that are not loaded may refer to anything', async () => {
    const sys = new NotingSys();
    const other = programSpec('other', { autoload: false, references: [{ insn: 0, kind: 'map', map: 'nowhere' }] });
    const collection = await load(sys, collectionSpec({ programs: { main: programSpec('main'), other } }));
    expect(Object.keys(collection.programs)).toEqual(['main']);
  });
});

describe('data sections', () => {
  const section = (readOnly: boolean) => ({
    name: readOnly ? '.rodata' : '.data',
    contents: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    readOnly,
  });
  const variable = (name: string, map: string) => ({ name, section: map, map, offset: 4, size: 4, typeId: undefined });

  test('constants are stored, then frozen, under the name that libbpf gives', async () => {
    const sys = new NotingSys();
    const flags = MAP_FLAGS.BPF_F_RDONLY_PROG;
    const spec = collectionSpec({
      maps: { '.rodata': mapSpec('.rodata', { flags, section: section(true) }) },
      variables: { limit: variable('limit', '.rodata') },
      rodata: { limit: Uint8Array.of(9, 9, 9, 9) },
    });
    const collection = await load(sys, spec, { name: 'xdp_firewall' });
    expect(sys.of('map_create')[0]).toMatchObject({ map_name: 'xdp_fire.rodata', map_flags: flags });
    expect(sys.calls.map(call => call.command)).toEqual(['map_create', 'map_update_elem', 'map_freeze', 'prog_load']);
    expect(sys.of('map_update_elem')[0]?.['value']).toEqual(Uint8Array.of(1, 2, 3, 4, 9, 9, 9, 9));
    expect(() => {
      collection.rodata['limit'] = Uint8Array.of(1, 1, 1, 1);
    }).toThrow('write limit: .rodata is frozen; set spec.rodata.limit before load');
  });

  test.each([
    ['a value of the wrong size', { limit: Uint8Array.of(1) }, 'data.limit: 1 bytes, want a Uint8Array of 4 bytes'],
    ['a name that is not there', { limits: 1 }, "data.limits: the object's .data has no such variable"],
  ])('refuses %s before anything is made', async (_, data, message) => {
    const sys = new NotingSys();
    const maps = { '.data': mapSpec('.data', { section: section(false) }) };
    await expect(
      load(sys, collectionSpec({ maps, variables: { limit: variable('limit', '.data') }, data })),
    ).rejects.toThrow(message);
    expect(sys.calls).toEqual([]);
  });
});

describe('maps', () => {
  test.each([
    ['a perf event array gets a slot for each CPU', { type: 'perf_event_array', maxEntries: 0 }, { max_entries: 2 }],
    ['a ring buffer whole pages, a power of two', { type: 'ringbuf', maxEntries: 5000 }, { max_entries: 8192 }],
    ['an explicit size stays', { type: 'perf_event_array', maxEntries: 7 }, { max_entries: 7 }],
    ['a type by its number', { type: 'type_99' }, { map_type: 99 }],
    ['node and extra', { numaNode: 1, extra: 5n }, { numa_node: 1, map_extra: 5n }],
  ] as const)('%s', async (_, changes, attr) => {
    const sys = new NotingSys();
    await load(sys, collectionSpec({ maps: { m: mapSpec('m', changes) } }));
    expect(sys.of('map_create')[0]).toMatchObject(attr);
  });

  test('a refusal says which map it was', async () => {
    const sys = new NotingSys({ map_create: () => -ERRNO.EINVAL });
    await expect(load(sys, collectionSpec({ maps: { m: mapSpec('m', { keySize: 8 }) } }))).rejects.toThrow(
      'map_create: EINVAL: map m (array, key_size 8, value_size 8, max_entries 1, map_flags 0x0)',
    );
  });

  test('the template of a map of maps is created first and closed after', async () => {
    const sys = new NotingSys();
    await load(
      sys,
      collectionSpec({ maps: { outer: mapSpec('outer', { type: 'array_of_maps', inner: mapSpec('inner') }) } }),
    );
    expect(sys.of('map_create').map(attr => [attr['map_name'], attr['inner_map_fd']])).toEqual([
      ['inner', undefined],
      ['outer', 3],
    ]);
    expect(sys.open.has(3)).toBe(false);
  });

  test('initial slots hold programs and maps', async () => {
    const sys = new NotingSys();
    const jumps = mapSpec('jumps', {
      type: 'prog_array',
      valueSize: 4,
      slots: [{ key: 1, kind: 'program', name: 'main' }],
    });
    const collection = await load(sys, collectionSpec({ maps: { jumps } }));
    const { fd } = collection.program('main');
    expect(sys.of('map_update_elem')[0]).toMatchObject({
      key: Uint8Array.of(1, 0, 0, 0),
      value: Uint8Array.of(fd, 0, 0, 0),
    });
  });

  test('a slot that holds what was not loaded is refused', async () => {
    const jumps = mapSpec('jumps', {
      type: 'prog_array',
      valueSize: 4,
      slots: [{ key: 1, kind: 'program', name: 'gone' }],
    });
    await expect(load(new NotingSys(), collectionSpec({ maps: { jumps } }))).rejects.toThrow(
      'map jumps: slot 1 holds program gone',
    );
  });
});

describe('programs', () => {
  test('attributes, with source lines only where every function has BTF', async () => {
    const sys = new NotingSys({ btf_load: () => undefined });
    const main = programSpec('a_very_long_program_name', { flags: 32, attachType: 'xdp_cpumap' });
    await load(sys, collectionSpec({ programs: { main }, kernelVersion: 0x050400 }));
    expect(sys.of('prog_load')[0]).toMatchObject({
      prog_type: 6,
      insn_cnt: 4,
      license: 'GPL',
      prog_flags: 32,
      prog_name: 'a_very_long_pro',
      expected_attach_type: 35,
      kern_version: 0x050400,
    });
    expect(sys.of('prog_load')[0]).not.toHaveProperty('func_info');
  });

  test('a refused program is offered again with a log that grows until it fits', async () => {
    const sizes: unknown[] = [];
    const sys = new NotingSys({
      prog_load: attr => {
        sizes.push(attr['log_size']);
        const buffer = attr['log_buf'];
        if (!(buffer instanceof Uint8Array)) return -ERRNO.EACCES;
        new TextEncoder().encodeInto(LOG, buffer);
        return buffer.length < 200_000 ? -ERRNO.ENOSPC : -ERRNO.EACCES;
      },
    });
    const refused = load(sys, collectionSpec({ maps: { m: mapSpec('m') } }));
    await expect(refused).rejects.toMatchObject({
      name: 'VerifierError',
      program: 'main',
      insn: 0,
      errno: 'EACCES',
      log: LOG,
    });
    expect(sizes).toEqual([undefined, 65536, 262144]);
    expect(sys.open.size).toBe(0);
  });

  test('a refusal without a log is the system call’s', async () => {
    const sys = new NotingSys({ prog_load: () => -ERRNO.EPERM });
    await expect(load(sys, collectionSpec())).rejects.toMatchObject({ name: 'SyscallError', errno: 'EPERM' });
  });

  test('EAGAIN is tried again', async () => {
    let left = 3;
    const sys = new NotingSys({ prog_load: () => (left-- > 0 ? -ERRNO.EAGAIN : undefined) });
    await load(sys, collectionSpec());
    expect(sys.of('prog_load')).toHaveLength(4);
  });
});

test('closing a collection closes every descriptor', async () => {
  const sys = new NotingSys();
  const collection = await load(sys, collectionSpec({ maps: { a: mapSpec('a'), b: mapSpec('b') } }));
  expect(sys.open.size).toBe(3);
  collection.close();
  collection.close();
  expect(sys.open.size).toBe(0);
});

test('names that are not there are answered with those that are', async () => {
  const collection = await load(new NotingSys(), collectionSpec({ maps: { a: mapSpec('a') } }));
  expect(() => collection.map('b')).toThrow('no map b was loaded; there are: a');
  expect(() => collection.program('x')).toThrow('no program x was loaded; there are: main');
});

test('big-endian objects are refused with the reason', async () => {
  await expect(load(new NotingSys(), collectionSpec({ byteOrder: 'big' }))).rejects.toMatchObject({
    feature: 'big_endian',
  });
});
