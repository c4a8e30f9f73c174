/* What the kernel is to supply: its configuration, its variables, its functions. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct task_struct;
struct rq {
	int cpu;
};

extern unsigned int LINUX_KERNEL_VERSION __kconfig;
extern _Bool CONFIG_BPF_SYSCALL __kconfig;
extern char CONFIG_LOCALVERSION[20] __kconfig;
extern enum libbpf_tristate CONFIG_IPV6 __kconfig __weak;
extern unsigned long CONFIG_HZ __kconfig;

extern const void bpf_link_fops __ksym;
extern const struct rq runqueues __ksym __weak;

extern struct task_struct *bpf_task_acquire(struct task_struct *) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym __weak;

SEC("tp_btf/task_newtask") int use(__u64 *ctx)
{
	struct task_struct *task = bpf_task_acquire((void *)ctx[0]);

	if (task)
		bpf_task_release(task);
	if (!CONFIG_BPF_SYSCALL || CONFIG_LOCALVERSION[3] || CONFIG_IPV6 == TRI_YES)
		return LINUX_KERNEL_VERSION;
	return CONFIG_HZ + ((long)&bpf_link_fops == (long)&runqueues);
}

char _license[] SEC("license") = "GPL";
