/** bpf_spin_lock and bpf_spin_unlock: on one CPU a flag in the value that shows a lock taken twice. */
import { AccessRefusal } from '../vm/fault.ts';
import type { HelperBodies } from './bind.ts';

/** The helpers for locks in map values. */
export function lockHelpers(): HelperBodies {
  return {
    spin_lock({ memory }, lock) {
      if (memory.view.getUint32(lock, true) !== 0) {
        throw new AccessRefusal('bad_argument', 'bpf_spin_lock: the lock is held already, this would never end');
      }
      memory.view.setUint32(lock, 1, true);
      return undefined;
    },
    spin_unlock({ memory }, lock) {
      memory.view.setUint32(lock, 0, true);
      return undefined;
    },
  };
}
