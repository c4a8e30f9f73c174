/* Map definitions from before BTF. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct bpf_map_def {
	unsigned int type;
	unsigned int key_size;
	unsigned int value_size;
	unsigned int max_entries;
	unsigned int map_flags;
};

struct bpf_map_def SEC("maps") table = {
	.type = BPF_MAP_TYPE_HASH,
	.key_size = 4,
	.value_size = 8,
	.max_entries = 16,
	.map_flags = BPF_F_NO_PREALLOC,
};

struct bpf_map_def SEC("maps") list = {
	.type = BPF_MAP_TYPE_ARRAY,
	.key_size = 4,
	.value_size = 12,
	.max_entries = 2,
};

struct ____btf_map_table {
	__u32 key;
	__u64 value;
};
struct ____btf_map_table __attribute__((used, section(".maps.table"))) ____btf_map_table = {};

SEC("kprobe/do_unlinkat") int probe(void *ctx)
{
	__u32 key = 1;

	return bpf_map_lookup_elem(&table, &key) != bpf_map_lookup_elem(&list, &key);
}

unsigned int _version SEC("version") = 0x050a03;
char _license[] SEC("license") = "Dual MIT/GPL";
