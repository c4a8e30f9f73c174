import { describe, expect, it } from 'vitest';
import {
  addressOf,
  binary,
  compare,
  const32,
  const64,
  localValue,
  unary,
  type Value,
  wrap,
  zeroExtend,
} from './value.ts';
import { OP, type OpName } from './wasm/opcodes.ts';

const NAMES = new Map<number, string>(Object.entries(OP).map(([name, op]) => [op, name]));

/** A tree as text. */
function show(v: Value): string {
  if (v.op === OP['i64.const'] || v.op === OP['i32.const'])
    return `${v.hi === 0 || v.hi === -1 ? v.lo : `${v.hi}:${v.lo}`}`;
  if (v.op === OP['local.get']) return `$${v.lo}`;
  return `(${NAMES.get(v.op)} ${[v.a, v.b]
    .filter(each => each !== undefined)
    .map(show)
    .join(' ')})`;
}

const x = localValue(0, 'i64');
const y = localValue(1, 'i64');
const n = localValue(2, 'i32');
const k = (value: number): Value => const64(value, value >> 31);

describe('trees', () => {
  const shift = (op: OpName, v: Value, amount: number): Value =>
    binary(op, v, op.startsWith('i64') ? k(amount) : const32(amount));
  const rows: [name: string, tree: Value, want: string][] = [
    ['what is cut off is not computed', wrap(zeroExtend(n)), '$2'],
    ['a constant is cut', wrap(const64(5, 9)), '5'],
    ['constants are added up', binary('i64.add', binary('i64.add', x, k(8)), k(-3)), '(i64.add $0 5)'],
    ['to nothing', binary('i64.add', binary('i64.add', x, k(8)), k(-8)), '$0'],
    ['across the halves', binary('i64.add', binary('i64.add', x, const64(-1, 0)), k(1)), '(i64.add $0 1:0)'],
    ['and moved outwards', binary('i64.add', binary('i64.add', x, k(8)), y), '(i64.add (i64.add $0 $1) 8)'],
    ['a rotation', binary('i64.or', shift('i64.shl', x, 13), shift('i64.shr_u', x, 51)), '(i64.rotl $0 13)'],
    [
      'a rotation the other way',
      binary('i64.add', shift('i64.shr_u', x, 51), shift('i64.shl', x, 13)),
      '(i64.rotl $0 13)',
    ],
    ['a rotation of 32 bits', binary('i32.xor', shift('i32.shl', n, 4), shift('i32.shr_u', n, 28)), '(i32.rotl $2 4)'],
    [
      'shifts that do not add up',
      binary('i64.or', shift('i64.shl', x, 13), shift('i64.shr_u', x, 50)),
      '(i64.or (i64.shl $0 13) (i64.shr_u $0 50))',
    ],
    [
      'shifts of two values',
      binary('i64.or', shift('i64.shl', x, 13), shift('i64.shr_u', y, 51)),
      '(i64.or (i64.shl $0 13) (i64.shr_u $1 51))',
    ],
    [
      'zero extension by shifts',
      shift('i64.shr_u', shift('i64.shl', x, 32), 32),
      '(i64.extend_i32_u (i32.wrap_i64 $0))',
    ],
    ['sign extension by shifts', shift('i64.shr_s', shift('i64.shl', x, 32), 32), '(i64.extend32_s $0)'],
    [
      'a mask of the low half',
      binary('i64.and', x, const64(255, 0)),
      '(i64.extend_i32_u (i32.and (i32.wrap_i64 $0) 255))',
    ],
    ['a mask of the whole', binary('i64.and', x, k(-8)), '(i64.and $0 -8)'],
    ['signed comparison of narrow values', compare('i64.lt_s', zeroExtend(n), const64(7, 0)), '(i32.lt_u $2 7)'],
    [
      'comparison with a negative constant',
      compare('i64.lt_s', zeroExtend(n), k(-1)),
      '(i64.lt_s (i64.extend_i32_u $2) -1)',
    ],
    ['comparison with zero', compare('i64.eq', x, k(0)), '(i64.eqz $0)'],
    ['unary operators', unary('i64.extend8_s', x), '(i64.extend8_s $0)'],
  ];

  it.each(rows)('%s', (_name, tree, want) => expect(show(tree)).toBe(want));
});

describe('addresses', () => {
  const rows: [name: string, pointer: Value, off: number, base: string, offset: number][] = [
    ['a register', x, 8, '(i32.wrap_i64 $0)', 8],
    ['below a register', x, -8, '(i32.add (i32.wrap_i64 $0) -8)', 0],
    ['a constant more', binary('i64.add', x, k(-8)), 12, '(i32.wrap_i64 $0)', 4],
    ['a tag does not count', binary('i64.add', zeroExtend(n), const64(512, -30592)), -8, '$2', 504],
    ['a constant pointer', const64(0x20000, -30592), 4, '131076', 0],
    // The index may be negative: what is added to it wraps around, which the instruction's own offset does not.
    [
      'a constant pointer and an index',
      binary('i64.add', const64(0x20000, -30592), zeroExtend(n)),
      4,
      '(i32.add $2 131076)',
      0,
    ],
  ];

  it.each(rows)('%s', (_name, pointer, off, base, offset) => {
    const address = addressOf(pointer, off);
    expect({ base: show(address.base), offset: address.offset }).toEqual({ base, offset });
  });
});
