/**
 * `enum bpf_attach_type` as a table (include/uapi/linux/bpf.h).
 */
import { type NumberedRow, numbering, type Unnamed } from './table.ts';

/** Attach types by name. */
export const ATTACH_TYPES = {
  cgroup_inet_ingress: { id: 0, since: '4.10' },
  cgroup_inet_egress: { id: 1, since: '4.10' },
  cgroup_inet_sock_create: { id: 2, since: '4.10' },
  cgroup_sock_ops: { id: 3, since: '4.13' },
  sk_skb_stream_parser: { id: 4, since: '4.14' },
  sk_skb_stream_verdict: { id: 5, since: '4.14' },
  cgroup_device: { id: 6, since: '4.15' },
  sk_msg_verdict: { id: 7, since: '4.17' },
  cgroup_inet4_bind: { id: 8, since: '4.17' },
  cgroup_inet6_bind: { id: 9, since: '4.17' },
  cgroup_inet4_connect: { id: 10, since: '4.17' },
  cgroup_inet6_connect: { id: 11, since: '4.17' },
  cgroup_inet4_post_bind: { id: 12, since: '4.17' },
  cgroup_inet6_post_bind: { id: 13, since: '4.17' },
  cgroup_udp4_sendmsg: { id: 14, since: '4.18' },
  cgroup_udp6_sendmsg: { id: 15, since: '4.18' },
  lirc_mode2: { id: 16, since: '4.18' },
  flow_dissector: { id: 17, since: '4.20' },
  cgroup_sysctl: { id: 18, since: '5.2' },
  cgroup_udp4_recvmsg: { id: 19, since: '5.2' },
  cgroup_udp6_recvmsg: { id: 20, since: '5.2' },
  cgroup_getsockopt: { id: 21, since: '5.3' },
  cgroup_setsockopt: { id: 22, since: '5.3' },
  trace_raw_tp: { id: 23, since: '5.5' },
  trace_fentry: { id: 24, since: '5.5' },
  trace_fexit: { id: 25, since: '5.5' },
  modify_return: { id: 26, since: '5.7' },
  lsm_mac: { id: 27, since: '5.7' },
  trace_iter: { id: 28, since: '5.8' },
  cgroup_inet4_getpeername: { id: 29, since: '5.8' },
  cgroup_inet6_getpeername: { id: 30, since: '5.8' },
  cgroup_inet4_getsockname: { id: 31, since: '5.8' },
  cgroup_inet6_getsockname: { id: 32, since: '5.8' },
  xdp_devmap: { id: 33, since: '5.8' },
  cgroup_inet_sock_release: { id: 34, since: '5.9' },
  xdp_cpumap: { id: 35, since: '5.9' },
  sk_lookup: { id: 36, since: '5.9' },
  xdp: { id: 37, since: '5.9' },
  sk_skb_verdict: { id: 38, since: '5.13' },
  sk_reuseport_select: { id: 39, since: '5.14' },
  sk_reuseport_select_or_migrate: { id: 40, since: '5.14' },
  perf_event: { id: 41, since: '5.15' },
  trace_kprobe_multi: { id: 42, since: '5.18' },
  lsm_cgroup: { id: 43, since: '6.0' },
  struct_ops: { id: 44, since: '6.4' },
  netfilter: { id: 45, since: '6.4' },
  tcx_ingress: { id: 46, since: '6.6' },
  tcx_egress: { id: 47, since: '6.6' },
  trace_uprobe_multi: { id: 48, since: '6.6' },
  cgroup_unix_connect: { id: 49, since: '6.7' },
  cgroup_unix_sendmsg: { id: 50, since: '6.7' },
  cgroup_unix_recvmsg: { id: 51, since: '6.7' },
  cgroup_unix_getpeername: { id: 52, since: '6.7' },
  cgroup_unix_getsockname: { id: 53, since: '6.7' },
  netkit_primary: { id: 54, since: '6.7' },
  netkit_peer: { id: 55, since: '6.7' },
  trace_kprobe_session: { id: 56, since: '6.10' },
  trace_uprobe_session: { id: 57, since: '6.13' },
} as const satisfies Record<string, NumberedRow>;

/** An attach type by the kernel's name, without prefix and in lower case. */
export type AttachTypeName = keyof typeof ATTACH_TYPES | Unnamed;

const numbers = numbering(ATTACH_TYPES);

/** The name of an attach type number, `type_N` where it has none here. */
export const attachTypeName: (id: number) => AttachTypeName = numbers.nameOf;

/** The number of an attach type name, `type_N` included; undefined for any other text. */
export const attachTypeId: (name: string) => number | undefined = numbers.idOf;
