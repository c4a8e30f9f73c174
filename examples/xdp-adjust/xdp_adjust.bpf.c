// SPDX-License-Identifier: MIT
// Changes packets: pops VLAN tags, answers pings, trims and grows, leaves a mark in front of the packet, redirects one protocol.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ICMP_ECHO_REPLY 0
#define ICMP_ECHO_REQUEST 8

#define NTP_PORT 123
#define TRIM_PORT 9
#define GROW_PORT 19
#define GROW_BYTES 32

// Packets to NTP_PORT leave by this interface.
const volatile __u32 redirect_ifindex = 1;

enum action {
	ACTION_VLAN_POPPED,
	ACTION_PING_ANSWERED,
	ACTION_TRIMMED,
	ACTION_GROWN,
	ACTION_MARKED,
	ACTION_REDIRECTED,
	ACTION_FAILED,
	ACTION_MAX,
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ACTION_MAX);
	__type(key, __u32);
	__type(value, __u64);
} actions SEC(".maps");

// What later programs find in front of the packet.
struct mark {
	__u32 vlan;
	__u32 length;
};

struct icmp_echo {
	__u8 type;
	__u8 code;
	__u16 checksum;
	__be16 id;
	__be16 sequence;
};

struct vlan_frame {
	struct ethhdr eth;
	__be16 tci;
	__be16 proto;
};

static __always_inline void count(__u32 action)
{
	__u64 *counter = bpf_map_lookup_elem(&actions, &action);

	if (counter)
		__sync_fetch_and_add(counter, 1);
}

// Moves the MAC addresses over the tag and cuts what is left in front. Returns the VLAN id, 0 without a tag.
static __always_inline int pop_vlan(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct vlan_frame *frame = (void *)(long)ctx->data;
	struct ethhdr eth;
	__u32 vlan;

	if ((void *)(frame + 1) > end || frame->eth.h_proto != bpf_htons(ETH_P_8021Q))
		return 0;
	vlan = bpf_ntohs(frame->tci) & 0xfff;
	eth = frame->eth;
	eth.h_proto = frame->proto;
	if (bpf_xdp_adjust_head(ctx, sizeof(*frame) - sizeof(eth)))
		return -1;

	// Pointers from before the adjustment are gone.
	frame = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if ((void *)(&frame->eth + 1) > end)
		return -1;
	frame->eth = eth;
	count(ACTION_VLAN_POPPED);
	return vlan;
}

static __always_inline int put_mark(struct xdp_md *ctx, __u32 vlan)
{
	struct mark *mark;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*mark)))
		return -1;
	mark = (void *)(long)ctx->data_meta;
	if ((void *)(mark + 1) > (void *)(long)ctx->data)
		return -1;
	mark->vlan = vlan;
	mark->length = ctx->data_end - ctx->data;
	count(ACTION_MARKED);
	return 0;
}

static __always_inline int answer_ping(struct ethhdr *eth, struct iphdr *ip, struct icmp_echo *icmp)
{
	unsigned char mac[ETH_ALEN];
	__be32 address = ip->saddr;
	__u32 sum;

	__builtin_memcpy(mac, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, mac, ETH_ALEN);
	// The sum over a header does not care in which order the addresses are.
	ip->saddr = ip->daddr;
	ip->daddr = address;

	// RFC 1624: the type went from 8 to 0, so the checksum grows by 8 in its first byte.
	icmp->type = ICMP_ECHO_REPLY;
	sum = icmp->checksum + bpf_htons(ICMP_ECHO_REQUEST << 8);
	icmp->checksum = sum + (sum >> 16);
	count(ACTION_PING_ANSWERED);
	return XDP_TX;
}

static __always_inline int adjust_udp(struct xdp_md *ctx, struct udphdr *udp)
{
	void *data = (void *)(long)ctx->data;
	int headers = (void *)(udp + 1) - data;
	int length = ctx->data_end - ctx->data;

	switch (bpf_ntohs(udp->dest)) {
	case NTP_PORT:
		count(ACTION_REDIRECTED);
		return bpf_redirect(redirect_ifindex, 0);
	case TRIM_PORT:
		// Discard: only the headers go on.
		if (bpf_xdp_adjust_tail(ctx, headers - length))
			break;
		count(ACTION_TRIMMED);
		return XDP_PASS;
	case GROW_PORT:
		if (bpf_xdp_adjust_tail(ctx, GROW_BYTES))
			break;
		count(ACTION_GROWN);
		return XDP_PASS;
	default:
		return XDP_PASS;
	}
	count(ACTION_FAILED);
	return XDP_ABORTED;
}

SEC("xdp")
int adjust(struct xdp_md *ctx)
{
	struct ethhdr *eth;
	struct iphdr *ip;
	void *end;
	int vlan = pop_vlan(ctx);

	if (vlan < 0 || (vlan > 0 && put_mark(ctx, vlan))) {
		count(ACTION_FAILED);
		return XDP_ABORTED;
	}

	eth = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	ip = (void *)(eth + 1);
	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->version != 4 || ip->ihl != 5)
		return XDP_PASS;

	if (ip->protocol == IPPROTO_ICMP) {
		struct icmp_echo *icmp = (void *)(ip + 1);

		if ((void *)(icmp + 1) <= end && icmp->type == ICMP_ECHO_REQUEST)
			return answer_ping(eth, ip, icmp);
	} else if (ip->protocol == IPPROTO_UDP) {
		struct udphdr *udp = (void *)(ip + 1);

		if ((void *)(udp + 1) <= end)
			return adjust_udp(ctx, udp);
	}
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
