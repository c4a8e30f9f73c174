/** The task that a program runs in: what the `get_current_…` helpers answer. One per machine; whoever owns the machine may set it. */

/** Who runs. */
export interface Task {
  /** Thread id, and the process's id. */
  pid: number;
  tgid: number;
  uid: number;
  gid: number;
  /** Name, at most 15 bytes of UTF-8. */
  comm: string;
  /** Id of the cgroup, 1 for the root. */
  cgroupId: bigint;
}

/** The first process of a system, as root. */
export function initTask(): Task {
  return { pid: 1, tgid: 1, uid: 0, gid: 0, comm: 'init', cgroupId: 1n };
}
