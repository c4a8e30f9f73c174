/* Variables in an arena. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, 33);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 10);
} arena SEC(".maps");

int __attribute__((address_space(1))) total SEC(".addr_space.1") = 5;

SEC("syscall") int use(void *ctx)
{
	bpf_map_lookup_elem(&arena, ctx);
	return total++;
}

char _license[] SEC("license") = "GPL";
