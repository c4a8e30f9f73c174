/**
 * The C library by FFI: the only place that loads native code. koffi is an optional dependency, so it is looked for when a kernel
 * is opened, never at import.
 */
import { createRequire } from 'node:module';
import { NotSupportedError } from '../util/error.ts';

/** `syscall(2)` and its neighbours. Addresses are bigints; a refusal is a result of -1 and an errno. */
export interface Libc {
  syscall(number: number, command: number, attr: Uint8Array, size: number): number;
  /** `perf_event_open(2)` without a group and flags, of every task. */
  perfEventOpen(attr: Uint8Array, cpu: number): number;
  close(fd: number): number;
  /** The address, -1 where refused. */
  mmap(address: number, length: number, protection: number, flags: number, fd: number, offset: number): number;
  munmap(address: number, length: number): number;
  errno(): number;
  /** Where `bytes` lie; they do not move while a view of them lives. */
  address(bytes: Uint8Array): bigint;
  /** Memory at an address, without a copy. */
  view(address: number, length: number): ArrayBuffer;
}

/** `__NR_perf_event_open` on x86-64. */
const NR_PERF_EVENT_OPEN = 298;

/**
 * Loads the C library.
 * @throws {NotSupportedError} on another system than Linux on x86-64, or where koffi is not installed.
 */
export function loadLibc(): Libc {
  const where = `${process.platform} ${process.arch}`;
  if (where !== 'linux x64') {
    throw new NotSupportedError('linux kernel', `bpf(2) on ${where}: want Linux on x86-64`);
  }
  let koffi: typeof import('koffi');
  try {
    koffi = createRequire(import.meta.url)('koffi');
  } catch {
    throw new NotSupportedError('linux kernel', 'bpf(2) needs the optional dependency koffi, which is not installed');
  }
  const own = koffi.load(null);
  const perfEventOpen = own.func('syscall', 'long', ['long', 'void *', 'long', 'long', 'long', 'long']);
  return {
    syscall: own.func('syscall', 'long', ['long', 'long', 'void *', 'long']),
    perfEventOpen: (attr, cpu) => perfEventOpen(NR_PERF_EVENT_OPEN, attr, -1, cpu, -1, 0),
    close: own.func('close', 'int', ['int']),
    mmap: own.func('mmap', 'intptr_t', ['uintptr_t', 'size_t', 'int', 'int', 'int', 'int64_t']),
    munmap: own.func('munmap', 'int', ['uintptr_t', 'size_t']),
    errno: () => koffi.errno(),
    address: koffi.address,
    view: (address, length) => koffi.view(BigInt(address), length),
  };
}
