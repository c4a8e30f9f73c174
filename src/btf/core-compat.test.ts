/** Which types of an object and a kernel count as the same for CO-RE. */
import { describe, expect, test } from 'vitest';
import { BtfBuilder } from '../../test/support/btf-builder.ts';
import { parseBtf } from './btf.ts';
import { fieldsCompatible, type TypeIn, typesCompatible, typesMatch } from './core-compat.ts';

type Build = (btf: BtfBuilder) => number;

function made(build: Build): TypeIn {
  const builder = new BtfBuilder();
  const id = build(builder);
  return { btf: parseBtf(builder.bytes()), id };
}

const int =
  (size = 4, encoding = 0, name = 'int'): Build =>
  b =>
    b.int(name, size, encoding);
const oldBitField: Build = b => b.int('int', 4, 0, 3, 5);
const pointer =
  (to: Build): Build =>
  b =>
    b.ref('ptr', to(b));
const array =
  (of: Build, count: number): Build =>
  b =>
    b.array(of(b), count);
const struct =
  (name: string, ...members: [string, Build][]): Build =>
  b =>
    b.struct(
      name,
      8 * members.length,
      members.map(([member, type], i) => [member, type(b), 64 * i]),
    );
const union: Build = b => b.struct('s', 8, [], 'union');
const forward =
  (name: string, isUnion = false): Build =>
  b =>
    b.type('fwd', name, 0, isUnion, 0);
const proto =
  (returns: Build, ...params: Build[]): Build =>
  b =>
    b.proto(
      returns(b),
      params.map(param => ['', param(b)]),
    );
const enums =
  (name: string, ...values: string[]): Build =>
  b =>
    b.enum(
      name,
      4,
      values.map((value, i) => [value, i]),
    );
const enum64: Build = b => b.enum64('e', [['A', 1n << 40n]]);
const alias =
  (to: Build): Build =>
  b =>
    b.ref('typedef', b.ref('const', to(b)), 'alias_t');

type Row = [name: string, local: Build, target: Build, same: boolean];

describe('fields', () => {
  test.each<Row>([
    ['integers of any size', int(4), int(8, 1), true],
    ['behind a typedef', int(4), alias(int(8)), true],
    ['a bit field of an old compiler', int(4), oldBitField, false],
    ['any pointers', pointer(int()), pointer(struct('s')), true],
    ['a struct and a union', struct('a'), union, true],
    ['an integer and a struct', int(), struct('s'), false],
    ['an integer and a pointer', int(), pointer(int()), false],
    ['arrays of any length', array(int(), 2), array(int(8), 9), true],
    ['arrays of something else', array(int(), 2), array(pointer(int()), 2), false],
    ['enums of one name', enums('e___old', 'A'), enum64, true],
    ['enums of two names', enums('x', 'A'), enum64, false],
    ['an anonymous enum', enums('', 'A'), enum64, true],
  ])('%s: %#', (_, local, target, same) => {
    expect(fieldsCompatible(made(local), made(target))).toBe(same);
  });
});

describe('types that exist', () => {
  test.each<Row>([
    ['structs, whatever is in them', struct('s', ['a', int()]), struct('s'), true],
    ['a struct and a union', struct('s'), union, false],
    ['a typedef and what it names', alias(int()), int(), false],
    ['typedefs of the same sort', alias(pointer(int())), alias(pointer(int(8))), true],
    ['typedefs of another', alias(pointer(int())), alias(pointer(struct('s'))), false],
    ['enums of any width', enums('e', 'A'), enum64, true],
    ['functions', alias(pointer(proto(int(), int()))), alias(pointer(proto(int(8), int(8)))), true],
    ['functions of more parameters', alias(proto(int(), int())), alias(proto(int(), int(), int())), false],
    ['functions of other parameters', alias(proto(int(), int())), alias(proto(int(), struct('s'))), false],
    ['functions that return something else', alias(proto(int())), alias(proto(struct('s'))), false],
  ])('%s: %#', (_, local, target, same) => {
    expect(typesCompatible(made(local), made(target))).toBe(same);
  });
});

describe('types that match', () => {
  const holds = (type: Build): Build => struct('s', ['m', type]);
  test.each<Row>([
    ['with members to spare', struct('s', ['a', int()]), struct('s', ['b', int()], ['a', int()]), true],
    ['without one', struct('s', ['a', int()], ['b', int()]), struct('s', ['a', int()]), false],
    ['with an integer of another size', holds(int(4)), holds(int(8)), false],
    ['with an integer of another sign', holds(int(4)), holds(int(4, 1)), false],
    ['with an integer of another name', holds(int(4)), holds(int(4, 0, 'u32')), false],
    ['with another array', holds(array(int(), 2)), holds(array(int(), 3)), false],
    ['with a struct that has less', holds(struct('t', ['x', int()])), holds(struct('t')), false],
    ['with a pointer to such a one', holds(pointer(struct('t', ['x', int()]))), holds(pointer(struct('t'))), true],
    ['with a pointer to a declaration', holds(pointer(struct('t'))), holds(pointer(forward('t'))), true],
    ['with one to what is declared here', holds(pointer(forward('t'))), holds(pointer(struct('t'))), true],
    ['with one to a union declared', holds(pointer(struct('t'))), holds(pointer(forward('t', true))), false],
    ['with enumerators to spare', enums('e', 'A'), enums('e', 'B', 'A'), true],
    ['with an enumerator by flavour', enums('e', 'A___x'), enums('e', 'A'), true],
    ['without an enumerator', enums('e', 'A', 'B'), enums('e', 'A', 'C'), false],
    ['functions', holds(pointer(proto(int(), int()))), holds(pointer(proto(int(), int()))), true],
    [
      'functions of another parameter',
      holds(pointer(proto(int(), int()))),
      holds(pointer(proto(int(), int(8)))),
      false,
    ],
  ])('%s: %#', (_, local, target, same) => {
    expect(typesMatch(made(local), made(target))).toBe(same);
  });
});

describe('hostile types', () => {
  /** 30 structs, each of which holds the next twice: 2^30 ways to the last. */
  const fan =
    (last: Build): Build =>
    b => {
      let id = last(b);
      for (let i = 0; i < 30; i++) {
        id = b.struct('s', 8, [
          ['a', id, 0],
          ['b', id, 0],
        ]);
      }
      return id;
    };
  const itself: Build = b => b.ref('ptr', 1);

  test('that fan out are compared in time', () => {
    expect(typesMatch(made(fan(int(4))), made(fan(int(4))))).toBe(true);
    expect(typesMatch(made(fan(int(4))), made(fan(int(8))))).toBe(false);
  });

  test('that hold themselves are refused', () => {
    expect(() => typesMatch(made(itself), made(itself))).toThrow('types nested deeper than 32');
    expect(() => typesCompatible(made(itself), made(itself))).toThrow('types nested deeper than 32');
  });
});
