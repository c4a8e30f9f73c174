/** Campaigns end without a finding where engines agree, and with the smallest program where one of them is made to be wrong. */
import { describe, expect, it } from 'vitest';
import { assemble } from '../asm/assemble.ts';
import { decode, encode } from '../asm/codec.ts';
import { INSTRUCTIONS, type InstructionName } from '../asm/instructions.ts';
import { selectRow } from '../asm/match.ts';
import { bpfDenied } from '../linux/allowed.ts';
import { openLinux } from '../linux/linux.ts';
import { Random } from '../util/random.ts';
import { ask } from './ask.ts';
import { Campaign, QUESTION_KINDS } from './campaign.ts';
import { instruction } from './code.ts';
import { DefinedCheck } from './defined.ts';
import { kernelResponder } from './kernel-responder.ts';
import type { Question, Responder } from './question.ts';
import { listing, parseReplay, toReplay } from './replay.ts';
import { FUEL, ownResponder } from './responders.ts';

const RUNS = 400;
const denied = bpfDenied();

/** What is found in a number of runs. */
function findings(campaign: Campaign, runs: number): unknown[] {
  return Array.from({ length: runs }, () => campaign.step()).flatMap(found =>
    found === undefined ? [] : [{ program: listing(found.question), answers: found.disagreement }],
  );
}

/** A compiler that takes one operation for another. */
function broken(takes: InstructionName, as: InstructionName): Responder {
  const jit = ownResponder('jit');
  const mutate = (program: Uint8Array): Uint8Array =>
    encode(
      decode(program).map(insn =>
        selectRow(insn)?.name === takes ? { ...insn, opcode: INSTRUCTIONS[as].opcode, off: 0 } : insn,
      ),
    );
  return { ...jit, answer: question => jit.answer({ ...question, program: mutate(question.program) }) };
}

describe.each(Object.entries(QUESTION_KINDS))('%s questions', (kind, questionOf) => {
  it('follow from the seed', () => {
    const questions = (seed: number): Question[] => {
      const random = new Random(seed);
      return Array.from({ length: 5 }, () => questionOf(random));
    };
    expect(questions(1)).toEqual(questions(1));
    expect(questions(1)).not.toEqual(questions(2));
  });

  it('have programs that the assembler takes as they are listed', () => {
    const random = new Random(3);
    for (let i = 0; i < 20; i++) {
      const question = questionOf(random);
      expect(assemble(listing(question).join('\n')).bytes).toEqual(question.program);
    }
  });

  it('have every instruction that Linux takes of a program without BTF', () => {
    const random = new Random(5);
    const names = new Set<string>();
    for (let i = 0; i < 300; i++) {
      for (const insn of decode(questionOf(random).program)) names.add(selectRow(insn)?.name ?? '');
    }
    const kinds = ['alu', 'endian', 'condition', 'load', 'store', 'atomic', 'jump', 'may_goto', 'exit'];
    const wanted = Object.values(INSTRUCTIONS).filter(row => kinds.includes(row.kind) && row.since !== undefined);
    expect(wanted.map(row => row.name).filter(name => !names.has(name))).toEqual([]);
  });

  it('have an answer', () => {
    using check = new DefinedCheck({ fuel: FUEL, soils: kind === 'verifiable' });
    const random = new Random(4);
    const without = Array.from({ length: 30 }, () => questionOf(random)).filter(question => !check.holds(question));
    expect(without.map(listing)).toEqual([]);
  });
});

describe('engines that are right', () => {
  it('agree on any program', () => {
    using campaign = new Campaign([ownResponder('interp'), ownResponder('jit'), ownResponder('trust')], 5);
    expect(findings(campaign, RUNS)).toEqual([]);
    // that there was something to agree on
    expect(campaign.tally.faults.get('interp')).toBeGreaterThan(RUNS / 10);
    expect(campaign.tally.faults).toEqual(
      new Map([
        ['interp', campaign.tally.faults.get('interp')],
        ['jit', campaign.tally.faults.get('interp')],
      ]),
    );
  });

  it.skipIf(denied !== undefined)(
    `agree with Linux on what it takes${denied === undefined ? '' : ` (${denied})`}`,
    () => {
      const linux = kernelResponder('linux', openLinux(), { verifies: true });
      using campaign = new Campaign([ownResponder('interp'), ownResponder('jit'), linux], 6);
      expect(findings(campaign, RUNS)).toEqual([]);
      expect(campaign.tally.refused.get('linux') ?? 0).toBeLessThan(RUNS / 10);
    },
  );
});

describe('a compiler that is wrong', () => {
  it.each<[InstructionName, InstructionName]>([
    ['arsh32_k', 'rsh32_k'],
    ['jsgt64_k', 'jgt64_k'],
    ['ldx_memsx_h', 'ldx_mem_h'],
    ['smod64_x', 'mod64_x'],
  ])('is found to take %s for %s, by a small program that replays', (takes, as) => {
    const responders = [ownResponder('interp'), broken(takes, as)];
    using campaign = new Campaign(responders, 7);
    const found = findFirst(campaign);
    const { question, disagreement } = campaign.shrink(found);
    const lines = listing(question);
    expect(lines.length, lines.join('\n')).toBeLessThanOrEqual(8);
    expect(decode(question.program).map(insn => selectRow(insn)?.name)).toContain(takes);
    const answers = Object.fromEntries(disagreement.map(({ responder, answer }) => [responder.name, answer]));
    const replayed = parseReplay(JSON.stringify(toReplay(question, answers)));
    expect(replayed).toEqual({ question, engines: ['interp', 'jit'] });
    expect(ask(responders, replayed.question).disagreement).toEqual(disagreement);
    expect(ask([ownResponder('interp'), ownResponder('jit')], replayed.question).disagreement).toBeUndefined();
  });

  it('is left to those that would be stopped where a program faults', () => {
    const faults: Question = {
      program: encode([instruction('ldx_mem_dw', { dst: 0, src: 1, off: 4096 }), instruction('exit')]),
      maps: [],
      packet: new Uint8Array(14),
    };
    const { answers } = ask([ownResponder('trust'), ownResponder('interp')], faults);
    expect(answers.map(({ responder, answer }) => [responder.name, answer.kind])).toEqual([['interp', 'fault']]);
  });
});

function findFirst(campaign: Campaign) {
  for (let i = 0; i < 2000; i++) {
    const finding = campaign.step();
    if (finding !== undefined) return finding;
  }
  throw new Error('nothing was found');
}

describe('questions, with an answer and without', () => {
  it.each([
    ['a register that was never written', 'r0 = r3\n exit', false],
    ['a byte of the stack that was never written', 'r0 = *(u8 *)(r10 - 400)\n exit', false],
    ["the stack's address", 'r0 = r10\n exit', false],
    ["the packet's address", 'r0 = *(u32 *)(r1 + 0)\n exit', false],
    ["a map's address", 'r0 = map[idx:0]\n exit', false],
    ['the length of the packet', 'r0 = *(u32 *)(r1 + 4)\n r2 = *(u32 *)(r1 + 0)\n r0 -= r2\n exit', true],
    ['a fault of its own', 'r0 = *(u8 *)(r1 + 4096)\n exit', true],
  ])('%s', (_what, text, holds) => {
    const maps = [{ type: 'array', keySize: 4, valueSize: 8, maxEntries: 1, flags: 0, entries: [] }] as const;
    using check = new DefinedCheck({ fuel: FUEL, soils: true });
    expect(check.holds({ program: assemble(text).bytes, maps, packet: new Uint8Array(14) })).toBe(holds);
  });
});

describe('replay files', () => {
  it.each([
    ['{', /^replay file: /],
    ['[]', 'replay file: program is undefined, want a text'],
    ['{"program":"9"}', 'replay file: program is "9", want bytes in hex'],
    ['{"program":"","packet":"","maps":{}}', 'replay file: maps is {}, want an array'],
    ['{"program":"","packet":"","maps":[{"type":"x"}]}', 'replay file: map type x, want the name of one'],
  ])('%s is refused', (text, message) => {
    expect(() => parseReplay(text)).toThrow(message);
  });
});
