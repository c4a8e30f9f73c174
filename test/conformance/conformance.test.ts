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
    [
      'its result in place of any error',
      '-- asm\nmov %r0, 0\nexit\n-- result\n0\n-- error\n',
      'r0 is 0x0, want an error',
    ],
    [
      'a text that is no program',
      '-- asm\nmov %r0\nexit\n-- error\n',
      "line 1, column 8: found the end of the line, want ','",
    ],
  ])('%s', (_name, text, why) => {
    const [given] = parseCases('x.data', text);
    expect(runner.run(given!)).toContain(why);
  });
});

test.each([
  ['memory behind the result', '-- asm\nldxb %r0, [%r1+1]\nexit\n-- result\n0x2a\n-- mem\n0 2a'],
  ['line ends of Windows', '# x\r\n-- asm\r\nmov %r0, 2 # two\r\n\r\nexit\r\n-- result\r\n2\r\n'],
  ['raw words that win over text', '-- asm\n# b7\n-- raw\n0x00000007000000b7\n149\n-- result\n7'],
  [
    'a program in C, and a remark',
    '-- c\nint f() { i--; }\n-- asm\nmov r0, r2\nexit\n-- no register offset\ncall\n-- result\n0',
  ],
  ['any error', '-- asm\nldxb %r0, [%r1]\nexit\n-- result\n0\n-- error\n'],
])('a case file is read: %s', (_name, text) => {
  using runner = new CaseRunner('interp');
  expect(parseCases('x.data', text).map(given => runner.run(given))).toEqual([undefined]);
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
