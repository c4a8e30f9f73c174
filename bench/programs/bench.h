/*
 * What every program of the suite includes. The same source builds for BPF (clang -target bpf) and natively (cc), where maps and helpers
 * are plain C (native/harness.h). Packet pointers are 32 bits wide in struct xdp_md, so the native harness keeps packets below 4 GiB.
 */
#pragma once
#ifdef __bpf__
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
typedef __u8 u8; typedef __u16 u16; typedef __u32 u32; typedef __u64 u64;
typedef __s32 s32; typedef __s64 s64;
#define MAP(NAME, TYPE, KEY, VAL, MAX) \
  struct { __uint(type, TYPE); __type(key, KEY); __type(value, VAL); \
           __uint(max_entries, MAX); } NAME SEC(".maps")
#define MAPF(NAME, TYPE, KEY, VAL, MAX, FLAGS) \
  struct { __uint(type, TYPE); __type(key, KEY); __type(value, VAL); \
           __uint(max_entries, MAX); __uint(map_flags, FLAGS); } NAME SEC(".maps")
#define RINGBUF(NAME, BYTES) \
  struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, BYTES); } NAME SEC(".maps")
#define PROGARRAY(NAME, MAX) \
  struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(key_size, 4); __uint(value_size, 4); \
           __uint(max_entries, MAX); } NAME SEC(".maps")
char _license[] SEC("license") = "GPL";
#else
#include "harness.h"
#endif
#define DATA(ctx) ((void *)(long)(ctx)->data)
#define DATA_END(ctx) ((void *)(long)(ctx)->data_end)
#define HTONS(x) ((u16)__builtin_bswap16((u16)(x)))
#define rol32(x, n) (((x) << (n)) | ((x) >> (32 - (n))))
#define ror32(x, n) (((x) >> (n)) | ((x) << (32 - (n))))
#define rol64(x, n) (((x) << (n)) | ((x) >> (64 - (n))))
/* The generator that map programs draw their keys from; its state lives in .data. */
static __always_inline u64 lcg(u64 *s) { *s = *s * 6364136223846793005ULL + 1442695040888963407ULL; return *s >> 33; }
