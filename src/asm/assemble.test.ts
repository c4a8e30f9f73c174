import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHex } from '../util/bytes.ts';
import { asm, assemble } from './assemble.ts';
import { decode, encode, type PlacedInstruction, readInstruction } from './codec.ts';
import { assembleConformance } from './conformance-syntax.ts';
import { formatInstruction } from './disasm.ts';
import { AsmError } from './error.ts';
import { type Instruction, joinImm64 } from './insn.ts';
import { INSTRUCTIONS, type InstructionRow } from './instructions.ts';
import { findRow } from './match.ts';
import type { Allowed } from './row.ts';
import { SOURCE_TEXT } from './source-text.ts';

/** The text that `text` reads as. */
const listed = (text: string, read = assemble): string[] =>
  read(text).instructions.map(insn => formatInstruction(insn, { ...SOURCE_TEXT, opcode: false }));

const s16 = fc.integer({ min: -0x8000, max: 0x7fff });
const s32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });

/** Fields that no kernel looks at, and no text shows. */
const shown = (row: InstructionRow, field: 'off' | 'next_imm'): boolean =>
  !(row.kind === 'exit' && field === 'off') && !(row.name === 'ld_func' && field === 'next_imm');

/** Any legal instruction of a row, as far as its text shows it. */
function instructionOf(row: InstructionRow): fc.Arbitrary<Instruction> {
  const value = (allowed: Allowed, any: fc.Arbitrary<number>): fc.Arbitrary<number> => {
    if (allowed === 'any') return any;
    return allowed === 'register' ? fc.integer({ min: 0, max: 10 }) : fc.constantFrom(...allowed);
  };
  const { opcode, fields } = row;
  return fc
    .record({
      opcode: fc.constant(opcode),
      dst: value(fields.dst, fc.constant(0)),
      src: value(fields.src, fc.constant(0)),
      off: shown(row, 'off') ? value(fields.off, s16) : fc.constant(0),
      imm: value(fields.imm, s32),
      next: shown(row, 'next_imm') ? value(fields.next_imm ?? [0], s32) : fc.constant(0),
    })
    .map(({ next, ...insn }) => (fields.next_imm === undefined ? insn : { ...insn, imm64: joinImm64(insn.imm, next) }));
}

/** A listing of instructions, in every dress that listings wear. */
function listing(
  insns: readonly PlacedInstruction[],
  dress: { opcode: boolean; slot: boolean; comment: string },
): string {
  const lines = insns.map(insn => {
    const text = formatInstruction(insn, { ...SOURCE_TEXT, opcode: dress.opcode });
    return `${dress.slot ? `${insn.slot}: ` : ''}${text}${dress.comment}`;
  });
  return lines.join('\n');
}

const dress = fc.record({
  opcode: fc.boolean(),
  slot: fc.boolean(),
  comment: fc.constantFrom('', ' ; R1=0', ' // if', '\t# call'),
});

describe.each(Object.values<InstructionRow>(INSTRUCTIONS))('$name', row => {
  test('assembles to what was disassembled', () => {
    fc.assert(
      fc.property(instructionOf(row), dress, (insn, dress) => {
        const [read] = assemble(listing([{ slot: 0, ...insn }], dress)).instructions;
        expect(read).toEqual({ slot: 0, ...insn });
      }),
      { numRuns: 40 },
    );
  });

  test.runIf(row.kind !== 'internal')('has a form in the syntax of bpf_conformance', () => {
    expect(
      CONFORMANCE_FORMS.some(([, text]) => findRow(assembleConformance(text).instructions[0]!)?.name === row.name),
    ).toBe(true);
  });
});

test('a program assembles to what was disassembled, in either byte order', () => {
  const any = fc.constantFrom(...Object.values<InstructionRow>(INSTRUCTIONS)).chain(instructionOf);
  fc.assert(
    fc.property(fc.array(any, { maxLength: 30 }), dress, fc.constantFrom('little', 'big'), (insns, dress, order) => {
      const bytes = encode(insns, order);
      expect(assemble(listing(decode(bytes, order), dress), { order }).bytes).toEqual(bytes);
    }),
  );
});

test.each(['log.tsv', 'forms.tsv'])('what the kernel logs: %s', file => {
  const facts = readFileSync(new URL(`../../test/data/asm/${file}`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
  const told = facts.flatMap(line => {
    const [hex = '', text = ''] = line.split('\t');
    const insn = readInstruction(parseHex(hex) ?? expect.fail(`not hex: ${line}`), 0);
    // a log shows illegal instructions too, and not the pseudo source of a wide immediate
    const isTold = findRow(insn) !== undefined && formatInstruction(insn, SOURCE_TEXT) === text;
    return isTold ? [{ insn: findRow(insn)?.kind === 'exit' ? { ...insn, off: 0 } : insn, text }] : [];
  });
  expect(told.length).toBeGreaterThan(0.9 * facts.length);
  expect(told.map(({ text }) => assemble(text).instructions[0])).toEqual(told.map(({ insn }) => insn));
});

describe('reads', () => {
  test.each<[string, string, string[]]>([
    ['labels', 'loop: r1 += -1\nif r1 != 0 goto loop\nexit', ['r1 += -1', 'if r1 != 0x0 goto pc-2', 'exit']],
    ['a label ahead, over a wide immediate', 'goto out\nr1 = 1 ll\nout:\nexit', ['goto pc+2', 'r1 = 0x1', 'exit']],
    ['gotol and may_goto to a label', 'gotol x\nmay_goto x\nx: exit', ['gotol pc+1', 'may_goto pc+0', 'exit']],
    ['a call of a label', 'call f\nexit\nf: exit', ['call pc+1', 'exit', 'exit']],
    ['the address of a label', 'r2 = subprog[f]\nexit\nf: exit', ['r2 = subprog[+2]', 'exit', 'exit']],
    [
      'helpers by name, number, or both',
      'call bpf_ktime_get_ns\ncall 5\ncall bpf_ktime_get_ns#5',
      Array(3).fill('call bpf_ktime_get_ns#5'),
    ],
    ['a kernel function by name and BTF id', 'call bpf_task_acquire#77', ['call kernel-function#77']],
    [
      'what bpftool lists',
      '0: (85) call pc+2#bpf_prog_6deef7357e7b4530_f\n1: (18) r1 = map[id:7][0]+4',
      ['call pc+2', 'r1 = map[fd:7][0]+4'],
    ],
    ['hex as a wide immediate, decimal as a move', 'r1 = 0x5\nr1 = 5\nr1 = 5 ll', ['r1 = 0x5', 'r1 = 5', 'r1 = 0x5']],
    ['hex as the opcode in front says', '(b7) r1 = 0x5', ['r1 = 5']],
    [
      'bit patterns in 32 bits',
      'w1 = 0xffffffff\nif r1 == 0xffffffff goto +0',
      ['w1 = -1', 'if r1 == 0xffffffff goto pc+0'],
    ],
    ['sign-extended hex', 'r1 += 0xfffffffffffffffe', ['r1 += -2']],
    [
      'any blanks',
      ' r0=*(u32*)(r1+4) \n\tr0  =  *( u32 * )( r1 - 4 )\nr1-=-1',
      ['r0 = *(u32 *)(r1 +4)', 'r0 = *(u32 *)(r1 -4)', 'r1 -= -1'],
    ],
    ['an offset of 0 left out', 'r0 = *(u8 *)(r1)', ['r0 = *(u8 *)(r1 +0)']],
    ['comments', '# a\n// b\n; c\nexit # d\nexit // e\nexit ; f', ['exit', 'exit', 'exit']],
    [
      'LLVM: 32-bit registers in memory',
      'w0 = *(u16 *)(r1 + 2)\n*(u32 *)(r10 - 4) = w0',
      ['r0 = *(u16 *)(r1 +2)', '*(u32 *)(r10 -4) = r0'],
    ],
    [
      'LLVM: atomic operations',
      'r0 = atomic_fetch_or((u64 *)(r1 + 0), r0)\nw2 = xchg32_32(r1 + 4, w2)\nr0 = cmpxchg_64(r1 + 8, r0, r3)\nlock *(u32 *)(r1 + 0) += w2',
      [
        'r0 = atomic64_fetch_or((u64 *)(r1 +0), r0)',
        'r2 = atomic_xchg((u32 *)(r1 +4), r2)',
        'r0 = atomic64_cmpxchg((u64 *)(r1 +8), r0, r3)',
        'lock *(u32 *)(r1 +0) += r2',
      ],
    ],
    ['LLVM: a move of 32 bits, a map by its symbol', 'r4 = w0\nr1 = counts ll', ['w4 = w0', 'r1 = map[fd:0]']],
    ['LLVM: distances in hex', 'if w1 s> -1 goto +0x2', ['if w1 s> 0xffffffff goto pc+2']],
  ])('%s', (_name, text, expected) => {
    expect(listed(text)).toEqual(expected);
  });
});

test('maps by name: those that are known, and those that are left', () => {
  const { instructions, maps } = assemble('r1 = map[a]\nr2 = map[b][0]+8\nexit', { maps: { a: 7 } });
  expect(instructions.map(insn => formatInstruction(insn, SOURCE_TEXT))).toEqual([
    '(18) r1 = map[fd:7]',
    '(18) r2 = map[fd:0][0]+8',
    '(95) exit',
  ]);
  expect(maps).toEqual([{ slot: 2, map: 'b' }]);
});

test('labels by slot, instructions by line', () => {
  const { labels, lines } = assemble('a:\n\nr1 = 1 ll\nb: c:\nexit');
  expect(Object.fromEntries(labels)).toEqual({ a: 0, b: 2, c: 2 });
  expect(lines).toEqual([3, 5]);
});

test('a template literal: numbers put in, `;` between instructions', () => {
  const pass = 2;
  expect(
    asm`w0 = ${pass}; if r1 == ${-1} goto out // a
    r0 = ${1n << 40n} ll; out: exit`.instructions.map(insn => formatInstruction(insn, { opcode: false })),
  ).toEqual(['w0 = 2', 'if r1 == 0xffffffff goto pc+2', 'r0 = 0x10000000000', 'exit']);
});

describe('refuses', () => {
  test.each<[string, string, string]>([
    ['what is no instruction', 'exit\n  foo bar', "line 2, column 3: found 'foo', want an instruction"],
    ['what follows an instruction', 'r1 = r2 + 3', "line 1, column 9: found '+3', want the end of the instruction"],
    ['half an instruction', 'if r1 == 5', "line 1, column 11: found the end of the line, want 'goto'"],
    [
      'an unknown sign',
      'r1 &&= 2',
      "line 1, column 4: found '&', want '=', '+=', '-=', '*=', '/=', 's/=', '|=', '&=', '<<=', '>>=', '%=', 's%=', '^=' or 's>>='",
    ],
    ['64 bits without ll', 'r1 = 5000000000', "line 1, column 16: found the end of the line, want 'll'"],
    [
      'a bit pattern that 64 bits would extend',
      'r1 &= 0xffffffff',
      "line 1, column 7: found '0xffffffff', want an immediate -2147483648..2147483647 or r0..r10",
    ],
    [
      'a register that is none',
      'r1 += r11',
      "line 1, column 7: found 'r11', want an immediate -2147483648..2147483647 or r0..r10",
    ],
    [
      'registers of two widths',
      'w1 += r2',
      "line 1, column 7: found 'r2', want an immediate -2147483648..2147483647 or w0..w10",
    ],
    ['a second register that differs', 'r1 = be32 r2', "line 1, column 11: found 'r2', want the same as before"],
    [
      'an address space that is none',
      'r1 = addr_space_cast(r2, 0, 2)',
      'line 1, column 31: addr_space_cast: imm 2, want 1 or 65536',
    ],
    [
      'a helper with another number',
      'call bpf_ktime_get_ns#6',
      "line 1, column 23: found '6', want the same as before",
    ],
    [
      'a text that is not of the opcode in front',
      '(b4) r1 = 5',
      'line 1, column 12: the text is that of opcode 0xb7, want 0xb4',
    ],
    [
      'an unknown label',
      'goto out',
      "line 1, column 6: found 'out', want 'pc', a signed offset -32768..32767 or a label of this text",
    ],
    ['a label a second time', 'a: exit\na: exit', 'line 2, column 1: label a a second time'],
    [
      'a distance that does not fit',
      'goto +32768',
      "line 1, column 6: found '+32768', want 'pc', a signed offset -32768..32767 or a label of this text",
    ],
    ['a listing with a gap', '5: exit\n7: exit', 'line 2, column 1: slot 7, want 6: a listing without gaps'],
  ])('%s', (_name, text, message) => {
    const refused = () => assemble(text);
    expect(refused).toThrow(AsmError);
    expect(refused).toThrow(expect.objectContaining({ message }));
  });

  test('a label out of reach, and gotol reaches it', () => {
    const far = `${'r0 = 0\n'.repeat(32768)}out: exit`;
    expect(() => assemble(`if r1 == 0 goto out\n${far}`)).toThrow(
      'line 1, column 17: out is 32768 slots away, want -32768..32767: a gotol reaches further',
    );
    expect(assemble(`gotol out\n${far}`).instructions[0]?.imm).toBe(32768);
  });

  test('random text with its place, or takes it', () => {
    const piece = fc.constantFrom(
      'r1',
      'w0',
      '=',
      '+=',
      '*(u32 *)',
      '(r2 +4)',
      '5',
      '-1',
      '0x10',
      'goto',
      'if',
      'call',
      'map[',
      ']',
      'x',
      ':',
      '\n',
      ';',
      '#',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 12 }), pieces => {
        try {
          assemble(pieces.join(' '));
        } catch (error) {
          if (!(error instanceof AsmError)) throw error;
          expect(error.line).toBeGreaterThan(0);
          expect(error.column).toBeGreaterThan(0);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

/** The syntax of bpf_conformance, and the kernel's for the same. */
const CONFORMANCE_FORMS: readonly (readonly [kernel: string, text: string])[] = conformanceForms();

function conformanceForms(): [string, string][] {
  const forms: [string, string][] = [];
  const binary = {
    add: '+=',
    sub: '-=',
    mul: '*=',
    div: '/=',
    sdiv: 's/=',
    or: '|=',
    and: '&=',
    lsh: '<<=',
    rsh: '>>=',
    mod: '%=',
    smod: 's%=',
    xor: '^=',
    mov: '=',
    arsh: 's>>=',
  };
  for (const [name, sign] of Object.entries(binary)) {
    forms.push([`r1 ${sign} 5`, `${name} %r1, 5`], [`r1 ${sign} r2`, `${name}64 %r1, %r2`]);
    forms.push([`w1 ${sign} -5`, `${name}32 %r1, 0xfffffffb`], [`w1 ${sign} w2`, `${name}32 r1, r2`]);
  }
  forms.push(['r1 = -r1', 'neg %r1'], ['w1 = -w1', 'neg32 %r1']);
  for (const from of [8, 16, 32]) forms.push([`r1 = (s${from})r2`, `movsx${from}64 %r1, %r2`]);
  for (const from of [8, 16]) forms.push([`w1 = (s${from})w2`, `movsx${from}32 %r1, %r2`]);
  for (const bits of [16, 32, 64]) {
    forms.push(
      [`r3 = le${bits} r3`, `le${bits} %r3`],
      [`r3 = be${bits} r3`, `be${bits} %r3`],
      [`r3 = bswap${bits} r3`, `swap${bits} %r3`],
      [`r3 = bswap${bits} r3`, `bswap${bits} r3`],
    );
  }
  const conditions = {
    jeq: '==',
    jne: '!=',
    jgt: '>',
    jge: '>=',
    jlt: '<',
    jle: '<=',
    jsgt: 's>',
    jsge: 's>=',
    jslt: 's<',
    jsle: 's<=',
    jset: '&',
  };
  for (const [name, sign] of Object.entries(conditions)) {
    forms.push(
      [`if r1 ${sign} 0x5 goto pc+2`, `${name} %r1, 5, +2`],
      [`if r1 ${sign} r2 goto pc-2`, `${name} %r1, %r2, -2`],
    );
    forms.push(
      [`if w1 ${sign} 0x5 goto pc+2`, `${name}32 %r1, 5, +2`],
      [`if w1 ${sign} w2 goto pc-2`, `${name}32 %r1, %r2, -2`],
    );
  }
  const sizes = { b: 8, h: 16, w: 32, dw: 64 };
  for (const [letter, bits] of Object.entries(sizes)) {
    forms.push(
      [`r1 = *(u${bits} *)(r2 +4)`, `ldx${letter} %r1, [%r2+4]`],
      [`r1 = *(u${bits} *)(r2 +0)`, `ldx${letter} %r1, [%r2]`],
    );
    forms.push(
      [`*(u${bits} *)(r1 -4) = 7`, `st${letter} [%r1-4], 7`],
      [`*(u${bits} *)(r1 -4) = r2`, `stx${letter} [%r1-4], %r2`],
    );
    forms.push(
      [`r1 = load_acquire((u${bits} *)(r2 +4))`, `ldx${letter}_acquire %r1, [%r2+4]`],
      [`store_release((u${bits} *)(r1 +4), r2)`, `stx${letter}_release [%r1+4], %r2`],
    );
    if (bits === 64) continue;
    forms.push([`r1 = *(s${bits} *)(r2 +4)`, `ldxs${letter} %r1, [%r2+4]`]);
    forms.push(
      [`r0 = *(u${bits} *)skb[4]`, `ldabs${letter} 4`],
      [`r0 = *(u${bits} *)skb[r2 + 4]`, `ldind${letter} %r2, 4`],
    );
  }
  for (const [name, sign] of Object.entries({ add: '+=', or: '|=', and: '&=', xor: '^=' })) {
    forms.push(
      [`lock *(u64 *)(r1 +8) ${sign} r2`, `lock ${name} [%r1+8], %r2`],
      [`lock *(u32 *)(r1 +8) ${sign} r2`, `lock ${name}32 [%r1+8], %r2`],
    );
    forms.push(
      [`r2 = atomic64_fetch_${name}((u64 *)(r1 +8), r2)`, `lock fetch ${name} [%r1+8], %r2`],
      [`r2 = atomic_fetch_${name}((u32 *)(r1 +8), r2)`, `lock fetch ${name}32 [%r1+8], %r2`],
    );
  }
  return [
    ...forms,
    ['r2 = atomic64_xchg((u64 *)(r1 +0), r2)', 'lock xchg [%r1], %r2'],
    ['r2 = atomic_xchg((u32 *)(r1 +0), r2)', 'lock xchg32 [%r1], %r2'],
    ['r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)', 'lock fetch cmpxchg [%r1], %r2'],
    ['r0 = atomic_cmpxchg((u32 *)(r1 +0), r0, r2)', 'lock cmpxchg32 [%r1], %r2'],
    ['goto pc+1', 'ja +1'],
    ['gotol pc-1', 'ja32 -1'],
    ['may_goto pc+1', 'may_goto +1'],
    ['call bpf_ktime_get_ns#5', 'call 5'],
    ['call bpf_ktime_get_ns#5', 'call helper 5'],
    ['call pc+2', 'call local +2'],
    ['call kernel-function#42', 'call runtime 0x2a'],
    ['callx r2', 'call %r2'],
    ['exit', 'exit'],
    ['r1 = 0xffffffffffffffff', 'lddw %r1, -1'],
    ['r1 = map[fd:3]', 'lddw %r1, map_by_fd(3)'],
    ['r1 = map[fd:3][0]+4', 'lddw %r1, map_val(map_by_fd(3))+4'],
    ['r1 = btf[id:3][fd:+0]', 'lddw %r1, var_addr(3)'],
    ['r1 = subprog[+3]', 'lddw %r1, code_addr(+3)'],
    ['r1 = map[idx:3]', 'lddw %r1, map_by_idx(3)'],
    ['r1 = map[idx:3]+4', 'lddw %r1, map_val(map_by_idx(3))+4'],
    ['r1 = addr_space_cast(r2, 0, 1)', 'addr_space_cast %r1, %r2, 0, 1'],
  ];
}

describe('bpf_conformance', () => {
  test.each(CONFORMANCE_FORMS)('%s: %s', (kernel, text) => {
    expect(listed(text, assembleConformance)).toEqual([kernel]);
  });

  test('the first exit has its name', () => {
    expect(listed('ja exit\nmov %r0, 1\nexit\nexit', assembleConformance)).toEqual([
      'goto pc+1',
      'r0 = 1',
      'exit',
      'exit',
    ]);
    expect(() => assembleConformance('ja exit')).toThrow('line 1, column 4: no label exit');
  });

  test.each([
    ['mov32 %r1, 0x987654321', 'w1 = -2023406815'],
    ['jeq %r1, 0xfffffffffffffffe, +1', 'if r1 == 0xfffffffe goto pc+1'],
    ['stdw [%r1], -0x100000002', '*(u64 *)(r1 +0) = -2'],
  ])('the low 32 bits of an immediate are kept: %s', (text, kernel) => {
    expect(listed(text, assembleConformance)).toEqual([kernel]);
  });

  test('an immediate of more than 64 bits is refused', () => {
    expect(() => assembleConformance('mov %r1, 0x10000000000000000')).toThrow('line 1, column 10');
  });
});
