/** CO-RE fixups into instructions of each class. */
import { expect, test } from 'vitest';
import { parseHex, toHex } from '../util/bytes.ts';
import type { CoreFixup, CorePatch } from './core.ts';
import { applyFixups, isPoisoned } from './core-apply.ts';

const POISON = '850000001023ad0b';

function apply(code: string, patch: Partial<CorePatch> | undefined, insn = 0): string {
  const instructions = parseHex(code.replaceAll(' ', '')) as Uint8Array; // the tests' own digits
  const full = patch && { from: 0n, to: 0n, check: true, resize: undefined, ...patch };
  const fixup: CoreFixup = { insn, kind: 'field_byte_offset', access: 's.f', patch: full };
  return toHex(applyFixups(instructions, [fixup]));
}

const resize = (from: number, to: number, safe = true) => ({ from, to, safe });

test.each([
  ['r1 += 8', '0701000008000000', { from: 8n, to: 24n }, '0701000018000000'],
  ['w0 = 1', 'b400000001000000', { from: 1n, to: 0n }, 'b400000000000000'],
  ['r0 = -2, sign-extended', 'b7000000feffffff', { from: (1n << 64n) - 2n, to: 5n }, 'b700000005000000'],
  ['r0 = 1, unchecked', 'b700000001000000', { from: 9n, to: 5n, check: false }, 'b700000005000000'],
  ['a load', '6112080000000000', { from: 8n, to: 12n }, '61120c0000000000'],
  ['a store of a register', '6321080000000000', { from: 8n, to: 12n }, '63210c0000000000'],
  ['a store of a constant', '6201080007000000', { from: 8n, to: 12n }, '62010c0007000000'],
  ['a load, now wider', '6112080000000000', { from: 8n, to: 12n, resize: resize(4, 8) }, '79120c0000000000'],
  ['a load, now of a byte', '6112080000000000', { from: 8n, to: 12n, resize: resize(4, 1) }, '71120c0000000000'],
  ['a load that may not resize', '6112080000000000', { from: 8n, to: 12n, resize: resize(4, 8, false) }, POISON],
  [
    'an addition, whatever the size',
    '0701000008000000',
    { from: 8n, to: 12n, resize: resize(4, 8, false) },
    '070100000c000000',
  ],
  [
    'a wide load',
    '1801000001000000 0000000000000000',
    { from: 1n, to: (7n << 32n) | 0xffff_fffen },
    '18010000feffffff0000000007000000',
  ],
  ['a load, poisoned', '6112080000000000', undefined, POISON],
  ['a wide load, poisoned', '1801000001000000 0000000000000000', undefined, POISON + POISON],
] as const)('%s', (_, code, patch, result) => {
  expect(apply(code, patch)).toBe(result);
});

test.each([
  ['another value', '0701000008000000', { from: 4n, to: 8n }, 's.f: the instruction holds 8, want 4'],
  ['a register operand', '0f21000000000000', {}, 'the instruction has no immediate'],
  ['a jump', '0500000000000000', {}, 'opcode 0x5 takes no value'],
  ['an offset beyond 15 bits', '6112000000000000', { to: 0x8000n }, 'value 32768 for an offset, want 0..32767'],
  ['an access of another size', '7912000000000000', { resize: resize(4, 8) }, 'not one of 4 bytes'],
  ['a field of no load’s size', '6112000000000000', { resize: resize(4, 3) }, 'an access of 3 bytes'],
  ['a map', '1811000000000000 0000000000000000', {}, 'the wide load refers to something else'],
  ['half a wide load', '1801000000000000', {}, 'the program has no such instruction'],
] as const)('refuses %s', (_, code, patch, message) => {
  expect(() => apply(code, patch)).toThrow(message);
});

test('refuses a slot outside the program', () => {
  expect(() => apply('0701000008000000', {}, 1)).toThrow('s.f: the program has no such instruction (insn 1)');
});

test('leaves what it is given, and tells what is poisoned', () => {
  const instructions = parseHex('0701000008000000') as Uint8Array; // two digits a byte
  const fixed = applyFixups(instructions, [{ insn: 0, kind: 'field_exists', access: 's.f', patch: undefined }]);
  expect(isPoisoned(instructions, 0)).toBe(false);
  expect(isPoisoned(fixed, 0)).toBe(true);
});
