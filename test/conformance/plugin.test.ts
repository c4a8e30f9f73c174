/** The file `plugin` answers as every runner of bpf_conformance starts it. */
import { spawnSync } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { assembleConformance } from '../../src/asm/conformance-syntax.ts';
import { toHex } from '../../src/util/bytes.ts';

const ONE_MORE_THAN_LENGTH = `${toHex(assembleConformance('mov %r0, %r2\nadd %r0, 1\nexit').bytes, '  ')}  \n`;
const LISTING = '0: (bf) r0 = r2\n1: (07) r0 += 1\n2: (95) exit\n';
const MEMORY = '2a  2b  ';

test.each([
  ['nothing', [], '1\n', ''],
  ['memory', [MEMORY], '3\n', ''],
  ['options', ['--engine', 'interp'], '1\n', ''],
  [
    'memory and options',
    [MEMORY, '--debug', '--engine', 'interp'],
    '3\n',
    'engine: interp, r1: memory, memory: 2a 2b\n',
  ],
  ['no memory and no options, a word each', ['', ''], '1\n', ''],
  ['memory and no options, a word each', [MEMORY, ''], '3\n', ''],
  ['all options in a word', [MEMORY, '--debug --engine interp'], '3\n', 'engine: interp, r1: memory, memory: 2a 2b\n'],
])('%s', (_name, words, out, said) => {
  const { status, stdout, stderr } = spawnSync(join(import.meta.dirname, 'plugin'), words, {
    input: ONE_MORE_THAN_LENGTH,
    encoding: 'utf8',
    // `bin/skep.js` asks the path for its node
    env: { ...process.env, PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) },
  });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: out, stderr: said && said + LISTING });
});
