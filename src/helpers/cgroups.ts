/** Helpers that ask whether something is below a cgroup (kernel/trace/bpf_trace.c, net/core/filter.c). The machine has the root only. */
import type { MapObject } from '../maps/map.ts';
import { ERRNO } from '../uapi/errno.ts';
import type { HelperBodies } from './bind.ts';
import { u32 } from './words.ts';

/** Whether what runs is below the cgroup in a slot: 1, for there is one cgroup, or why there is no answer. */
function isUnder(map: MapObject, index: number): number {
  if (index >= map.attributes.maxEntries) return -ERRNO.E2BIG;
  return map.slot?.(index) === undefined ? -ERRNO.EAGAIN : 1;
}

/** The helpers over cgroup arrays. */
export function cgroupHelpers(): HelperBodies {
  return {
    current_task_under_cgroup: (_call, map, index) => isUnder(map, u32(index)),
    skb_under_cgroup: (_call, _context, map, index) => isUnder(map, u32(index)),
  };
}
