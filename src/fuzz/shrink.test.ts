/** Shrinking keeps what is interesting, mends jumps, and leaves nothing that could go. */
import { describe, expect, it } from 'vitest';
import { assemble } from '../asm/assemble.ts';
import { encode } from '../asm/codec.ts';
import { layOut, linesOf, withoutLines } from './code.ts';
import type { Question } from './question.ts';
import { listing } from './replay.ts';
import { shrink } from './shrink.ts';

const question = (text: string, packet = new Uint8Array(40).fill(7)): Question => ({
  program: assemble(text).bytes,
  packet,
  maps: [
    {
      type: 'hash',
      keySize: 4,
      valueSize: 4,
      maxEntries: 9,
      flags: 0,
      entries: [[Uint8Array.of(1, 0, 0, 0), Uint8Array.of(1, 2, 3, 4)]],
    },
    { type: 'array', keySize: 4, valueSize: 4, maxEntries: 1, flags: 0, entries: [] },
  ],
});

const LOOP =
  'r0 = 0\n r1 = 0x123456789abcdef ll\nloop: r0 += 1\n if r0 < 9 goto loop\n if r0 == 77 goto out\n r2 = 5\nout: exit';

describe('lines', () => {
  it.each([
    ['nothing', 0, 0, LOOP],
    ['a wide instruction, before a loop', 1, 2, LOOP.replace(/r1 = .*\n/, '')],
    [
      'what a jump leads to',
      2,
      3,
      'r0 = 0\n r1 = 0x123456789abcdef ll\nloop: if r0 < 9 goto loop\n if r0 == 77 goto out\n r2 = 5\nout: exit',
    ],
    ['what a jump leaves out', 5, 6, LOOP.replace('r2 = 5\n', '')],
  ])('without %s', (_what, first, end, rest) => {
    const lines = withoutLines(linesOf(assemble(LOOP).bytes), first, end);
    expect(encode(layOut(lines))).toEqual(assemble(rest).bytes);
  });
});

describe('shrink', () => {
  it('keeps the instructions that are asked for, their numbers made small', () => {
    const small = shrink(question(LOOP), ({ program }) => program.includes(0x15));
    expect(listing(small)).toEqual(['0: if r0 == 0x0 goto pc+0', '1: exit']);
    expect(small.packet).toEqual(new Uint8Array(14));
    expect(small.maps).toEqual([]);
  });

  it('keeps what of the packet and the maps is asked for', () => {
    const small = shrink(
      question('r1 = map[idx:1]\n r0 = 1\n exit'),
      ({ packet, maps, program }) =>
        packet[3] === 7 && maps.some(map => map.entries[0]?.[1][2] === 3) && program[0] === 0x18,
    );
    expect(small.packet).toEqual(Uint8Array.from({ length: 14 }, (_, i) => (i === 3 ? 7 : 0)));
    expect(small.maps.map(({ type, entries }) => [type, entries])).toEqual([
      ['hash', [[Uint8Array.of(1, 0, 0, 0), Uint8Array.of(0, 0, 3, 0)]]],
      ['array', []],
    ]);
  });

  it('counts maps anew where one goes', () => {
    const small = shrink(question('r1 = map[idx:1]\n exit'), ({ program }) => program[0] === 0x18);
    expect(listing(small)).toEqual(['0: r1 = map[idx:0]']);
    expect(small.maps.map(({ type }) => type)).toEqual(['array']);
  });
});
