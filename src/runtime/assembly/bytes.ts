/** Copies and comparisons of guest memory; short ones in place, for a bulk instruction costs a call out of WebAssembly. */
import { MAP_FIELDS, MAP_VALUE_SIZE } from '../layout.ts';

/** From here on a bulk instruction is faster. */
const BULK: usize = 128;

/** Copies `size` bytes. */
export function copyBytes(to: usize, from: usize, size: usize): void {
  if (size >= BULK) {
    memory.copy(to, from, size);
    return;
  }
  for (; size >= 8; size -= 8, to += 8, from += 8) store<u64>(to, load<u64>(from));
  if (size & 4) {
    store<u32>(to, load<u32>(from));
    to += 4;
    from += 4;
  }
  if (size & 2) {
    store<u16>(to, load<u16>(from));
    to += 2;
    from += 2;
  }
  if (size & 1) store<u8>(to, load<u8>(from));
}

/** Zeroes `size` bytes. */
export function clearBytes(to: usize, size: usize): void {
  if (size >= BULK) {
    memory.fill(to, 0, size);
    return;
  }
  for (; size >= 8; size -= 8, to += 8) store<u64>(to, 0);
  for (; size > 0; size--, to++) store<u8>(to, 0);
}

/** Whether `size` bytes are equal. */
export function equalBytes(a: usize, b: usize, size: usize): bool {
  for (; size >= 8; size -= 8, a += 8, b += 8) if (load<u64>(a) !== load<u64>(b)) return false;
  for (; size >= 4; size -= 4, a += 4, b += 4) if (load<u32>(a) !== load<u32>(b)) return false;
  for (; size > 0; size--, a++, b++) if (load<u8>(a) !== load<u8>(b)) return false;
  return true;
}

/** Copies a value of a map, the kernel's own fields apart. */
export function copyValue(map: usize, to: usize, from: usize): void {
  const size: usize = load<u32>(map, MAP_VALUE_SIZE);
  const fields: usize = load<u32>(map, MAP_FIELDS);
  if (fields === 0) {
    copyBytes(to, from, size);
    return;
  }
  let done: usize = 0;
  const end = fields + 4 + load<u32>(fields) * 8;
  for (let field = fields + 4; field < end; field += 8) {
    const offset: usize = load<u32>(field);
    copyBytes(to + done, from + done, offset - done);
    done = offset + load<u32>(field, 4);
  }
  copyBytes(to + done, from + done, size - done);
}

/** Zeroes the kernel's own fields in a value that nobody has used yet. */
export function clearFields(map: usize, value: usize): void {
  const fields: usize = load<u32>(map, MAP_FIELDS);
  if (fields === 0) return;
  const end = fields + 4 + load<u32>(fields) * 8;
  for (let field = fields + 4; field < end; field += 8) {
    clearBytes(value + load<u32>(field), load<u32>(field, 4));
  }
}
