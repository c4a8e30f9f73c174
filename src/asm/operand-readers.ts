/** How each operand of a template is read: the notations of `syntax.ts`, and those that only a person writes. */
import { HELPERS, helperName } from '../uapi/helpers.ts';
import { BPF_REG_FP, joinImm64 } from './insn.ts';
import type { Token } from './lexer.ts';

/** Operands that text has and an instruction has not, or not in this notation. */
export const READ_OPERANDS = [
  'dst',
  'src',
  'off',
  'off:+',
  'imm',
  'imm:+',
  'imm:x',
  'imm:hi',
  'imm:lo',
  'next_imm:+',
  'imm64',
  // 64 bits in any notation: what the text around it must tell from a 32-bit immediate
  'imm64:any',
  // a number in any notation, of which the low 32 bits are meant
  'imm:any',
  // a jump to a label, by the field that holds the distance
  'label:off',
  'label:imm',
  // a helper by name, and by number
  'helper',
  'helper:id',
  // the name of what is no helper
  'kfunc',
  // a map by name
  'map',
  // a name that means nothing here
  'any',
] as const;

/** An operand as a template for reading has it. */
export type ReadOperand = (typeof READ_OPERANDS)[number];

/** What the operands of one instruction have said so far. */
export interface Captured {
  readonly dst?: number;
  readonly src?: number;
  readonly off?: number;
  readonly imm?: number;
  readonly next_imm?: number;
  readonly label?: { readonly name: Token; readonly field: 'off' | 'imm' } | undefined;
  readonly map?: Token | undefined;
}

/** Reads one operand at the front of `tokens`: how many it took and what it said; undefined where it is not there. */
export type Read = (
  tokens: readonly (Token | undefined)[],
  names: ReadonlySet<string>,
) => { readonly length: number; readonly said: Captured } | undefined;

/** A reader with what it wants, for messages. */
export interface OperandReader {
  readonly wanted: string;
  readonly read: Read;
}

type Range = readonly [low: bigint, high: bigint];

const S16: Range = [-0x8000n, 0x7fffn];
const S32: Range = [-0x8000_0000n, 0x7fff_ffffn];
const U16: Range = [0n, 0xffffn];
const U31: Range = [0n, 0x7fff_ffffn];
const S32_U32: Range = [-0x8000_0000n, 0xffff_ffffn];
const S64_U64: Range = [-(1n << 63n), (1n << 64n) - 1n];
const U64: Range = [0n, (1n << 64n) - 1n];

const NUMBER = /^(?:0[xX][0-9a-fA-F]+|\d+)$/;
const WORD = /^(?:kernel-function|[A-Za-z_.$][\w.$]*)$/;
const s32 = (value: bigint): number => Number(BigInt.asIntN(32, value));

interface NumberOptions {
  readonly range: Range;
  readonly sign?: 'required' | 'none';
  /** Only hex is read. */
  readonly hexOnly?: true;
  /** Hex beyond the range that is read: what 64 bits sign-extend from 32, or the bit pattern of 32. */
  readonly hex?: 'extended' | 'pattern';
}

/** The value that hex beyond a signed 32-bit range means there. */
function hexBeyond(value: bigint, hex: NumberOptions['hex']): bigint | undefined {
  if (hex === undefined || value > U64[1]) return undefined;
  const extended = BigInt.asIntN(64, value);
  if (extended < 0n && extended >= S32[0]) return extended;
  return hex === 'pattern' && value >= 0n && value <= S32_U32[1] ? BigInt.asIntN(32, value) : undefined;
}

/** A number with an optional sign in front, or a required one. */
function number(what: string, options: NumberOptions, said: (value: bigint) => Captured): OperandReader {
  const { range, sign, hex, hexOnly } = options;
  const [low, high] = range;
  const fits = (value: bigint, isHex: boolean): bigint | undefined => {
    if (hexOnly === true && !isHex) return undefined;
    if (value >= low && value <= high) return value;
    return isHex ? hexBeyond(value, hex) : undefined;
  };
  return {
    wanted: `${what} ${low}..${high}`,
    read: ([first, second]) => {
      const signed = first?.text === '-' || first?.text === '+';
      if (signed ? sign === 'none' : sign === 'required') return undefined;
      const digits = signed ? second : first;
      if (digits === undefined || !NUMBER.test(digits.text)) return undefined;
      const magnitude = BigInt(digits.text);
      const value = fits(first?.text === '-' ? -magnitude : magnitude, /x/i.test(digits.text));
      return value === undefined ? undefined : { length: signed ? 2 : 1, said: said(value) };
    },
  };
}

/** A word that `accept` understands. */
function word(
  wanted: string,
  accept: (token: Token, names: ReadonlySet<string>, next: Token | undefined) => Captured | undefined,
): OperandReader {
  return {
    wanted,
    read: ([token, next], names) => {
      const said = token !== undefined && WORD.test(token.text) ? accept(token, names, next) : undefined;
      return said && { length: 1, said };
    },
  };
}

const HELPER_IDS = new Map<string, number>(
  [0, ...Object.values(HELPERS).map(({ id }) => id)].map(id => [helperName(id), id]),
);

const wide = (value: bigint): Captured => ({ imm: s32(value), next_imm: s32(value >> 32n) });
const imm = (value: bigint): Captured => ({ imm: s32(value) });
const off = (value: bigint): Captured => ({ off: Number(value) });
const label = (field: 'off' | 'imm'): OperandReader =>
  word('a label of this text', (name, labels) => (labels.has(name.text) ? { label: { name, field } } : undefined));

/** `map[counts]`, `counts ll`, `map_by_fd(counts)`. */
const isBehindMap = (token: Token | undefined): boolean => token !== undefined && /^(?:[\])]|ll)$/.test(token.text);

/** Readers of all operands but registers. */
export const READERS: { readonly [O in Exclude<ReadOperand, 'dst' | 'src'>]: OperandReader } = {
  off: number('an offset', { range: S16 }, off),
  'off:+': number('a signed offset', { range: S16, sign: 'required' }, off),
  imm: number('an immediate', { range: S32, hex: 'extended' }, imm),
  'imm:+': number('a signed distance', { range: S32, sign: 'required' }, imm),
  'imm:x': number('an immediate', { range: S32, hex: 'pattern' }, imm),
  'imm:any': number('an immediate', { range: S64_U64 }, imm),
  'imm:hi': number('an address space', { range: S16 }, value => ({ imm: Number(value) << 16 })),
  'imm:lo': number('an address space', { range: U16 }, imm),
  'next_imm:+': number('a signed offset', { range: S32, sign: 'required' }, value => ({ next_imm: Number(value) })),
  imm64: number('0x… of 64 bits', { range: U64, sign: 'none', hexOnly: true }, wide),
  'imm64:any': number('an immediate', { range: S64_U64 }, wide),
  'label:off': label('off'),
  'label:imm': label('imm'),
  helper: word("a helper's name", ({ text }) => {
    const id = HELPER_IDS.get(text);
    return id === undefined ? undefined : { imm: id };
  }),
  'helper:id': number('the number of a helper', { range: U31, sign: 'none' }, imm),
  kfunc: word('a kernel function with # and its BTF id', ({ text }, _labels, next) =>
    next?.text !== '#' || HELPER_IDS.has(text) || text === helperName(-1) ? undefined : {},
  ),
  map: word('the name of a map', (map, _labels, next) => (isBehindMap(next) ? { map } : undefined)),
  any: word('a name', () => ({})),
};

/** Reads a register of the width that its letter tells. */
export function registerReader(letter: 'r' | 'w', field: 'dst' | 'src'): OperandReader {
  const pattern = new RegExp(`^${letter}(0|[1-9]\\d?)$`);
  return word(`${letter}0..${letter}${BPF_REG_FP}`, ({ text }) => {
    const digits = pattern.exec(text)?.[1];
    return digits === undefined || Number(digits) > BPF_REG_FP ? undefined : { [field]: Number(digits) };
  });
}

/**
 * What was said before and what is said now, in one; undefined where they contradict. The halves of an `addr_space_cast` are
 * both parts of `imm`.
 */
export function joinSaid(operand: ReadOperand, before: Captured, now: Captured): Captured | undefined {
  if (operand === 'imm:lo') return { ...before, imm: (before.imm ?? 0) | (now.imm ?? 0) };
  for (const field of ['dst', 'src', 'off', 'imm'] as const) {
    if (before[field] !== undefined && now[field] !== undefined && before[field] !== now[field]) return undefined;
  }
  return { ...before, ...now };
}

/** The 64-bit immediate that was said. */
export const saidImm64 = ({ imm: low = 0, next_imm: high = 0 }: Captured): bigint => joinImm64(low, high);
