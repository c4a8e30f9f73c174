/** BPF_PROG_TEST_RUN: runs a program once or many times over a packet and gives back what it returned and left. */
import { encodeXdpMd, readXdpMd } from '../../hooks/xdp.ts';
import { XDP_MD_SIZE } from '../../machine/xdp-buff.ts';
import type { ProgTestRunAttr } from '../../sys/attr.gen.ts';
import { TEST_RUN_FLAGS } from '../../uapi/flags.ts';
import { PROG_TYPES, type ProgTypeName, type ProgTypeRow } from '../../uapi/prog-types.ts';
import { NotSupportedError } from '../../util/error.ts';
import type { KernelCore } from '../core.ts';
import type { ProgKernelObject } from '../prog-object.ts';
import { refuse } from '../refusal.ts';

type TestRun = (kernel: KernelCore, object: ProgKernelObject, attr: ProgTestRunAttr) => number;

/** How a program of each type is run. */
const TEST_RUNS: { readonly [K in ProgTypeName]?: TestRun } = { xdp: testRunXdp };

function hasTestRun(type: ProgTypeName): boolean {
  const rows: Partial<Record<ProgTypeName, ProgTypeRow>> = PROG_TYPES;
  return rows[type]?.testRun === true;
}

export function progTestRun(kernel: KernelCore, attr: ProgTestRunAttr): number {
  const object = kernel.object(attr.prog_fd, 'prog');
  const { type } = object.attributes;
  if (!hasTestRun(type)) return refuse('ENOTSUPP', `a ${type} program has no test run`);
  const run = TEST_RUNS[type];
  if (run === undefined) throw new NotSupportedError(type, `test run of a ${type} program: only xdp programs run yet`);
  if ((attr.ctx_size_in ?? 0) > 0 !== (attr.ctx_in !== undefined))
    return refuse('EINVAL', 'ctx_in and ctx_size_in: one without the other');
  if ((attr.ctx_size_out ?? 0) > 0 !== (attr.ctx_out !== undefined))
    return refuse('EINVAL', 'ctx_out and ctx_size_out: one without the other');
  return run(kernel, object, attr);
}

/** The caller's context of `size` bytes, zero-padded; undefined where neither ctx_in nor ctx_out is given. */
function contextIn(attr: ProgTestRunAttr, size: number): Uint8Array | undefined {
  if (attr.ctx_in === undefined && attr.ctx_out === undefined) return undefined;
  const given = attr.ctx_in?.subarray(0, attr.ctx_size_in ?? 0) ?? new Uint8Array(0);
  if (given.subarray(size).some(byte => byte !== 0))
    return refuse('E2BIG', `ctx_in: a byte behind the ${size} of the context is set`);
  const context = new Uint8Array(size);
  context.set(given.subarray(0, size));
  return context;
}

/** Copies a result out: -ENOSPC when it was cut, 0 otherwise. */
function copyOut(out: Uint8Array | undefined, room: number, bytes: Uint8Array): boolean {
  const cut = room > 0 && bytes.length > room;
  out?.set(bytes.subarray(0, Math.min(cut ? room : bytes.length, out.length)));
  return !cut;
}

function testRunXdp(kernel: KernelCore, object: ProgKernelObject, attr: ProgTestRunAttr): number {
  const { attributes, program } = object;
  const { expectedAttachType } = attributes;
  if (expectedAttachType === 'xdp_devmap' || expectedAttachType === 'xdp_cpumap') {
    return refuse('EINVAL', `a program for ${expectedAttachType} can not be test-run`);
  }
  const flags = attr.flags ?? 0;
  if ((flags & ~TEST_RUN_FLAGS.BPF_F_TEST_XDP_LIVE_FRAMES) !== 0)
    return refuse('EINVAL', `flags 0x${flags.toString(16)}: not for xdp`);
  if (flags !== 0) {
    throw new NotSupportedError(
      'test_run_flags',
      `test run with flags 0x${flags.toString(16)}: live frames are not simulated yet`,
      '5.18',
    );
  }
  if ((attr.batch_size ?? 0) !== 0) return refuse('EINVAL', 'batch_size without BPF_F_TEST_XDP_LIVE_FRAMES');
  const context = contextIn(attr, XDP_MD_SIZE);
  const size = attr.data_size_in ?? 0;
  if (size > 0 && (attr.data_in === undefined || attr.data_in.length < size)) {
    return refuse('EFAULT', `data_in: ${attr.data_in?.length ?? 0} bytes, data_size_in ${size}`);
  }
  const input = {
    bytes: attr.data_in?.subarray(0, size) ?? new Uint8Array(0),
    md: context === undefined ? undefined : readXdpMd(context),
  };
  const repeat = Math.max(1, attr.repeat ?? 1);
  const start = kernel.hostClock();
  const output = kernel.xdp.run(input, repeat, buff => kernel.interpreter.run(program, buff));
  if ('errno' in output) return refuse(output.errno, output.why);
  attr.duration = Math.round(((kernel.hostClock() - start) * 1e6) / repeat);
  attr.retval = output.verdict;
  const whole = copyOut(attr.data_out, attr.data_size_out ?? 0, output.bytes);
  attr.data_size_out = output.bytes.length;
  if (!whole) return refuse('ENOSPC', `data_out: the packet has ${output.bytes.length} bytes`);
  if (context === undefined) return 0;
  const fits = copyOut(attr.ctx_out, attr.ctx_size_out ?? 0, encodeXdpMd(output.md));
  attr.ctx_size_out = XDP_MD_SIZE;
  return fits ? 0 : refuse('ENOSPC', `ctx_out: the context has ${XDP_MD_SIZE} bytes`);
}
