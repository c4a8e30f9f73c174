/** The table of `__sk_buff` test runs on both kernels: return value, packet and context as recorded from Linux 6.18. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelSys } from '../src/kernel/kernel.ts';
import { openLinux } from '../src/linux/linux.ts';
import type { Sys } from '../src/sys/sys.ts';
import { linuxSkip } from './support/kernels.ts';
import { skbCases, skbOutcome } from './support/skb-cases.ts';
import { titled } from './support/tools.ts';

const outcomes = JSON.parse(readFileSync(new URL('data/skb-outcomes.json', import.meta.url), 'utf8')) as Record<
  string,
  string
>;

const kernels: readonly [name: string, skip: string | undefined, open: () => Sys][] = [
  ['our kernel', undefined, () => new KernelSys()],
  ['the live kernel', linuxSkip, openLinux],
];

it('has a title of its own for each run, and an outcome', () => {
  expect(Object.keys(outcomes).sort()).toEqual([...new Set(skbCases.map(row => row.title))].sort());
  expect(new Set(skbCases.map(row => row.title)).size).toBe(skbCases.length);
});

describe.each(kernels)('%s', (_name, skip, open) => {
  describe.skipIf(skip)(titled('test runs', skip), () => {
    let sys: Sys;
    beforeAll(() => {
      sys = open();
    });
    afterAll(() => sys[Symbol.dispose]());
    it.each(skbCases.map(row => [row.title, row] as const))('%s', (title, row) => {
      expect(skbOutcome(sys, row)).toBe(outcomes[title]);
    });
  });
});
