/**
 * Flags and return codes of the kernel's public contract, grouped by what takes them and spelled as in include/uapi/linux/bpf.h
 * (TC actions: pkt_cls.h). A 32-bit flag is a number; where helpers take 64-bit flags, the caller widens it.
 */

/** `flags` of element updates and of map writes by helpers. */
export const UPDATE_FLAGS = {
  BPF_ANY: 0,
  BPF_NOEXIST: 1,
  BPF_EXIST: 2,
  BPF_F_LOCK: 4,
} as const satisfies Record<string, number>;

/** `map_flags` of map_create; `open_flags` and `file_flags` take the two access flags. */
export const MAP_FLAGS = {
  BPF_F_NO_PREALLOC: 1 << 0,
  BPF_F_NO_COMMON_LRU: 1 << 1,
  BPF_F_NUMA_NODE: 1 << 2,
  BPF_F_RDONLY: 1 << 3,
  BPF_F_WRONLY: 1 << 4,
  BPF_F_STACK_BUILD_ID: 1 << 5,
  BPF_F_ZERO_SEED: 1 << 6,
  BPF_F_RDONLY_PROG: 1 << 7,
  BPF_F_WRONLY_PROG: 1 << 8,
  BPF_F_CLONE: 1 << 9,
  BPF_F_MMAPABLE: 1 << 10,
  BPF_F_PRESERVE_ELEMS: 1 << 11,
  BPF_F_INNER_MAP: 1 << 12,
  BPF_F_LINK: 1 << 13,
  BPF_F_PATH_FD: 1 << 14,
  BPF_F_VTYPE_BTF_OBJ_FD: 1 << 15,
  BPF_F_TOKEN_FD: 1 << 16,
  BPF_F_SEGV_ON_FAULT: 1 << 17,
  BPF_F_NO_USER_CONV: 1 << 18,
} as const satisfies Record<string, number>;

/** `prog_flags` of prog_load. */
export const PROG_FLAGS = {
  BPF_F_STRICT_ALIGNMENT: 1 << 0,
  BPF_F_ANY_ALIGNMENT: 1 << 1,
  BPF_F_TEST_RND_HI32: 1 << 2,
  BPF_F_TEST_STATE_FREQ: 1 << 3,
  BPF_F_SLEEPABLE: 1 << 4,
  BPF_F_XDP_HAS_FRAGS: 1 << 5,
  BPF_F_XDP_DEV_BOUND_ONLY: 1 << 6,
  BPF_F_TEST_REG_INVARIANTS: 1 << 7,
} as const satisfies Record<string, number>;

/** `attach_flags` of prog_attach and `flags` of link_create. */
export const ATTACH_FLAGS = {
  BPF_F_ALLOW_OVERRIDE: 1 << 0,
  BPF_F_ALLOW_MULTI: 1 << 1,
  BPF_F_REPLACE: 1 << 2,
  BPF_F_BEFORE: 1 << 3,
  BPF_F_AFTER: 1 << 4,
  BPF_F_ID: 1 << 5,
  BPF_F_PREORDER: 1 << 6,
} as const satisfies Record<string, number>;

/** `query_flags` of prog_query. */
export const QUERY_FLAGS = { BPF_F_QUERY_EFFECTIVE: 1 << 0 } as const satisfies Record<string, number>;

/** `flags` of prog_test_run. */
export const TEST_RUN_FLAGS = {
  BPF_F_TEST_RUN_ON_CPU: 1 << 0,
  BPF_F_TEST_XDP_LIVE_FRAMES: 1 << 1,
  BPF_F_TEST_SKB_CHECKSUM_COMPLETE: 1 << 2,
} as const satisfies Record<string, number>;

/** `log_level` of prog_load and btf_load, as bits. */
export const LOG_LEVELS = {
  BPF_LOG_LEVEL1: 1,
  BPF_LOG_LEVEL2: 2,
  BPF_LOG_STATS: 4,
  BPF_LOG_FIXED: 8,
} as const satisfies Record<string, number>;

/** `flags` of bpf_redirect, bpf_redirect_map and bpf_clone_redirect. */
export const REDIRECT_FLAGS = {
  BPF_F_INGRESS: 1 << 0,
  BPF_F_BROADCAST: 1 << 3,
  BPF_F_EXCLUDE_INGRESS: 1 << 4,
} as const satisfies Record<string, number>;

/** `flags` of bpf_perf_event_output and bpf_perf_event_read; masks of a 64-bit word. */
export const PERF_FLAGS = {
  BPF_F_INDEX_MASK: 0xffff_ffffn,
  BPF_F_CURRENT_CPU: 0xffff_ffffn,
  BPF_F_CTXLEN_MASK: 0xf_ffff_0000_0000n,
} as const satisfies Record<string, bigint>;

/** `flags` of ring buffer output, submit and discard. */
export const RINGBUF_FLAGS = {
  BPF_RB_NO_WAKEUP: 1 << 0,
  BPF_RB_FORCE_WAKEUP: 1 << 1,
} as const satisfies Record<string, number>;

/** What bpf_ringbuf_query answers. */
export const RINGBUF_QUERIES = {
  BPF_RB_AVAIL_DATA: 0,
  BPF_RB_RING_SIZE: 1,
  BPF_RB_CONS_POS: 2,
  BPF_RB_PROD_POS: 3,
} as const satisfies Record<string, number>;

/** The header of a ring buffer record: bits of its first word, and its size in bytes. */
export const RINGBUF_RECORD = {
  BPF_RINGBUF_BUSY_BIT: 0x8000_0000,
  BPF_RINGBUF_DISCARD_BIT: 0x4000_0000,
  BPF_RINGBUF_HDR_SZ: 8,
} as const satisfies Record<string, number>;

/** `flags` of bpf_skb_store_bytes. */
export const STORE_FLAGS = {
  BPF_F_RECOMPUTE_CSUM: 1 << 0,
  BPF_F_INVALIDATE_HASH: 1 << 1,
} as const satisfies Record<string, number>;

/** `flags` of the checksum replacements. */
export const CSUM_FLAGS = {
  BPF_F_HDR_FIELD_MASK: 0xf,
  BPF_F_PSEUDO_HDR: 1 << 4,
  BPF_F_MARK_MANGLED_0: 1 << 5,
  BPF_F_MARK_ENFORCE: 1 << 6,
  BPF_F_IPV6: 1 << 7,
} as const satisfies Record<string, number>;

/** `level` of bpf_csum_level. */
export const CSUM_LEVELS = {
  BPF_CSUM_LEVEL_QUERY: 0,
  BPF_CSUM_LEVEL_INC: 1,
  BPF_CSUM_LEVEL_DEC: 2,
  BPF_CSUM_LEVEL_RESET: 3,
} as const satisfies Record<string, number>;

/** `start_header` of bpf_skb_load_bytes_relative. */
export const HEADER_STARTS = { BPF_HDR_START_MAC: 0, BPF_HDR_START_NET: 1 } as const satisfies Record<string, number>;

/** `mode` of bpf_skb_adjust_room. */
export const ADJ_ROOM_MODES = { BPF_ADJ_ROOM_NET: 0, BPF_ADJ_ROOM_MAC: 1 } as const satisfies Record<string, number>;

/** `flags` of bpf_skb_adjust_room; the length of an encapsulated Ethernet header is the top byte of the 64 bits. */
export const ADJ_ROOM_FLAGS = {
  BPF_F_ADJ_ROOM_FIXED_GSO: 1 << 0,
  BPF_F_ADJ_ROOM_ENCAP_L3_IPV4: 1 << 1,
  BPF_F_ADJ_ROOM_ENCAP_L3_IPV6: 1 << 2,
  BPF_F_ADJ_ROOM_ENCAP_L4_GRE: 1 << 3,
  BPF_F_ADJ_ROOM_ENCAP_L4_UDP: 1 << 4,
  BPF_F_ADJ_ROOM_NO_CSUM_RESET: 1 << 5,
  BPF_F_ADJ_ROOM_ENCAP_L2_ETH: 1 << 6,
  BPF_F_ADJ_ROOM_DECAP_L3_IPV4: 1 << 7,
  BPF_F_ADJ_ROOM_DECAP_L3_IPV6: 1 << 8,
} as const satisfies Record<string, number>;

/** `flags` of bpf_fib_lookup. */
export const FIB_FLAGS = {
  BPF_FIB_LOOKUP_DIRECT: 1 << 0,
  BPF_FIB_LOOKUP_OUTPUT: 1 << 1,
  BPF_FIB_LOOKUP_SKIP_NEIGH: 1 << 2,
  BPF_FIB_LOOKUP_TBID: 1 << 3,
  BPF_FIB_LOOKUP_SRC: 1 << 4,
  BPF_FIB_LOOKUP_MARK: 1 << 5,
} as const satisfies Record<string, number>;

/** What bpf_fib_lookup answers. */
export const FIB_RESULTS = {
  BPF_FIB_LKUP_RET_SUCCESS: 0,
  BPF_FIB_LKUP_RET_BLACKHOLE: 1,
  BPF_FIB_LKUP_RET_UNREACHABLE: 2,
  BPF_FIB_LKUP_RET_PROHIBIT: 3,
  BPF_FIB_LKUP_RET_NOT_FWDED: 4,
  BPF_FIB_LKUP_RET_FWD_DISABLED: 5,
  BPF_FIB_LKUP_RET_UNSUPP_LWT: 6,
  BPF_FIB_LKUP_RET_NO_NEIGH: 7,
  BPF_FIB_LKUP_RET_FRAG_NEEDED: 8,
  BPF_FIB_LKUP_RET_NO_SRC_ADDR: 9,
} as const satisfies Record<string, number>;

/** `flags` and answers of bpf_check_mtu. */
export const MTU_CHECK = {
  BPF_MTU_CHK_SEGS: 1,
  BPF_MTU_CHK_RET_SUCCESS: 0,
  BPF_MTU_CHK_RET_FRAG_NEEDED: 1,
  BPF_MTU_CHK_RET_SEGS_TOOBIG: 2,
} as const satisfies Record<string, number>;

/** Verdicts of XDP programs. */
export const XDP_ACTIONS = {
  XDP_ABORTED: 0,
  XDP_DROP: 1,
  XDP_PASS: 2,
  XDP_TX: 3,
  XDP_REDIRECT: 4,
} as const satisfies Record<string, number>;

/** Verdicts of TC programs. */
export const TC_ACTIONS = {
  TC_ACT_UNSPEC: -1,
  TC_ACT_OK: 0,
  TC_ACT_RECLASSIFY: 1,
  TC_ACT_SHOT: 2,
  TC_ACT_PIPE: 3,
  TC_ACT_STOLEN: 4,
  TC_ACT_QUEUED: 5,
  TC_ACT_REPEAT: 6,
  TC_ACT_REDIRECT: 7,
  TC_ACT_TRAP: 8,
} as const satisfies Record<string, number>;

/** Verdicts of socket programs (sk_skb, sk_msg, sk_lookup, sk_reuseport). */
export const SK_ACTIONS = { SK_DROP: 0, SK_PASS: 1 } as const satisfies Record<string, number>;

/** Bytes of a program's or map's name, NUL included. */
export const BPF_OBJ_NAME_LEN = 16;

const XDP_NAMES = new Map<number, string>(Object.entries(XDP_ACTIONS).map(([name, action]) => [action, name]));
const TC_NAMES = new Map<number, string>(Object.entries(TC_ACTIONS).map(([name, action]) => [action, name]));

/** The name of an XDP verdict (`XDP_PASS`), undefined for a number that is none. */
export function xdpActionName(action: number): string | undefined {
  return XDP_NAMES.get(action);
}

/** The name of a TC verdict (`TC_ACT_SHOT`), undefined for a number that is none. */
export function tcActionName(action: number): string | undefined {
  return TC_NAMES.get(action | 0);
}

/** The names of the bits set in `flags`; bits without a name come last, as one hex number. */
export function flagNames(table: Readonly<Record<string, number>>, flags: number): string[] {
  const names: string[] = [];
  let rest = flags;
  for (const [name, bit] of Object.entries(table)) {
    if (bit !== 0 && (rest & bit) === bit) {
      names.push(name);
      rest &= ~bit;
    }
  }
  if (rest !== 0) names.push(`0x${(rest >>> 0).toString(16)}`);
  return names;
}
