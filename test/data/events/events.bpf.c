/* Events to user space: a ring buffer and a perf event array. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct event {
	__u32 sequence;
	__u32 length;
	char comm[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} perf SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} sequence SEC(".maps");

/* Keeps the type in the object's BTF. */
const struct event *unused_event __attribute__((unused));

/* One event a run; the second is thrown away. */
SEC("xdp")
int send(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u32 *next = bpf_map_lookup_elem(&sequence, &zero);
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return XDP_ABORTED;
	if (!next) {
		bpf_ringbuf_discard(event, 0);
		return XDP_ABORTED;
	}
	event->sequence = (*next)++;
	event->length = ctx->data_end - ctx->data;
	__builtin_memcpy(event->comm, "bee\0\0\0\0", 8);
	if (event->sequence == 1)
		bpf_ringbuf_discard(event, 0);
	else
		bpf_ringbuf_submit(event, 0);
	return XDP_PASS;
}

/* One event a run with the packet's first 8 bytes behind it. */
SEC("xdp")
int send_perf(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u32 *next = bpf_map_lookup_elem(&sequence, &zero);
	struct event event = { .length = ctx->data_end - ctx->data, .comm = "bee" };
	if (!next)
		return XDP_ABORTED;
	event.sequence = (*next)++;
	return bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU | (8ULL << 32), &event, sizeof(event)) ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
