/** Every instruction does on every engine what is written down here. */
import { afterAll, describe, expect, test } from 'vitest';
import { INSTRUCTIONS, type InstructionName, type InstructionRow } from '../../src/asm/instructions.ts';
import { CONFORMANCE_ENGINES } from '../../src/cli/conformance-machine.ts';
import { ownCases } from './cases.ts';
import { CaseFileError, parseCases } from './data-file.ts';
import { CaseRunner } from './run-case.ts';

const cases = ownCases();

test.each(CONFORMANCE_ENGINES)('%s passes every case', engine => {
  using runner = new CaseRunner(engine);
  const failures = cases.map(given => ({ name: given.name, failure: runner.run(given) }));
  expect(failures.filter(({ failure }) => failure !== undefined)).toEqual([]);
});

/** Instructions that this kernel refuses before they run; a case says so of each. */
const REFUSED: readonly InstructionName[] = ['ld_btf_id'];

test('every instruction that Linux loads is executed by a case', () => {
  using runner = new CaseRunner('interp', { counts: true });
  for (const given of cases) runner.run(given);
  const { executed } = runner.machine;
  const missing = Object.values<InstructionRow>(INSTRUCTIONS).filter(
    row => row.since !== undefined && !executed.has(row.name),
  );
  expect(missing.map(row => row.name)).toEqual(REFUSED);
});

describe('a case fails', () => {
  const runner = new CaseRunner('interp');
  afterAll(() => runner[Symbol.dispose]());

  test.each([
    ['another result', '-- asm\nmov %r0, 1\nexit\n-- result\n2', 'r0 is 0x1, want 0x2'],
    [
      'an error',
      '-- asm\nldxb %r0, [%r1]\nexit\n-- result\n2',
      'conformance: insn 0: read of 1 byte at 0x0: null pointer, want r0 0x2',
    ],
    ['no error', '-- asm\nexit\n-- error\nnull', 'r0 is 0x0, want an error: null'],
    ['another error', '-- asm\nja -1\n-- error\nnull', 'want an error: null'],
  ])('%s', (_name, text, why) => {
    const [given] = parseCases('x.data', text);
    expect(runner.run(given!)).toContain(why);
  });
});

test.each([
  ['neither result nor error', '-- asm\nexit', 'x.data: neither result nor error'],
  ['memory that is no hex', '-- mem\n0g\n-- result\n0', 'x.data: mem 0g, want a byte in hex'],
  [
    'half a map',
    '-- case a\n-- map\nm 1 2\n-- result\n0',
    'x.data: a: map m 1 2, want name, type, key size, value size, entries',
  ],
])('a case file is refused: %s', (_name, text, why) => {
  expect(() => parseCases('x.data', text)).toThrow(new CaseFileError(why));
});
