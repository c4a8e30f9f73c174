/** The bench runs, checks results before it times anything, and prints JSON. No time is judged. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../scripts/support/sources.ts';
import { linuxSkip } from './support/kernels.ts';
import { titled } from './support/tools.ts';

/** What the tests look at of the bench's JSON. */
interface BenchJson {
  readonly skipped: Readonly<Record<string, string>>;
  readonly refused: readonly unknown[];
  readonly programs: readonly {
    readonly name: string;
    readonly engines: Readonly<Record<string, { gross: unknown }>>;
  }[];
}

function bench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(root, 'bench/run.ts'), '--short', ...args], { encoding: 'utf8' });
}

const noCompiler = spawnSync('cc', ['--version']).status === 0 ? undefined : 'there is no C compiler';

describe('npm run bench -- --short', () => {
  for (const [engine, skip] of [
    ['interp', undefined],
    ['jit', undefined],
    ['checked', undefined],
    ['linux', linuxSkip],
    ['native', noCompiler],
  ] as const) {
    it.skipIf(skip)(titled(`gives the expected results on ${engine}`, skip), () => {
      const { status, stdout, stderr } = bench('--engines', engine, '--only', 'sum,hash_1k,tail', '--json');
      expect({ status, stderr }).toEqual({ status: 0, stderr: expect.not.stringContaining('bench:') });
      const report = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as BenchJson; // its shape is what is tested
      expect(report).toMatchObject({ skipped: {}, refused: [] });
      const measured = report.programs.map(({ name, engines }) => [name, typeof engines[engine]?.gross]);
      expect(measured).toEqual(['empty', 'sum', 'hash_1k', 'tail'].map(name => [name, 'number']));
    });
  }

  it('names the engines that there are', () => {
    const { status, stderr } = bench('--engines', 'jitt');
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining('--engines jitt: want jit, checked, interp, linux'),
    });
  });
});

describe('another suite', () => {
  let suite = '';
  beforeAll(() => {
    suite = mkdtempSync(join(tmpdir(), 'skep-suite-'));
    for (const name of ['empty', 'calls'])
      copyFileSync(join(root, `bench/programs/${name}.o`), join(suite, `${name}.o`));
  });
  afterAll(() => rmSync(suite, { recursive: true }));

  it('is not timed where a result is wrong', () => {
    writeFileSync(join(suite, 'expected.txt'), 'empty\tret=2 pkt=720f9b96\ncalls\truns=2 ret=1 pkt=d892b462\n');
    const { status, stdout, stderr } = bench('--engines', 'interp', '--suite', suite);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('calls on interp, result 1: ret=739537915 pkt=d892b462, want ret=1 pkt=d892b462');
  });

  it('is told the line of a bad expectation', () => {
    writeFileSync(join(suite, 'expected.txt'), 'empty\tret=2\n');
    expect(bench('--engines', 'interp', '--suite', suite).stderr).toContain('expected.txt:1: empty\tret=2: want NAME');
  });
});
