import { describe, expect, test } from 'vitest';
import { Random } from './random.ts';

describe('Random', () => {
  test('gives the same sequence for the same seed and another for the next', () => {
    const take = (seed: number) => {
      const random = new Random(seed);
      return Array.from({ length: 4 }, () => random.u32());
    };
    expect(take(7)).toEqual(take(7));
    expect(take(7)).not.toEqual(take(8));
    expect(take(0)).toEqual([4143336393, 177185503, 380008945, 2381108232]);
  });

  test('below covers its range evenly', () => {
    const random = new Random(1);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) counts[random.below(10)]! += 1;
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
  });

  test('between includes both ends', () => {
    const random = new Random(2);
    expect(new Set(Array.from({ length: 200 }, () => random.between(3, 5)))).toEqual(new Set([3, 4, 5]));
  });

  test('pick takes every choice', () => {
    const random = new Random(3);
    expect(new Set(Array.from({ length: 200 }, () => random.pick(['a', 'b', 'c'])))).toEqual(new Set(['a', 'b', 'c']));
  });

  test('bytes has the asked length and uses every bit', () => {
    const bytes = new Random(4).bytes(4096);
    expect(bytes.length).toBe(4096);
    expect(bytes.reduce((or, byte) => or | byte, 0)).toBe(0xff);
    expect(bytes.reduce((and, byte) => and & byte, 0xff)).toBe(0);
  });
});
