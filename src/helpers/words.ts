/** Registers as the 32-bit arguments that they are to a helper. */

/** The low 32 bits of a register, unsigned. */
export const u32 = (bits: bigint): number => Number(bits & 0xffff_ffffn);

/** The low 32 bits of a register, signed. */
export const s32 = (bits: bigint): number => Number(BigInt.asIntN(32, bits));
