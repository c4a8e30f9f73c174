/* Functions where libbpf takes none: static ones beside programs, and a program that another calls. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __attribute__((noinline)) SEC("socket") int local(struct __sk_buff *skb)
{
	return skb->len + skb->mark;
}

SEC("socket/other") __attribute__((noinline)) int other(struct __sk_buff *skb)
{
	return local(skb) ^ skb->hash;
}

SEC("socket") int use(struct __sk_buff *skb)
{
	return local(skb) + other(skb);
}

char _license[] SEC("license") = "GPL";
