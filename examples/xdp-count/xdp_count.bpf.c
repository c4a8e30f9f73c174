// SPDX-License-Identifier: MIT
// Counts packets and bytes per protocol and lets every packet pass that is not malformed.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum protocol {
	PROTO_OTHER,
	PROTO_ARP,
	PROTO_ICMP,
	PROTO_TCP,
	PROTO_UDP,
	PROTO_IPV4_OTHER,
	PROTO_IPV6_OTHER,
	PROTO_MALFORMED,
	PROTO_MAX,
};

struct counter {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROTO_MAX);
	__type(key, enum protocol);
	__type(value, struct counter);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counter);
} total SEC(".maps");

struct vlan_tag {
	__be16 tci;
	__be16 proto;
};

#define MAX_VLAN_TAGS 2

static __always_inline enum protocol transport(__u8 number, enum protocol other)
{
	switch (number) {
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return PROTO_ICMP;
	case IPPROTO_TCP:
		return PROTO_TCP;
	case IPPROTO_UDP:
		return PROTO_UDP;
	default:
		return other;
	}
}

static __always_inline enum protocol classify(void *data, void *end)
{
	struct ethhdr *eth = data;
	void *next = eth + 1;
	__be16 proto;

	if (next > end)
		return PROTO_MALFORMED;
	proto = eth->h_proto;

	for (int i = 0; i < MAX_VLAN_TAGS; i++) {
		struct vlan_tag *tag = next;

		if (proto != bpf_htons(ETH_P_8021Q) && proto != bpf_htons(ETH_P_8021AD))
			break;
		next = tag + 1;
		if (next > end)
			return PROTO_MALFORMED;
		proto = tag->proto;
	}

	if (proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = next;

		if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
			return PROTO_MALFORMED;
		return transport(ip->protocol, PROTO_IPV4_OTHER);
	}
	if (proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = next;

		if ((void *)(ip + 1) > end || ip->version != 6)
			return PROTO_MALFORMED;
		return transport(ip->nexthdr, PROTO_IPV6_OTHER);
	}
	return proto == bpf_htons(ETH_P_ARP) ? PROTO_ARP : PROTO_OTHER;
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	enum protocol protocol = classify(data, end);
	__u64 bytes = end - data;
	struct counter first = { .packets = 1, .bytes = bytes };
	struct counter *counter;
	__u32 zero = 0;

	counter = bpf_map_lookup_elem(&total, &zero);
	if (counter) {
		counter->packets++;
		counter->bytes += bytes;
	}

	counter = bpf_map_lookup_elem(&counters, &protocol);
	if (!counter) {
		if (!bpf_map_update_elem(&counters, &protocol, &first, BPF_NOEXIST))
			return protocol == PROTO_MALFORMED ? XDP_DROP : XDP_PASS;
		// Another CPU was faster.
		counter = bpf_map_lookup_elem(&counters, &protocol);
	}
	if (counter) {
		__sync_fetch_and_add(&counter->packets, 1);
		__sync_fetch_and_add(&counter->bytes, bytes);
	}
	return protocol == PROTO_MALFORMED ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
