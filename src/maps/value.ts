/**
 * Copies of map values that leave the kernel's own fields alone (a spin lock inside a value is never copied over, and a lookup by
 * system call reads it as zero). Follows `copy_map_value` and `check_and_init_map_value` (include/linux/bpf.h).
 */
import type { GuestMemory } from '../vm/memory.ts';
import type { ValueField } from './map.ts';

/** A value's fields; most values have none. */
export type ValueFields = readonly ValueField[];

/** Copies a value of `size` bytes inside the guest memory, fields apart. */
export function copyValue(memory: GuestMemory, to: number, from: number, size: number, fields: ValueFields): void {
  let at = 0;
  for (const field of fields) {
    memory.u8.copyWithin(to + at, from + at, from + field.offset);
    at = field.offset + field.size;
  }
  memory.u8.copyWithin(to + at, from + at, from + size);
}

/** Copies a value from outside into the guest memory, fields apart. */
export function writeValue(memory: GuestMemory, to: number, bytes: Uint8Array, fields: ValueFields): void {
  let at = 0;
  for (const field of fields) {
    memory.u8.set(bytes.subarray(at, field.offset), to + at);
    at = field.offset + field.size;
  }
  memory.u8.set(bytes.subarray(at), to + at);
}

/** Copies a value out of the guest memory into `bytes`; fields read as zero. */
export function readValue(memory: GuestMemory, from: number, bytes: Uint8Array, fields: ValueFields): void {
  bytes.set(memory.u8.subarray(from, from + bytes.length));
  for (const field of fields) bytes.fill(0, field.offset, field.offset + field.size);
}

/** Zeroes the fields of a value that nobody has used yet. */
export function initFields(memory: GuestMemory, value: number, fields: ValueFields): void {
  for (const field of fields) memory.u8.fill(0, value + field.offset, value + field.offset + field.size);
}
