import { describe, expect, it } from 'vitest';
import { program, type Source } from '../../test/support/program.ts';
import { readFlow } from './flow.ts';
import { readFunctions } from './functions.ts';

/** Blocks as `first slot, dominator's first slot → successors' first slots`, loop headers with an asterisk. */
function show(source: Source, entry = 0): string[] {
  const { blocks } = readFlow(program(source), entry);
  const start = (i: number): number => blocks[i]!.start;
  return blocks.map(block =>
    `${block.start}${block.isLoopHeader ? '*' : ''} <${start(block.dominator)} > ${block.successors.map(start).join(' ')}`.trimEnd(),
  );
}

describe('control flow', () => {
  const rows: [name: string, source: Source, want: string[], reducible: boolean][] = [
    ['a line', [['mov64_k'], ['exit']], ['0 <0 >'], true],
    [
      'a diamond',
      [['jeq64_k', { off: 2 }], ['mov64_k'], ['ja', { off: 1 }], ['mov64_k'], ['exit']],
      ['0 <0 > 3 1', '1 <0 > 4', '3 <0 > 4', '4 <0 >'],
      true,
    ],
    [
      'a loop',
      [['mov64_k'], ['add64_k', { imm: 1 }], ['jne64_k', { off: -2 }], ['exit']],
      ['0 <0 > 1', '1* <0 > 1 3', '3 <1 >'],
      true,
    ],
    ['a loop from the first instruction', [['jne64_k', { off: -1 }], ['exit']], ['0* <0 > 0 1', '1 <0 >'], true],
    [
      'a loop with two entries',
      [['jeq64_k', { off: 1 }], ['mov64_k'], ['jeq64_k', { off: -2 }], ['exit']],
      ['0 <0 > 2 1', '2 <0 > 1 3', '3 <2 >', '1 <0 > 2'],
      false,
    ],
    ['a jump out of the program', [['ja', { off: 5 }]], ['0 <0 > 6', '6 <0 >'], true],
    ['the end of the program', [['mov64_k']], ['0 <0 > 1', '1 <0 >'], true],
    [
      'a wide instruction is two slots',
      [
        ['ld_imm64', { imm64: 1n }],
        ['ja', { off: -1 }],
      ],
      ['0 <0 > 2', '2* <0 > 2'],
      true,
    ],
    ['code that nothing reaches', [['exit'], ['mov64_k'], ['exit']], ['0 <0 >'], true],
  ];

  it.each(rows)('%s', (_name, source, want, reducible) => {
    expect(show(source)).toEqual(want);
    expect(readFlow(program(source), 0).reducible).toBe(reducible);
  });
});

describe('functions', () => {
  const source: Source = [
    ['mov64_k', { dst: 6 }],
    ['call_subprog', { imm: 2 }],
    ['call_subprog', { imm: 4 }],
    ['exit'],
    ['add64_x', { dst: 6, src: 2 }],
    ['call_subprog', { imm: 1 }],
    ['exit'],
    ['exit'],
  ];
  const { functions } = readFunctions(program(source), 0);

  it('finds what each takes, through what it calls', () => {
    const r = (...registers: number[]): number => registers.reduce((set, n) => set | (1 << n), 0);
    expect(new Map([...functions].map(([entry, { parameters }]) => [entry, parameters]))).toEqual(
      new Map([
        [0, r(0, 2)],
        [4, r(0, 2, 6)],
        [7, r(0)],
      ]),
    );
  });

  it('knows what may recurse', () => {
    expect(functions.get(0)!.height).toBe(3);
    expect(functions.get(4)!.height).toBe(2);
    const { functions: recursive } = readFunctions(program([['call_subprog', { imm: -1 }], ['exit']]), 0);
    expect(recursive.get(0)!.height).toBe(Number.POSITIVE_INFINITY);
  });
});
