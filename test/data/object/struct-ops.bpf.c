/* A table of functions for the kernel to call. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct counter_ops {
	int (*start)(int);
	unsigned long flags;
	int (*stop)(void);
};

SEC("struct_ops/start") int start(__u64 *ctx)
{
	return ctx[0];
}

SEC("struct_ops.s/stop") int stop(__u64 *ctx)
{
	return 0;
}

SEC(".struct_ops") struct counter_ops one = { .start = (void *)start, .flags = 9 };
SEC(".struct_ops.link") struct counter_ops two = { .start = (void *)start, .stop = (void *)stop };

char _license[] SEC("license") = "GPL";
