// What a loader has to do, in one object: constants, globals, externs, slots of a prog array, metadata, and programs that no
// verifier lets through. Rebuild: clang -target bpf -mcpu=v3 -O2 -g -fdebug-compilation-dir=. -c features.bpf.c -o features.bpf.o
// SPDX-License-Identifier: MIT
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern int LINUX_KERNEL_VERSION __kconfig;
extern int CONFIG_SKEP_NUMBER __kconfig __weak;
extern _Bool CONFIG_SKEP_SWITCH __kconfig __weak;
extern char CONFIG_SKEP_TEXT[8] __kconfig __weak;
extern enum libbpf_tristate CONFIG_SKEP_MODULE __kconfig __weak;

const volatile __u8 limit = 7;
const volatile char label[8] = "none";

struct point {
	__s16 x;
	__u64 y;
};

__u64 seen;
struct point last = { .x = -1, .y = 2 };
__u32 custom SEC(".data.custom") = 5;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, struct point);
	__type(value, __u32);
} points SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} per_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} results SEC(".maps");

int target(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, sizeof(__u32));
	__array(values, int(struct xdp_md *));
} jumps SEC(".maps") = { .values = { [2] = &target } };

SEC("xdp")
int target(struct xdp_md *ctx)
{
	return XDP_TX;
}

static void result(__u32 index, __u64 value)
{
	bpf_map_update_elem(&results, &index, &value, BPF_ANY);
}

SEC("xdp")
int globals(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&per_cpu, &zero);

	if (count)
		*count += limit;
	seen++;
	last.x++;
	custom = limit;
	return label[0] == 'd' ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int externs(struct xdp_md *ctx)
{
	result(0, LINUX_KERNEL_VERSION);
	result(1, CONFIG_SKEP_NUMBER);
	result(2, CONFIG_SKEP_SWITCH);
	result(3, CONFIG_SKEP_TEXT[1]);
	result(4, CONFIG_SKEP_MODULE);
	return XDP_PASS;
}

SEC("xdp")
int jump(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &jumps, 2);
	return XDP_ABORTED;
}

SEC("xdp")
int metadata(struct xdp_md *ctx)
{
	if (bpf_xdp_adjust_meta(ctx, -4))
		return XDP_ABORTED;
	__u32 *meta = (void *)(long)ctx->data_meta;
	if ((void *)(meta + 1) > (void *)(long)ctx->data)
		return XDP_ABORTED;
	*meta = 0x11223344;
	return XDP_PASS;
}

SEC("?xdp")
int prints(struct xdp_md *ctx)
{
	bpf_printk("%d bytes", ctx->data_end - ctx->data);
	result(0, bpf_ktime_get_ns());
	result(1, bpf_get_prandom_u32());
	return XDP_PASS;
}

SEC("?xdp")
int unchecked(struct xdp_md *ctx)
{
	__u32 length = ctx->data_end - ctx->data;
	__u64 *value = bpf_map_lookup_elem(&results, &length);

	return *value;
}

SEC("?xdp")
int endless(struct xdp_md *ctx)
{
	while (ctx->data)
		seen++;
	return XDP_PASS;
}

SEC("?kprobe/do_exit")
int traced(void *ctx)
{
	return 0;
}

SEC("?made/up")
int nameless(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
