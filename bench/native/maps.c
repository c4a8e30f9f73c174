/*
 * Maps and helpers of the native side, one copy in each program's shared object. No locks, one CPU: what a careful C programmer would
 * write for one thread. The trie is the kernel's shape (binary, path-compressed); hashes are open addressing with stored hashes; LRU is a
 * clock.
 */
#include <stdlib.h>
#include <string.h>
#include "harness.h"

#define ROUND_UP_8(x) (((x) + 7u) & ~7u)
enum { E_NOENT = -2, E_2BIG = -7, E_AGAIN = -11, E_NOMEM = -12, E_INVAL = -22 };

/* ---- bytes: keys are short, a call to memcmp costs more than it does ---- */

static inline int equal(const void *a, const void *b, u32 size)
{
	const u8 *x = a, *y = b;
	u32 i = 0;
	if (size == 8) return *(const u64 *)x == *(const u64 *)y;
	for (; i + 8 <= size; i += 8)
		if (*(const u64 *)(x + i) != *(const u64 *)(y + i)) return 0;
	for (; i + 4 <= size; i += 4)
		if (*(const u32 *)(x + i) != *(const u32 *)(y + i)) return 0;
	for (; i < size; i++)
		if (x[i] != y[i]) return 0;
	return 1;
}

static inline void copy(void *to, const void *from, u32 size)
{
	u8 *x = to;
	const u8 *y = from;
	u32 i = 0;
	for (; i + 8 <= size; i += 8) *(u64 *)(x + i) = *(const u64 *)(y + i);
	for (; i < size; i++) x[i] = y[i];
}

/* ---- hash and LRU hash ---- */

static inline u32 hash_of(const void *key, u32 size)
{
	const u64 multiplier = 0x9E3779B97F4A7C15ULL;
	const u8 *p = key;
	u64 h = size;
	u32 i = 0;
	if (size == 8) h = *(const u64 *)p * multiplier;
	else {
		for (; i + 8 <= size; i += 8) h = (h ^ *(const u64 *)(p + i)) * multiplier, h ^= h >> 32;
		for (; i + 4 <= size; i += 4) h = (h ^ *(const u32 *)(p + i)) * multiplier, h ^= h >> 32;
		for (; i < size; i++) h = (h ^ p[i]) * multiplier, h ^= h >> 32;
	}
	h ^= h >> 32;
	h *= 0xff51afd7ed558ccdULL; /* linear probing looks at few bits: all of them must be good */
	return (u32)(h >> 32);
}

static inline u8 *entry_of(struct bpf_map *map, u32 entry)
{
	return map->entries + (u64)entry * (map->key_stride + map->value_stride);
}

/* The slot that holds the key, or the empty one where the search ends. */
static inline u32 find_slot(struct bpf_map *map, const void *key, u32 hash)
{
	u32 at = hash & map->slot_mask;
	for (;; at = (at + 1) & map->slot_mask) {
		struct slot slot = map->slots[at];
		if (!slot.entry_plus_1) return at;
		if (slot.hash == hash && equal(entry_of(map, slot.entry_plus_1 - 1), key, map->key_size)) return at;
	}
}

static inline void *hash_lookup(struct bpf_map *map, const void *key)
{
	u32 found = map->slots[find_slot(map, key, hash_of(key, map->key_size))].entry_plus_1;
	if (!found) return 0;
	if (map->type == BPF_MAP_TYPE_LRU_HASH) map->referenced[found - 1] = 1;
	return entry_of(map, found - 1) + map->key_stride;
}

static void empty_slot(struct bpf_map *map, u32 at)
{
	struct slot *slots = map->slots;
	u32 mask = map->slot_mask, freed = slots[at].entry_plus_1 - 1;
	map->next_free[freed] = map->free_head;
	map->free_head = freed;
	map->count--;
	/* Moves back what stood behind, so that no search meets a hole. */
	for (u32 next = (at + 1) & mask; slots[next].entry_plus_1; next = (next + 1) & mask) {
		u32 home = slots[next].hash & mask;
		if (((next - home) & mask) < ((next - at) & mask)) continue;
		slots[at] = slots[next];
		at = next;
	}
	slots[at].entry_plus_1 = 0;
}

static void evict(struct bpf_map *map)
{
	u32 victim;
	u8 was_referenced;
	do {
		victim = map->clock_hand;
		map->clock_hand = victim + 1 == map->max_entries ? 0 : victim + 1;
		was_referenced = map->referenced[victim];
		map->referenced[victim] = 0;
	} while (was_referenced);
	u8 *key = entry_of(map, victim);
	empty_slot(map, find_slot(map, key, hash_of(key, map->key_size)));
}

static long hash_update(struct bpf_map *map, const void *key, const void *value)
{
	u32 hash = hash_of(key, map->key_size), at = find_slot(map, key, hash), found = map->slots[at].entry_plus_1;
	if (found) {
		copy(entry_of(map, found - 1) + map->key_stride, value, map->value_size);
		map->referenced[found - 1] = 1;
		return 0;
	}
	if (map->count >= map->max_entries) {
		if (map->type != BPF_MAP_TYPE_LRU_HASH) return E_2BIG;
		evict(map);
		at = find_slot(map, key, hash);
	}
	u32 entry = map->free_head;
	map->free_head = map->next_free[entry];
	map->count++;
	map->referenced[entry] = 0;
	copy(entry_of(map, entry), key, map->key_size);
	copy(entry_of(map, entry) + map->key_stride, value, map->value_size);
	map->slots[at] = (struct slot){ entry + 1, hash };
	return 0;
}

/* ---- longest prefix match: keys are { u32 prefix length; u32 address in network order } ---- */

static inline u32 min(u32 a, u32 b) { return a < b ? a : b; }

static inline u32 common_bits(const struct trie_node *node, const u32 *key)
{
	u32 differ = __builtin_bswap32(node->address ^ key[1]);
	return min(differ ? (u32)__builtin_clz(differ) : 32, min(node->prefix_length, key[0]));
}

static inline u32 bit_of(u32 address, u32 bit) { return bit > 31 ? 0 : __builtin_bswap32(address) >> (31 - bit) & 1; }

static void *trie_lookup(struct bpf_map *map, const u32 *key)
{
	struct trie_node *node = map->root, *best = 0;
	while (node) {
		u32 common = common_bits(node, key);
		if (common < node->prefix_length) break;
		if (!node->is_intermediate) best = node;
		if (common == key[0]) break;
		node = node->child[bit_of(key[1], node->prefix_length)];
	}
	return best ? best->value : 0;
}

static struct trie_node *create_node(struct bpf_map *map, u32 prefix_length, u32 address)
{
	struct trie_node *node = calloc(1, sizeof *node + map->value_stride);
	if (!node) return 0;
	node->prefix_length = prefix_length;
	node->address = address;
	return node;
}

static long trie_update(struct bpf_map *map, const u32 *key, const void *value)
{
	struct trie_node **at = &map->root, *node, *added = create_node(map, key[0], key[1]);
	u32 common = 0;
	if (!added) return E_NOMEM;
	copy(added->value, value, map->value_size);
	while ((node = *at)) {
		common = common_bits(node, key);
		if (node->prefix_length != common || node->prefix_length == key[0]) break;
		at = &node->child[bit_of(key[1], node->prefix_length)];
	}
	if (node && node->prefix_length == key[0] && common == key[0]) { /* takes its place */
		added->child[0] = node->child[0];
		added->child[1] = node->child[1];
		free(node);
	} else if (node && common == key[0]) { /* stands above it */
		added->child[bit_of(node->address, common)] = node;
	} else if (node) { /* stands beside it */
		struct trie_node *fork = create_node(map, common, key[1]);
		if (!fork) return E_NOMEM;
		fork->is_intermediate = 1;
		fork->child[bit_of(key[1], common)] = added;
		fork->child[bit_of(node->address, common)] = node;
		added = fork;
	}
	*at = added;
	return 0;
}

/* ---- every type ---- */

static int create(struct bpf_map *map)
{
	u32 slots = 8;
	map->key_stride = ROUND_UP_8(map->key_size);
	map->value_stride = ROUND_UP_8(map->value_size);
	switch (map->type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		return !!(map->entries = calloc(map->max_entries, map->value_stride));
	case BPF_MAP_TYPE_RINGBUF:
		return !!(map->entries = calloc(map->max_entries, 1));
	case BPF_MAP_TYPE_PROG_ARRAY:
		return !!(map->programs = calloc(map->max_entries, sizeof *map->programs));
	case BPF_MAP_TYPE_LPM_TRIE:
		return map->key_size == 8;
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
		while (slots < 2 * map->max_entries) slots *= 2;
		map->slot_mask = slots - 1;
		map->slots = calloc(slots, sizeof *map->slots);
		map->entries = calloc(map->max_entries, map->key_stride + map->value_stride);
		map->next_free = calloc(map->max_entries, sizeof *map->next_free);
		map->referenced = calloc(map->max_entries, 1);
		if (!map->slots || !map->entries || !map->next_free || !map->referenced) return 0;
		for (u32 i = 0; i < map->max_entries; i++) map->next_free[i] = i + 1;
		return 1;
	}
	return 0;
}

/* Where the linker put the pointers; a program without maps has no such section. */
extern struct bpf_map *const __start_bpf_maps[] __attribute__((weak)), *const __stop_bpf_maps[] __attribute__((weak));

int maps_create(void)
{
	for (struct bpf_map *const *map = __start_bpf_maps; map < __stop_bpf_maps; map++)
		if (!create(*map)) return 0;
	return 1;
}

void maps_consume(void)
{
	for (struct bpf_map *const *map = __start_bpf_maps; map < __stop_bpf_maps; map++) (*map)->consumed = (*map)->produced;
}

long map_fill(struct bpf_map *map, const void *key, const void *value) { return bpf_map_update_elem(map, key, value, 0); }

static inline u8 *array_value(struct bpf_map *map, const void *key)
{
	u32 index = *(const u32 *)key;
	return index < map->max_entries ? map->entries + (u64)index * map->value_stride : 0;
}

void *bpf_map_lookup_elem(void *of, const void *key)
{
	struct bpf_map *map = of;
	switch (map->type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		return array_value(map, key);
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
		return hash_lookup(map, key);
	case BPF_MAP_TYPE_LPM_TRIE:
		return trie_lookup(map, key);
	}
	return 0;
}

long bpf_map_update_elem(void *of, const void *key, const void *value, u64 flags)
{
	struct bpf_map *map = of;
	u8 *to;
	switch (map->type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		if (!(to = array_value(map, key))) return E_2BIG;
		copy(to, value, map->value_size);
		return 0;
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
		return hash_update(map, key, value);
	case BPF_MAP_TYPE_LPM_TRIE:
		return trie_update(map, key, value);
	}
	return E_INVAL;
}

long bpf_map_delete_elem(void *of, const void *key)
{
	struct bpf_map *map = of;
	if (map->type != BPF_MAP_TYPE_HASH && map->type != BPF_MAP_TYPE_LRU_HASH) return E_INVAL;
	u32 at = find_slot(map, key, hash_of(key, map->key_size));
	if (!map->slots[at].entry_plus_1) return E_NOENT;
	empty_slot(map, at);
	return 0;
}

long bpf_xdp_adjust_head(struct xdp_md *ctx, int delta)
{
	u32 data = ctx->data + delta;
	if (data + 14 > ctx->data_end || data < ctx->data_meta - XDP_HEADROOM) return E_INVAL;
	ctx->data = data;
	return 0;
}

long bpf_ringbuf_output(void *of, void *data, u64 size, u64 flags)
{
	struct bpf_map *map = of;
	u32 length = ROUND_UP_8((u32)size + 8), mask = map->max_entries - 1;
	if (map->produced + length - map->consumed > map->max_entries) return E_AGAIN;
	u32 at = (u32)map->produced & mask;
	*(u64 *)(map->entries + at) = size;
	at = (at + 8) & mask;
	u32 before_end = min((u32)size, map->max_entries - at);
	copy(map->entries + at, data, before_end);
	copy(map->entries, (u8 *)data + before_end, (u32)size - before_end);
	map->produced += length;
	return 0;
}
