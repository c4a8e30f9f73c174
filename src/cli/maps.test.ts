import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Collection } from '../loader/collection.ts';
import { readObject } from '../object/read.ts';
import { SimKernel } from '../sim/sim-kernel.ts';
import { formatMap, mapsToShow, mapToJson } from './maps.ts';

const OBJECT = new Uint8Array(readFileSync(new URL('../../test/data/loader/features.bpf.o', import.meta.url)));

describe('maps as text and JSON', () => {
  const kernel = new SimKernel({ cpus: 3 });
  let collection: Collection;
  beforeAll(async () => {
    const spec = readObject(OBJECT);
    const points = spec.maps['points'];
    if (points !== undefined) points.maxEntries = 100;
    collection = await kernel.load(spec);
  });
  afterAll(() => kernel[Symbol.dispose]());
  const text = (name: string, all = false): string[] => [...formatMap(collection.map(name), collection, all)];

  test('a per-CPU map shows the sum, then the CPUs that have something', () => {
    collection.map('per_cpu').set(0, [1n, 0n, 2n]);
    collection.map('per_cpu').set(1, [0n, 5n, 0n]);
    expect(text('per_cpu')).toEqual([
      'per_cpu (percpu_array, max_entries 2):',
      '  0: 3 (cpu 0: 1, cpu 2: 2)',
      '  1: 5 (cpu 1)',
    ]);
    expect(mapToJson(collection.map('per_cpu'))).toEqual([
      { key: 0, values: [1, 0, 2] },
      { key: 1, values: [0, 5, 0] },
    ]);
  });

  test('a sum that its type cannot hold is left out', () => {
    const most = (1n << 64n) - 1n;
    collection.map('per_cpu').set(0, [most, most, 0n]);
    expect(text('per_cpu')[1]).toBe(`  0: cpu 0: ${most}, cpu 1: ${most}`);
    expect(mapToJson(collection.map('per_cpu'))).toMatchObject([{ values: [`${most}`, `${most}`, 0] }, {}]);
  });

  test('elements of arrays that are zero are counted only', () => {
    expect(text('results')).toEqual(['results (array, max_entries 8):', '  8 elements are zero']);
    collection.map('results').set(2, 9n);
    expect(text('results')).toEqual(['results (array, max_entries 8):', '  2: 9', '  7 elements are zero']);
  });

  test('many elements are cut short, unless all are asked for', () => {
    expect(text('points')).toEqual(['points (hash, max_entries 100): empty']);
    for (let x = 0; x < 30; x++) collection.map('points').set({ x, y: 1n }, x);
    const lines = text('points');
    expect(lines).toHaveLength(22);
    expect(lines[1]).toMatch(/^ {2}\{x: \d+, y: 1\}: \d+$/);
    expect(lines[21]).toBe('  … 10 more: --map points shows all');
    expect(text('points', true)).toHaveLength(31);
  });

  test('variables stand by name, objects by id', () => {
    expect(text('.data')).toEqual(['.data:', '  last = {x: -1, y: 2}']);
    expect(text('jumps')[1]).toMatch(/^ {2}2: id \d+$/);
  });

  test('constants are shown when asked for', () => {
    const names = (asked?: string[]) => mapsToShow(collection, asked).map(({ name }) => name);
    expect(names()).not.toContain('.rodata');
    expect(names(['.rodata', 'points'])).toEqual(['.rodata', 'points']);
    expect(() => names(['nope'])).toThrow('no map nope was loaded; there are: ');
  });
});
