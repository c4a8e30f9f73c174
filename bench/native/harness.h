/*
 * What a program of the suite finds in place of <bpf/bpf_helpers.h> when it is built natively: maps as plain C structures that carry
 * their attributes, helpers as plain C functions (maps.c). One program becomes one shared object; it exports its programs and maps.
 */
#pragma once
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
typedef long long s64;

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#define __noinline __attribute__((noinline))
#define EXPORTED __attribute__((visibility("default")))
#define SEC(NAME) EXPORTED

enum { XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, XDP_REDIRECT };

/* The context in uapi layout. The headroom and tailroom behind it are 256 bytes. */
struct xdp_md { u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };
#define XDP_HEADROOM 256

typedef int (*program_fn)(struct xdp_md *);

enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_LPM_TRIE = 11,
	BPF_MAP_TYPE_RINGBUF = 27,
};

/* An open-addressing slot of a hash: which entry, and the hash that brought it here. */
struct slot { u32 entry_plus_1, hash; };

/* A node of a longest-prefix trie over IPv4 addresses. */
struct trie_node {
	struct trie_node *child[2];
	u32 prefix_length, address;
	u8 is_intermediate;
	u64 value[];
};

struct bpf_map {
	u32 type, key_size, value_size, max_entries;
	u32 key_stride, value_stride; /* rounded up to 8 */
	u8 *entries; /* array: values; hash: key, value; ring buffer: data */
	/* hash and LRU hash */
	struct slot *slots;
	u32 slot_mask, count, free_head, clock_hand;
	u32 *next_free;
	u8 *referenced;
	/* longest-prefix trie */
	struct trie_node *root;
	/* ring buffer: positions count bytes */
	u64 produced, consumed;
	/* program array */
	program_fn *programs;
};

/* Every map also stands in a section of pointers, where maps_create finds it. */
#define MAP_OF(NAME, TYPE, KEY_SIZE, VALUE_SIZE, MAX) \
	EXPORTED struct bpf_map NAME = { .type = TYPE, .key_size = KEY_SIZE, .value_size = VALUE_SIZE, .max_entries = MAX }; \
	static struct bpf_map *const NAME##_pointer __attribute__((section("bpf_maps"), used)) = &NAME
#define MAP(NAME, TYPE, KEY, VAL, MAX) MAP_OF(NAME, TYPE, sizeof(KEY), sizeof(VAL), MAX)
#define MAPF(NAME, TYPE, KEY, VAL, MAX, FLAGS) MAP(NAME, TYPE, KEY, VAL, MAX)
#define RINGBUF(NAME, BYTES) MAP_OF(NAME, BPF_MAP_TYPE_RINGBUF, 0, 0, BYTES)
#define PROGARRAY(NAME, MAX) MAP_OF(NAME, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, MAX)

void *bpf_map_lookup_elem(void *map, const void *key);
long bpf_map_update_elem(void *map, const void *key, const void *value, u64 flags);
long bpf_map_delete_elem(void *map, const void *key);
long bpf_xdp_adjust_head(struct xdp_md *ctx, int delta);
long bpf_ringbuf_output(void *map, void *data, u64 size, u64 flags);

/* Does not come back where the slot holds a program; the compiler makes a jump of it. */
#define bpf_tail_call(CTX, MAP, INDEX) \
	do { \
		struct bpf_map *map_ = (MAP); \
		u32 index_ = (INDEX); \
		if (index_ < map_->max_entries && map_->programs[index_]) return map_->programs[index_](CTX); \
	} while (0)

/* What whoever loads the shared object calls: memory for all maps (0 where there is none), an update, and the reading of ring buffers. */
EXPORTED int maps_create(void);
EXPORTED long map_fill(struct bpf_map *map, const void *key, const void *value);
EXPORTED void maps_consume(void);
