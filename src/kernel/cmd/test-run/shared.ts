/** What the test runs of all program types share: buffers in, results out (net/bpf/test_run.c). */
import type { HookRefusal } from '../../../hooks/refusal.ts';
import type { ProgTestRunAttr } from '../../../sys/attr.gen.ts';
import type { KernelCore } from '../../core.ts';
import type { ProgKernelObject } from '../../prog-object.ts';
import { refuse } from '../../refusal.ts';

/** Runs a program of one type: 0, or a CommandRefusal. */
export type TestRun = (kernel: KernelCore, object: ProgKernelObject, attr: ProgTestRunAttr) => number;

const NOTHING = new Uint8Array(0);

/** What came of a run, as far as the caller gets it. */
export interface TestRunResult {
  readonly verdict: number;
  /** The packet, where the type has one and the caller wants it. */
  readonly bytes?: Uint8Array;
  /** Bytes of the packet, where it is not given. */
  readonly length?: number;
  /** The context, where the caller gave or wanted one. */
  readonly context?: Uint8Array | undefined;
}

/** The packet that the caller gave. */
export function packetIn(attr: ProgTestRunAttr): Uint8Array {
  const size = attr.data_size_in ?? 0;
  if (size > 0 && (attr.data_in === undefined || attr.data_in.length < size)) {
    return refuse('EFAULT', `data_in: ${attr.data_in?.length ?? 0} bytes, data_size_in ${size}`);
  }
  return attr.data_in?.subarray(0, size) ?? new Uint8Array(0);
}

/** The caller's context of `size` bytes, zero-padded; undefined where neither ctx_in nor ctx_out is given. */
export function contextIn(attr: ProgTestRunAttr, size: number): Uint8Array | undefined {
  if (attr.ctx_in === undefined && attr.ctx_out === undefined) return undefined;
  const given = attr.ctx_in?.subarray(0, attr.ctx_size_in ?? 0) ?? new Uint8Array(0);
  if (given.subarray(size).some(byte => byte !== 0))
    return refuse('E2BIG', `ctx_in: a byte behind the ${size} of the context is set`);
  const context = new Uint8Array(size);
  context.set(given.subarray(0, size));
  return context;
}

/** Refuses flags beyond `allowed`, and the CPU and batch size that only some types take. */
export function checkPlainRun(attr: ProgTestRunAttr, allowed = 0): void {
  const flags = (attr.flags ?? 0) & ~allowed;
  if (flags !== 0) refuse('EINVAL', `flags 0x${(flags >>> 0).toString(16)}: not for this program type`);
  if ((attr.cpu ?? 0) !== 0) refuse('EINVAL', `cpu ${attr.cpu}: not for this program type`);
  if ((attr.batch_size ?? 0) !== 0) refuse('EINVAL', `batch_size ${attr.batch_size}: not for this program type`);
}

/** Runs a hook as often as the caller wants, measures, and writes the results over the attributes. */
export function finishRun(
  kernel: KernelCore,
  attr: ProgTestRunAttr,
  run: (repeat: number) => TestRunResult | HookRefusal,
): number {
  const repeat = Math.max(1, attr.repeat ?? 1);
  const start = kernel.hostClock();
  const result = run(repeat);
  if ('errno' in result) return refuse(result.errno, result.why);
  attr.duration = Math.round(((kernel.hostClock() - start) * 1e6) / repeat);
  attr.retval = result.verdict;
  const { bytes = NOTHING, length = bytes.length, context } = result;
  const whole = copyOut(attr.data_out, attr.data_size_out ?? 0, bytes, length);
  attr.data_size_out = length;
  if (!whole) return refuse('ENOSPC', `data_out: the packet has ${length} bytes`);
  if (context === undefined || attr.ctx_out === undefined) return 0;
  const fits = copyOut(attr.ctx_out, attr.ctx_size_out ?? 0, context, context.length);
  attr.ctx_size_out = context.length;
  return fits ? 0 : refuse('ENOSPC', `ctx_out: the context has ${context.length} bytes`);
}

/** Copies a result of `length` bytes out, where somebody takes it; false when it was cut. */
function copyOut(out: Uint8Array | undefined, room: number, bytes: Uint8Array, length: number): boolean {
  const cut = room > 0 && length > room;
  out?.set(bytes.subarray(0, Math.min(cut ? room : length, out.length)));
  return !cut;
}
