/* Programs over a socket buffer, for runs on two kernels. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

unsigned long long load_byte(void *skb, unsigned long long offset) asm("llvm.bpf.load.byte");
unsigned long long load_half(void *skb, unsigned long long offset) asm("llvm.bpf.load.half");
unsigned long long load_word(void *skb, unsigned long long offset) asm("llvm.bpf.load.word");

struct flow {
	__u32 from, to;
	__u16 from_port, to_port;
	__u32 protocol;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct flow);
	__type(value, __u64);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} protocols SEC(".maps");

/* Counts packets by flow, through direct access. */
SEC("tc") int count_flows(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct flow key = {};
	__u64 one = 1, *count;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	key.from = ip->saddr;
	key.to = ip->daddr;
	key.protocol = ip->protocol;
	if (ip->protocol == IPPROTO_UDP || ip->protocol == IPPROTO_TCP) {
		struct udphdr *udp = (void *)(ip + 1);
		if ((void *)(udp + 1) > end)
			return TC_ACT_SHOT;
		key.from_port = udp->source;
		key.to_port = udp->dest;
	}
	skb->mark = key.from;
	skb->cb[0] = skb->len;
	count = bpf_map_lookup_elem(&flows, &key);
	if (count)
		(*count)++;
	else
		bpf_map_update_elem(&flows, &key, &one, BPF_NOEXIST);
	return count ? TC_ACT_PIPE : TC_ACT_OK;
}

/* Rewrites the source address and keeps the checksums right. */
SEC("tc") int translate(struct __sk_buff *skb)
{
	__u32 to = bpf_htonl(0xc0a80001), from;
	__u16 protocol;
	__u8 l4;
	int at = 0;

	if (bpf_skb_load_bytes(skb, 12, &protocol, 2) || protocol != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	if (bpf_skb_load_bytes(skb, ETH_HLEN + 12, &from, 4) || bpf_skb_load_bytes(skb, ETH_HLEN + 9, &l4, 1))
		return TC_ACT_SHOT;
	if (l4 == IPPROTO_UDP)
		at = ETH_HLEN + sizeof(struct iphdr) + 6;
	else if (l4 == IPPROTO_TCP)
		at = ETH_HLEN + sizeof(struct iphdr) + 16;
	if (at && bpf_l4_csum_replace(skb, at, from, to, BPF_F_PSEUDO_HDR | (l4 == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0) | 4))
		return TC_ACT_PIPE;
	if (bpf_l3_csum_replace(skb, ETH_HLEN + 10, from, to, 4))
		return TC_ACT_STOLEN;
	return bpf_skb_store_bytes(skb, ETH_HLEN + 12, &to, 4, 0) ? TC_ACT_SHOT : TC_ACT_OK;
}

/* Pops every tag, then pushes two. */
SEC("tc") int retag(struct __sk_buff *skb)
{
	int popped = 0;

	for (int i = 0; i < 3; i++) {
		if (!skb->vlan_present && skb->protocol != bpf_htons(ETH_P_8021Q) && skb->protocol != bpf_htons(ETH_P_8021AD))
			break;
		if (bpf_skb_vlan_pop(skb))
			return TC_ACT_SHOT;
		popped++;
	}
	if (bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 100 + popped) || bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021AD), 7))
		return TC_ACT_STOLEN;
	skb->priority = skb->vlan_tci;
	return popped;
}

/* Wraps IPv4 in IPv4, IPv6 in IPv6, and cuts everything else. */
SEC("tc") int wrap(struct __sk_buff *skb)
{
	void *data, *end;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (bpf_skb_adjust_room(skb, sizeof(struct iphdr), BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_ENCAP_L3_IPV4))
			return TC_ACT_SHOT;
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		if (bpf_skb_adjust_room(skb, sizeof(struct ipv6hdr), BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_ENCAP_L3_IPV6))
			return TC_ACT_SHOT;
	} else {
		if (bpf_skb_change_tail(skb, skb->len > 40 ? 40 : skb->len + 3, 0))
			return TC_ACT_STOLEN;
		if (bpf_skb_change_head(skb, 4, 0))
			return TC_ACT_QUEUED;
	}
	data = (void *)(long)skb->data;
	end = (void *)(long)skb->data_end;
	if (data + ETH_HLEN + 4 > end)
		return TC_ACT_REPEAT;
	*(__u32 *)(data + ETH_HLEN) = bpf_htonl(0x45000054);
	return TC_ACT_OK;
}

/* 4 to 6 and back. */
SEC("tc") int swap_versions(struct __sk_buff *skb)
{
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return bpf_skb_change_proto(skb, bpf_htons(ETH_P_IPV6), 0) ? TC_ACT_SHOT : TC_ACT_OK;
	if (skb->protocol == bpf_htons(ETH_P_IPV6))
		return bpf_skb_change_proto(skb, bpf_htons(ETH_P_IP), 0) ? TC_ACT_STOLEN : TC_ACT_PIPE;
	return bpf_skb_change_type(skb, 0) ? TC_ACT_QUEUED : bpf_redirect(1, 0);
}

static __attribute__((noinline)) int port_of(struct __sk_buff *skb, int offset)
{
	return load_half(skb, offset) + 1;
}

/* Legacy loads, in the program and in a function. */
SEC("socket") int classic(struct __sk_buff *skb)
{
	__u32 protocol = load_byte(skb, -0x100000 + 9);
	__u32 ethertype = load_half(skb, -0x200000 + 12);
	__u64 *count = bpf_map_lookup_elem(&protocols, &protocol);

	if (count)
		(*count)++;
	if (ethertype == ETH_P_IP && (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP))
		return port_of(skb, 20) ^ port_of(skb, 22);
	return load_word(skb, 8) ^ ethertype;
}

/* What a cgroup's program sees: its socket, and the packet from the network header on. */
SEC("cgroup_skb/egress") int from_cgroup(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct iphdr *ip = data;
	struct bpf_sock *sk = skb->sk;
	__u32 key = 0;
	__u64 *count;

	if ((void *)(ip + 1) > end)
		return 0;
	key = ip->protocol;
	count = bpf_map_lookup_elem(&protocols, &key);
	if (count)
		*count += skb->len;
	sk = sk ? bpf_sk_fullsock(sk) : 0;
	if (sk)
		skb->cb[1] = sk->family + sk->state;
	skb->cb[2] = skb->remote_ip4;
	skb->cb[3] = skb->local_ip4;
	return ip->version == 4;
}

char _license[] SEC("license") = "GPL";
