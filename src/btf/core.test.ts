/** CO-RE fixups between pairs of small BTFs: what an object was compiled with, and what the kernel has. */
import { describe, expect, test } from 'vitest';
import { BtfBuilder } from '../../test/support/btf-builder.ts';
import { type Btf, parseBtf } from './btf.ts';
import { poisonReason, relocateCore } from './core.ts';
import { CoreCandidates } from './core-candidates.ts';
import { CORE_KINDS, type CoreKind } from './core-kinds.ts';
import { essentialName } from './core-name.ts';

type Build = (btf: BtfBuilder, int: number) => number;

/** A BTF that begins with `unsigned int`, and the id that `build` gives. */
function types(build: Build): { btf: Btf; id: number } {
  const builder = new BtfBuilder();
  const int = builder.int('unsigned int', 4);
  const id = build(builder, int);
  return { btf: parseBtf(builder.bytes()), id };
}

function number(kind: CoreKind): number {
  return CORE_KINDS.findIndex(row => row.kind === kind);
}

function fixup(kind: CoreKind, accessSpec: string, local: Build, target: Build) {
  const { btf, id: typeId } = types(local);
  const [made] = relocateCore(btf, [{ insn: 17, typeId, accessSpec, kind: number(kind) }], types(target).btf);
  return made;
}

/** `struct task { int pid; int tgid; }`, under any name and in any order. */
const task =
  (name: string, ...members: string[]): Build =>
  (btf, int) =>
    btf.struct(
      name,
      4 * members.length,
      members.map((member, i) => [member, int, 32 * i]),
    );
const bits =
  (offset: number, width: number, signed = 0): Build =>
  btf =>
    btf.struct('flags', 8, [['f', btf.int('int', 4, signed), offset, width]]);
const none: Build = (_btf, int) => int;
const color =
  (name: string, ...values: [string, number][]): Build =>
  btf =>
    btf.enum(name, 4, values);

describe('values', () => {
  const pidFirst = task('task', 'pid', 'tgid');
  const pidLast = task('task', 'new', 'tgid', 'pid');
  const behind: Build = (btf, int) => {
    btf.ref('ptr', int);
    return pidLast(btf, int);
  };
  const array =
    (count: number, offset: number): Build =>
    (btf, int) =>
      btf.struct('task', 64, [['a', btf.array(int, count), offset]]);
  const nested =
    (offset: number): Build =>
    (btf, int) => {
      const inner = btf.struct('', 8, [['deep', int, 32]]);
      return btf.struct('task', 32, [
        ['pad', int, 0],
        ['', btf.ref('const', inner), offset],
      ]);
    };
  test.each<[string, CoreKind, string, Build, Build, number | bigint | undefined]>([
    ['a member that moved', 'field_byte_offset', '0:0', pidFirst, pidLast, 8],
    ['an element of the root', 'field_byte_offset', '2', pidFirst, pidLast, 24],
    ['a member that is gone', 'field_byte_offset', '0:0', pidFirst, task('task', 'tgid'), undefined],
    ['a struct that is gone', 'field_byte_offset', '0:0', pidFirst, none, undefined],
    ['a local flavour', 'field_byte_offset', '0:0', task('task___old', 'pid'), pidLast, 8],
    ['a flavour of the target', 'field_byte_offset', '0:0', pidFirst, task('task___v2', 'x', 'pid'), 4],
    ['an array element', 'field_byte_offset', '0:0:3', array(8, 0), array(4, 64), 20],
    ['an array that is too short', 'field_byte_offset', '0:0:3', array(8, 0), array(3, 0), undefined],
    ['a flexible array', 'field_byte_offset', '0:0:3', array(8, 0), array(0, 32), 16],
    ['a member of an anonymous struct', 'field_byte_offset', '0:1:0', nested(32), nested(128), 20],
    ['one that the target has outside it', 'field_byte_offset', '0:1:0', nested(32), task('task', 'x', 'deep'), 4],
    ['one that only the target has inside', 'field_byte_offset', '0:0', task('task', 'deep'), nested(64), 12],
    ['the size of a member', 'field_byte_size', '0:0', array(2, 0), array(5, 0), 20],
    ['the size of an element', 'field_byte_size', '0:0:1', array(2, 0), array(5, 0), 4],
    ['a field that exists', 'field_exists', '0:0', pidFirst, pidLast, 1],
    ['a field that does not', 'field_exists', '0:0', pidFirst, none, 0],
    ['a field of another kind', 'field_exists', '0:0', array(2, 0), task('task', 'a'), 0],
    ['an unsigned field', 'field_signed', '0:0', pidFirst, pidLast, 0],
    ['a signed field', 'field_signed', '0:0', bits(0, 3), bits(0, 3, 1), 1],
    ['the left shift of a bit field', 'field_lshift_u64', '0:0', bits(0, 3), bits(37, 5), 64 - 10],
    ['its right shift', 'field_rshift_u64', '0:0', bits(0, 3), bits(37, 5), 59],
    ['its offset', 'field_byte_offset', '0:0', bits(0, 3), bits(37, 5), 4],
    ['the offset of one across words', 'field_byte_offset', '0:0', bits(0, 3), bits(30, 5), 0],
    ['the load that such a one takes', 'field_byte_size', '0:0', bits(0, 3), bits(30, 5), 8],
    ['the id of a type', 'type_id_target', '0', pidFirst, behind, 3],
    ['the id of a type that is gone', 'type_id_target', '0', pidFirst, none, 0],
    ['the id in the object', 'type_id_local', '0', pidFirst, none, 2],
    ['a type that exists', 'type_exists', '0', pidFirst, pidLast, 1],
    ['a type of another kind', 'type_exists', '0', pidFirst, color('task', ['A', 1]), 0],
    ['the size of a type', 'type_size', '0', pidFirst, pidLast, 12],
    ['a type with all members', 'type_matches', '0', pidFirst, pidLast, 1],
    ['a type that lacks one', 'type_matches', '0', pidLast, pidFirst, 0],
    [
      'a type whose member is larger',
      'type_matches',
      '0',
      pidFirst,
      (b, i) =>
        b.struct('task', 16, [
          ['pid', b.int('unsigned int', 8), 0],
          ['tgid', i, 64],
        ]),
      0,
    ],
    ['an enumerator', 'enumval_value', '1', color('e', ['A', 0], ['B', 1]), color('e', ['B', 9]), 9],
    ['an enumerator by flavour', 'enumval_value', '0', color('e___x', ['A___x', 0]), color('e', ['A', 5]), 5],
    [
      'a negative enumerator',
      'enumval_value',
      '0',
      color('e', ['A', 0]),
      b => b.enum('e', 4, [['A', -2]], true),
      (1n << 64n) - 2n,
    ],
    [
      'a 64-bit enumerator',
      'enumval_value',
      '0',
      color('e', ['A', 0]),
      b => b.enum64('e', [['A', 1n << 40n]]),
      1n << 40n,
    ],
    ['an enumerator that is gone', 'enumval_value', '0', color('e', ['A', 0]), color('e', ['B', 0]), undefined],
    ['an enumerator that exists', 'enumval_exists', '0', color('e', ['A', 0]), color('e', ['A', 3]), 1],
    ['an enumerator that does not', 'enumval_exists', '0', color('e', ['A', 0]), none, 0],
  ])('%s', (_, kind, access, local, target, value) => {
    const made = fixup(kind, access, local, target);
    expect(made?.patch?.to).toBe(value === undefined ? undefined : BigInt(value));
    expect(structuredClone(made)).toEqual(made);
  });
});

describe('what is checked and resized', () => {
  const field =
    (type: Build): Build =>
    (btf, int) =>
      btf.struct('s', 64, [['f', type(btf, int), 0]]);
  const int = (size: number, signed = 0): Build => field(btf => btf.int('i', size, signed));
  test.each<[string, Build, Build, unknown]>([
    ['unsigned integers', int(4), int(8), { from: 4, to: 8, safe: true }],
    ['signed integers', int(4), int(8, 1), { from: 4, to: 8, safe: false }],
    ['the same size', int(4), int(4, 1), undefined],
    [
      'arrays, by their elements',
      field(b => b.array(b.int('c', 1), 16)),
      field(b => b.array(b.int('c', 1), 9)),
      undefined,
    ],
    ['structs', field(b => b.struct('t', 4, [])), field(b => b.struct('t', 8, [])), { from: 4, to: 8, safe: false }],
  ])('%s', (_, local, target, resize) => {
    expect(fixup('field_byte_offset', '0:0', local, target)?.patch?.resize).toEqual(resize);
  });

  test('where a bit field is read from is the compiler’s choice', () => {
    expect(fixup('field_byte_offset', '0:0', bits(0, 3), bits(0, 3))?.patch?.check).toBe(false);
    expect(fixup('field_rshift_u64', '0:0', bits(0, 3), bits(0, 3))?.patch?.check).toBe(true);
  });
});

describe('several candidates', () => {
  const two =
    (first: Build, second: Build): Build =>
    (btf, int) => {
      first(btf, int);
      return second(btf, int);
    };
  const local = task('task', 'pid', 'tgid');

  test('that agree are one answer', () => {
    const target = two(task('task', 'pid'), task('task___b', 'pid', 'tgid'));
    expect(fixup('field_byte_offset', '0:0', local, target)?.patch?.to).toBe(0n);
  });

  test('that do not are refused, naming them', () => {
    const target = two(task('task', 'pid'), task('task___b', 'x', 'pid'));
    expect(() => fixup('field_byte_offset', '0:0', local, target)).toThrow(
      /^task.pid: types 2, 3 of the target give different answers \(insn 17\)$/,
    );
  });

  test('that one record rules out stay out for the next', () => {
    const object = types(local);
    const { btf: target } = types(two(task('task', 'pid'), task('task___b', 'x', 'tgid', 'pid')));
    const kind = number('field_byte_offset');
    const record = (accessSpec: string) => [{ insn: 0, typeId: object.id, accessSpec, kind }];
    const candidates = new CoreCandidates(object.btf, target);
    relocateCore(object.btf, record('0:1'), target, candidates);
    const [pid] = relocateCore(object.btf, record('0:0'), target, candidates);
    expect(pid?.patch?.to).toBe(8n);
    expect(() => relocateCore(object.btf, record('0:0'), target)).toThrow('different answers');
  });
});

test.each<[string, CoreKind, string, Build, RegExp]>([
  ['a member that is not there', 'field_byte_offset', '0:7', task('task', 'pid'), /struct has no member 7 \(insn 17\)/],
  ['parts of an integer', 'field_byte_offset', '0:0:1', task('task', 'pid'), /a int has no parts/],
  ['no numbers', 'field_exists', '0:x', task('task', 'pid'), /access 0:x: want numbers between colons/],
  ['an access into a type', 'type_size', '1', task('task', 'pid'), /want 0 for a type/],
  ['an enumerator of a struct', 'enumval_value', '0', task('task', 'pid'), /want an enumerator of an enum/],
  ['an anonymous type', 'field_exists', '0:0', task('', 'pid'), /of a type without name/],
  ['signedness of an element', 'field_signed', '1', task('task', 'pid'), /field_signed of an array element/],
])('refuses %s', (_, kind, access, local, message) => {
  expect(() => fixup(kind, access, local, task('task', 'pid'))).toThrow(message);
});

test('refuses a kind that there is not', () => {
  const { btf, id } = types(task('task', 'pid'));
  const records = [{ insn: 1, typeId: id, accessSpec: '0', kind: 99 }];
  expect(() => relocateCore(btf, records, btf)).toThrow(`CO-RE kind 99, want 0..${CORE_KINDS.length - 1} (insn 1)`);
});

test('a poisoned access is named', () => {
  const made = fixup('field_byte_offset', '0:1', task('task_struct___x', 'pid', 'foo'), task('task_struct', 'pid'));
  expect(made && poisonReason(made)).toBe("task_struct___x.foo: not in the target's types (poisoned, insn 17)");
});

test.each([
  ['task_struct', 'task_struct'],
  ['task_struct___old', 'task_struct'],
  ['a___b___c', 'a___b'],
  ['a____b', 'a____b'],
  ['___b', '___b'],
  ['a___', 'a___'],
])('the essential name of %s is %s', (name, essential) => {
  expect(essentialName(name)).toBe(essential);
});
