import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MapBench, u32 } from '../../test/support/map-bench.ts';
import { ERRNO } from '../uapi/errno.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import { BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST } from './flags.ts';
import type { MapAttributes } from './map.ts';

const kinds: readonly [name: string, given: Partial<MapAttributes> & Pick<MapAttributes, 'type'>][] = [
  ['hash', { type: 'hash' }],
  ['hash without pre-allocation', { type: 'hash', flags: MAP_FLAGS.BPF_F_NO_PREALLOC }],
  ['percpu_hash', { type: 'percpu_hash' }],
];

describe.each(kinds)('%s against a model', (_name, given) => {
  const maxEntries = 12;
  const operation = fc.record({
    what: fc.constantFrom('update' as const, 'userUpdate' as const, 'delete' as const, 'take' as const),
    key: fc.nat(19),
    value: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    flags: fc.constantFrom(0n, BPF_NOEXIST, BPF_EXIST),
  });

  it('gives the same results and holds the same elements after any sequence', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120 }), operations => {
        using bench = new MapBench({ ...given, maxEntries }, undefined, 2);
        const model = new Map<number, bigint>();
        for (const { what, key, value, flags } of operations) {
          expect(act(bench, what, key, value, flags)).toBe(actOnModel(model, what, key, value, flags, maxEntries));
        }
        for (let key = 0; key < 20; key++) expect(bench.get(key)).toBe(model.get(key));
        expect(bench.keys().sort((a, b) => a - b)).toEqual([...model.keys()].sort((a, b) => a - b));
      }),
      { numRuns: 150 },
    );
  });
});

type Operation = 'update' | 'userUpdate' | 'delete' | 'take';

function act(bench: MapBench, what: Operation, key: number, value: bigint, flags: bigint): number {
  const bytes = new Uint8Array(bench.map.userValueSize);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  switch (what) {
    case 'update':
      return bench.update(key, value, flags);
    case 'userUpdate':
      return bench.map.userUpdate(u32(key), bytes, flags);
    case 'delete':
      return bench.map.delete(bench.key(key));
    case 'take':
      return bench.map.userLookupAndDelete(u32(key), bytes, 0n);
  }
}

function actOnModel(
  model: Map<number, bigint>,
  what: Operation,
  key: number,
  value: bigint,
  flags: bigint,
  maxEntries: number,
): number {
  if (what === 'delete' || what === 'take') return model.delete(key) ? 0 : -ERRNO.ENOENT;
  if (model.has(key) && flags === BPF_NOEXIST) return -ERRNO.EEXIST;
  if (!model.has(key) && flags === BPF_EXIST) return -ERRNO.ENOENT;
  if (!model.has(key) && model.size >= maxEntries) return -ERRNO.E2BIG;
  model.set(key, value);
  return 0;
}

describe.each([
  [1, 0],
  [4, 0],
  [4, MAP_FLAGS.BPF_F_ZERO_SEED],
  [7, 0],
  [8, 0],
  [12, 0],
  [16, 0],
  [16, MAP_FLAGS.BPF_F_ZERO_SEED],
  [40, 0],
  [300, 0],
])('keys of %d bytes (flags %d)', (keySize, flags) => {
  it('are told apart by every byte, and values come back whole', () => {
    const valueSize = 200;
    using bench = new MapBench({ type: 'hash', keySize, valueSize, maxEntries: 1000, flags });
    // One key for each byte that differs, beside the one that has none.
    const keys = Array.from({ length: keySize + 1 }, (_, i) =>
      Uint8Array.from({ length: keySize }, (_, at) => (at === i ? 0x81 : at & 0x7f)),
    );
    const valueFor = (i: number): Uint8Array => Uint8Array.from({ length: valueSize }, (_, at) => at + i);
    keys.forEach((key, i) => {
      expect(bench.map.userUpdate(key, valueFor(i), BPF_NOEXIST)).toBe(0);
    });
    keys.forEach((key, i) => {
      const value = new Uint8Array(valueSize);
      expect(bench.map.userLookup(key, value, 0n)).toBe(0);
      expect(value).toEqual(valueFor(i));
    });
    expect(bench.map.userDelete(keys[0]!)).toBe(0);
    expect(bench.map.userLookup(keys[0]!, new Uint8Array(valueSize), 0n)).toBe(-ERRNO.ENOENT);
    expect(bench.map.userLookup(keys[1]!, new Uint8Array(valueSize), 0n)).toBe(0);
  });
});

describe('memory of a hash', () => {
  it('is used again for the next key', () => {
    using bench = new MapBench({ type: 'hash' });
    bench.update(1, 1n);
    const first = bench.map.lookup(bench.key(1));
    bench.map.delete(bench.key(1));
    bench.update(2, 2n);
    expect(bench.map.lookup(bench.key(2))).toBe(first);
  });

  it('keeps what an old pointer sees until the second update of a key', () => {
    using bench = new MapBench({ type: 'hash' });
    bench.update(1, 1n);
    const old = bench.map.lookup(bench.key(1));
    bench.update(1, 2n);
    expect(bench.word(old)).toBe(1n);
    bench.update(3, 3n);
    expect(bench.word(old)).toBe(1n);
    bench.update(1, 4n);
    expect(bench.word(old)).toBe(4n);
  });

  it('does not run out by updates of one key', () => {
    using bench = new MapBench({ type: 'hash', flags: MAP_FLAGS.BPF_F_NO_PREALLOC });
    const addresses = new Set<number>();
    for (let round = 0; round < 1000; round++) {
      bench.update(1, BigInt(round));
      addresses.add(bench.map.lookup(bench.key(1)));
    }
    expect(addresses.size).toBeLessThanOrEqual(2);
  });

  it('keeps programs inside one value', () => {
    using bench = new MapBench({ type: 'hash', valueSize: 12 });
    bench.update(1, 1n);
    const { memory } = bench.machine;
    const value = bench.map.lookup(bench.key(1));
    expect(memory.access(value + 8, 0, 4, true)).toBe(value + 8);
    expect(memory.access(value + 8, 0, 8, true)).toBe(-1);
    expect(memory.access(value + 12, 0, 1, false)).toBe(-1);
  });

  it('of a million entries is there at once and empty', () => {
    using bench = new MapBench({ type: 'hash', maxEntries: 1_000_000, valueSize: 64 });
    expect(bench.keys()).toEqual([]);
    expect(bench.update(999_999, 5n)).toBe(0);
    expect(bench.get(999_999)).toBe(5n);
  });
});

describe('walks', () => {
  it('go on when the visited key is deleted and its memory used again', () => {
    using bench = new MapBench({ type: 'hash', maxEntries: 32 });
    for (let key = 0; key < 32; key++) bench.update(key, BigInt(key));
    const seen = new Set<bigint>();
    const visited = bench.map.visitEach!((key, value) => {
      seen.add(bench.word(value));
      bench.map.delete(key);
      return true;
    });
    expect([visited, seen.size, bench.keys()]).toEqual([32, 32, []]);
  });

  it('end where the visitor says so', () => {
    using bench = new MapBench({ type: 'hash' });
    bench.update(1, 1n);
    bench.update(2, 2n);
    expect(bench.map.visitEach!(() => false)).toBe(1);
  });
});

describe('percpu_hash', () => {
  it('gives each CPU a value of its own, zero on those that did not write', () => {
    using bench = new MapBench({ type: 'percpu_hash' }, undefined, 3);
    bench.machine.env.cpu = 1;
    bench.update(7, 5n);
    const value = new Uint8Array(24);
    expect(bench.map.userLookup(u32(7), value, 0n)).toBe(0);
    expect([...new BigUint64Array(value.buffer)]).toEqual([0n, 5n, 0n]);
    expect(bench.word(bench.map.lookupOnCpu!(bench.key(7), 1))).toBe(5n);
    bench.map.delete(bench.key(7));
    bench.machine.env.cpu = 0;
    bench.update(7, 6n);
    bench.map.userLookup(u32(7), value, 0n);
    expect([...new BigUint64Array(value.buffer)]).toEqual([6n, 0n, 0n]);
  });
});

describe('lru_hash', () => {
  it('makes room by the key used longest ago', () => {
    using bench = new MapBench({ type: 'lru_hash', maxEntries: 3 });
    for (const key of [1, 2, 3]) bench.update(key, BigInt(key));
    bench.get(1);
    bench.update(2, 20n);
    expect(bench.update(4, 4n)).toBe(0);
    expect([1, 2, 3, 4].map(key => bench.get(key))).toEqual([1n, 20n, undefined, 4n]);
  });

  it('does not count a walk as use', () => {
    using bench = new MapBench({ type: 'lru_hash', maxEntries: 2 });
    bench.update(1, 1n);
    bench.update(2, 2n);
    let visits = 0;
    bench.map.visitEach!(() => ++visits < 2);
    bench.update(3, 3n);
    expect([visits, bench.get(1)]).toEqual([2, undefined]);
  });

  it('keeps what is used in every round, whatever comes and goes', () => {
    using bench = new MapBench({ type: 'lru_hash', maxEntries: 64 });
    bench.update(0, 7n);
    for (let key = 1; key < 2000; key++) {
      expect(bench.update(key, 1n)).toBe(0);
      if (key % 3 === 0) bench.map.delete(bench.key(key - 1));
      expect(bench.get(0)).toBe(7n);
    }
    expect(bench.keys().length).toBeLessThanOrEqual(64);
  });

  it('does not count lookups by system call as use', () => {
    using bench = new MapBench({ type: 'lru_hash', maxEntries: 2 });
    bench.update(1, 1n);
    bench.update(2, 2n);
    bench.map.userLookup(u32(1), new Uint8Array(8), 0n);
    bench.update(3, 3n);
    expect(bench.get(1)).toBeUndefined();
  });
});

describe('fields of the kernel in a value', () => {
  const locked = { type: 'hash', valueSize: 16, fields: [{ kind: 'spin_lock', offset: 8, size: 4 }] } as const;

  it('are left alone by updates and read as zero', () => {
    using bench = new MapBench(locked);
    const { view } = bench.machine.memory;
    const all = new Uint8Array(16).fill(0xff);
    expect(bench.map.userUpdate(u32(1), all, BPF_F_LOCK)).toBe(0);
    const address = bench.map.lookup(bench.key(1));
    expect(view.getUint32(address + 8, true)).toBe(0);
    view.setUint32(address + 8, 1, true);
    expect(bench.map.userUpdate(u32(1), new Uint8Array(16), BPF_F_LOCK)).toBe(0);
    expect(bench.map.lookup(bench.key(1))).toBe(address);
    expect(view.getUint32(address + 8, true)).toBe(1);
    const value = new Uint8Array(16);
    expect(bench.map.userLookup(u32(1), value, BPF_F_LOCK)).toBe(0);
    expect([...value]).toEqual(new Array(16).fill(0));
  });
});
