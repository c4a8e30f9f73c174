/** Test runs of socket lookups (`bpf_prog_test_run_sk_lookup`). There are no sockets to select. */
import { GuestObjects } from '../../../machine/guest-objects.ts';
import type { ProgTestRunAttr } from '../../../sys/attr.gen.ts';
import { CONTEXTS } from '../../../uapi/contexts.ts';
import type { KernelCore } from '../../core.ts';
import type { ProgKernelObject } from '../../prog-object.ts';
import { refuse } from '../../refusal.ts';
import { checkPlainRun, contextIn, finishRun } from './shared.ts';

const { fields, size: CONTEXT_SIZE } = CONTEXTS.bpf_sk_lookup;
const AF_INET = 2;
const AF_INET6 = 10;

export function testRunSkLookup(kernel: KernelCore, { program }: ProgKernelObject, attr: ProgTestRunAttr): number {
  checkPlainRun(attr);
  if (
    attr.data_in !== undefined ||
    attr.data_out !== undefined ||
    (attr.data_size_in ?? 0) + (attr.data_size_out ?? 0) > 0
  )
    return refuse('EINVAL', 'data: a socket lookup has no packet');
  const context = contextIn(attr, CONTEXT_SIZE);
  if (context === undefined) return refuse('EINVAL', 'ctx_in: none given');
  const seen = seenContext(context);
  using objects = new GuestObjects(kernel.machine.memory);
  const running = { kind: 'bpf_sk_lookup', address: objects.place('bpf_sk_lookup', seen, 'read') };
  return finishRun(kernel, attr, repeat => {
    let verdict = 0;
    for (let i = 0; i < repeat; i++) verdict = kernel.runNumber(program, running);
    return { verdict: verdict === 0 ? 0 : 1, context };
  });
}

/** What the program sees of the caller's context; refuses what the kernel does. */
function seenContext(context: Uint8Array): Uint8Array {
  const view = new DataView(context.buffer, context.byteOffset, context.length);
  if (view.getBigUint64(fields.sk.offset, true) !== 0n) return refuse('EINVAL', 'ctx sk: want 0');
  if (context.subarray(fields.ingress_ifindex.offset).some(byte => byte !== 0))
    return refuse('EINVAL', 'ctx: a byte behind local_port is set');
  const port = view.getUint32(fields.local_port.offset, true);
  if (port > 0xffff) return refuse('ERANGE', `ctx local_port ${port}, at most 65535`);
  const family = view.getUint16(fields.family.offset, true);
  if (family !== AF_INET && family !== AF_INET6) return refuse('EAFNOSUPPORT', `ctx family ${family}, want 2 or 10`);
  const seen = context.slice();
  const hide = ({ offset, size }: { offset: number; size: number }): void => {
    seen.fill(0, offset, offset + size);
  };
  for (const field of family === AF_INET
    ? [fields.remote_ip6, fields.local_ip6]
    : [fields.remote_ip4, fields.local_ip4]) {
    hide(field);
  }
  // The kernel holds family and protocol in 16 bits.
  for (const { offset } of [fields.family, fields.protocol]) hide({ offset: offset + 2, size: 2 });
  hide(fields._padding);
  return seen;
}
