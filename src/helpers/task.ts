/** Helpers that ask for the current task (kernel/bpf/helpers.c, kernel/trace/bpf_trace.c). */
import { ERRNO } from '../uapi/errno.ts';
import { kernelPointer } from '../vm/pointer.ts';
import type { HelperBodies, HelperWorld } from './bind.ts';

/** TASK_COMM_LEN: bytes of a task's name, NUL included. */
const COMM_LENGTH = 16;
const utf8 = new TextEncoder();

/** The helpers that ask for the current task. */
export function taskHelpers({ machine }: HelperWorld): HelperBodies {
  const { task } = machine;
  return {
    get_current_task: () => kernelPointer(machine.taskStruct),
    get_current_task_btf: () => machine.taskStruct,
    get_current_pid_tgid: () => (BigInt(task.tgid) << 32n) | BigInt(task.pid),
    get_current_uid_gid: () => (BigInt(task.gid) << 32n) | BigInt(task.uid),
    get_current_comm({ memory }, buffer, size) {
      const name = utf8.encode(task.comm).subarray(0, Math.min(COMM_LENGTH, size) - 1);
      memory.u8.fill(0, buffer, buffer + size);
      memory.write(buffer, name);
      return 0;
    },
    get_current_cgroup_id: () => task.cgroupId,
    get_current_ancestor_cgroup_id: (_call, level) => (level === 0n ? task.cgroupId : 0n),
    // There is one process, and every namespace is the first.
    get_ns_current_pid_tgid({ memory }, _device, _inode, result, size) {
      memory.u8.fill(0, result, result + size);
      if (size !== 8) return -ERRNO.EINVAL;
      memory.view.setUint32(result, task.pid, true);
      memory.view.setUint32(result + 4, task.tgid, true);
      return 0;
    },
  };
}
