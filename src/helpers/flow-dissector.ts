/** Helpers of flow dissectors. A test run has no socket buffer to load from (net/core/filter.c). */
import { ERRNO } from '../uapi/errno.ts';
import type { HelperBodies } from './bind.ts';

/** The helpers of flow dissectors. */
export function flowDissectorHelpers(): HelperBodies {
  return {
    skb_load_bytes({ memory }, _context, _offset, to, size) {
      memory.u8.fill(0, to, to + size);
      return -ERRNO.EFAULT;
    },
  };
}
