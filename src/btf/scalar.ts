/**
 * Integers and bit fields in the bytes of a value, in the byte order of its BTF. A 64-bit or wider integer is a bigint,
 * a narrower one a number, canonical by signedness.
 */
import type { ByteOrder } from '../util/bytes.ts';
import type { Btf } from './btf.ts';
import type { BtfArray, BtfMember } from './types.ts';

/**
 * A run of bits in the bytes of a value, counted as C counts a bit field: from the low end on little-endian machines,
 * else the high.
 */
export interface BitRange {
  bitOffset: number;
  bits: number;
}

/** The unsigned value of `bits` bits from `bitOffset` of `bytes`. */
export function readBits(bytes: Uint8Array, { bitOffset, bits }: BitRange, order: ByteOrder): bigint {
  const first = bitOffset >>> 3;
  const last = (bitOffset + bits - 1) >>> 3;
  let value = 0n;
  for (let i = first; i <= last; i++) {
    const index = order === 'big' ? i : first + last - i;
    value = (value << 8n) | BigInt(bytes[index] as number);
  }
  const below = order === 'big' ? (last + 1) * 8 - bitOffset - bits : bitOffset - first * 8;
  return BigInt.asUintN(bits, value >> BigInt(below));
}

/** Stores the low `bits` bits of `value` from `bitOffset` of `bytes` and leaves the bits around them. */
export function writeBits(bytes: Uint8Array, { bitOffset, bits }: BitRange, order: ByteOrder, value: bigint): void {
  const first = bitOffset >>> 3;
  const last = (bitOffset + bits - 1) >>> 3;
  const below = order === 'big' ? (last + 1) * 8 - bitOffset - bits : bitOffset - first * 8;
  const mask = ((1n << BigInt(bits)) - 1n) << BigInt(below);
  let rest = BigInt.asUintN(bits, value) << BigInt(below);
  let masks = mask;
  for (let i = last - first; i >= 0; i--) {
    const index = order === 'big' ? first + i : last - i;
    bytes[index] = ((bytes[index] as number) & ~Number(masks & 0xffn)) | Number(rest & 0xffn);
    rest >>= 8n;
    masks >>= 8n;
  }
}

/** The integer of `size` bytes at `offset`. */
export function readInteger(
  bytes: Uint8Array,
  offset: number,
  size: number,
  order: ByteOrder,
  signed: boolean,
): number | bigint {
  const raw =
    size <= 4
      ? readNarrow(bytes, offset, size, order)
      : readBits(bytes, { bitOffset: offset * 8, bits: size * 8 }, order);
  return canonical(raw, size * 8, signed);
}

function readNarrow(bytes: Uint8Array, offset: number, size: number, order: ByteOrder): number {
  let value = 0;
  for (let i = 0; i < size; i++)
    value = (value << 8) | (bytes[offset + (order === 'big' ? i : size - 1 - i)] as number);
  return value >>> 0;
}

/** An unsigned value of `bits` bits as its type shows it: a number up to 32 bits, negative where `signed` says so. */
export function canonical(raw: number | bigint, bits: number, signed: boolean): number | bigint {
  if (bits > 32) return signed ? BigInt.asIntN(bits, BigInt(raw)) : BigInt(raw);
  const value = Number(raw);
  return signed && value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
}

/**
 * Where a bit field lies in the bytes of a value that starts at byte `offset`, undefined for a member of whole bytes.
 */
export function bitRangeOf(btf: Btf, member: BtfMember, offset: number): BitRange | undefined {
  const bitOffset = offset * 8 + member.bitOffset;
  if (member.bits > 0) return { bitOffset, bits: member.bits };
  const type = btf.resolve(member.type);
  // Compilers before LLVM 8 gave the width in the type.
  if (type.kind === 'int' && (type.bits !== type.size * 8 || bitOffset % 8 !== 0)) {
    return { bitOffset: bitOffset + type.bitOffset, bits: type.bits };
  }
  return undefined;
}

/** Whether an array holds a C string: elements of type `char`, or of a typedef of it. */
export function isCharArray(btf: Btf, array: BtfArray): boolean {
  const element = btf.resolve(array.type);
  return element.kind === 'int' && element.size === 1 && (element.char || element.name === 'char');
}
