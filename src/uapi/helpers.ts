/**
 * BPF helpers as a table: `enum bpf_func_id` (include/uapi/linux/bpf.h) and what each `struct bpf_func_proto` of the kernel says
 * (kernel/bpf/helpers.c, kernel/trace/bpf_trace.c, net/core/filter.c and others). Keys are the kernel's names without `bpf_`.
 * Where prototypes differ by program type, the row is the one of network programs and `variants` says what differs elsewhere.
 */

import type { KernelVersion } from './profile.ts';
import type { ProgTypeName } from './prog-types.ts';

/**
 * What the verifier wants in an argument register: `enum bpf_arg_type` without `ARG_`, its flags (`enum bpf_type_flag`) behind it
 * as the kernel writes them. `ptr_to_uninit_mem` is `ptr_to_mem | mem_uninit | mem_write`.
 */
export type ArgKind =
  | 'anything'
  | 'const_alloc_size_or_zero'
  | 'const_map_ptr'
  | 'const_size'
  | 'const_size_or_zero'
  | 'kptr_xchg_dest'
  | 'ptr_to_btf_id'
  | 'ptr_to_btf_id_or_null'
  | 'ptr_to_btf_id_or_null | obj_release'
  | 'ptr_to_btf_id_sock_common'
  | 'ptr_to_btf_id_sock_common | obj_release'
  | 'ptr_to_btf_id_sock_common_or_null'
  | 'ptr_to_const_str'
  | 'ptr_to_ctx'
  | 'ptr_to_ctx_or_null'
  | 'ptr_to_dynptr | dynptr_type_local | mem_uninit | mem_write'
  | 'ptr_to_dynptr | dynptr_type_ringbuf | mem_uninit | mem_write'
  | 'ptr_to_dynptr | dynptr_type_ringbuf | obj_release'
  | 'ptr_to_dynptr | mem_rdonly'
  | 'ptr_to_fixed_size_mem | mem_rdonly'
  | 'ptr_to_fixed_size_mem | mem_uninit | mem_write | mem_aligned'
  | 'ptr_to_fixed_size_mem | mem_write | mem_aligned'
  | 'ptr_to_func'
  | 'ptr_to_map_key'
  | 'ptr_to_map_value'
  | 'ptr_to_map_value | mem_uninit | mem_write'
  | 'ptr_to_map_value_or_null'
  | 'ptr_to_mem'
  | 'ptr_to_mem | mem_rdonly'
  | 'ptr_to_mem | mem_write'
  | 'ptr_to_mem_or_null | mem_rdonly'
  | 'ptr_to_mem_or_null | mem_write'
  | 'ptr_to_percpu_btf_id'
  | 'ptr_to_ringbuf_mem | obj_release'
  | 'ptr_to_sock_common'
  | 'ptr_to_socket_or_null'
  | 'ptr_to_spin_lock'
  | 'ptr_to_stack_or_null'
  | 'ptr_to_timer'
  | 'ptr_to_uninit_mem';

/** What R0 is after the call: `enum bpf_return_type` without `RET_`, flags behind it. */
export type ReturnKind =
  | 'integer'
  | 'ptr_to_btf_id'
  | 'ptr_to_btf_id_or_null'
  | 'ptr_to_btf_id_trusted'
  | 'ptr_to_dynptr_mem_or_null'
  | 'ptr_to_map_value'
  | 'ptr_to_map_value_or_null'
  | 'ptr_to_mem_or_btf_id | mem_rdonly'
  | 'ptr_to_mem_or_btf_id_or_null | mem_rdonly'
  | 'ptr_to_ringbuf_mem_or_null'
  | 'ptr_to_sock_common_or_null'
  | 'ptr_to_socket_or_null'
  | 'ptr_to_tcp_sock_or_null'
  | 'void';

/** A helper's prototype: what a call is checked against. */
export interface HelperProto {
  readonly args: readonly ArgKind[];
  readonly ret: ReturnKind;
  /** Callable from programs with a GPL-compatible license only. */
  readonly gplOnly?: boolean;
  /** Takes packet memory in its memory arguments. */
  readonly pktAccess?: boolean;
  readonly mightSleep?: boolean;
  /** Keeps R1 to R5 beyond its arguments, as `bpf_fastcall` promises. */
  readonly fastcall?: boolean;
  /** Pointers into the packet end with the call. */
  readonly changesPacket?: boolean;
  /** Bytes behind a `ptr_to_fixed_size_mem`, by argument index from 0. */
  readonly argSize?: Readonly<Record<number, number>>;
  /** Kernel struct behind a `ptr_to_btf_id`, by argument index from 0. */
  readonly argBtf?: Readonly<Record<number, string>>;
  /** Kernel struct that is returned. */
  readonly retBtf?: string;
}

/** A row of the helper table. */
export interface HelperRow extends HelperProto {
  readonly id: number;
  readonly since: KernelVersion;
  /** Differing prototypes, for the program types named. */
  readonly variants?: readonly (Partial<HelperProto> & { readonly programs: readonly ProgTypeName[] })[];
}

/** Helpers by name. */
export const HELPERS = {
  map_lookup_elem: {
    id: 1,
    since: '3.19',
    args: ['const_map_ptr', 'ptr_to_map_key'],
    ret: 'ptr_to_map_value_or_null',
    pktAccess: true,
  },
  map_update_elem: {
    id: 2,
    since: '3.19',
    args: ['const_map_ptr', 'ptr_to_map_key', 'ptr_to_map_value', 'anything'],
    ret: 'integer',
    pktAccess: true,
  },
  map_delete_elem: { id: 3, since: '3.19', args: ['const_map_ptr', 'ptr_to_map_key'], ret: 'integer', pktAccess: true },
  probe_read: {
    id: 4,
    since: '4.1',
    args: ['ptr_to_uninit_mem', 'const_size_or_zero', 'anything'],
    ret: 'integer',
    gplOnly: true,
  },
  ktime_get_ns: { id: 5, since: '4.1', args: [], ret: 'integer' },
  trace_printk: { id: 6, since: '4.1', args: ['ptr_to_mem | mem_rdonly', 'const_size'], ret: 'integer', gplOnly: true },
  get_prandom_u32: { id: 7, since: '4.1', args: [], ret: 'integer' },
  get_smp_processor_id: { id: 8, since: '4.1', args: [], ret: 'integer', fastcall: true },
  skb_store_bytes: {
    id: 9,
    since: '4.1',
    args: ['ptr_to_ctx', 'anything', 'ptr_to_mem | mem_rdonly', 'const_size', 'anything'],
    ret: 'integer',
    changesPacket: true,
  },
  l3_csum_replace: {
    id: 10,
    since: '4.1',
    args: ['ptr_to_ctx', 'anything', 'anything', 'anything', 'anything'],
    ret: 'integer',
    changesPacket: true,
  },
  l4_csum_replace: {
    id: 11,
    since: '4.1',
    args: ['ptr_to_ctx', 'anything', 'anything', 'anything', 'anything'],
    ret: 'integer',
    changesPacket: true,
  },
  tail_call: {
    id: 12,
    since: '4.2',
    args: ['ptr_to_ctx', 'const_map_ptr', 'anything'],
    ret: 'void',
    changesPacket: true,
  },
  clone_redirect: {
    id: 13,
    since: '4.2',
    args: ['ptr_to_ctx', 'anything', 'anything'],
    ret: 'integer',
    changesPacket: true,
  },
  get_current_pid_tgid: { id: 14, since: '4.2', args: [], ret: 'integer' },
  get_current_uid_gid: { id: 15, since: '4.2', args: [], ret: 'integer' },
  get_current_comm: { id: 16, since: '4.2', args: ['ptr_to_uninit_mem', 'const_size'], ret: 'integer' },
  get_cgroup_classid: {
    id: 17,
    since: '4.3',
    args: [],
    ret: 'integer',
    variants: [
      { programs: ['sched_cls', 'sched_act', 'lwt_in', 'lwt_out', 'lwt_xmit', 'lwt_seg6local'], args: ['ptr_to_ctx'] },
    ],
  },
  skb_vlan_push: {
    id: 18,
    since: '4.3',
    args: ['ptr_to_ctx', 'anything', 'anything'],
    ret: 'integer',
    changesPacket: true,
  },
  skb_vlan_pop: { id: 19, since: '4.3', args: ['ptr_to_ctx'], ret: 'integer', changesPacket: true },
  skb_get_tunnel_key: {
    id: 20,
    since: '4.3',
    args: ['ptr_to_ctx', 'ptr_to_uninit_mem', 'const_size', 'anything'],
    ret: 'integer',
  },
  skb_set_tunnel_key: {
    id: 21,
    since: '4.3',
    args: ['ptr_to_ctx', 'ptr_to_mem | mem_rdonly', 'const_size', 'anything'],
    ret: 'integer',
  },
  perf_event_read: { id: 22, since: '4.3', args: ['const_map_ptr', 'anything'], ret: 'integer', gplOnly: true },
  redirect: { id: 23, since: '4.4', args: ['anything', 'anything'], ret: 'integer' },
  get_route_realm: { id: 24, since: '4.4', args: ['ptr_to_ctx'], ret: 'integer' },
  perf_event_output: {
    id: 25,
    since: '4.4',
    args: ['ptr_to_ctx', 'const_map_ptr', 'anything', 'ptr_to_mem | mem_rdonly', 'const_size_or_zero'],
    ret: 'integer',
    gplOnly: true,
  },
  skb_load_bytes: {
    id: 26,
    since: '4.5',
    args: ['ptr_to_ctx', 'anything', 'ptr_to_uninit_mem', 'const_size'],
    ret: 'integer',
  },
  get_stackid: {
    id: 27,
    since: '4.6',
    args: ['ptr_to_ctx', 'const_map_ptr', 'anything'],
    ret: 'integer',
    gplOnly: true,
    variants: [{ programs: ['perf_event'], gplOnly: false }],
  },
  csum_diff: {
    id: 28,
    since: '4.6',
    args: [
      'ptr_to_mem_or_null | mem_rdonly',
      'const_size_or_zero',
      'ptr_to_mem_or_null | mem_rdonly',
      'const_size_or_zero',
      'anything',
    ],
    ret: 'integer',
    pktAccess: true,
  },
  skb_get_tunnel_opt: { id: 29, since: '4.6', args: ['ptr_to_ctx', 'ptr_to_uninit_mem', 'const_size'], ret: 'integer' },
  skb_set_tunnel_opt: {
    id: 30,
    since: '4.6',
    args: ['ptr_to_ctx', 'ptr_to_mem | mem_rdonly', 'const_size'],
    ret: 'integer',
  },
  skb_change_proto: {
    id: 31,
    since: '4.8',
    args: ['ptr_to_ctx', 'anything', 'anything'],
    ret: 'integer',
    changesPacket: true,
  },
  skb_change_type: { id: 32, since: '4.8', args: ['ptr_to_ctx', 'anything'], ret: 'integer' },
  skb_under_cgroup: { id: 33, since: '4.8', args: ['ptr_to_ctx', 'const_map_ptr', 'anything'], ret: 'integer' },
  get_hash_recalc: { id: 34, since: '4.8', args: ['ptr_to_ctx'], ret: 'integer' },
  get_current_task: { id: 35, since: '4.8', args: [], ret: 'integer', gplOnly: true },
  probe_write_user: {
    id: 36,
    since: '4.8',
    args: ['anything', 'ptr_to_mem | mem_rdonly', 'const_size'],
    ret: 'integer',
    gplOnly: true,
  },
  current_task_under_cgroup: { id: 37, since: '4.9', args: ['const_map_ptr', 'anything'], ret: 'integer' },
  skb_change_tail: {
    id: 38,
    since: '4.9',
    args: ['ptr_to_ctx', 'anything', 'anything'],
    ret: 'integer',
    changesPacket: true,
  },
  skb_pull_data: { id: 39, since: '4.9', args: ['ptr_to_ctx', 'anything'], ret: 'integer', changesPacket: true },
  csum_update: { id: 40, since: '4.9', args: ['ptr_to_ctx', 'anything'], ret: 'integer' },
  set_hash_invalid: { id: 41, since: '4.9', args: ['ptr_to_ctx'], ret: 'integer' },
  get_numa_node_id: { id: 42, since: '4.10', args: [], ret: 'integer' },
  skb_change_head: {
    id: 43,
    since: '4.10',
    args: ['ptr_to_ctx', 'anything', 'anything'],
    ret: 'integer',
    changesPacket: true,
  },
  xdp_adjust_head: { id: 44, since: '4.10', args: ['ptr_to_ctx', 'anything'], ret: 'integer', changesPacket: true },
  probe_read_str: {
    id: 45,
    since: '4.11',
    args: ['ptr_to_uninit_mem', 'const_size_or_zero', 'anything'],
    ret: 'integer',
    gplOnly: true,
  },
  get_socket_cookie: {
    id: 46,
    since: '4.12',
    args: ['ptr_to_ctx'],
    ret: 'integer',
    variants: [{ programs: ['sk_reuseport', 'tracing'], args: ['ptr_to_btf_id_sock_common_or_null'] }],
  },
  get_socket_uid: { id: 47, since: '4.12', args: ['ptr_to_ctx'], ret: 'integer' },
  set_hash: { id: 48, since: '4.13', args: ['ptr_to_ctx', 'anything'], ret: 'integer' },
  setsockopt: {
    id: 49,
    since: '4.13',
    args: ['ptr_to_ctx', 'anything', 'anything', 'ptr_to_mem | mem_rdonly', 'const_size'],
    ret: 'integer',
    variants: [
      {
        programs: ['tracing', 'struct_ops', 'lsm', 'cgroup_sockopt'],
        args: ['ptr_to_btf_id_sock_common', 'anything', 'anything', 'ptr_to_mem | mem_rdonly', 'const_size'],
      },
    ],
  },
  skb_adjust_room: {
    id: 50,
    since: '4.13',
    args: ['ptr_to_ctx', 'anything', 'anything', 'anything'],
    ret: 'integer',
    changesPacket: true,
  },
  redirect_map: { id: 51, since: '4.14', args: ['const_map_ptr', 'anything', 'anything'], ret: 'integer' },
  sk_redirect_map: {
    id: 52,
    since: '4.14',
    args: ['ptr_to_ctx', 'const_map_ptr', 'anything', 'anything'],
    ret: 'integer',
  },
  sock_map_update: {
    id: 53,
    since: '4.14',
    args: ['ptr_to_ctx', 'const_map_ptr', 'ptr_to_map_key', 'anything'],
    ret: 'integer',
    pktAccess: true,
  },
  xdp_adjust_meta: { id: 54, since: '4.15', args: ['ptr_to_ctx', 'anything'], ret: 'integer', changesPacket: true },
  perf_event_read_value: {
    id: 55,
    since: '4.15',
    args: ['const_map_ptr', 'anything', 'ptr_to_uninit_mem', 'const_size'],
    ret: 'integer',
    gplOnly: true,
  },
  perf_prog_read_value: {
    id: 56,
    since: '4.15',
    args: ['ptr_to_ctx', 'ptr_to_uninit_mem', 'const_size'],
    ret: 'integer',
    gplOnly: true,
  },
  getsockopt: {
    id: 57,
    since: '4.15',
    args: ['ptr_to_ctx', 'anything', 'anything', 'ptr_to_uninit_mem', 'const_size'],
    ret: 'integer',
    variants: [
      {
        programs: ['tracing', 'struct_ops', 'lsm', 'cgroup_sockopt'],
        args: ['ptr_to_btf_id_sock_common', 'anything', 'anything', 'ptr_to_uninit_mem', 'const_size'],
      },
    ],
  },
  override_return: { id: 58, since: '4.16', args: ['ptr_to_ctx', 'anything'], ret: 'integer', gplOnly: true },
  sock_ops_cb_flags_set: { id: 59, since: '4.16', args: ['ptr_to_ctx', 'anything'], ret: 'integer' },
  msg_redirect_map: {
    id: 60,
    since: '4.17',
    args: ['ptr_to_ctx', 'const_map_ptr', 'anything', 'anything'],
    ret: 'integer',
  },
  msg_apply_bytes: { id: 61, since: '4.17', args: ['ptr_to_ctx', 'anything'], ret: 'integer' },
  msg_cork_bytes: { id: 62, since: '4.17', args: ['ptr_to_ctx', 'anything'], ret: 'integer' },
  msg_pull_data: {
    id: 63,
    since: '4.17',
    args: ['ptr_to_ctx', 'anything', 'anything', 'anything'],
    ret: 'integer',
    changesPacket: true,
  },
  bind: { id: 64, since: '4.17', args: ['ptr_to_ctx', 'ptr_to_mem | mem_rdonly', 'const_size'], ret: 'integer' },
  xdp_adjust_tail: { id: 65, since: '4.18', args: ['ptr_to_ctx', 'anything'], ret: 'integer', changesPacket: true },
  skb_get_xfrm_state: {
    id: 66,
    since: '4.18',
    args: ['ptr_to_ctx', 'anything', 'ptr_to_uninit_mem', 'const_size', 'anything'],
    ret: 'integer',
  },
  get_stack: {
    id: 67,
    since: '4.18',
    args: ['ptr_to_ctx', 'ptr_to_uninit_mem', 'const_size_or_zero', 'anything'],
    ret: 'integer',
    gplOnly: true,
  },
  skb_load_bytes_relative: {
    id: 68,
    since: '4.18',
    args: ['ptr_to_ctx', 'anything', 'ptr_to_uninit_mem', 'const_size', 'anything'],
    ret: 'integer',
  },
  fib_lookup: {
    id: 69,
    since: '4.18',
    args: ['ptr_to_ctx', 'ptr_to_mem | mem_write', 'const_size', 'anything'],
    ret: 'integer',
    gplOnly: true,
  },
  sock_hash_update: {
    id: 70,
    since: '4.18',
    args: ['ptr_to_ctx', 'const_map_ptr', 'ptr_to_map_key', 'anything'],
    ret: 'integer',
    pktAccess: true,
  },
  msg_redirect_hash: {
    id: 71,
    since: '4.18',
    args: ['ptr_to_ctx', 'const_map_ptr', 'ptr_to_map_key', 'anything'],
    ret: 'integer',
  },
  sk_redirect_hash: {
    id: 72,
    since: '4.18',
    args: ['ptr_to_ctx', 'const_map_ptr', 'ptr_to_map_key', 'anything'],
    ret: 'integer',
  },
  lwt_push_encap: {
    id: 73,
    since: '4.18',
    args: ['ptr_to_ctx', 'anything', 'ptr_to_mem | mem_rdonly', 'const_size'],
    ret: 'integer',
    changesPacket: true,
  },
  lwt_seg6_store_bytes: {
    id: 74,
    since: '4.18',
    args: ['ptr_to_ctx', 'anything', 'ptr_to_mem | mem_rdonly', 'const_size'],
    ret: 'integer',
    changesPacket: true,
  },
  lwt_seg6_adjust_srh: {
    id: 75,
    since: '4.18',
    args: ['ptr_to_ctx', 'anything', 'anything'],
    ret: 'integer',
    changesPacket: true,
  },
  lwt_seg6_action: {
    id: 76,
    since: '4.18',
    args: ['ptr_to_ctx', 'anything', 'ptr_to_mem | mem_rdonly', 'const_size'],
    ret: 'integer',
    changesPacket: true,
  },
  rc_repeat: { id: 77, since: '4.18', args: ['ptr_to_ctx'], ret: 'integer', gplOnly: true },
  rc_keydown: {
    id: 78,
    since: '4.18',
    args: ['ptr_to_ctx', 'anything', 'anything', 'anything'],
    ret: 'integer',
    gplOnly: true,
  },
  skb_cgroup_id: { id: 79, since: '4.18', args: ['ptr_to_ctx'], ret: 'integer' },
  get_current_cgroup_id: { id: 80, since: '4.18', args: [], ret: 'integer' },
  get_local_storage: { id: 81, since: '4.19', args: ['const_map_ptr', 'anything'], ret: 'ptr_to_map_value' },
  sk_select_reuseport: {
    id: 82,
    since: '4.19',
    args: ['ptr_to_ctx', 'const_map_ptr', 'ptr_to_map_key', 'anything'],
    ret: 'integer',
  },
  skb_ancestor_cgroup_id: { id: 83, since: '4.19', args: ['ptr_to_ctx', 'anything'], ret: 'integer' },
  sk_lookup_tcp: {
    id: 84,
    since: '4.20',
    args: ['ptr_to_ctx', 'ptr_to_mem | mem_rdonly', 'const_size_or_zero', 'anything', 'anything'],
    ret: 'ptr_to_socket_or_null',
    pktAccess: true,
    variants: [{ programs: ['cgroup_sock_addr'], pktAccess: false }],
  },
  sk_lookup_udp: {
    id: 85,
    since: '4.20',
    args: ['ptr_to_ctx', 'ptr_to_mem | mem_rdonly', 'const_size_or_zero', 'anything', 'anything'],
    ret: 'ptr_to_socket_or_null',
    pktAccess: true,
    variants: [{ programs: ['cgroup_sock_addr'], pktAccess: false }],
  },
  sk_release: { id: 86, since: '4.20', args: ['ptr_to_btf_id_sock_common | obj_release'], ret: 'integer' },
  map_push_elem: {
    id: 87,
    since: '4.20',
    args: ['const_map_ptr', 'ptr_to_map_value', 'anything'],
    ret: 'integer',
    pktAccess: true,
  },
  map_pop_elem: {
    id: 88,
    since: '4.20',
    args: ['const_map_ptr', 'ptr_to_map_value | mem_uninit | mem_write'],
    ret: 'integer',
  },
  map_peek_elem: {
    id: 89,
    since: '4.20',
    args: ['const_map_ptr', 'ptr_to_map_value | mem_uninit | mem_write'],
    ret: 'integer',
  },
  msg_push_data: {
    id: 90,
    since: '4.20',
    args: ['ptr_to_ctx', 'anything', 'anything', 'anything'],
    ret: 'integer',
    changesPacket: true,
  },
  msg_pop_data: {
    id: 91,
    since: '5.0',
    args: ['ptr_to_ctx', 'anything', 'anything', 'anything'],
    ret: 'integer',
    changesPacket: true,
  },
  rc_pointer_rel: { id: 92, since: '5.0', args: ['ptr_to_ctx', 'anything', 'anything'], ret: 'integer', gplOnly: true },
  spin_lock: { id: 93, since: '5.1', args: ['ptr_to_spin_lock'], ret: 'void' },
  spin_unlock: { id: 94, since: '5.1', args: ['ptr_to_spin_lock'], ret: 'void' },
  sk_fullsock: { id: 95, since: '5.1', args: ['ptr_to_sock_common'], ret: 'ptr_to_socket_or_null' },
  tcp_sock: { id: 96, since: '5.1', args: ['ptr_to_sock_common'], ret: 'ptr_to_tcp_sock_or_null' },
  skb_ecn_set_ce: { id: 97, since: '5.1', args: ['ptr_to_ctx'], ret: 'integer' },
  get_listener_sock: { id: 98, since: '5.1', args: ['ptr_to_sock_common'], ret: 'ptr_to_socket_or_null' },
  skc_lookup_tcp: {
    id: 99,
    since: '5.2',
    args: ['ptr_to_ctx', 'ptr_to_mem | mem_rdonly', 'const_size_or_zero', 'anything', 'anything'],
    ret: 'ptr_to_sock_common_or_null',
    pktAccess: true,
    variants: [{ programs: ['cgroup_sock_addr'], pktAccess: false }],
  },
  tcp_check_syncookie: {
    id: 100,
    since: '5.2',
    args: [
      'ptr_to_btf_id_sock_common',
      'ptr_to_mem | mem_rdonly',
      'const_size',
      'ptr_to_mem | mem_rdonly',
      'const_size',
    ],
    ret: 'integer',
    gplOnly: true,
    pktAccess: true,
  },
  sysctl_get_name: {
    id: 101,
    since: '5.2',
    args: ['ptr_to_ctx', 'ptr_to_mem | mem_write', 'const_size', 'anything'],
    ret: 'integer',
  },
  sysctl_get_current_value: {
    id: 102,
    since: '5.2',
    args: ['ptr_to_ctx', 'ptr_to_uninit_mem', 'const_size'],
    ret: 'integer',
  },
  sysctl_get_new_value: {
    id: 103,
    since: '5.2',
    args: ['ptr_to_ctx', 'ptr_to_uninit_mem', 'const_size'],
    ret: 'integer',
  },
  sysctl_set_new_value: {
    id: 104,
    since: '5.2',
    args: ['ptr_to_ctx', 'ptr_to_mem | mem_rdonly', 'const_size'],
    ret: 'integer',
  },
  strtol: {
    id: 105,
    since: '5.2',
    args: [
      'ptr_to_mem | mem_rdonly',
      'const_size',
      'anything',
      'ptr_to_fixed_size_mem | mem_uninit | mem_write | mem_aligned',
    ],
    ret: 'integer',
    argSize: { 3: 8 },
  },
  strtoul: {
    id: 106,
    since: '5.2',
    args: [
      'ptr_to_mem | mem_rdonly',
      'const_size',
      'anything',
      'ptr_to_fixed_size_mem | mem_uninit | mem_write | mem_aligned',
    ],
    ret: 'integer',
    argSize: { 3: 8 },
  },
  sk_storage_get: {
    id: 107,
    since: '5.2',
    args: ['const_map_ptr', 'ptr_to_btf_id_sock_common', 'ptr_to_map_value_or_null', 'anything'],
    ret: 'ptr_to_map_value_or_null',
    variants: [
      { programs: ['cgroup_sock'], args: ['const_map_ptr', 'ptr_to_ctx', 'ptr_to_map_value_or_null', 'anything'] },
      {
        programs: ['tracing'],
        args: ['const_map_ptr', 'ptr_to_btf_id_or_null', 'ptr_to_map_value_or_null', 'anything'],
        argBtf: { 1: 'sock_common' },
      },
    ],
  },
  sk_storage_delete: {
    id: 108,
    since: '5.2',
    args: ['const_map_ptr', 'ptr_to_btf_id_sock_common'],
    ret: 'integer',
    variants: [
      { programs: ['tracing'], args: ['const_map_ptr', 'ptr_to_btf_id_or_null'], argBtf: { 1: 'sock_common' } },
    ],
  },
  send_signal: { id: 109, since: '5.3', args: ['anything'], ret: 'integer' },
  tcp_gen_syncookie: {
    id: 110,
    since: '5.4',
    args: [
      'ptr_to_btf_id_sock_common',
      'ptr_to_mem | mem_rdonly',
      'const_size',
      'ptr_to_mem | mem_rdonly',
      'const_size',
    ],
    ret: 'integer',
    gplOnly: true,
    pktAccess: true,
  },
  skb_output: {
    id: 111,
    since: '5.5',
    args: ['ptr_to_btf_id', 'const_map_ptr', 'anything', 'ptr_to_mem | mem_rdonly', 'const_size_or_zero'],
    ret: 'integer',
    gplOnly: true,
    argBtf: { 0: 'sk_buff' },
  },
  probe_read_user: {
    id: 112,
    since: '5.5',
    args: ['ptr_to_uninit_mem', 'const_size_or_zero', 'anything'],
    ret: 'integer',
    gplOnly: true,
  },
  probe_read_kernel: {
    id: 113,
    since: '5.5',
    args: ['ptr_to_uninit_mem', 'const_size_or_zero', 'anything'],
    ret: 'integer',
    gplOnly: true,
  },
  probe_read_user_str: {
    id: 114,
    since: '5.5',
    args: ['ptr_to_uninit_mem', 'const_size_or_zero', 'anything'],
    ret: 'integer',
    gplOnly: true,
  },
  probe_read_kernel_str: {
    id: 115,
    since: '5.5',
    args: ['ptr_to_uninit_mem', 'const_size_or_zero', 'anything'],
    ret: 'integer',
    gplOnly: true,
  },
  tcp_send_ack: {
    id: 116,
    since: '5.6',
    args: ['ptr_to_btf_id', 'anything'],
    ret: 'integer',
    argBtf: { 0: 'tcp_sock' },
  },
  send_signal_thread: { id: 117, since: '5.6', args: ['anything'], ret: 'integer' },
  jiffies64: { id: 118, since: '5.6', args: [], ret: 'integer' },
  read_branch_records: {
    id: 119,
    since: '5.7',
    args: ['ptr_to_ctx', 'ptr_to_mem_or_null | mem_write', 'const_size_or_zero', 'anything'],
    ret: 'integer',
    gplOnly: true,
  },
  get_ns_current_pid_tgid: {
    id: 120,
    since: '5.7',
    args: ['anything', 'anything', 'ptr_to_uninit_mem', 'const_size'],
    ret: 'integer',
  },
  xdp_output: {
    id: 121,
    since: '5.7',
    args: ['ptr_to_btf_id', 'const_map_ptr', 'anything', 'ptr_to_mem | mem_rdonly', 'const_size_or_zero'],
    ret: 'integer',
    gplOnly: true,
    argBtf: { 0: 'xdp_buff' },
  },
  get_netns_cookie: { id: 122, since: '5.7', args: ['ptr_to_ctx_or_null'], ret: 'integer' },
  get_current_ancestor_cgroup_id: { id: 123, since: '5.7', args: ['anything'], ret: 'integer' },
  sk_assign: {
    id: 124,
    since: '5.7',
    args: ['ptr_to_ctx', 'ptr_to_btf_id_sock_common', 'anything'],
    ret: 'integer',
    variants: [{ programs: ['sk_lookup'], args: ['ptr_to_ctx', 'ptr_to_socket_or_null', 'anything'] }],
  },
  ktime_get_boot_ns: { id: 125, since: '5.8', args: [], ret: 'integer' },
  seq_printf: {
    id: 126,
    since: '5.8',
    args: [
      'ptr_to_btf_id',
      'ptr_to_mem | mem_rdonly',
      'const_size',
      'ptr_to_mem_or_null | mem_rdonly',
      'const_size_or_zero',
    ],
    ret: 'integer',
    gplOnly: true,
    argBtf: { 0: 'seq_file' },
  },
  seq_write: {
    id: 127,
    since: '5.8',
    args: ['ptr_to_btf_id', 'ptr_to_mem | mem_rdonly', 'const_size_or_zero'],
    ret: 'integer',
    gplOnly: true,
    argBtf: { 0: 'seq_file' },
  },
  sk_cgroup_id: { id: 128, since: '5.8', args: ['ptr_to_btf_id_sock_common'], ret: 'integer' },
  sk_ancestor_cgroup_id: { id: 129, since: '5.8', args: ['ptr_to_btf_id_sock_common', 'anything'], ret: 'integer' },
  ringbuf_output: {
    id: 130,
    since: '5.8',
    args: ['const_map_ptr', 'ptr_to_mem | mem_rdonly', 'const_size_or_zero', 'anything'],
    ret: 'integer',
  },
  ringbuf_reserve: {
    id: 131,
    since: '5.8',
    args: ['const_map_ptr', 'const_alloc_size_or_zero', 'anything'],
    ret: 'ptr_to_ringbuf_mem_or_null',
  },
  ringbuf_submit: { id: 132, since: '5.8', args: ['ptr_to_ringbuf_mem | obj_release', 'anything'], ret: 'void' },
  ringbuf_discard: { id: 133, since: '5.8', args: ['ptr_to_ringbuf_mem | obj_release', 'anything'], ret: 'void' },
  ringbuf_query: { id: 134, since: '5.8', args: ['const_map_ptr', 'anything'], ret: 'integer' },
  csum_level: { id: 135, since: '5.8', args: ['ptr_to_ctx', 'anything'], ret: 'integer' },
  skc_to_tcp6_sock: {
    id: 136,
    since: '5.9',
    args: ['ptr_to_btf_id_sock_common'],
    ret: 'ptr_to_btf_id_or_null',
    retBtf: 'tcp6_sock',
  },
  skc_to_tcp_sock: {
    id: 137,
    since: '5.9',
    args: ['ptr_to_btf_id_sock_common'],
    ret: 'ptr_to_btf_id_or_null',
    retBtf: 'tcp_sock',
  },
  skc_to_tcp_timewait_sock: {
    id: 138,
    since: '5.9',
    args: ['ptr_to_btf_id_sock_common'],
    ret: 'ptr_to_btf_id_or_null',
    retBtf: 'tcp_timewait_sock',
  },
  skc_to_tcp_request_sock: {
    id: 139,
    since: '5.9',
    args: ['ptr_to_btf_id_sock_common'],
    ret: 'ptr_to_btf_id_or_null',
    retBtf: 'tcp_request_sock',
  },
  skc_to_udp6_sock: {
    id: 140,
    since: '5.9',
    args: ['ptr_to_btf_id_sock_common'],
    ret: 'ptr_to_btf_id_or_null',
    retBtf: 'udp6_sock',
  },
  get_task_stack: {
    id: 141,
    since: '5.9',
    args: ['ptr_to_btf_id', 'ptr_to_uninit_mem', 'const_size_or_zero', 'anything'],
    ret: 'integer',
    argBtf: { 0: 'task_struct' },
  },
  load_hdr_opt: {
    id: 142,
    since: '5.10',
    args: ['ptr_to_ctx', 'ptr_to_mem | mem_write', 'const_size', 'anything'],
    ret: 'integer',
  },
  store_hdr_opt: {
    id: 143,
    since: '5.10',
    args: ['ptr_to_ctx', 'ptr_to_mem | mem_rdonly', 'const_size', 'anything'],
    ret: 'integer',
    changesPacket: true,
  },
  reserve_hdr_opt: { id: 144, since: '5.10', args: ['ptr_to_ctx', 'anything', 'anything'], ret: 'integer' },
  inode_storage_get: {
    id: 145,
    since: '5.10',
    args: ['const_map_ptr', 'ptr_to_btf_id_or_null', 'ptr_to_map_value_or_null', 'anything'],
    ret: 'ptr_to_map_value_or_null',
    argBtf: { 1: 'inode' },
  },
  inode_storage_delete: {
    id: 146,
    since: '5.10',
    args: ['const_map_ptr', 'ptr_to_btf_id_or_null'],
    ret: 'integer',
    argBtf: { 1: 'inode' },
  },
  d_path: {
    id: 147,
    since: '5.10',
    args: ['ptr_to_btf_id', 'ptr_to_mem', 'const_size_or_zero'],
    ret: 'integer',
    argBtf: { 0: 'path' },
  },
  copy_from_user: {
    id: 148,
    since: '5.10',
    args: ['ptr_to_uninit_mem', 'const_size_or_zero', 'anything'],
    ret: 'integer',
    mightSleep: true,
  },
  snprintf_btf: {
    id: 149,
    since: '5.10',
    args: ['ptr_to_mem | mem_write', 'const_size', 'ptr_to_mem | mem_rdonly', 'const_size', 'anything'],
    ret: 'integer',
  },
  seq_printf_btf: {
    id: 150,
    since: '5.10',
    args: ['ptr_to_btf_id', 'ptr_to_mem | mem_rdonly', 'const_size_or_zero', 'anything'],
    ret: 'integer',
    gplOnly: true,
    argBtf: { 0: 'seq_file' },
  },
  skb_cgroup_classid: { id: 151, since: '5.10', args: ['ptr_to_ctx'], ret: 'integer' },
  redirect_neigh: {
    id: 152,
    since: '5.10',
    args: ['anything', 'ptr_to_mem_or_null | mem_rdonly', 'const_size_or_zero', 'anything'],
    ret: 'integer',
  },
  per_cpu_ptr: {
    id: 153,
    since: '5.10',
    args: ['ptr_to_percpu_btf_id', 'anything'],
    ret: 'ptr_to_mem_or_btf_id_or_null | mem_rdonly',
  },
  this_cpu_ptr: { id: 154, since: '5.10', args: ['ptr_to_percpu_btf_id'], ret: 'ptr_to_mem_or_btf_id | mem_rdonly' },
  redirect_peer: { id: 155, since: '5.10', args: ['anything', 'anything'], ret: 'integer' },
  task_storage_get: {
    id: 156,
    since: '5.11',
    args: ['const_map_ptr', 'ptr_to_btf_id_or_null', 'ptr_to_map_value_or_null', 'anything'],
    ret: 'ptr_to_map_value_or_null',
    argBtf: { 1: 'task_struct' },
  },
  task_storage_delete: {
    id: 157,
    since: '5.11',
    args: ['const_map_ptr', 'ptr_to_btf_id_or_null'],
    ret: 'integer',
    argBtf: { 1: 'task_struct' },
  },
  get_current_task_btf: {
    id: 158,
    since: '5.11',
    args: [],
    ret: 'ptr_to_btf_id_trusted',
    gplOnly: true,
    retBtf: 'task_struct',
  },
  bprm_opts_set: {
    id: 159,
    since: '5.11',
    args: ['ptr_to_btf_id', 'anything'],
    ret: 'integer',
    argBtf: { 0: 'linux_binprm' },
  },
  ktime_get_coarse_ns: { id: 160, since: '5.11', args: [], ret: 'integer' },
  ima_inode_hash: {
    id: 161,
    since: '5.11',
    args: ['ptr_to_btf_id', 'ptr_to_uninit_mem', 'const_size'],
    ret: 'integer',
    mightSleep: true,
    argBtf: { 0: 'inode' },
  },
  sock_from_file: {
    id: 162,
    since: '5.11',
    args: ['ptr_to_btf_id'],
    ret: 'ptr_to_btf_id_or_null',
    argBtf: { 0: 'file' },
    retBtf: 'socket',
  },
  check_mtu: {
    id: 163,
    since: '5.12',
    args: ['ptr_to_ctx', 'anything', 'ptr_to_fixed_size_mem | mem_write | mem_aligned', 'anything', 'anything'],
    ret: 'integer',
    gplOnly: true,
    argSize: { 2: 4 },
  },
  for_each_map_elem: {
    id: 164,
    since: '5.13',
    args: ['const_map_ptr', 'ptr_to_func', 'ptr_to_stack_or_null', 'anything'],
    ret: 'integer',
  },
  snprintf: {
    id: 165,
    since: '5.13',
    args: [
      'ptr_to_mem_or_null | mem_write',
      'const_size_or_zero',
      'ptr_to_const_str',
      'ptr_to_mem_or_null | mem_rdonly',
      'const_size_or_zero',
    ],
    ret: 'integer',
    gplOnly: true,
  },
  sys_bpf: { id: 166, since: '5.14', args: ['anything', 'ptr_to_mem | mem_rdonly', 'const_size'], ret: 'integer' },
  btf_find_by_name_kind: {
    id: 167,
    since: '5.14',
    args: ['ptr_to_mem | mem_rdonly', 'const_size', 'anything', 'anything'],
    ret: 'integer',
  },
  sys_close: { id: 168, since: '5.14', args: ['anything'], ret: 'integer' },
  timer_init: {
    id: 169,
    since: '5.15',
    args: ['ptr_to_timer', 'const_map_ptr', 'anything'],
    ret: 'integer',
    gplOnly: true,
  },
  timer_set_callback: { id: 170, since: '5.15', args: ['ptr_to_timer', 'ptr_to_func'], ret: 'integer', gplOnly: true },
  timer_start: {
    id: 171,
    since: '5.15',
    args: ['ptr_to_timer', 'anything', 'anything'],
    ret: 'integer',
    gplOnly: true,
  },
  timer_cancel: { id: 172, since: '5.15', args: ['ptr_to_timer'], ret: 'integer', gplOnly: true },
  get_func_ip: {
    id: 173,
    since: '5.15',
    args: ['ptr_to_ctx'],
    ret: 'integer',
    gplOnly: true,
    variants: [{ programs: ['kprobe'], gplOnly: false }],
  },
  get_attach_cookie: { id: 174, since: '5.15', args: ['ptr_to_ctx'], ret: 'integer' },
  task_pt_regs: {
    id: 175,
    since: '5.15',
    args: ['ptr_to_btf_id'],
    ret: 'ptr_to_btf_id',
    gplOnly: true,
    argBtf: { 0: 'task_struct' },
    retBtf: 'pt_regs',
  },
  get_branch_snapshot: {
    id: 176,
    since: '5.16',
    args: ['ptr_to_uninit_mem', 'const_size_or_zero'],
    ret: 'integer',
    gplOnly: true,
  },
  trace_vprintk: {
    id: 177,
    since: '5.16',
    args: ['ptr_to_mem | mem_rdonly', 'const_size', 'ptr_to_mem_or_null | mem_rdonly', 'const_size_or_zero'],
    ret: 'integer',
    gplOnly: true,
  },
  skc_to_unix_sock: {
    id: 178,
    since: '5.16',
    args: ['ptr_to_btf_id_sock_common'],
    ret: 'ptr_to_btf_id_or_null',
    retBtf: 'unix_sock',
  },
  kallsyms_lookup_name: {
    id: 179,
    since: '5.16',
    args: [
      'ptr_to_mem | mem_rdonly',
      'const_size_or_zero',
      'anything',
      'ptr_to_fixed_size_mem | mem_uninit | mem_write | mem_aligned',
    ],
    ret: 'integer',
    argSize: { 3: 8 },
  },
  find_vma: {
    id: 180,
    since: '5.17',
    args: ['ptr_to_btf_id', 'anything', 'ptr_to_func', 'ptr_to_stack_or_null', 'anything'],
    ret: 'integer',
    argBtf: { 0: 'task_struct' },
  },
  loop: {
    id: 181,
    since: '5.17',
    args: ['anything', 'ptr_to_func', 'ptr_to_stack_or_null', 'anything'],
    ret: 'integer',
  },
  strncmp: {
    id: 182,
    since: '5.17',
    args: ['ptr_to_mem | mem_rdonly', 'const_size', 'ptr_to_const_str'],
    ret: 'integer',
  },
  get_func_arg: {
    id: 183,
    since: '5.17',
    args: ['ptr_to_ctx', 'anything', 'ptr_to_fixed_size_mem | mem_uninit | mem_write | mem_aligned'],
    ret: 'integer',
    argSize: { 2: 8 },
  },
  get_func_ret: {
    id: 184,
    since: '5.17',
    args: ['ptr_to_ctx', 'ptr_to_fixed_size_mem | mem_uninit | mem_write | mem_aligned'],
    ret: 'integer',
    argSize: { 1: 8 },
  },
  get_func_arg_cnt: { id: 185, since: '5.17', args: ['ptr_to_ctx'], ret: 'integer' },
  get_retval: { id: 186, since: '5.18', args: [], ret: 'integer' },
  set_retval: { id: 187, since: '5.18', args: ['anything'], ret: 'integer' },
  xdp_get_buff_len: {
    id: 188,
    since: '5.18',
    args: ['ptr_to_ctx'],
    ret: 'integer',
    variants: [{ programs: ['tracing'], args: ['ptr_to_btf_id'], argBtf: { 0: 'xdp_buff' } }],
  },
  xdp_load_bytes: {
    id: 189,
    since: '5.18',
    args: ['ptr_to_ctx', 'anything', 'ptr_to_uninit_mem', 'const_size'],
    ret: 'integer',
  },
  xdp_store_bytes: {
    id: 190,
    since: '5.18',
    args: ['ptr_to_ctx', 'anything', 'ptr_to_mem | mem_rdonly', 'const_size'],
    ret: 'integer',
  },
  copy_from_user_task: {
    id: 191,
    since: '5.18',
    args: ['ptr_to_uninit_mem', 'const_size_or_zero', 'anything', 'ptr_to_btf_id', 'anything'],
    ret: 'integer',
    gplOnly: true,
    mightSleep: true,
    argBtf: { 3: 'task_struct' },
  },
  skb_set_tstamp: { id: 192, since: '5.18', args: ['ptr_to_ctx', 'anything', 'anything'], ret: 'integer' },
  ima_file_hash: {
    id: 193,
    since: '5.18',
    args: ['ptr_to_btf_id', 'ptr_to_uninit_mem', 'const_size'],
    ret: 'integer',
    mightSleep: true,
    argBtf: { 0: 'file' },
  },
  kptr_xchg: {
    id: 194,
    since: '5.19',
    args: ['kptr_xchg_dest', 'ptr_to_btf_id_or_null | obj_release'],
    ret: 'ptr_to_btf_id_or_null',
  },
  map_lookup_percpu_elem: {
    id: 195,
    since: '5.19',
    args: ['const_map_ptr', 'ptr_to_map_key', 'anything'],
    ret: 'ptr_to_map_value_or_null',
    pktAccess: true,
  },
  skc_to_mptcp_sock: {
    id: 196,
    since: '5.19',
    args: ['ptr_to_sock_common'],
    ret: 'ptr_to_btf_id_or_null',
    retBtf: 'mptcp_sock',
  },
  dynptr_from_mem: {
    id: 197,
    since: '5.19',
    args: [
      'ptr_to_uninit_mem',
      'const_size_or_zero',
      'anything',
      'ptr_to_dynptr | dynptr_type_local | mem_uninit | mem_write',
    ],
    ret: 'integer',
  },
  ringbuf_reserve_dynptr: {
    id: 198,
    since: '5.19',
    args: ['const_map_ptr', 'anything', 'anything', 'ptr_to_dynptr | dynptr_type_ringbuf | mem_uninit | mem_write'],
    ret: 'integer',
  },
  ringbuf_submit_dynptr: {
    id: 199,
    since: '5.19',
    args: ['ptr_to_dynptr | dynptr_type_ringbuf | obj_release', 'anything'],
    ret: 'void',
  },
  ringbuf_discard_dynptr: {
    id: 200,
    since: '5.19',
    args: ['ptr_to_dynptr | dynptr_type_ringbuf | obj_release', 'anything'],
    ret: 'void',
  },
  dynptr_read: {
    id: 201,
    since: '5.19',
    args: ['ptr_to_uninit_mem', 'const_size_or_zero', 'ptr_to_dynptr | mem_rdonly', 'anything', 'anything'],
    ret: 'integer',
  },
  dynptr_write: {
    id: 202,
    since: '5.19',
    args: ['ptr_to_dynptr | mem_rdonly', 'anything', 'ptr_to_mem | mem_rdonly', 'const_size_or_zero', 'anything'],
    ret: 'integer',
  },
  dynptr_data: {
    id: 203,
    since: '5.19',
    args: ['ptr_to_dynptr | mem_rdonly', 'anything', 'const_alloc_size_or_zero'],
    ret: 'ptr_to_dynptr_mem_or_null',
  },
  tcp_raw_gen_syncookie_ipv4: {
    id: 204,
    since: '6.0',
    args: ['ptr_to_fixed_size_mem | mem_rdonly', 'ptr_to_mem | mem_rdonly', 'const_size_or_zero'],
    ret: 'integer',
    gplOnly: true,
    pktAccess: true,
    argSize: { 0: 20 },
  },
  tcp_raw_gen_syncookie_ipv6: {
    id: 205,
    since: '6.0',
    args: ['ptr_to_fixed_size_mem | mem_rdonly', 'ptr_to_mem | mem_rdonly', 'const_size_or_zero'],
    ret: 'integer',
    gplOnly: true,
    pktAccess: true,
    argSize: { 0: 40 },
  },
  tcp_raw_check_syncookie_ipv4: {
    id: 206,
    since: '6.0',
    args: ['ptr_to_fixed_size_mem | mem_rdonly', 'ptr_to_fixed_size_mem | mem_rdonly'],
    ret: 'integer',
    gplOnly: true,
    pktAccess: true,
    argSize: { 0: 20, 1: 20 },
  },
  tcp_raw_check_syncookie_ipv6: {
    id: 207,
    since: '6.0',
    args: ['ptr_to_fixed_size_mem | mem_rdonly', 'ptr_to_fixed_size_mem | mem_rdonly'],
    ret: 'integer',
    gplOnly: true,
    pktAccess: true,
    argSize: { 0: 40, 1: 20 },
  },
  ktime_get_tai_ns: { id: 208, since: '6.1', args: [], ret: 'integer' },
  user_ringbuf_drain: {
    id: 209,
    since: '6.1',
    args: ['const_map_ptr', 'ptr_to_func', 'ptr_to_stack_or_null', 'anything'],
    ret: 'integer',
  },
  cgrp_storage_get: {
    id: 210,
    since: '6.2',
    args: ['const_map_ptr', 'ptr_to_btf_id_or_null', 'ptr_to_map_value_or_null', 'anything'],
    ret: 'ptr_to_map_value_or_null',
    argBtf: { 1: 'cgroup' },
  },
  cgrp_storage_delete: {
    id: 211,
    since: '6.2',
    args: ['const_map_ptr', 'ptr_to_btf_id_or_null'],
    ret: 'integer',
    argBtf: { 1: 'cgroup' },
  },
} as const satisfies Record<string, HelperRow>;

/** A helper's name without `bpf_`. */
export type HelperName = keyof typeof HELPERS;

/** A helper's row with its name. */
export type Helper = HelperRow & { readonly name: HelperName };

const BY_ID = new Map<number, Helper>();
for (const [name, row] of Object.entries(HELPERS)) {
  BY_ID.set(row.id, { ...row, name: name as HelperName }); // the keys of HELPERS are its names
}

/** The helper of a number, undefined where there is none. */
export function helperById(id: number): Helper | undefined {
  return BY_ID.get(id);
}

/**
 * The name that the kernel's log and listings print before `#ID`: `bpf_map_lookup_elem`; `bpf_unspec` for 0, which no program may
 * call; `unknown` for a number without helper.
 */
export function helperName(id: number): string {
  if (id === 0) return 'bpf_unspec';
  const helper = BY_ID.get(id);
  return helper === undefined ? 'unknown' : `bpf_${helper.name}`;
}

/** The prototype that holds for programs of type `progType`. */
export function helperProto(helper: HelperRow, progType: ProgTypeName): HelperProto {
  const variant = helper.variants?.find(({ programs }) => programs.includes(progType));
  return variant === undefined ? helper : { ...helper, ...variant };
}
