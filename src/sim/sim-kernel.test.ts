import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Program } from '../loader/program.ts';
import { readObject } from '../object/read.ts';
import { SimKernel, type SimKernelOptions } from './sim-kernel.ts';

const OBJECT = new Uint8Array(readFileSync(new URL('../../test/data/loader/features.bpf.o', import.meta.url)));
const PACKET = new Uint8Array(64);

/** A kernel of its own with one program of the object loaded. */
async function withProgram(
  name: string,
  options: SimKernelOptions,
  use: (kernel: SimKernel, program: Program, results: () => unknown[]) => void,
): Promise<void> {
  using kernel = new SimKernel(options);
  const spec = readObject(OBJECT);
  for (const program of Object.values(spec.programs))
    program.autoload = program.name === name || program.name === 'target';
  const collection = await kernel.load(spec);
  use(kernel, collection.program(name), () => [...collection.map('results').entries()].map(([, value]) => value));
}

describe('SimKernel', () => {
  test('is the Linux it is asked to be', () => {
    using kernel = new SimKernel({ version: '5.15', cpus: 4 });
    expect(kernel).toMatchObject({ kind: 'sim', profile: { version: '5.15' }, facts: { version: '5.15' } });
    expect(kernel.sys.possibleCpus).toBe(4);
    expect(() => new SimKernel({ version: 'new' })).toThrow('kernel version new: want major.minor');
  });

  test('time moves when somebody moves it, and forward only', () =>
    withProgram('prints', { now: 1000n }, ({ clock }, program, results) => {
      program.runSync({ packet: PACKET });
      expect(results()[0]).toBe(1000n);
      clock.advance(500n);
      clock.set(2000n);
      program.runSync({ packet: PACKET });
      expect([results()[0], clock.now]).toEqual([2000n, 2000n]);
      expect(() => clock.set(1999n)).toThrow('set the clock to 1999 ns: it shows 2000');
      expect(() => clock.advance(-1n)).toThrow('it shows 2000');
    }));

  test('the same seed gives the same randomness, another seed another', async () => {
    const drawn: unknown[] = [];
    for (const seed of [1, 1, 2]) {
      await withProgram('prints', { seed }, (_, program, results) => {
        program.runSync({ packet: PACKET });
        drawn.push(results()[1]);
      });
    }
    expect(drawn[0]).toBe(drawn[1]);
    expect(drawn[0]).not.toBe(drawn[2]);
  });

  test('what a program prints reaches the listener', () =>
    withProgram('prints', {}, (kernel, program) => {
      const lines: string[] = [];
      kernel.onTrace = line => lines.push(line);
      program.runSync({ packet: PACKET });
      expect(lines).toEqual([expect.stringContaining('64 bytes')]);
    }));

  test('a listener sees every step, until it is taken away', () =>
    withProgram('jump', {}, (kernel, program) => {
      const steps: [string, number][] = [];
      kernel.onStep = ({ program: name, pc }) => steps.push([name, pc]);
      program.runSync({ packet: PACKET });
      expect(steps).toEqual([
        ['jump', 0],
        ['jump', 2],
        ['jump', 3],
        ['target', 0],
        ['target', 1],
      ]);
      expect(kernel.registers?.[0]).toBe(3n);
      kernel.onStep = undefined;
      program.runSync({ packet: PACKET });
      expect(steps).toHaveLength(5);
      expect(kernel.registers).toBeUndefined();
    }));
});
