/**
 * Guest pointers: 64 bits, the low half a linear address of the guest memory, the high half a tag that says what the pointer is.
 * Compiled code wraps to 32 bits and loads; the tag only makes a pointer look and compare like a kernel's, and lets checked
 * accesses refuse what is no pointer.
 *
 *     63          32 31           0
 *     +-------------+-------------+
 *     |     tag     | linear addr |
 *     +-------------+-------------+
 */

/** High halves of guest pointers. */
export const POINTER_TAG = {
  /** Memory of the kernel: stacks, packets, map values. */
  kernel: 0xffff8880,
  /** A 32-bit pointer field of a context, read by a program that was not verified. */
  narrow: 0,
  /** Simulated user memory. */
  user: 0x0000_7f00,
  /** Functions and symbols: the low half is an index, never loadable. */
  text: 0xffffffff,
} as const satisfies Record<string, number>;

const KERNEL = BigInt(POINTER_TAG.kernel) << 32n;
const TEXT = BigInt(POINTER_TAG.text) << 32n;

/** The pointer to linear address `address`; NULL stays NULL. */
export function kernelPointer(address: number): bigint {
  return address === 0 ? 0n : KERNEL | BigInt(address);
}

/** The pointer to function number `index` of a program's table of slots. */
export function textPointer(index: number): bigint {
  return TEXT | BigInt(index);
}

/** The high half of a 64-bit value. */
export function pointerTag(pointer: bigint): number {
  return Number(pointer >> 32n);
}

/** The low half of a 64-bit value: the linear address of a guest pointer. */
export function linearAddress(pointer: bigint): number {
  return Number(pointer & 0xffff_ffffn);
}
