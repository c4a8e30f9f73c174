import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHex } from '../util/bytes.ts';
import { checkInstruction, decode, decodeAt, encode, readInstruction } from './codec.ts';
import { formatInstruction } from './disasm.ts';
import { AsmError } from './error.ts';
import { type Instruction, joinImm64 } from './insn.ts';
import { INSTRUCTIONS, type InstructionRow } from './instructions.ts';
import { findRow } from './match.ts';
import type { Allowed } from './row.ts';

const legalValue = (allowed: Allowed, any: fc.Arbitrary<number>): fc.Arbitrary<number> => {
  if (allowed === 'any') return any;
  return allowed === 'register' ? fc.integer({ min: 0, max: 10 }) : fc.constantFrom(...allowed);
};
const s16 = fc.integer({ min: -0x8000, max: 0x7fff });
const s32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const u4 = fc.integer({ min: 0, max: 15 });

/** Any legal instruction of a row. */
function instructionOf({ opcode, fields }: InstructionRow): fc.Arbitrary<Instruction> {
  return fc
    .record({
      opcode: fc.constant(opcode),
      dst: legalValue(fields.dst, u4),
      src: legalValue(fields.src, u4),
      off: legalValue(fields.off, s16),
      imm: legalValue(fields.imm, s32),
      next: legalValue(fields.next_imm ?? [0], s32),
    })
    .map(({ next, ...insn }) => (fields.next_imm === undefined ? insn : { ...insn, imm64: joinImm64(insn.imm, next) }));
}

const anyInstruction = fc.constantFrom(...Object.values(INSTRUCTIONS)).chain(instructionOf);
const byteOrder = fc.constantFrom('little' as const, 'big' as const);

const bytesOf = (hex: string): Uint8Array => parseHex(hex) ?? expect.fail(`not hex: ${hex}`);
const insn = (fields: Partial<Instruction>): Instruction => ({ opcode: 0, dst: 0, src: 0, off: 0, imm: 0, ...fields });

describe.each(Object.values(INSTRUCTIONS))('$name', row => {
  test('decodes to what was encoded, and to its own row', () => {
    fc.assert(
      fc.property(instructionOf(row), byteOrder, (given, order) => {
        const [decoded] = decode(encode([given], order), order);
        expect(decoded).toEqual({ slot: 0, ...given });
        expect(findRow(given)?.name).toBe(row.name);
      }),
      { numRuns: 30 },
    );
  });
});

test('a program decodes to what was encoded, slots counted', () => {
  fc.assert(
    fc.property(fc.array(anyInstruction, { maxLength: 20 }), byteOrder, (program, order) => {
      const bytes = encode(program, order);
      const decoded = decode(bytes, order);
      expect(decoded.map(({ slot: _, ...rest }) => rest)).toEqual(program);
      for (const placed of decoded) expect(decodeAt(bytes, placed.slot, order)).toEqual(placed);
    }),
  );
});

test('random bytes decode and encode to themselves, or are refused with a field', () => {
  const known = fc.constantFrom(...Object.values(INSTRUCTIONS)).map(row => row.opcode);
  const opcode = fc.oneof(fc.integer({ min: 0, max: 255 }), known);
  const sparse = fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) },
  );
  fc.assert(
    fc.property(opcode, fc.array(sparse, { minLength: 7, maxLength: 15 }), (first, rest) => {
      const size = first === 0x18 ? 16 : 8;
      const bytes = Uint8Array.of(first, ...rest).slice(0, size);
      try {
        expect(encode(decode(bytes))).toEqual(bytes);
      } catch (error) {
        if (!(error instanceof AsmError)) throw error;
        expect(error.field).toMatch(/^(opcode|dst|src|off|imm|next_imm|next_slot|bytes)$/);
      }
    }),
    { numRuns: 5000 },
  );
});

test('what clang emits for a big-endian machine', () => {
  const bytes = bytesOf(
    '6131000400000000 0c32000000000000 6a10000000000003 bf33002000000000 db13000800000000 c6200003fffffffb d700000000000020 0400000012345678',
  );
  expect(decode(bytes, 'big').map(each => formatInstruction(each, { opcode: false }))).toEqual([
    'r3 = *(u32 *)(r1 +4)',
    'w3 += w2',
    '*(u16 *)(r1 +0) = 3',
    'r3 = (s32)r3',
    'lock *(u64 *)(r1 +8) += r3',
    'if w2 s< 0xfffffffb goto pc+3',
    'r0 = bswap32 r0',
    'w0 += 305419896',
  ]);
});

test('big-endian bytes have their fields swapped', () => {
  const given = [insn({ opcode: 0x7b, dst: 10, src: 1, off: -8 }), insn({ opcode: 0xb7, dst: 3, imm: 0x01020304 })];
  expect(encode(given, 'big')).toEqual(bytesOf('7ba1fff800000000 b730000001020304'));
  expect(encode(given, 'little')).toEqual(bytesOf('7b1af8ff00000000 b703000004030201'));
});

describe('refuses', () => {
  test.each<[string, string, string]>([
    ['a field that must be zero', '0f21040000000000', 'insn 0: add64_x (0x0f): off 4, want 0'],
    ['a register that is none', 'b70c000001000000', 'insn 0: mov64_k (0xb7): dst 12, want 0..10'],
    ['a selector without row', 'bf21050000000000', 'insn 0: mov64_x (0xbf): off 5, want -1, 0, 1, 8, 16 or 32'],
    [
      'an atomic operation that is none',
      'db21000003000000',
      'insn 0: atomic_add64 (0xdb): imm 3, want 0, 1, 64, 65, 80, 81, 160, 161, 225, 241, 256 or 272',
    ],
    ['a byte swap of no width', 'dc0100000c000000', 'insn 0: be16 (0xdc): imm 12, want 16, 32 or 64'],
    ['a cast between unknown spaces', 'bf21010003000000', 'insn 0: addr_space_cast (0xbf): imm 3, want 1 or 65536'],
    ['an unknown opcode', '9500000000000000 ff00000000000000', 'insn 1: opcode 0xff, want an instruction'],
    ['a map fd with a high half', '1811000005000000 0000000001000000', 'insn 0: ld_map_fd (0x18): next_imm 1, want 0'],
    [
      'an unknown kind of wide immediate',
      '1871000005000000 0000000000000000',
      'insn 0: ld_imm64 (0x18): src 7, want 0, 1, 2, 3, 4, 5 or 6',
    ],
    [
      'a wide immediate cut off',
      '9500000000000000 1801000000000000',
      'insn 1: wide instruction (0x18): the bytes end after its first slot, want two',
    ],
    [
      'an opcode in a second slot',
      '1801000000000000 0700000000000000',
      'insn 0: wide instruction (0x18): opcode 7 in its second slot, want 0',
    ],
    ['half an instruction', '95000000', 'instructions: 4 bytes, want a multiple of 8'],
  ])('%s', (_name, hex, message) => {
    expect(() => decode(bytesOf(hex))).toThrow(new AsmError(undefined, 'bytes', message).message);
  });

  test.each<[string, Instruction, string]>([
    ['off beyond 16 bits', insn({ opcode: 0x05, off: 40000 }), 'insn 0: ja (0x05): off 40000, want -32768..32767'],
    ['a fraction', insn({ opcode: 0xb7, imm: 0.5 }), 'insn 0: mov64_k (0xb7): imm 0.5, want -2147483648..2147483647'],
    ['a wide instruction without imm64', insn({ opcode: 0x18 }), 'insn 0: wide instruction (0x18): no imm64'],
    [
      'halves that disagree',
      insn({ opcode: 0x18, imm: 1, imm64: 2n }),
      'insn 0: wide instruction (0x18): imm 1, want the low half of imm64 2',
    ],
    [
      'imm64 where there is one slot',
      insn({ opcode: 0x95, imm64: 1n }),
      'insn 0: opcode 0x95: imm64 1 in an instruction of one slot',
    ],
    [
      'a negative imm64',
      insn({ opcode: 0x18, imm: -1, imm64: -1n }),
      'insn 0: wide instruction (0x18): imm64 -1, want 0..2^64-1',
    ],
  ])('to encode %s', (_name, given, message) => {
    expect(() => encode([given])).toThrow(message);
  });

  test('a slot outside', () => {
    expect(() => decodeAt(new Uint8Array(8), 1)).toThrow('insn 1: slot 1 of 1: no instruction there');
    expect(() => readInstruction(new Uint8Array(8), -1)).toThrow('slot -1 of 1: no instruction there');
  });
});

test.each<[string, string, keyof typeof INSTRUCTIONS]>([
  ['a call before relocation', '85100000ffffffff', 'call_subprog'],
  ['a map before relocation', '1801000000000000 0000000000000000', 'ld_imm64'],
  ['a call through a pointer', '8d03000000000000', 'callx'],
  ['an exit whose unused offset Linux ignores', '9500050000000000', 'exit'],
  ['a shift by more than the width', '6701000046000000', 'lsh64_k'],
])('takes %s', (_name, hex, name) => {
  const [decoded] = decode(bytesOf(hex));
  expect(decoded && checkInstruction(decoded).name).toBe(name);
});

test('readInstruction takes what decode refuses', () => {
  expect(readInstruction(bytesOf('ffffffff ffffffff'), 0)).toEqual({
    slot: 0,
    opcode: 255,
    dst: 15,
    src: 15,
    off: -1,
    imm: -1,
  });
  expect(readInstruction(bytesOf('1801000007000000'), 0).imm64).toBeUndefined();
});
