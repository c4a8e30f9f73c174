/** Helpers that call back into the program: bpf_loop, bpf_for_each_map_elem. */
import { ERRNO } from '../uapi/errno.ts';
import { AccessRefusal } from '../vm/fault.ts';
import { kernelPointer } from '../vm/pointer.ts';
import type { HelperBodies } from './bind.ts';

/** BPF_MAX_LOOPS. */
const MAX_LOOPS = 8 * 1024 * 1024;

/** The helpers that call back into the program. */
export function loopHelpers(): HelperBodies {
  return {
    loop(call, count, callback, context, flags) {
      if (flags !== 0n) return -ERRNO.EINVAL;
      const loops = Number(count & 0xffff_ffffn);
      if (loops > MAX_LOOPS) return -ERRNO.E2BIG;
      for (let i = 0; i < loops; i++) {
        if (call.callback(callback, BigInt(i), context, 0n, 0n) !== 0n) return i + 1;
      }
      return loops;
    },
    for_each_map_elem(call, map, callback, context, flags) {
      if (flags !== 0n) return -ERRNO.EINVAL;
      if (map.visitEach === undefined) {
        const { name, type } = map.attributes;
        throw new AccessRefusal('bad_argument', `bpf_for_each_map_elem: not for map ${name} of type ${type}`);
      }
      const self = kernelPointer(map.address);
      return map.visitEach(
        (key, value) => call.callback(callback, self, kernelPointer(key), kernelPointer(value), context) === 0n,
      );
    },
  };
}
