/** Test runs over words and memory that the caller gives: raw tracepoints and syscall programs (net/bpf/test_run.c). */
import type { CallContext } from '../../../machine/call-context.ts';
import { GuestObjects } from '../../../machine/guest-objects.ts';
import type { ProgTestRunAttr } from '../../../sys/attr.gen.ts';
import { TEST_RUN_FLAGS } from '../../../uapi/flags.ts';
import type { KernelCore } from '../../core.ts';
import type { ProgKernelObject } from '../../prog-object.ts';
import { refuse } from '../../refusal.ts';

/** Bytes of the words of a raw tracepoint at most, and of a syscall program's memory. */
const MAX_ARGUMENT_BYTES = 12 * 8;
const MAX_SYSCALL_CONTEXT = 0xffff;

/** Refuses what these runs do not take, and gives the caller's context. */
function contextOf(attr: ProgTestRunAttr, maxSize: number): Uint8Array {
  const { data_in, data_out, ctx_out, duration = 0, repeat = 0, batch_size = 0, ctx_size_in: size = 0 } = attr;
  if (data_in !== undefined || data_out !== undefined || ctx_out !== undefined || duration + repeat + batch_size > 0)
    return refuse('EINVAL', 'only ctx_in is for this program type: no data, ctx_out, duration, repeat or batch_size');
  if (size > maxSize) return refuse('EINVAL', `ctx_size_in ${size}, at most ${maxSize}`);
  if (size > 0 && (attr.ctx_in?.length ?? 0) < size)
    return refuse('EFAULT', `ctx_in: fewer bytes than ctx_size_in ${size}`);
  return attr.ctx_in?.subarray(0, size) ?? new Uint8Array(0);
}

export function testRunRawTracepoint(kernel: KernelCore, { program }: ProgKernelObject, attr: ProgTestRunAttr): number {
  const words = contextOf(attr, MAX_ARGUMENT_BYTES);
  const { env, memory } = kernel.machine;
  const { cpu = 0, flags = 0 } = attr;
  const isOnCpu = (flags & TEST_RUN_FLAGS.BPF_F_TEST_RUN_ON_CPU) !== 0;
  if (!isOnCpu && cpu !== 0) return refuse('EINVAL', `cpu ${cpu} without BPF_F_TEST_RUN_ON_CPU`);
  if (isOnCpu && cpu >= env.cpus) return refuse('ENXIO', `cpu ${cpu}, there are ${env.cpus}`);
  using objects = new GuestObjects(memory);
  const address = objects.place('arguments', words);
  const context: CallContext = { kind: 'call', address, argumentCount: words.length >> 3, hasReturnValue: false };
  const before = env.cpu;
  env.cpu = cpu;
  try {
    attr.retval = kernel.runNumber(program, context);
  } finally {
    env.cpu = before;
  }
  return 0;
}

export function testRunSyscall(kernel: KernelCore, { program }: ProgKernelObject, attr: ProgTestRunAttr): number {
  if ((attr.flags ?? 0) !== 0)
    return refuse('EINVAL', `flags 0x${attr.flags?.toString(16)}: not for this program type`);
  const given = contextOf(attr, MAX_SYSCALL_CONTEXT);
  const { memory } = kernel.machine;
  using objects = new GuestObjects(memory);
  const address = given.length === 0 ? 0 : objects.place('context', given);
  attr.retval = kernel.runNumber(program, { kind: 'syscall', address });
  if (given.length > 0) given.set(memory.read(address, given.length));
  return 0;
}
