import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseHex } from '../util/bytes.ts';
import { readInstruction } from './codec.ts';
import { formatInstruction, type InstructionText } from './disasm.ts';
import { type Instruction, LD_IMM64 } from './insn.ts';
import { INSTRUCTIONS } from './instructions.ts';
import { selectRow } from './match.ts';
import { xlatedText } from './xlated.ts';

interface Fact {
  insn: Instruction;
  text: string;
  /** What a resolver knows. */
  resolved: string | undefined;
}

function readFacts(file: string): Fact[] {
  const lines = readFileSync(new URL(`../../test/data/asm/${file}`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.map(line => {
    const [hex = '', text = '', resolved] = line.split('\t');
    const bytes = parseHex(hex);
    if (bytes === undefined) throw new Error(`${file}: ${line}`);
    return { insn: readInstruction(bytes, 0), text, resolved };
  });
}

const logText = ({ resolved }: Fact): InstructionText =>
  resolved === undefined ? {} : { callee: () => resolved, imm64: () => resolved };

describe.each(['log.tsv', 'forms.tsv'])('what the kernel logs: %s', file => {
  const facts = readFacts(file);

  test('every instruction has the kernel’s text', () => {
    const ours = facts.map(fact => formatInstruction(fact.insn, logText(fact)));
    expect(ours).toEqual(facts.map(fact => fact.text));
  });
});

test('the facts cover every instruction that Linux loads', () => {
  const seen = new Set([...readFacts('log.tsv'), ...readFacts('forms.tsv')].map(fact => selectRow(fact.insn)?.name));
  const missing = Object.values(INSTRUCTIONS).filter(row => row.since !== undefined && !seen.has(row.name));
  expect(missing.map(row => row.name)).toEqual([]);
});

test('what bpftool lists: xlated.tsv', () => {
  const facts = readFacts('xlated.tsv');
  const callBase = 0xffff_ffff_8120_0000n;
  const ours = facts.map(({ insn, resolved }) => {
    const jitedFunctions = [0xffff_ffff_c000_0000n, 0xffff_ffff_c000_1000n, 0xffff_ffff_c000_2000n];
    const callee = insn.src === 1 ? jitedFunctions[insn.imm] : callBase + BigInt(insn.imm);
    const nameAt = (address: bigint) => (address === callee ? resolved : undefined);
    return formatInstruction(insn, xlatedText({ callBase, jitedFunctions, nameAt }));
  });
  expect(ours).toEqual(facts.map(fact => fact.text));
});

const insn = (fields: Partial<Instruction>): Instruction => ({ opcode: 0, dst: 0, src: 0, off: 0, imm: 0, ...fields });

test.each<[string, Instruction, InstructionText, string]>([
  ['without opcode', insn({ opcode: 0x07, dst: 2, imm: -4 }), { opcode: false }, 'r2 += -4'],
  ['kfunc without a name', insn({ opcode: 0x85, src: 2, imm: 84215 }), {}, '(85) call kernel-function#84215'],
  ['callee of the resolver', insn({ opcode: 0x85, src: 2, imm: 7 }), { callee: () => 'bpf_f' }, '(85) call bpf_f#7'],
  [
    'resolver that does not know',
    insn({ opcode: 0x85, imm: 1 }),
    { callee: () => undefined },
    '(85) call bpf_map_lookup_elem#1',
  ],
  ['callx', insn({ opcode: 0x8d, dst: 3 }), {}, '(8d) callx r3'],
  ['nospec', insn({ opcode: 0xc2 }), {}, '(c2) nospec'],
  ['per-CPU move', insn({ opcode: 0xbf, dst: 1, src: 1, off: -1 }), {}, '(bf) r1 = &(void __percpu *)(r1)'],
  ['no such instruction', insn({ opcode: 0xff }), {}, 'BUG_ff'],
  ['wide without its second slot', insn({ opcode: LD_IMM64, imm: -1 }), {}, '(18) r0 = 0xffffffff'],
  [
    'xlated: index of a map',
    insn({ opcode: LD_IMM64, src: 6, imm: 2, imm64: 0x4_0000_0002n }),
    xlatedText(),
    '(18) r0 = map[idx:2]+4',
  ],
  ['xlated: interpreted subprogram', insn({ opcode: 0x85, src: 1, off: -3, imm: 1 }), xlatedText(), '(85) call pc-3'],
  ['xlated: function without a name', insn({ opcode: 0x85, imm: 5000 }), xlatedText(), '(85) call 0x1388#5000'],
])('%s', (_name, given, text, expected) => {
  expect(formatInstruction(given, text)).toBe(expected);
});
