/** Helpers of sock_ops programs (net/core/filter.c). */
import { CONTEXTS } from '../uapi/contexts.ts';
import { ERRNO } from '../uapi/errno.ts';
import type { HelperBodies } from './bind.ts';
import { s32 } from './words.ts';

const { bpf_sock_ops_cb_flags, is_fullsock } = CONTEXTS.bpf_sock_ops.fields;
/** BPF_SOCK_OPS_ALL_CB_FLAGS. */
const ALL_CALLBACKS = 0x7f;

/** The helpers of sock_ops programs. */
export function sockOpsHelpers(): HelperBodies {
  return {
    sock_ops_cb_flags_set({ memory: { view } }, context, flags) {
      if (view.getUint32(context.address + is_fullsock.offset, true) === 0) return -ERRNO.EINVAL;
      view.setUint32(context.address + bpf_sock_ops_cb_flags.offset, s32(flags) & ALL_CALLBACKS, true);
      return s32(flags) & ~ALL_CALLBACKS;
    },
  };
}
