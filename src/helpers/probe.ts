/**
 * Reads of memory that may not be there: an errno and zeros then, never a fault. There is no user memory. Follows
 * kernel/trace/bpf_trace.c and mm/maccess.c.
 */
import { ERRNO } from '../uapi/errno.ts';
import type { HelperCall } from '../vm/call.ts';
import { linearAddress, pointerTag } from '../vm/pointer.ts';
import type { HelperBodies } from './bind.ts';

/** Where the addresses of the kernel begin. */
const KERNEL_START = 0xffff_8000_0000_0000n;

/** What a read of `pointer` ends in that finds nothing there; the bytes are zeroed. */
function refuseRead({ memory }: HelperCall, to: number, size: number, pointer: bigint): number {
  memory.u8.fill(0, to, to + size);
  return pointer < KERNEL_START ? -ERRNO.ERANGE : -ERRNO.EFAULT;
}

function probeRead(call: HelperCall, to: number, size: number, pointer: bigint): number {
  const { memory } = call;
  const from = memory.access(linearAddress(pointer), pointerTag(pointer), size, false);
  if (from < 0 && (size > 0 || pointer < KERNEL_START)) return refuseRead(call, to, size, pointer);
  memory.u8.copyWithin(to, from, from + size);
  return 0;
}

/** Copies a string with its NUL, cut to `size`; gives the bytes written. */
function probeReadString(call: HelperCall, to: number, size: number, pointer: bigint): number {
  const { memory } = call;
  const low = linearAddress(pointer);
  for (let i = 0; i < size; i++) {
    const from = memory.access(low + i, pointerTag(pointer), 1, false);
    if (from < 0) return refuseRead(call, to, size, pointer);
    const byte = i === size - 1 ? 0 : memory.u8[from]!;
    memory.u8[to + i] = byte;
    if (byte === 0) return i + 1;
  }
  return 0;
}

function noUserMemory({ memory }: HelperCall, to: number, size: number): number {
  memory.u8.fill(0, to, to + size);
  return size === 0 ? 0 : -ERRNO.EFAULT;
}

/** The reads that cannot fault. */
export function probeHelpers(): HelperBodies {
  return {
    probe_read: probeRead,
    probe_read_kernel: probeRead,
    probe_read_str: probeReadString,
    probe_read_kernel_str: probeReadString,
    probe_read_user: noUserMemory,
    probe_read_user_str: noUserMemory,
  };
}
