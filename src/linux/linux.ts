/**
 * `Sys` on the real kernel: bpf(2) by FFI. Attributes are encoded into one buffer that every call reuses; byte arrays are handed
 * over by address, so that the kernel reads and fills the caller's own memory.
 */
import { readFileSync } from 'node:fs';
import type { BpfAttr, BpfCommand } from '../sys/attr.gen.ts';
import { encodeAttr, MAX_ATTR_SIZE, readBack } from '../sys/codec.ts';
import { COMMANDS } from '../sys/commands.ts';
import type { Fd, Mapping, PerfEventAttr, Sys } from '../sys/sys.ts';
import { BpfError } from '../util/error.ts';
import { type Libc, loadLibc } from './libc.ts';

/** `__NR_bpf` on x86-64. */
const NR_BPF = 321;
/** Bytes of `struct perf_event_attr` in its first version. */
const PERF_ATTR_SIZE = 64;
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;

/** The real Linux kernel. */
export class LinuxSys implements Sys {
  readonly kind = 'linux';
  /** Linux says an errno and no more. */
  readonly why = '';
  readonly possibleCpus: number;
  readonly #libc: Libc;
  readonly #attr = new Uint8Array(MAX_ATTR_SIZE);
  readonly #view = new DataView(this.#attr.buffer);
  /** What the current call's addresses point to: kept from the garbage collector until the call has ended. */
  readonly #pinned: Uint8Array[] = [];
  readonly #addressOf = (bytes: Uint8Array): bigint => {
    this.#pinned.push(bytes);
    return this.#libc.address(bytes);
  };

  /** Use {@link openLinux}. */
  constructor(libc: Libc, possibleCpus: number) {
    this.#libc = libc;
    this.possibleCpus = possibleCpus;
  }

  bpf<C extends BpfCommand>(command: C, attr: BpfAttr[C]): number {
    try {
      const size = encodeAttr(command, attr, this.#view, this.#addressOf);
      const result = this.#call(COMMANDS[command].id, this.#attr, size);
      readBack(command, attr, this.#view);
      return result;
    } finally {
      this.#pinned.length = 0;
    }
  }

  /** Performs a command, by number, with an attribute already encoded: for what {@link bpf} cannot express. */
  bpfRaw(command: number, attr: Uint8Array): number {
    return this.#call(command, attr, attr.length);
  }

  #call(command: number, attr: Uint8Array, size: number): number {
    const result = this.#libc.syscall(NR_BPF, command, attr, size);
    return result < 0 ? -this.#libc.errno() : result;
  }

  close(fd: Fd): number {
    return this.#libc.close(fd) < 0 ? -this.#libc.errno() : 0;
  }

  perfEventOpen({ type, config, sampleType, samplePeriod }: PerfEventAttr, cpu: number): number {
    const attr = new Uint8Array(PERF_ATTR_SIZE);
    const view = new DataView(attr.buffer);
    view.setUint32(0, type, true);
    view.setUint32(4, PERF_ATTR_SIZE, true);
    view.setBigUint64(8, config, true);
    view.setBigUint64(16, samplePeriod, true);
    view.setBigUint64(24, sampleType, true);
    const fd = this.#libc.perfEventOpen(attr, cpu);
    return fd < 0 ? -this.#libc.errno() : fd;
  }

  /** Maps as {@link Sys} says. A store to bytes that were not mapped writable ends the process: the kernel stops it, not JavaScript. */
  mmap(fd: Fd, length: number, options: { writable: boolean; offset?: number }): Mapping | number {
    const protection = options.writable ? PROT_READ | PROT_WRITE : PROT_READ;
    const address = this.#libc.mmap(0, length, protection, MAP_SHARED, fd, options.offset ?? 0);
    return address < 0 ? -this.#libc.errno() : new LinuxMapping(this.#libc, address, length);
  }

  [Symbol.dispose](): void {}
}

/** Frees the address range of a mapping once nobody can look at it any more. */
const ranges = new FinalizationRegistry<() => void>(free => free());

class LinuxMapping implements Mapping {
  readonly #libc: Libc;
  readonly #address: number;
  readonly #length: number;
  #bytes: Uint8Array | undefined;

  constructor(libc: Libc, address: number, length: number) {
    this.#libc = libc;
    this.#address = address;
    this.#length = length;
    const memory = libc.view(address, length);
    ranges.register(memory, () => libc.munmap(address, length));
    this.#bytes = new Uint8Array(memory);
  }

  get bytes(): Uint8Array {
    if (this.#bytes === undefined) throw new BpfError('unmapped', 'mapping: its memory is no longer mapped');
    return this.#bytes;
  }

  unmap(): void {
    if (this.#bytes === undefined) return;
    this.#bytes = undefined;
    // Whoever still holds the bytes must not read freed memory: zero pages take the place of the kernel's, and the range stays.
    const flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS;
    this.#libc.mmap(this.#address, this.#length, PROT_READ | PROT_WRITE, flags, -1, 0);
  }
}

/** Counts the CPUs in a kernel's list (`0-3,8`): as many values as a per-CPU map has for a key. */
export function countCpus(list: string): number {
  let count = 0;
  for (const range of list.trim().split(',')) {
    const found = /^(\d+)(?:-(\d+))?$/.exec(range);
    if (found === null) {
      throw new BpfError('bad_cpu_list', `list of CPUs ${JSON.stringify(list)}: want numbers and ranges, as in 0-3,8`);
    }
    count += Number(found[2] ?? found[1]) - Number(found[1]) + 1;
  }
  return count;
}

/**
 * Opens the real kernel.
 * @throws {NotSupportedError} where there is none that can be called.
 */
export function openLinux(): LinuxSys {
  const libc = loadLibc();
  return new LinuxSys(libc, countCpus(readFileSync('/sys/devices/system/cpu/possible', 'latin1')));
}
