/** bpf_fib_lookup (net/core/filter.c). Loopback forwards nothing, so no lookup gets as far as a route. */
import { LOOPBACK } from '../machine/net-device.ts';
import { ERRNO } from '../uapi/errno.ts';
import { FIB_FLAGS, FIB_RESULTS } from '../uapi/flags.ts';
import type { HelperBodies } from './bind.ts';

/** `struct bpf_fib_lookup`: its size, where the family and the device's index lie. */
const FIB = { size: 64, family: 0, ifindex: 8 } as const;
const FAMILIES = new Set([2, 10]);
const KNOWN_FLAGS = BigInt(Object.values(FIB_FLAGS).reduce((all, flag) => all | flag, 0));

/** The helper that asks for a route. */
export function routeHelpers(): HelperBodies {
  return {
    fib_lookup({ memory }, _context, parameters, size, flags) {
      if (size < FIB.size || (flags & 0xffff_ffffn & ~KNOWN_FLAGS) !== 0n) return -ERRNO.EINVAL;
      if (!FAMILIES.has(memory.view.getUint8(parameters + FIB.family))) return -ERRNO.EAFNOSUPPORT;
      const ifindex = memory.view.getUint32(parameters + FIB.ifindex, true);
      return ifindex === LOOPBACK.ifindex ? FIB_RESULTS.BPF_FIB_LKUP_RET_FWD_DISABLED : -ERRNO.ENODEV;
    },
  };
}
