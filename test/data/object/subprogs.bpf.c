/* Functions that programs share: static, global, weak and hidden ones, callbacks, several programs in a section. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define noinline __attribute__((noinline))

int base = 1;

static noinline int leaf(int x)
{
	return x * base;
}

static noinline int branch(int x)
{
	return leaf(x) + leaf(x + 1);
}

noinline int shared(int x)
{
	return branch(x) ^ 3;
}

__weak noinline int replaceable(int x)
{
	return leaf(x) + 11;
}

__hidden noinline int inside(int x)
{
	return shared(x) - 1;
}

static int on_each(__u32 index, void *ctx)
{
	*(long *)ctx += leaf(index);
	return 0;
}

noinline int on_throw(__u64 cookie)
{
	return cookie & 1;
}

SEC("tc") int first(struct __sk_buff *skb)
{
	return inside(skb->len) + replaceable(skb->mark);
}

SEC("tc") int second(struct __sk_buff *skb)
{
	long sum = 0;

	bpf_loop(8, on_each, &sum, 0);
	return sum;
}

SEC("tc") __attribute__((btf_decl_tag("exception_callback:on_throw"))) int third(struct __sk_buff *skb)
{
	return leaf(skb->len);
}

SEC("?xdp.frags") int spare(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
