import { describe, expect, it } from 'vitest';
import { attributesOf, MapBench, u32 } from '../../test/support/map-bench.ts';
import { Machine } from '../machine/machine.ts';
import { ERRNO } from '../uapi/errno.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import { GUEST_PAGE } from '../vm/memory.ts';
import { createMap } from './create.ts';
import { isRefusal, type MapAttributes } from './map.ts';
import { MapTable } from './map-table.ts';

const refusals: readonly [name: string, given: Partial<MapAttributes>, errno: number, why: string][] = [
  ['a key that is no index', { keySize: 8 }, ERRNO.EINVAL, 'map test: key_size 8, want 4'],
  [
    'a flag of another type',
    { flags: MAP_FLAGS.BPF_F_NO_PREALLOC },
    ERRNO.EINVAL,
    'map test: map_flags BPF_F_NO_PREALLOC unknown to array',
  ],
  [
    'more than the memory holds',
    { valueSize: 1 << 20, maxEntries: 1 << 20 },
    ERRNO.ENOMEM,
    'map test: no room for 1099511627776 bytes of values',
  ],
  ['no type', { type: 'unspec' }, ERRNO.EINVAL, 'map test: no map type unspec'],
  ['a type of a later kernel', { type: 'insn_array' }, ERRNO.EINVAL, 'map test: no map type insn_array'],
];

describe('refusals say what was wanted', () => {
  it.each(refusals)('%s', (_name, given, errno, why) => {
    using machine = new Machine();
    expect(createMap(machine, attributesOf({ type: 'array', ...given }))).toEqual({ errno, why });
  });
});

it('names a type that is not there yet, and its release', () => {
  using machine = new Machine();
  expect(() => createMap(machine, attributesOf({ type: 'arena' }))).toThrow(
    expect.objectContaining({ feature: 'map type arena', since: '6.9' }),
  );
});

it('gives all memory back', () => {
  using machine = new Machine();
  const addresses = new Set<number>();
  for (let i = 0; i < 5; i++) {
    const map = createMap(machine, attributesOf({ type: 'hash' }));
    if (isRefusal(map)) throw new Error(map.why);
    map.userUpdate(u32(i), new Uint8Array(8).fill(1), 0n);
    addresses.add(map.address);
    expect(map.userLookup(u32(i - 1), new Uint8Array(8), 0n)).toBe(-ERRNO.ENOENT);
    map[Symbol.dispose]();
  }
  expect(addresses.size).toBe(1);
});

describe('array', () => {
  it('lies on pages of its own', () => {
    using bench = new MapBench({ type: 'array', valueSize: 100, flags: MAP_FLAGS.BPF_F_MMAPABLE });
    expect(bench.map.values!.base % GUEST_PAGE).toBe(0);
    expect(bench.map.values!.size).toBe(4 * 104);
  });

  it('is read-only for programs where its flags say so, and still written by system calls', () => {
    using bench = new MapBench({ type: 'array', flags: MAP_FLAGS.BPF_F_RDONLY_PROG });
    const value = bench.map.lookup(bench.key(1));
    expect(bench.machine.memory.access(value, 0, 8, true)).toBe(-1);
    expect(bench.machine.memory.access(value, 0, 8, false)).toBe(value);
    expect(bench.map.userUpdate(u32(1), new Uint8Array(8).fill(3), 0n)).toBe(0);
  });

  it('gives callbacks inside callbacks keys that do not meet', () => {
    using bench = new MapBench({ type: 'array', maxEntries: 2 });
    const { view } = bench.machine.memory;
    const seen: [number, number][] = [];
    bench.map.visitEach!(outer => {
      bench.map.visitEach!(inner => {
        seen.push([view.getUint32(outer, true), view.getUint32(inner, true)]);
        return true;
      });
      return true;
    });
    expect(seen).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
  });
});

describe('percpu_array', () => {
  it('gives programs the value of their CPU', () => {
    using bench = new MapBench({ type: 'percpu_array' }, undefined, 2);
    bench.update(3, 9n);
    bench.machine.env.cpu = 1;
    expect(bench.get(3)).toBe(0n);
    bench.update(3, 4n);
    const value = new Uint8Array(16);
    bench.map.userLookup(u32(3), value, 0n);
    expect([...new BigUint64Array(value.buffer)]).toEqual([9n, 4n]);
  });
});

it('finds maps by the address that programs hold', () => {
  using bench = new MapBench({ type: 'array' });
  const table = new MapTable();
  table.add(bench.map);
  expect(table.get(bench.map.address)).toBe(bench.map);
  table.remove(bench.map);
  expect(table.get(bench.map.address)).toBeUndefined();
});
