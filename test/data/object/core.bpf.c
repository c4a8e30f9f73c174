/* Accesses that are relocated against the types of the running kernel. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct inner {
	int depth;
} __attribute__((preserve_access_index));

struct task_struct {
	int pid;
	unsigned int flags : 5;
	struct inner inner[3];
	struct task_struct *parent;
} __attribute__((preserve_access_index));

enum state { RUNNING = 1 };

static __attribute__((noinline)) int depth_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, parent, inner[2].depth);
}

SEC("raw_tp/sched_switch") int use(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[1];
	int sum = BPF_CORE_READ(task, pid) + BPF_CORE_READ_BITFIELD_PROBED(task, flags) + depth_of(task);

	if (bpf_core_field_exists(task->parent) && bpf_core_type_exists(struct inner))
		sum += bpf_core_enum_value(enum state, RUNNING) + bpf_core_type_size(struct task_struct);
	return sum;
}

char _license[] SEC("license") = "GPL";
