// SPDX-License-Identifier: MIT
// A small firewall: drops packets from blocked addresses, to blocked ports, and from whoever opens too many connections.
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

// Set before load.
const volatile bool drop_malformed = true;
const volatile bool drop_fragments = false;
// A source that sent more SYNs than this (per CPU) is taken for a port scanner; 0 allows any number.
const volatile __u32 max_syns = 64;

// Counted while it runs.
__u64 packets_seen;
__u64 packets_dropped;
__u16 last_dropped_port;

enum reason {
	REASON_PASSED,
	REASON_MALFORMED,
	REASON_FRAGMENT,
	REASON_BLOCKED_SOURCE,
	REASON_BLOCKED_PORT,
	REASON_SCANNER,
	REASON_MAX,
};

struct stats {
	__u64 packets;
	__u64 bytes;
};

struct source {
	struct stats stats;
	__u64 syns;
};

// IPv4 addresses are in the last word, the others are zero.
struct address {
	__u32 words[4];
};

struct port_rule {
	__u16 port;
	__u8 protocol;
	__u8 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct address);
	__type(value, __u64);
} blocked_sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct port_rule);
	__type(value, __u64);
} blocked_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, REASON_MAX);
	__type(key, enum reason);
	__type(value, struct stats);
} stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct address);
	__type(value, struct source);
} sources SEC(".maps");

struct vlan_tag {
	__be16 tci;
	__be16 proto;
};

struct packet {
	struct address source;
	// SYNs that the source has sent, this one counted.
	__u64 syns;
	__u16 port;
	__u8 protocol;
	__u8 syn;
	__u8 fragment;
	__u8 ip;
};

#define MAX_VLAN_TAGS 2
#define IP_MORE_FRAGMENTS 0x2000
#define IP_OFFSET 0x1fff

static __always_inline int parse_transport(void *next, void *end, struct packet *packet)
{
	if (packet->protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = next;

		if ((void *)(tcp + 1) > end || tcp->doff < 5)
			return -1;
		packet->port = bpf_ntohs(tcp->dest);
		packet->syn = tcp->syn && !tcp->ack;
	} else if (packet->protocol == IPPROTO_UDP) {
		struct udphdr *udp = next;

		if ((void *)(udp + 1) > end)
			return -1;
		packet->port = bpf_ntohs(udp->dest);
	}
	return 0;
}

static __always_inline int parse_ipv4(struct iphdr *ip, void *end, struct packet *packet)
{
	__u32 length;

	if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
		return -1;
	length = ip->ihl * 4;
	if ((void *)ip + length > end)
		return -1;

	packet->ip = 1;
	packet->source.words[3] = ip->saddr;
	packet->protocol = ip->protocol;
	if (ip->frag_off & bpf_htons(IP_MORE_FRAGMENTS | IP_OFFSET)) {
		packet->fragment = 1;
		return 0;
	}
	return parse_transport((void *)ip + length, end, packet);
}

static __always_inline int parse_ipv6(struct ipv6hdr *ip, void *end, struct packet *packet)
{
	if ((void *)(ip + 1) > end || ip->version != 6)
		return -1;

	packet->ip = 1;
	__builtin_memcpy(&packet->source, &ip->saddr, sizeof(packet->source));
	packet->protocol = ip->nexthdr;
	if (ip->nexthdr == IPPROTO_FRAGMENT) {
		packet->fragment = 1;
		return 0;
	}
	return parse_transport(ip + 1, end, packet);
}

static __always_inline int parse(struct xdp_md *ctx, struct packet *packet)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	void *next = eth + 1;
	__be16 proto;

	if (next > end)
		return -1;
	proto = eth->h_proto;

	for (int i = 0; i < MAX_VLAN_TAGS; i++) {
		struct vlan_tag *tag = next;

		if (proto != bpf_htons(ETH_P_8021Q) && proto != bpf_htons(ETH_P_8021AD))
			break;
		next = tag + 1;
		if (next > end)
			return -1;
		proto = tag->proto;
	}

	if (proto == bpf_htons(ETH_P_IP))
		return parse_ipv4(next, end, packet);
	if (proto == bpf_htons(ETH_P_IPV6))
		return parse_ipv6(next, end, packet);
	return 0;
}

// A subprogram of its own: the verifier sees a call.
static __noinline enum reason judge(const struct packet *packet)
{
	struct port_rule rule = { .port = packet->port, .protocol = packet->protocol };
	__u64 *hits;

	if (drop_fragments && packet->fragment)
		return REASON_FRAGMENT;

	hits = bpf_map_lookup_elem(&blocked_sources, &packet->source);
	if (hits) {
		__sync_fetch_and_add(hits, 1);
		return REASON_BLOCKED_SOURCE;
	}

	hits = bpf_map_lookup_elem(&blocked_ports, &rule);
	if (hits) {
		__sync_fetch_and_add(hits, 1);
		return REASON_BLOCKED_PORT;
	}

	if (max_syns && packet->syn && packet->syns > max_syns)
		return REASON_SCANNER;
	return REASON_PASSED;
}

static __always_inline void add(struct stats *stats, __u64 bytes)
{
	stats->packets++;
	stats->bytes += bytes;
}

static __always_inline void count_source(struct packet *packet, __u64 bytes)
{
	struct source first = { .stats = { .packets = 1, .bytes = bytes }, .syns = packet->syn };
	struct source *seen = bpf_map_lookup_elem(&sources, &packet->source);

	if (!seen) {
		packet->syns = packet->syn;
		bpf_map_update_elem(&sources, &packet->source, &first, BPF_ANY);
		return;
	}
	add(&seen->stats, bytes);
	seen->syns += packet->syn;
	packet->syns = seen->syns;
}

SEC("xdp")
int firewall(struct xdp_md *ctx)
{
	struct packet packet = {};
	__u64 bytes = ctx->data_end - ctx->data;
	enum reason reason = REASON_PASSED;
	struct stats *entry;

	__sync_fetch_and_add(&packets_seen, 1);

	if (parse(ctx, &packet) < 0) {
		if (drop_malformed)
			reason = REASON_MALFORMED;
	} else if (packet.ip) {
		count_source(&packet, bytes);
		reason = judge(&packet);
	}

	entry = bpf_map_lookup_elem(&stats, &reason);
	if (entry)
		add(entry, bytes);
	if (reason == REASON_PASSED)
		return XDP_PASS;

	__sync_fetch_and_add(&packets_dropped, 1);
	last_dropped_port = packet.port;
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
