/**
 * `Sys`: the one seam between everything a user touches and a kernel. Behind it stands our own kernel (`kernel/`), our kernel in
 * another process (`daemon/`) or the real Linux (`linux/`).
 *
 * It has the shape of the system call: attributes are `union bpf_attr` members by their kernel names, pointers are byte arrays
 * that the kernel reads or fills in place, scalars that the kernel writes back (`next_id`, `retval`, `duration` …) are assigned
 * to the attribute object, and a refusal is a negative errno. `must` turns a refusal into a `SyscallError`.
 */
import type { BpfAttr, BpfCommand } from './attr.gen.ts';

/** A file descriptor. */
export type Fd = number & { readonly __fd?: never };

/** Memory of a kernel seen by its user: `mmap` of an array map, a ring buffer, a perf buffer. */
export interface Mapping {
  /** The mapped bytes, live. Ask again for every use: memory may move when it grows. */
  readonly bytes: Uint8Array;
  unmap(): void;
}

/** Packets to run a program over one after the other, and what came of them. */
export interface PacketRun {
  readonly packets: readonly Uint8Array[];
  /** When each packet arrives, in nanoseconds since boot; the clock stands still without. It never goes back. */
  readonly times?: Float64Array | undefined;
  /** The return value of each packet that was run. */
  readonly verdicts: Uint32Array;
  /** How many were run: the index of the packet that was refused, or that the program faulted on. Where a call begins. */
  done: number;
}

/** What of `struct perf_event_attr` says which event is meant, and what is sampled of it. */
export interface PerfEventAttr {
  readonly type: number;
  readonly config: bigint;
  readonly sampleType: bigint;
  readonly samplePeriod: bigint;
}

export interface Sys extends Disposable {
  /** Which kernel this is: ours, the real one, or ours in another process. */
  readonly kind: 'sim' | 'linux' | 'remote';
  /** Why the last call was refused, where the kernel says so (ours does); empty after success. */
  readonly why: string;
  /** Performs a command. Returns its result (0, a file descriptor, a count) or a negative errno. */
  bpf<C extends BpfCommand>(command: C, attr: BpfAttr[C]): number;
  /** Closes a descriptor; 0 or a negative errno. */
  close(fd: Fd): number;
  /** Maps `length` bytes of `fd` from `offset`, shared; a negative errno when refused. */
  mmap(fd: Fd, length: number, options: { writable: boolean; offset?: number }): Mapping | number;
  /**
   * Test-runs a program over `run.packets` from `run.done` on and drops what comes out: 0, or the negative errno of the packet at
   * `run.done`. Absent where a kernel has prog_test_run only.
   * @throws VmFault where the program faults on the packet at `run.done`.
   */
  runPackets?(fd: Fd, run: PacketRun): number;
  /** Opens a perf event of all tasks on a CPU: a descriptor or a negative errno. Absent where a kernel has no perf events. */
  perfEventOpen?(attr: PerfEventAttr, cpu: number): number;
  /** CPUs that could be present: what per-CPU values are gathered over. */
  readonly possibleCpus: number;
}
