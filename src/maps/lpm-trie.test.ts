import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MapBench } from '../../test/support/map-bench.ts';
import { ERRNO } from '../uapi/errno.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';

/** A prefix of at most 16 bits and its value, as the trie takes them. */
interface Prefix {
  readonly length: number;
  readonly bits: number;
}

const keyOf = ({ length, bits }: Prefix): Uint8Array => Uint8Array.of(length, 0, 0, 0, bits >>> 8, bits);
const masked = (length: number, bits: number): number => (length === 0 ? 0 : bits & (0xffff << (16 - length)) & 0xffff);
const name = (prefix: Prefix): string => `${masked(prefix.length, prefix.bits)}/${prefix.length}`;

const prefix: fc.Arbitrary<Prefix> = fc.record({
  length: fc.nat(16),
  // Few different bits, so that prefixes meet.
  bits: fc
    .array(fc.constantFrom(0, 0x8000, 0x4000, 0x0100, 1), { maxLength: 4 })
    .map(list => list.reduce<number>((a, b) => a | b, 0)),
});

/** The value of the longest prefix of a list that an address has. */
function longest(model: Iterable<Prefix & { value: number }>, bits: number): number | undefined {
  const matches = [...model].filter(row => masked(row.length, row.bits) === masked(row.length, bits));
  return matches.sort((a, b) => b.length - a.length)[0]?.value;
}

// Tries with room for many have shortcuts.
it.each([10, 100])('finds what the longest prefix of a list says, after any sequence (%d entries)', maxEntries => {
  const step = fc.record({ remove: fc.boolean(), prefix, value: fc.nat(255), address: fc.nat(0xffff) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), steps => {
      using bench = new MapBench({
        type: 'lpm_trie',
        keySize: 6,
        valueSize: 1,
        maxEntries,
        flags: MAP_FLAGS.BPF_F_NO_PREALLOC,
      });
      const model = new Map<string, Prefix & { value: number }>();
      const look = (bits: number): void => {
        const value = new Uint8Array(1);
        const result = bench.map.userLookup(keyOf({ length: 16, bits }), value, 0n);
        const wanted = longest(model.values(), bits);
        expect([result, value[0]]).toEqual(wanted === undefined ? [-ERRNO.ENOENT, 0] : [0, wanted]);
      };
      for (const { remove, prefix: at, value, address } of steps) {
        if (remove) {
          expect(bench.map.userDelete(keyOf(at))).toBe(model.delete(name(at)) ? 0 : -ERRNO.ENOENT);
        } else {
          const isFull = !model.has(name(at)) && model.size >= maxEntries;
          expect(bench.map.userUpdate(keyOf(at), Uint8Array.of(value), 0n)).toBe(isFull ? -ERRNO.ENOSPC : 0);
          if (!isFull) model.set(name(at), { ...at, value });
        }
        look(address);
        look(at.bits);
      }
      for (const { bits } of model.values()) look(bits);
      expect(walk(bench).sort()).toEqual([...model.keys()].sort());
    }),
    { numRuns: 200 },
  );
});

it.each([5, 7, 8, 12, 20, 40])('matches keys of %d bytes bit by bit', keySize => {
  const maxPrefix = (keySize - 4) * 8;
  using bench = new MapBench({
    type: 'lpm_trie',
    keySize,
    valueSize: 1,
    maxEntries: 512,
    flags: MAP_FLAGS.BPF_F_NO_PREALLOC,
  });
  const key = (length: number, flipped = maxPrefix): Uint8Array => {
    const bytes = new Uint8Array(keySize).fill(0xa5);
    new DataView(bytes.buffer).setUint32(0, length, true);
    if (flipped < maxPrefix) bytes[4 + (flipped >>> 3)]! ^= 0x80 >>> (flipped & 7);
    return bytes;
  };
  for (let length = 0; length <= maxPrefix; length++) {
    expect(bench.map.userUpdate(key(length), Uint8Array.of(length % 251), 0n)).toBe(0);
  }
  for (let bit = 0; bit <= maxPrefix; bit++) {
    const value = new Uint8Array(1);
    bench.map.userLookup(key(maxPrefix, bit), value, 0n);
    expect(value[0]).toBe(bit % 251);
  }
});

it('gives the memory of nodes and values back', () => {
  using bench = new MapBench({
    type: 'lpm_trie',
    keySize: 6,
    valueSize: 8,
    maxEntries: 2,
    flags: MAP_FLAGS.BPF_F_NO_PREALLOC,
  });
  const value = new Uint8Array(8).fill(1);
  const [left, right] = [keyOf({ length: 16, bits: 0 }), keyOf({ length: 16, bits: 1 })];
  // Each round makes a fork of two prefixes, and more rounds than a page of nodes would hold.
  for (let round = 0; round < 300; round++) {
    for (const key of [left, right, left]) expect(bench.map.userUpdate(key, value, 0n)).toBe(0);
    for (const key of [left, right]) expect(bench.map.userDelete(key)).toBe(0);
  }
  // The values lie behind the nodes: a leak would have run into them and beyond.
  const { end } = bench.map.values!;
  expect(bench.machine.memory.read(end, 8192).every(byte => byte === 0)).toBe(true);
});

/** All prefixes, in the trie's order. */
function walk(bench: MapBench): string[] {
  const names: string[] = [];
  let key: Uint8Array | undefined;
  for (;;) {
    const next = new Uint8Array(6);
    if (bench.map.userNextKey(key, next) !== 0) return names;
    names.push(name({ length: next[0]!, bits: (next[4]! << 8) | next[5]! }));
    key = next;
  }
}
