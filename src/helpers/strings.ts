/** Helpers over text: numbers out of it, comparison. Follows kernel/bpf/helpers.c and lib/kstrtox.c. */
import { ERRNO } from '../uapi/errno.ts';
import type { GuestMemory } from '../vm/memory.ts';
import type { HelperBodies } from './bind.ts';

/** Bits of `flags` that hold the base. */
const BASE_MASK = 0x1fn;
/** Most digits that the kernel copies to look at. */
const MAX_DIGITS = 63;
const MAX_U64 = (1n << 64n) - 1n;
const MAX_S64 = (1n << 63n) - 1n;

/** A number at the start of a text: how many bytes it takes, sign apart. */
interface ParsedNumber {
  readonly magnitude: bigint;
  readonly isNegative: boolean;
  readonly consumed: number;
}

/** A number, or a negative errno. */
function parseNumber(memory: GuestMemory, buffer: number, size: number, flags: bigint): ParsedNumber | number {
  const base = Number(flags & BASE_MASK);
  if ((flags & ~BASE_MASK) !== 0n || ![0, 8, 10, 16].includes(base)) return -ERRNO.EINVAL;
  const bytes = memory.u8.subarray(buffer, buffer + size);
  let at = 0;
  while (at < size && isSpace(bytes[at]!)) at++;
  const isNegative = bytes[at] === 0x2d;
  if (isNegative) at++;
  if (at >= size) return -ERRNO.EINVAL;
  const end = Math.min(size, at + MAX_DIGITS);
  const radix = base === 0 ? radixOf(bytes, at, end) : base;
  if (radix === 16 && hasHexPrefix(bytes, at, end)) at += 2;
  const start = at;
  let magnitude = 0n;
  for (; at < end; at++) {
    const digit = digitOf(bytes[at]!);
    if (digit >= radix) break;
    magnitude = magnitude * BigInt(radix) + BigInt(digit);
  }
  if (magnitude > MAX_U64) return -ERRNO.ERANGE;
  return at === start ? -ERRNO.EINVAL : { magnitude, isNegative, consumed: at };
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0xa0;
}

/** The value of a digit in the largest base, 255 for what is none. */
function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : 255;
}

function hasHexPrefix(bytes: Uint8Array, at: number, end: number): boolean {
  return at + 1 < end && bytes[at] === 0x30 && (bytes[at + 1]! | 0x20) === 0x78;
}

/** The base that a number's first digits say. */
function radixOf(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] !== 0x30) return 10;
  return hasHexPrefix(bytes, at, end) && at + 2 < end && digitOf(bytes[at + 2]!) < 16 ? 16 : 8;
}

/** The helpers over text. */
export function stringHelpers(): HelperBodies {
  return {
    strtol({ memory }, buffer, size, flags, result) {
      memory.view.setBigInt64(result, 0n, true);
      const parsed = parseNumber(memory, buffer, size, flags);
      if (typeof parsed === 'number') return parsed;
      const limit = parsed.isNegative ? MAX_S64 + 1n : MAX_S64;
      if (parsed.magnitude > limit) return -ERRNO.ERANGE;
      memory.view.setBigInt64(result, parsed.isNegative ? -parsed.magnitude : parsed.magnitude, true);
      return parsed.consumed;
    },
    strtoul({ memory }, buffer, size, flags, result) {
      memory.view.setBigUint64(result, 0n, true);
      const parsed = parseNumber(memory, buffer, size, flags);
      if (typeof parsed === 'number') return parsed;
      if (parsed.isNegative) return -ERRNO.EINVAL;
      memory.view.setBigUint64(result, parsed.magnitude, true);
      return parsed.consumed;
    },
    strncmp({ memory }, text, size, other) {
      for (let i = 0; i < size; i++) {
        const a = memory.u8[text + i]!;
        const b = other[i] ?? 0;
        if (a !== b) return a < b ? -1 : 1;
        if (a === 0) break;
      }
      return 0;
    },
  };
}
