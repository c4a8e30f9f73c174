import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { RUNTIME_HELPERS } from './helpers.ts';
import { Runtime } from './runtime.ts';

const compiler = fileURLToPath(new URL('../../node_modules/assemblyscript/package.json', import.meta.url));
const why = existsSync(compiler) ? undefined : 'no assemblyscript';

it.skipIf(why !== undefined)(`is what its source builds to${why === undefined ? '' : ` (skipped: ${why})`}`, () => {
  const script = fileURLToPath(new URL('../../scripts/build-runtime.ts', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  expect(`${stderr}status ${status}`).toBe('status 0');
});

const memory = new WebAssembly.Memory({ initial: 1 });
const { exports, cpu } = new Runtime(memory, 64);

const helpers = Object.entries(RUNTIME_HELPERS).flatMap(([helper, { functions: names, parameters }]) =>
  (typeof names === 'string' ? [names] : [...new Set(Object.values(names))]).map(
    name => [helper, name, parameters.length] as const,
  ),
);

it.each(helpers)('has %s as %s of %d registers', (_helper, name, parameters) => {
  expect(exports[name]).toBeTypeOf('function');
  expect((exports[name] as (...args: never[]) => unknown).length).toBe(parameters);
});

it('shares the clock and the CPU with its host', () => {
  new DataView(memory.buffer).setBigUint64(64, 123n, true);
  cpu.value = 3;
  const { clock, current_cpu } = exports as Record<string, () => unknown>;
  expect([clock!(), current_cpu!()]).toEqual([123n, 3]);
});
