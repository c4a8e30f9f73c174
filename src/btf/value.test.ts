import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BtfBuilder } from '../../test/support/btf-builder.ts';
import { parseHex, toHex } from '../util/bytes.ts';
import { type Btf, parseBtf } from './btf.ts';
import { decodeValue } from './decode.ts';
import { encodeValue } from './encode.ts';
import { BtfError } from './error.ts';
import { formatValue } from './format-value.ts';
import type { BtfValue } from './value.ts';

/** The types that the tests use, by name, in either byte order. */
function types(order: 'little' | 'big') {
  const b = new BtfBuilder(order);
  const u8 = b.int('u8', 1);
  const u16 = b.int('u16', 2);
  const s32 = b.int('int', 4, 1);
  const u32 = b.int('u32', 4);
  const u64 = b.int('u64', 8);
  const s128 = b.int('__int128', 16, 1);
  const bool = b.int('_Bool', 1, 4);
  const char = b.int('char', 1, 1);
  const float = b.type('float', 'float', 0, false, 4);
  const double = b.type('float', 'double', 0, false, 8);
  const pointer = b.ref('ptr', 0);
  const color = b.enum('color', 4, [
    ['RED', 0],
    ['BLUE', 7],
  ]);
  const signedEnum = b.enum('delta', 4, [['DOWN', -1]], true);
  const wide = b.enum64('wide', [['HUGE', 2n ** 40n]]);
  const name = b.array(char, 8);
  const numbers = b.array(u16, 3);
  const point = b.struct('point', 4, [
    ['x', u16, 0],
    ['y', u16, 16],
  ]);
  const halves = b.struct('', 4, [
    ['low', u16, 0],
    ['high', u16, 16],
  ]);
  const either = b.struct(
    '',
    4,
    [
      ['number', u32, 0],
      ['', halves, 0],
    ],
    'union',
  );
  const config = b.struct('config', 12, [
    ['limit', b.ref('typedef', u8, 'limit_t'), 0],
    ['at', point, 16],
    ['', either, 64],
  ]);
  const flags = b.struct('flags', 8, [
    ['a', u32, 0, 1],
    ['b', u32, 1, 12],
    ['', u32, 13, 3],
    ['c', s32, 16, 5],
    ['d', u64, 21, 30],
  ]);
  const oldBits = b.struct('old', 4, [['v', b.int('v', 4, 0, 5, 3), 0]]);
  const section = b.type('datasec', '.data', 2, false, 8, ...[1, 2].flatMap((_, i) => [0, 4 * i, 4]));
  return {
    btf: parseBtf(b.bytes()),
    ids: {
      u8,
      u16,
      s32,
      u32,
      u64,
      s128,
      bool,
      char,
      float,
      double,
      pointer,
      color,
      signedEnum,
      wide,
      name,
      numbers,
      point,
      config,
      flags,
      oldBits,
      section,
    },
  };
}

const little = types('little');
type Name = keyof typeof little.ids;
const bytesOf = (hex: string) => parseHex(hex) ?? new Uint8Array(0);

/** Each type: bytes, their value, their text. */
const rows: [type: Name, hex: string, value: BtfValue, text: string][] = [
  ['u8', 'ff', 255, '255'],
  ['s32', 'feffffff', -2, '-2'],
  ['u32', 'feffffff', 0xfffffffe, '4294967294'],
  ['u64', 'ffffffffffffffff', 2n ** 64n - 1n, '18446744073709551615'],
  ['s128', 'fbffffffffffffffffffffffffffffff', -5n, '-5'],
  ['bool', '01', true, 'true'],
  ['float', '0000c03f', 1.5, '1.5'],
  ['double', '000000000000e0bf', -0.5, '-0.5'],
  ['pointer', '0010000080ffffff', 0xffffff8000001000n, '0xffffff8000001000'],
  ['color', '07000000', 7, 'BLUE'],
  ['color', '09000000', 9, '9'],
  ['signedEnum', 'ffffffff', -1, 'DOWN'],
  ['wide', '0000000000010000', 2n ** 40n, 'HUGE'],
  ['name', '6261736800000000', 'bash', '"bash"'],
  ['name', '3132333435363738', '12345678', '"12345678"'],
  ['numbers', '010002000300', [1, 2, 3], '[1, 2, 3]'],
  ['point', '01000200', { x: 1, y: 2 }, '{x: 1, y: 2}'],
  [
    'config',
    '050001000200000001000200',
    { limit: 5, at: { x: 1, y: 2 }, number: 0x20001, low: 1, high: 2 },
    '{limit: 5, at: {x: 1, y: 2}, number: 131073, low: 1, high: 2}',
  ],
  ['flags', 'b304370000800700', { a: 1, b: 601, c: -9, d: 0x3c000001n }, '{a: 1, b: 601, c: -9, d: 1006632961}'],
  ['oldBits', 'a8000000', { v: 21 }, '{v: 21}'],
];

describe('decodeValue, encodeValue and formatValue', () => {
  test.each(rows.map(([type, hex, value, text]) => [type, text, hex, value] as const))(
    '%s %s',
    (type, text, hex, value) => {
      const { btf, ids } = little;
      expect(decodeValue(btf, ids[type], bytesOf(hex))).toEqual(value);
      expect(formatValue(btf, ids[type], bytesOf(hex))).toBe(text);
      expect(toHex(encodeValue(btf, ids[type], value))).toBe(hex);
    },
  );

  const big: [type: Name, hex: string, value: BtfValue][] = [
    ['u16', '0102', 0x102],
    ['u64', '0000000000000102', 0x102n],
    ['float', '3fc00000', 1.5],
    ['wide', '0000010000000000', 2n ** 40n],
  ];
  test.each(big)('big-endian %s of %s', (type, hex, value) => {
    const { btf, ids } = types('big');
    const decoded = decodeValue(btf, ids[type], bytesOf(hex));
    expect(decoded).toEqual(value);
    expect(decodeValue(btf, ids[type], encodeValue(btf, ids[type], decoded))).toEqual(value);
  });

  test('runs of equal elements print once', () => {
    const b = new BtfBuilder();
    const array = b.array(b.int('u8', 1), 10);
    expect(formatValue(parseBtf(b.bytes()), array, bytesOf('01020000000000000003'))).toBe('[1, 2, 0 × 7, 3]');
  });
});

describe('encodeValue', () => {
  const { btf, ids } = little;

  test('takes an enumerator by name, and anything as raw bytes', () => {
    expect(toHex(encodeValue(btf, ids.color, 'BLUE'))).toBe('07000000');
    expect(toHex(encodeValue(btf, ids.config, { at: bytesOf('01020304') }))).toBe('000001020304000000000000');
  });

  test('over existing bytes writes only what differs', () => {
    const padded = bytesOf('05aa01000200bbbb01000200');
    encodeValue(btf, ids.config, { limit: 6 }, padded);
    expect(toHex(padded)).toBe('06aa01000200bbbb01000200');
    const text = bytesOf('6162006364656667');
    encodeValue(btf, ids.name, 'ab', text);
    expect(toHex(text)).toBe('6162006364656667');
    encodeValue(btf, ids.name, 'x', text);
    expect(toHex(text)).toBe('7800000000000000');
  });

  test('a changed member of a union is not undone by one that still has its old value', () => {
    const bytes = bytesOf('000000000000000001000200');
    const change = (members: Record<string, BtfValue>) => {
      const value = decodeValue(btf, ids.config, bytes) as Record<string, BtfValue>; // a struct
      encodeValue(btf, ids.config, { ...value, ...members }, bytes);
      return decodeValue(btf, ids.config, bytes);
    };
    expect(change({ low: 9 })).toMatchObject({ number: 0x20009, low: 9, high: 2 });
    expect(change({ number: 0x50006 })).toMatchObject({ number: 0x50006, low: 6, high: 5 });
  });

  const refused: [type: Name, value: BtfValue, message: string][] = [
    ['config', { limit: 300 }, 'config.limit: 300 does not fit limit_t'],
    ['config', { limit: -1 }, 'config.limit: -1 does not fit limit_t'],
    ['config', { at: { x: 1, z: 2 } }, 'config.at.z: struct point has no such member'],
    ['config', 5, 'config: 5, want an object for struct config'],
    ['s32', 2 ** 31, 'int: 2147483648 does not fit int'],
    ['u32', 1.5, 'u32: 1.5, want a value of u32'],
    ['u64', 2n ** 64n, 'u64: 18446744073709551616 does not fit u64'],
    ['color', 'GREEN', 'color: "GREEN", want an enumerator of enum color'],
    ['bool', 2, '_Bool: 2 does not fit _Bool'],
    ['name', 'much too long', 'value: a string of 13 bytes does not fit char[8]'],
    ['name', 'a\0b', 'value: "a\\u0000b" has a NUL inside, want none'],
    ['numbers', [1, 2], 'value: 2 elements, want 3'],
    ['numbers', [1, 70000, 3], 'value[1]: 70000 does not fit u16'],
    ['flags', { b: 5000 }, 'flags.b: 5000 does not fit u32'],
    ['float', 'x', 'float: "x", want a number'],
    ['point', new Uint8Array(3), 'point: 3 raw bytes, want 4 bytes'],
  ];
  test.each(refused.map(([type, value, message]) => [message, type, value] as const))(
    'refuses with %s',
    (message, type, value) => {
      const encode = () => encodeValue(btf, ids[type], value);
      expect(encode).toThrow(BtfError);
      expect(encode).toThrow(message);
    },
  );

  test('names the path from where the caller says', () => {
    expect(() => encodeValue(btf, ids.u8, 256, undefined, 'rodata.limit')).toThrow('rodata.limit: 256 does not fit u8');
  });
});

describe('any value', () => {
  const u32 = fc.integer({ min: 0, max: 0xffffffff });
  const u16 = fc.integer({ min: 0, max: 0xffff });
  const arbitraries: [type: Name, value: fc.Arbitrary<BtfValue>][] = [
    ['u32', u32],
    ['u64', fc.bigInt(0n, 2n ** 64n - 1n)],
    ['s128', fc.bigInt(-(2n ** 127n), 2n ** 127n - 1n)],
    ['double', fc.double({ noNaN: true })],
    ['numbers', fc.tuple(u16, u16, u16)],
    ['name', fc.string({ unit: fc.constantFrom(...'abc 0-~'), maxLength: 8 })],
    [
      'flags',
      fc.record({
        a: fc.integer({ min: 0, max: 1 }),
        b: fc.integer({ min: 0, max: 4095 }),
        c: fc.integer({ min: -16, max: 15 }),
        d: fc.bigInt(0n, 2n ** 30n - 1n),
      }),
    ],
  ];
  for (const order of ['little', 'big'] as const) {
    const { btf, ids } = types(order);
    test.each(arbitraries)(`of %s survives encoding and decoding, ${order}-endian`, (type, arbitrary) => {
      fc.assert(
        fc.property(arbitrary, value => {
          expect(decodeValue(btf, ids[type], encodeValue(btf, ids[type], value))).toEqual(value);
        }),
      );
    });
  }
});

describe('hostile types', () => {
  const hostile: [name: string, build: (b: BtfBuilder) => number, message: RegExp][] = [
    ['a struct that holds itself', b => b.struct('s', 4, [['s', 1, 0]]), /nested deeper/],
    ['members that fan out', b => fanOut(b), /unfolds to more values/],
    ['a member beyond its struct', b => b.struct('s', 4, [['m', b.int('u32', 4), 32]]), /exceeds the 4 bytes/],
    ['a member inside a byte', b => b.struct('s', 4, [['m', b.array(b.int('u8', 1), 1), 3]]), /starts at bit 3/],
    ['a function', b => b.array(b.proto(0, []), 0), /has no size/],
  ];
  test.each(hostile)('%s ends with an error', (_name, build, message) => {
    const b = new BtfBuilder();
    const id = build(b);
    const btf = parseBtf(b.bytes());
    for (const use of [decodeValue, formatValue] as ((btf: Btf, id: number, bytes: Uint8Array) => unknown)[]) {
      expect(() => use(btf, id, new Uint8Array(4))).toThrow(BtfError);
      expect(() => use(btf, id, new Uint8Array(4))).toThrow(message);
    }
  });

  test('a member called __proto__ is a member', () => {
    const b = new BtfBuilder();
    const id = b.struct('s', 4, [['__proto__', b.int('u32', 4), 0]]);
    const value = decodeValue(parseBtf(b.bytes()), 2, bytesOf('07000000'));
    expect(Object.entries(value ?? {})).toEqual([['__proto__', 7]]);
    expect(id).toBe(2);
  });
});

/** Unions of unions, twice as many values at each of 30 levels. */
function fanOut(b: BtfBuilder): number {
  let id = b.int('u32', 4);
  for (let level = 0; level < 30; level++)
    id = b.struct(
      'u',
      4,
      [
        ['a', id, 0],
        ['b', id, 0],
      ],
      'union',
    );
  return id;
}
