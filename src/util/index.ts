/** What every folder may use: errors, bytes, 64-bit integers, random numbers. */
export {
  alignUp,
  type ByteOrder,
  ByteReader,
  ByteWriter,
  equalBytes,
  type OutOfBounds,
  parseHex,
  toHex,
} from './bytes.ts';
export { assertNever, BpfError, InternalError, NotSupportedError } from './error.ts';
export { hex64, s32, s64, u32, u64 } from './int64.ts';
export { Random } from './random.ts';
