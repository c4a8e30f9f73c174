/** The table of helper calls on both kernels: r0, memory and packet as recorded from Linux 6.18. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelSys } from '../src/kernel/kernel.ts';
import { openLinux } from '../src/linux/linux.ts';
import type { Sys } from '../src/sys/sys.ts';
import { helperCases } from './support/helper-cases.ts';
import { describeOutcome, runHelper } from './support/helper-run.ts';
import { linuxSkip } from './support/kernels.ts';
import { titled } from './support/tools.ts';

const outcomes = JSON.parse(readFileSync(new URL('data/helper-outcomes.json', import.meta.url), 'utf8')) as Record<
  string,
  string
>;

const kernels: readonly [name: string, skip: string | undefined, open: () => Sys][] = [
  ['our kernel', undefined, () => new KernelSys({ cpus: 2 })],
  ['the live kernel', linuxSkip, openLinux],
];

it('has a title of its own for each call, and an outcome', () => {
  expect(Object.keys(outcomes).sort()).toEqual([...new Set(helperCases.map(row => row.title))].sort());
  expect(new Set(helperCases.map(row => row.title)).size).toBe(helperCases.length);
});

describe.each(kernels)('%s', (_name, skip, open) => {
  describe.skipIf(skip)(titled('helper calls', skip), () => {
    let sys: Sys;
    beforeAll(() => {
      sys = open();
    });
    afterAll(() => sys[Symbol.dispose]());
    it.each(helperCases.map(row => [row.title, row] as const))('%s', (title, row) => {
      expect(describeOutcome(row, runHelper(sys, row))).toBe(outcomes[title]);
    });
  });
});
