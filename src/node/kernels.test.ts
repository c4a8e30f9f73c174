/** One table of what a loaded object does, asked of our kernel and of the real one. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BtfValue } from '../btf/value.ts';
import { bpfDenied } from '../linux/allowed.ts';
import type { Collection } from '../loader/collection.ts';
import { kernelVersionCode } from '../loader/kconfig.ts';
import type { Kernel } from '../loader/kernel.ts';
import type { LoadOptions } from '../loader/load.ts';
import type { CollectionSpec } from '../object/spec.ts';
import { SimKernel } from '../sim/sim-kernel.ts';
import { readObjectFile } from './files.ts';
import { openKernel } from './open-kernel.ts';

const OBJECT = new URL('../../test/data/loader/features.bpf.o', import.meta.url).pathname;
const packets: { ipv4_tcp_syn: string } = JSON.parse(
  readFileSync(new URL('../../test/data/packets.json', import.meta.url), 'utf8'),
);
const SYN = new Uint8Array(Buffer.from(packets.ipv4_tcp_syn, 'hex'));
const KCONFIG = 'CONFIG_SKEP_NUMBER=0x10\nCONFIG_SKEP_SWITCH=y\nCONFIG_SKEP_TEXT="abc"\nCONFIG_SKEP_MODULE=m\n';

const denied = bpfDenied();

/** Leaves only one program to be loaded, and the one that a prog array of the object holds. */
function loadOnly(spec: CollectionSpec, name: string): void {
  for (const program of Object.values(spec.programs))
    program.autoload = program.name === name || program.name === 'target';
}

describe.each([
  ['sim', undefined],
  ['linux', denied],
] as const)('%s', (kind, reason) => {
  describe.skipIf(reason !== undefined)(reason ?? 'features.bpf.o', () => {
    let kernel: Kernel;
    beforeAll(async () => {
      kernel = await openKernel(kind, { cpus: 3 });
    });
    afterAll(() => kernel?.[Symbol.dispose]());

    /** Loads the object, changed, and closes it after `use`. */
    async function withObject<T>(
      change: (spec: CollectionSpec) => void,
      use: (collection: Collection) => T | Promise<T>,
      options: LoadOptions = {},
    ): Promise<T> {
      const spec = await readObjectFile(OBJECT);
      change(spec);
      await using collection = await kernel.load(spec, { name: 'features', ...options });
      return await use(collection);
    }
    const unchanged = (): void => {};

    test('loads what is marked to be loaded, with BTF', () =>
      withObject(unchanged, collection => {
        expect(Object.keys(collection.programs)).toEqual(['target', 'globals', 'externs', 'jump', 'metadata']);
        expect(collection.warnings).toEqual([]);
      }));

    test('globals: read and written live, constants set before load', () =>
      withObject(
        spec => {
          spec.rodata['limit'] = 200;
          spec.rodata['label'] = 'drop';
          spec.data['last'] = { x: -5, y: 1n << 40n };
        },
        async collection => {
          const { bss, data, rodata, sections } = collection;
          expect(rodata).toMatchObject({ limit: 200, label: 'drop' });
          const { verdict } = await collection.program('globals').run({ packet: SYN });
          expect(verdict).toBe('XDP_DROP');
          expect(bss['seen']).toBe(1n);
          expect(data['last']).toEqual({ x: -4, y: 1n << 40n });
          expect(sections['.data.custom']?.['custom']).toBe(200);
          bss['seen'] = 41n;
          data['last'] = { x: 32767 };
          collection.program('globals').runSync({ packet: SYN });
          expect(bss['seen']).toBe(42n);
          expect(data['last']).toEqual({ x: -32768, y: 1n << 40n });
        },
      ));

    test.each([
      ['a constant out of range', 'rodata', 'limit', 256, /rodata.limit: 256 does not fit/],
      [
        'a string that is too long',
        'rodata',
        'label',
        'far too long',
        /rodata.label: a string of 12 bytes does not fit/,
      ],
      ['a member that is not there', 'data', 'last', { z: 1 }, /data.last.z: .* has no such member/],
    ] as const)('refuses %s', async (_, section, name, value, message) => {
      const spec = await readObjectFile(OBJECT);
      spec[section][name] = value as BtfValue; // a row's literal types are narrower
      await expect(kernel.load(spec)).rejects.toThrow(message);
    });

    test('a hash map: get, set, has, delete, entries, full', () =>
      withObject(unchanged, collection => {
        const points = collection.map('points');
        const key = (x: number) => ({ x, y: 1n });
        expect(points.get(key(1))).toBeUndefined();
        for (const x of [1, 2, 3, 4]) points.set(key(x), 10 * x);
        expect(points.get(key(3))).toBe(30);
        expect(points.has(key(3))).toBe(true);
        expect(() => points.set(key(5), 1)).toThrow(expect.objectContaining({ errno: 'E2BIG' }));
        expect(() => points.set(key(1), 1, 'noexist')).toThrow(expect.objectContaining({ errno: 'EEXIST' }));
        expect(() => points.set(key(6), 1, 'exist')).toThrow(expect.objectContaining({ errno: 'ENOENT' }));
        expect(points.delete(key(2))).toBe(true);
        expect(points.delete(key(2))).toBe(false);
        const byKey = (entries: Iterable<[BtfValue, BtfValue]>) =>
          new Map([...entries].map(([k, v]) => [(k as { x: number }).x, v])); // keys are points
        const expected = new Map([
          [1, 10],
          [3, 30],
          [4, 40],
        ]);
        expect(byKey(points.entries())).toEqual(expected);
        expect(byKey(points.entries({ batch: 2 }))).toEqual(expected);
        expect([...points.keys()]).toHaveLength(3);
      }));

    test('a key that does not fit names the member', () =>
      withObject(unchanged, collection => {
        expect(() => collection.map('points').get({ x: 40_000, y: 1n })).toThrow(
          'map points: key.x: 40000 does not fit',
        );
      }));

    test('a per-CPU map: one value for each possible CPU', () =>
      withObject(unchanged, async collection => {
        const perCpu = collection.map('per_cpu');
        const { possibleCpus } = kernel.sys;
        const values = Array.from({ length: possibleCpus }, (_, cpu) => BigInt(cpu) << 33n);
        perCpu.set(0, values);
        expect(perCpu.get(0)).toEqual(values);
        await collection.program('globals').run({ packet: SYN });
        const sum = (perCpu.getPerCpu(0) as bigint[]).reduce((a, b) => a + b); // u64 values
        expect(sum - values.reduce((a, b) => a + b)).toBe(7n);
        expect(() => collection.map('results').getPerCpu(0)).toThrow('want a per-CPU type');
      }));

    test('externs: the kernel’s version, values of every type, absent ones zero', async () => {
      const results = async (kconfig: string) =>
        withObject(
          unchanged,
          async collection => {
            await collection.program('externs').run({ packet: SYN });
            return [...collection.map('results').entries()].slice(0, 5).map(([, value]) => value);
          },
          { kconfig },
        );
      const version = BigInt(kernelVersionCode(kernel.facts.version as string) as number); // both kernels say theirs
      expect(await results(KCONFIG)).toEqual([version, 16n, 1n, BigInt('b'.charCodeAt(0)), 2n]);
      expect(await results('')).toEqual([version, 0n, 0n, 0n, 0n]);
    });

    test.each([
      ['a number where the type is bool', 'CONFIG_SKEP_SWITCH=3', /extern CONFIG_SKEP_SWITCH: the value is 3/],
      ['a switch where the type is a number', 'CONFIG_SKEP_NUMBER=y', /extern CONFIG_SKEP_NUMBER: the value is y/],
      [
        'text where the type is a number',
        'CONFIG_SKEP_NUMBER="1"',
        /extern CONFIG_SKEP_NUMBER: the value "1" is a string/,
      ],
      ['a number that does not fit', 'CONFIG_SKEP_NUMBER=0x100000000', /extern CONFIG_SKEP_NUMBER: .*does not fit/],
    ])('refuses %s', async (_, kconfig, message) => {
      await expect(withObject(unchanged, () => {}, { kconfig })).rejects.toThrow(message);
    });

    test('a tail call through an initial slot', () =>
      withObject(unchanged, async collection => {
        expect((await collection.program('jump').run({ packet: SYN })).verdict).toBe('XDP_TX');
      }));

    test('metadata comes apart from the packet', () =>
      withObject(unchanged, async collection => {
        const { data, metadata, retval } = await collection.program('metadata').run({ packet: SYN });
        expect({ data, metadata, retval }).toEqual({
          data: SYN,
          metadata: Uint8Array.of(0x44, 0x33, 0x22, 0x11),
          retval: 2,
        });
      }));

    test('a packet that no device would deliver is refused', () =>
      withObject(unchanged, async collection => {
        const run = collection.program('globals').run({ packet: SYN.subarray(0, 10) });
        await expect(run).rejects.toMatchObject({ name: 'SyscallError', errno: 'EINVAL' });
      }));

    test('a runner gives each packet its own result', () =>
      withObject(unchanged, collection => {
        const runner = collection.program('metadata').runner({ output: true });
        for (const length of [60, 14, 1500, 64]) {
          const packet = new Uint8Array(length).fill(length & 0xff);
          expect(runner.run(packet)).toBe(2);
          expect(runner.data).toEqual(packet);
          expect(runner.metadata).toHaveLength(4);
        }
      }));

    test('refuses a section that names no type, and says how to set it', async () => {
      const loaded = withObject(
        spec => loadOnly(spec, 'nameless'),
        () => {},
      );
      await expect(loaded).rejects.toThrow(
        /SEC\("\?made\/up"\) names no program type; set spec.programs\['nameless'\].type/,
      );
    });
  });
});

test.skipIf(denied !== undefined)(
  `linux: a refused program says why${denied === undefined ? '' : ` (skipped: ${denied})`}`,
  async () => {
    using kernel = await openKernel('linux');
    const spec = await readObjectFile(OBJECT);
    loadOnly(spec, 'unchecked');
    await expect(kernel.load(spec)).rejects.toMatchObject({
      name: 'VerifierError',
      program: 'unchecked',
      errno: 'EACCES',
      insn: expect.any(Number),
      message: expect.stringMatching(/^load program unchecked: EACCES: .*R\d invalid mem access 'map_value_or_null'$/),
      log: expect.stringContaining('processed'),
    });
  },
);

describe('sim: what a verifier would have refused ends in a fault', () => {
  const cases: [string, string, Uint8Array, object][] = [
    ['a null pointer', 'unchecked', new Uint8Array(200), { reason: 'null_pointer', program: 'unchecked' }],
    ['an endless loop', 'endless', SYN, { reason: 'out_of_fuel', program: 'endless' }],
  ];
  test.each(cases)('%s', async (_, name, packet, fault) => {
    using kernel = new SimKernel({ fuel: 10_000 });
    const spec = await readObjectFile(OBJECT);
    loadOnly(spec, name);
    const collection = await kernel.load(spec);
    await expect(collection.program(name).run({ packet })).rejects.toMatchObject({ name: 'VmFault', ...fault });
  });
});

test('auto opens a kernel either way', async () => {
  using kernel = await openKernel('auto');
  expect(kernel.kind).toBe(denied === undefined ? 'linux' : 'sim');
});
