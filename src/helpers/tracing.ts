/** Helpers of tracing programs over the call that they see (kernel/trace/bpf_trace.c). */
import { type CallContext, isCallContext } from '../machine/call-context.ts';
import { CONTEXTS } from '../uapi/contexts.ts';
import { ERRNO } from '../uapi/errno.ts';
import type { HelperCall } from '../vm/call.ts';
import type { HookContext } from '../vm/env.ts';
import { AccessRefusal } from '../vm/fault.ts';
import type { HelperBodies } from './bind.ts';

const { ip } = CONTEXTS.bpf_user_pt_regs_t.fields;

function callOf(context: HookContext): CallContext {
  if (isCallContext(context)) return context;
  throw new AccessRefusal('bad_argument', `a context of kind ${context.kind}, want call`);
}

/** Copies a 64-bit word of the context. */
function copyWord({ memory }: HelperCall, call: CallContext, index: number, to: number): number {
  memory.view.setBigUint64(to, memory.view.getBigUint64(call.address + 8 * index, true), true);
  return 0;
}

/** The helpers over calls. */
export function tracingHelpers(): HelperBodies {
  return {
    get_func_arg(call, context, index, to) {
      const seen = callOf(context);
      if (index >= BigInt(seen.argumentCount)) return -ERRNO.EINVAL;
      return copyWord(call, seen, Number(index), to);
    },
    get_func_ret(call, context, to) {
      const seen = callOf(context);
      return seen.hasReturnValue ? copyWord(call, seen, seen.argumentCount, to) : -ERRNO.EOPNOTSUPP;
    },
    get_func_arg_cnt: (_call, context) => callOf(context).argumentCount,
    get_func_ip: ({ memory }, context) =>
      context.kind === 'bpf_user_pt_regs_t' ? memory.view.getBigUint64(context.address + ip.offset, true) : 0n,
    get_attach_cookie: () => 0,
  };
}
