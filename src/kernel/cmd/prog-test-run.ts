/** BPF_PROG_TEST_RUN: runs a program once or many times over a packet or context and gives back what it returned and left. */
import type { ProgTestRunAttr } from '../../sys/attr.gen.ts';
import { PROG_TYPES, type ProgTypeName, type ProgTypeRow } from '../../uapi/prog-types.ts';
import { NotSupportedError } from '../../util/error.ts';
import type { KernelCore } from '../core.ts';
import { refuse } from '../refusal.ts';
import { testRunRawTracepoint, testRunSyscall } from './test-run/calls.ts';
import { testRunFlowDissector } from './test-run/flow-dissector.ts';
import type { TestRun } from './test-run/shared.ts';
import { testRunSkLookup } from './test-run/sk-lookup.ts';
import { testRunSkb } from './test-run/skb.ts';
import { testRunXdp } from './test-run/xdp.ts';

const l2 = testRunSkb('l2');
const l3 = testRunSkb('l3');

/** How a program of each type is run. */
const TEST_RUNS: { readonly [K in ProgTypeName]?: TestRun } = {
  xdp: testRunXdp,
  sched_cls: l2,
  sched_act: l2,
  lwt_in: l3,
  lwt_out: l3,
  lwt_xmit: l3,
  socket_filter: l3,
  cgroup_skb: l3,
  flow_dissector: testRunFlowDissector,
  sk_lookup: testRunSkLookup,
  raw_tracepoint: testRunRawTracepoint,
  syscall: testRunSyscall,
};

function hasTestRun(type: ProgTypeName): boolean {
  const rows: Partial<Record<ProgTypeName, ProgTypeRow>> = PROG_TYPES;
  return rows[type]?.testRun === true;
}

export function progTestRun(kernel: KernelCore, attr: ProgTestRunAttr): number {
  if ((attr.ctx_size_in ?? 0) > 0 !== (attr.ctx_in !== undefined))
    return refuse('EINVAL', 'ctx_in and ctx_size_in: one without the other');
  if ((attr.ctx_size_out ?? 0) > 0 !== (attr.ctx_out !== undefined))
    return refuse('EINVAL', 'ctx_out and ctx_size_out: one without the other');
  const object = kernel.object(attr.prog_fd, 'prog');
  const { type } = object.attributes;
  if (!hasTestRun(type)) return refuse('ENOTSUPP', `a ${type} program has no test run`);
  const run = TEST_RUNS[type];
  if (run === undefined) throw new NotSupportedError(type, `test run of a ${type} program: not simulated yet`);
  return run(kernel, object, attr);
}
