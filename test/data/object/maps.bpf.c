/* Every attribute of a map that is defined through BTF. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define ulong(name, value) enum { ___##name = value } name

struct flow {
	__u32 saddr;
	__u32 daddr;
	__u16 port;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(numa_node, 1);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, struct flow);
	__type(value, __u64);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__uint(value_size, 16);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 100);
	__type(value, __u32);
	ulong(map_extra, 5);
} seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} first SEC(".maps"), second SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = { .values = { [1] = &second, [3] = &first } };

int tail_zero(struct xdp_md *ctx);
int tail_two(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 3);
	__uint(key_size, 4);
	__array(values, int(struct xdp_md *));
} jumps SEC(".maps") = { .values = { [0] = &tail_zero, [2] = &tail_two } };

SEC("xdp") int tail_zero(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp") int tail_two(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp") int count(struct xdp_md *ctx)
{
	struct flow flow = { .saddr = 1, .daddr = 2, .port = 3 };
	__u32 zero = 0;
	__u64 *hits = bpf_map_lookup_elem(&flows, &flow);
	void *inner = bpf_map_lookup_elem(&outer, &zero);

	if (hits)
		__sync_fetch_and_add(hits, 1);
	if (inner)
		bpf_map_lookup_elem(inner, &zero);
	bpf_map_push_elem(&seen, &zero, 0);
	bpf_map_lookup_elem(&counters, &zero);
	bpf_ringbuf_output(&events, &zero, sizeof(zero), 0);
	bpf_tail_call(ctx, &jumps, 2);
	return XDP_ABORTED;
}

char _license[] SEC("license") = "GPL";
