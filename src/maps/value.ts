/**
 * Map values on their way in and out of the guest memory: the kernel's own fields stay alone (a spin lock inside a value is never copied
 * over, and a lookup by system call reads it as zero). Follows `copy_map_value` and `check_and_init_map_value` (include/linux/bpf.h);
 * copies inside the guest memory are the runtime's.
 */
import type { GuestMemory } from '../vm/memory.ts';
import type { ValueField } from './map.ts';

/** A value's fields; most values have none. */
export type ValueFields = readonly ValueField[];

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
