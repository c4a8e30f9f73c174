/** 64-bit integers as `bigint`: canonical unsigned, with the signed view at the point of use. */

/** The unsigned 64-bit value of `value`, modulo 2^64. */
export const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);

/** The signed reading of a 64-bit value. */
export const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);

/** The unsigned 32-bit value of `value`, modulo 2^32. */
export const u32 = (value: bigint): bigint => BigInt.asUintN(32, value);

/** The signed reading of the low 32 bits. */
export const s32 = (value: bigint): bigint => BigInt.asIntN(32, value);

/** `0x…` in lower case, unsigned 64-bit. */
export const hex64 = (value: bigint): string => `0x${BigInt.asUintN(64, value).toString(16)}`;
