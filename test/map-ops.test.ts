/** The table of map operations on both kernels: what the system call gives, errno included. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelSys } from '../src/kernel/kernel.ts';
import { openLinux } from '../src/linux/linux.ts';
import type { Sys } from '../src/sys/sys.ts';
import { linuxSkip } from './support/kernels.ts';
import { expectedOf, mapCases, runCase } from './support/map-ops.ts';
import { titled } from './support/tools.ts';

const kernels: readonly [name: string, skip: string | undefined, open: () => Sys][] = [
  ['our kernel', undefined, () => new KernelSys({ cpus: 2 })],
  ['the live kernel', linuxSkip, openLinux],
];

describe.each(kernels)('%s', (_name, skip, open) => {
  describe.skipIf(skip)(titled('map operations', skip), () => {
    let sys: Sys;
    beforeAll(() => {
      sys = open();
    });
    afterAll(() => sys[Symbol.dispose]());
    it.each(mapCases.map(row => [row.name, row] as const))('%s', (_row, row) => {
      expect(runCase(sys, row)).toEqual(expectedOf(sys, row));
    });
  });
});
