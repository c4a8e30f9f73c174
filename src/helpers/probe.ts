/** Reads of memory that may not be there: an errno and zeros then, never a fault. Follows kernel/trace/bpf_trace.c and mm/maccess.c. */
import { userAddress } from '../machine/guest-objects.ts';
import { ERRNO } from '../uapi/errno.ts';
import type { HelperCall } from '../vm/call.ts';
import type { GuestMemory } from '../vm/memory.ts';
import { linearAddress, pointerTag } from '../vm/pointer.ts';
import type { HelperBodies } from './bind.ts';

/** Where the addresses of the kernel begin, and those of users end. */
const KERNEL_START = 0xffff_8000_0000_0000n;
const TASK_SIZE = 0x7fff_ffff_f000n;

/** Memory that a read may reach. */
interface Space {
  /** The linear address of `size` bytes at a pointer, negative where they are not there. */
  readonly find: (memory: GuestMemory, pointer: bigint, size: number) => number;
  /** What a read ends in that finds nothing. */
  readonly errno: (pointer: bigint) => number;
}

const KERNEL: Space = {
  find: (memory, pointer, size) => memory.access(linearAddress(pointer), pointerTag(pointer), size, false),
  errno: pointer => (pointer < KERNEL_START ? -ERRNO.ERANGE : -ERRNO.EFAULT),
};
const USER: Space = { find: userAddress, errno: () => -ERRNO.EFAULT };

/** The space that an address lies in by its value, as the helpers without a space in their name see it. */
const spaceOf = (pointer: bigint): Space => (pointer < TASK_SIZE ? USER : KERNEL);

/** Where a read that finds nothing succeeds all the same: nothing was wanted. */
function isEmptyRead(space: Space, pointer: bigint, size: number): boolean {
  return size === 0 && (space === USER || pointer >= KERNEL_START);
}

function read({ memory }: HelperCall, space: Space, to: number, size: number, pointer: bigint): number {
  const from = space.find(memory, pointer, size);
  if (from < 0 && !isEmptyRead(space, pointer, size)) {
    memory.u8.fill(0, to, to + size);
    return space.errno(pointer);
  }
  copyForward(memory.u8, to, from, size);
  return 0;
}

/** Copies as the kernel does, words first: where source and target overlap, what was written is read again. */
function copyForward(bytes: Uint8Array, to: number, from: number, size: number): void {
  const distance = to - from;
  if (distance <= 0 || distance >= size) {
    bytes.copyWithin(to, from, from + size);
    return;
  }
  let at = 0;
  for (const word of [8, 4, 2, 1]) {
    for (; size - at >= word; at += word) bytes.copyWithin(to + at, from + at, from + at + word);
  }
}

/** Copies a string with its NUL, cut to `size`; gives the bytes written. */
function readString({ memory }: HelperCall, space: Space, to: number, size: number, pointer: bigint): number {
  for (let i = 0; i < size; i++) {
    const from = space.find(memory, pointer + BigInt(i), 1);
    if (from < 0) {
      memory.u8.fill(0, to, to + size);
      return space.errno(pointer);
    }
    const byte = i === size - 1 ? 0 : memory.u8[from]!;
    memory.u8[to + i] = byte;
    if (byte === 0) return i + 1;
  }
  return 0;
}

/** The reads that cannot fault. */
export function probeHelpers(): HelperBodies {
  return {
    probe_read: (call, to, size, pointer) => read(call, spaceOf(pointer), to, size, pointer),
    probe_read_str: (call, to, size, pointer) => readString(call, spaceOf(pointer), to, size, pointer),
    probe_read_kernel: (call, to, size, pointer) => read(call, KERNEL, to, size, pointer),
    probe_read_kernel_str: (call, to, size, pointer) => readString(call, KERNEL, to, size, pointer),
    probe_read_user: (call, to, size, pointer) => read(call, USER, to, size, pointer),
    probe_read_user_str: (call, to, size, pointer) => readString(call, USER, to, size, pointer),
    copy_from_user: (call, to, size, pointer) => read(call, USER, to, size, pointer),
  };
}
