/** Rows and operands that random programs are made of: the whole instruction table, and the numbers where arithmetic goes wrong. */
import { INSTRUCTIONS, type InstructionRow } from '../asm/instructions.ts';
import type { Row } from '../asm/row.ts';
import type { Random } from '../util/random.ts';

const INTERESTING = [
  0, 1, -1, 2, 3, 7, 8, 16, 31, 32, 63, 64, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x1234_5678, 0x7fff_ffff,
  -0x8000_0000, -2, -128, -0x8000,
] as const;

/** A signed 32-bit number. */
export function randomImm(random: Random): number {
  switch (random.below(4)) {
    case 0:
      return random.u32() | 0;
    case 1:
      return random.below(256) - 64;
    default:
      return random.pick(INTERESTING);
  }
}

/** An unsigned 64-bit number. */
export function randomImm64(random: Random): bigint {
  if (random.oneIn(2)) return random.u64();
  const near = BigInt.asUintN(64, BigInt(randomImm(random)));
  return random.oneIn(2) ? near : BigInt.asUintN(64, near << BigInt(random.below(64)));
}

/** Rows of some kinds. */
export type RowOf<K extends Row['kind']> = Extract<InstructionRow, { readonly kind: K }>;

/** The rows of some kinds that Linux takes. */
export function rowsOfKind<K extends Row['kind']>(...kinds: readonly K[]): [RowOf<K>, ...RowOf<K>[]] {
  const wanted: readonly string[] = kinds;
  const rows = Object.values(INSTRUCTIONS).filter((row: Row) => wanted.includes(row.kind) && row.since !== undefined);
  return rows as unknown as [RowOf<K>, ...RowOf<K>[]]; // filtered by their kind; no kind is without rows
}

export const COMPUTE_ROWS = rowsOfKind('alu', 'endian');
export const CONDITION_ROWS = rowsOfKind('condition');
export const LOAD_ROWS = rowsOfKind('load');
export const STORE_ROWS = rowsOfKind('store');
export const ATOMIC_ROWS = rowsOfKind('atomic');

/** Loads that are no acquire, as a packet wants them. */
export const PLAIN_LOAD_ROWS = LOAD_ROWS.filter(row => !row.acquire) as [RowOf<'load'>, ...RowOf<'load'>[]]; // most

/** A row of {@link COMPUTE_ROWS}. */
export type ComputeRow = RowOf<'alu' | 'endian'>;

/** Whether the row reads its destination. */
export function readsDst(row: ComputeRow): boolean {
  return row.kind === 'endian' || (row.op !== 'mov' && row.op !== 'movsx');
}

/** Whether the row takes a second register. */
export const takesRegister = (row: Row): boolean => row.fields.src === 'register';

/** An immediate that every verifier takes: no shift beyond the register, no division by the constant zero. */
export function legalImm(random: Random, row: ComputeRow): number | undefined {
  if (row.kind === 'endian' || row.source !== 'k') return undefined;
  switch (row.op) {
    case 'lsh':
    case 'rsh':
    case 'arsh':
      return random.below(row.bits);
    case 'div':
    case 'sdiv':
    case 'mod':
    case 'smod':
      return randomImm(random) || 1;
    default:
      return randomImm(random);
  }
}
