/**
 * The SEC() grammar: every section name that libbpf 1.x knows, with what it says of the program in it. `name+` stands
 * for `name` and `name/TARGET`, anything else for itself only; the first row that matches counts. Source:
 * `section_defs` and `sec_def_matches` of libbpf 1.8.
 */
import type { AttachTypeName } from '../uapi/attach-types.ts';
import type { ProgTypeName } from '../uapi/prog-types.ts';

/** What a section name says of its programs. */
export interface SectionRow {
  readonly name: string;
  readonly type: ProgTypeName;
  /** `expected_attach_type`; absent where the type has none. */
  readonly attachType?: AttachTypeName;
  /** The attach type may be left out for a kernel that does not know the field. */
  readonly attachTypeOptional?: true;
  /** The target is a BTF type of the kernel or of another program, and is resolved at load. */
  readonly attachBtf?: true;
  readonly sleepable?: true;
  readonly frags?: true;
}

/** libbpf's table, in its order. */
export const SECTIONS = [
  { name: 'socket', type: 'socket_filter' },
  { name: 'sk_reuseport/migrate', type: 'sk_reuseport', attachType: 'sk_reuseport_select_or_migrate' },
  { name: 'sk_reuseport', type: 'sk_reuseport', attachType: 'sk_reuseport_select' },
  { name: 'kprobe+', type: 'kprobe' },
  { name: 'uprobe+', type: 'kprobe' },
  { name: 'uprobe.s+', type: 'kprobe', sleepable: true },
  { name: 'kretprobe+', type: 'kprobe' },
  { name: 'uretprobe+', type: 'kprobe' },
  { name: 'uretprobe.s+', type: 'kprobe', sleepable: true },
  { name: 'kprobe.multi+', type: 'kprobe', attachType: 'trace_kprobe_multi' },
  { name: 'kretprobe.multi+', type: 'kprobe', attachType: 'trace_kprobe_multi' },
  { name: 'kprobe.session+', type: 'kprobe', attachType: 'trace_kprobe_session' },
  { name: 'uprobe.multi+', type: 'kprobe', attachType: 'trace_uprobe_multi' },
  { name: 'uretprobe.multi+', type: 'kprobe', attachType: 'trace_uprobe_multi' },
  { name: 'uprobe.session+', type: 'kprobe', attachType: 'trace_uprobe_session' },
  { name: 'uprobe.multi.s+', type: 'kprobe', attachType: 'trace_uprobe_multi', sleepable: true },
  { name: 'uretprobe.multi.s+', type: 'kprobe', attachType: 'trace_uprobe_multi', sleepable: true },
  { name: 'uprobe.session.s+', type: 'kprobe', attachType: 'trace_uprobe_session', sleepable: true },
  { name: 'ksyscall+', type: 'kprobe' },
  { name: 'kretsyscall+', type: 'kprobe' },
  { name: 'usdt+', type: 'kprobe' },
  { name: 'usdt.s+', type: 'kprobe', sleepable: true },
  { name: 'tc/ingress', type: 'sched_cls', attachType: 'tcx_ingress' },
  { name: 'tc/egress', type: 'sched_cls', attachType: 'tcx_egress' },
  { name: 'tcx/ingress', type: 'sched_cls', attachType: 'tcx_ingress' },
  { name: 'tcx/egress', type: 'sched_cls', attachType: 'tcx_egress' },
  { name: 'tc', type: 'sched_cls' },
  { name: 'classifier', type: 'sched_cls' },
  { name: 'action', type: 'sched_act' },
  { name: 'netkit/primary', type: 'sched_cls', attachType: 'netkit_primary' },
  { name: 'netkit/peer', type: 'sched_cls', attachType: 'netkit_peer' },
  { name: 'tracepoint+', type: 'tracepoint' },
  { name: 'tp+', type: 'tracepoint' },
  { name: 'raw_tracepoint+', type: 'raw_tracepoint' },
  { name: 'raw_tp+', type: 'raw_tracepoint' },
  { name: 'raw_tracepoint.w+', type: 'raw_tracepoint_writable' },
  { name: 'raw_tp.w+', type: 'raw_tracepoint_writable' },
  { name: 'tp_btf+', type: 'tracing', attachType: 'trace_raw_tp', attachBtf: true },
  { name: 'fentry+', type: 'tracing', attachType: 'trace_fentry', attachBtf: true },
  { name: 'fmod_ret+', type: 'tracing', attachType: 'modify_return', attachBtf: true },
  { name: 'fexit+', type: 'tracing', attachType: 'trace_fexit', attachBtf: true },
  { name: 'fentry.s+', type: 'tracing', attachType: 'trace_fentry', attachBtf: true, sleepable: true },
  { name: 'fmod_ret.s+', type: 'tracing', attachType: 'modify_return', attachBtf: true, sleepable: true },
  { name: 'fexit.s+', type: 'tracing', attachType: 'trace_fexit', attachBtf: true, sleepable: true },
  // BPF_TRACE_FSESSION, newer than the reference kernel.
  { name: 'fsession+', type: 'tracing', attachType: 'type_58', attachBtf: true },
  { name: 'fsession.s+', type: 'tracing', attachType: 'type_58', attachBtf: true, sleepable: true },
  { name: 'freplace+', type: 'ext', attachBtf: true },
  { name: 'lsm+', type: 'lsm', attachType: 'lsm_mac', attachBtf: true },
  { name: 'lsm.s+', type: 'lsm', attachType: 'lsm_mac', attachBtf: true, sleepable: true },
  { name: 'lsm_cgroup+', type: 'lsm', attachType: 'lsm_cgroup', attachBtf: true },
  { name: 'iter+', type: 'tracing', attachType: 'trace_iter', attachBtf: true },
  { name: 'iter.s+', type: 'tracing', attachType: 'trace_iter', attachBtf: true, sleepable: true },
  { name: 'syscall', type: 'syscall', sleepable: true },
  { name: 'xdp.frags/devmap', type: 'xdp', attachType: 'xdp_devmap', frags: true },
  { name: 'xdp/devmap', type: 'xdp', attachType: 'xdp_devmap' },
  { name: 'xdp.frags/cpumap', type: 'xdp', attachType: 'xdp_cpumap', frags: true },
  { name: 'xdp/cpumap', type: 'xdp', attachType: 'xdp_cpumap' },
  { name: 'xdp.frags', type: 'xdp', attachType: 'xdp', frags: true },
  { name: 'xdp', type: 'xdp', attachType: 'xdp', attachTypeOptional: true },
  { name: 'perf_event', type: 'perf_event' },
  { name: 'lwt_in', type: 'lwt_in' },
  { name: 'lwt_out', type: 'lwt_out' },
  { name: 'lwt_xmit', type: 'lwt_xmit' },
  { name: 'lwt_seg6local', type: 'lwt_seg6local' },
  { name: 'sockops', type: 'sock_ops', attachType: 'cgroup_sock_ops', attachTypeOptional: true },
  { name: 'sk_skb/stream_parser', type: 'sk_skb', attachType: 'sk_skb_stream_parser', attachTypeOptional: true },
  { name: 'sk_skb/stream_verdict', type: 'sk_skb', attachType: 'sk_skb_stream_verdict', attachTypeOptional: true },
  { name: 'sk_skb/verdict', type: 'sk_skb', attachType: 'sk_skb_verdict', attachTypeOptional: true },
  { name: 'sk_skb', type: 'sk_skb' },
  { name: 'sk_msg', type: 'sk_msg', attachType: 'sk_msg_verdict', attachTypeOptional: true },
  { name: 'lirc_mode2', type: 'lirc_mode2', attachType: 'lirc_mode2', attachTypeOptional: true },
  { name: 'flow_dissector', type: 'flow_dissector', attachType: 'flow_dissector', attachTypeOptional: true },
  { name: 'cgroup_skb/ingress', type: 'cgroup_skb', attachType: 'cgroup_inet_ingress', attachTypeOptional: true },
  { name: 'cgroup_skb/egress', type: 'cgroup_skb', attachType: 'cgroup_inet_egress', attachTypeOptional: true },
  { name: 'cgroup/skb', type: 'cgroup_skb' },
  { name: 'cgroup/sock_create', type: 'cgroup_sock', attachType: 'cgroup_inet_sock_create' },
  { name: 'cgroup/sock_release', type: 'cgroup_sock', attachType: 'cgroup_inet_sock_release' },
  { name: 'cgroup/sock', type: 'cgroup_sock', attachType: 'cgroup_inet_sock_create', attachTypeOptional: true },
  { name: 'cgroup/post_bind4', type: 'cgroup_sock', attachType: 'cgroup_inet4_post_bind' },
  { name: 'cgroup/post_bind6', type: 'cgroup_sock', attachType: 'cgroup_inet6_post_bind' },
  { name: 'cgroup/bind4', type: 'cgroup_sock_addr', attachType: 'cgroup_inet4_bind' },
  { name: 'cgroup/bind6', type: 'cgroup_sock_addr', attachType: 'cgroup_inet6_bind' },
  { name: 'cgroup/connect4', type: 'cgroup_sock_addr', attachType: 'cgroup_inet4_connect' },
  { name: 'cgroup/connect6', type: 'cgroup_sock_addr', attachType: 'cgroup_inet6_connect' },
  { name: 'cgroup/connect_unix', type: 'cgroup_sock_addr', attachType: 'cgroup_unix_connect' },
  { name: 'cgroup/sendmsg4', type: 'cgroup_sock_addr', attachType: 'cgroup_udp4_sendmsg' },
  { name: 'cgroup/sendmsg6', type: 'cgroup_sock_addr', attachType: 'cgroup_udp6_sendmsg' },
  { name: 'cgroup/sendmsg_unix', type: 'cgroup_sock_addr', attachType: 'cgroup_unix_sendmsg' },
  { name: 'cgroup/recvmsg4', type: 'cgroup_sock_addr', attachType: 'cgroup_udp4_recvmsg' },
  { name: 'cgroup/recvmsg6', type: 'cgroup_sock_addr', attachType: 'cgroup_udp6_recvmsg' },
  { name: 'cgroup/recvmsg_unix', type: 'cgroup_sock_addr', attachType: 'cgroup_unix_recvmsg' },
  { name: 'cgroup/getpeername4', type: 'cgroup_sock_addr', attachType: 'cgroup_inet4_getpeername' },
  { name: 'cgroup/getpeername6', type: 'cgroup_sock_addr', attachType: 'cgroup_inet6_getpeername' },
  { name: 'cgroup/getpeername_unix', type: 'cgroup_sock_addr', attachType: 'cgroup_unix_getpeername' },
  { name: 'cgroup/getsockname4', type: 'cgroup_sock_addr', attachType: 'cgroup_inet4_getsockname' },
  { name: 'cgroup/getsockname6', type: 'cgroup_sock_addr', attachType: 'cgroup_inet6_getsockname' },
  { name: 'cgroup/getsockname_unix', type: 'cgroup_sock_addr', attachType: 'cgroup_unix_getsockname' },
  { name: 'cgroup/sysctl', type: 'cgroup_sysctl', attachType: 'cgroup_sysctl' },
  { name: 'cgroup/getsockopt', type: 'cgroup_sockopt', attachType: 'cgroup_getsockopt' },
  { name: 'cgroup/setsockopt', type: 'cgroup_sockopt', attachType: 'cgroup_setsockopt' },
  { name: 'cgroup/dev', type: 'cgroup_device', attachType: 'cgroup_device', attachTypeOptional: true },
  { name: 'struct_ops+', type: 'struct_ops' },
  { name: 'struct_ops.s+', type: 'struct_ops', sleepable: true },
  { name: 'sk_lookup', type: 'sk_lookup', attachType: 'sk_lookup' },
  { name: 'netfilter', type: 'netfilter', attachType: 'netfilter' },
] as const satisfies readonly SectionRow[];

/** `prog_flags` of PROG_LOAD that a section name can ask for. */
const BPF_F_SLEEPABLE = 1 << 4;
const BPF_F_XDP_HAS_FRAGS = 1 << 5;

/** What a SEC() string asks for. */
export interface SectionMeaning {
  /** `unspec` where libbpf knows no such section. */
  type: ProgTypeName;
  attachType: AttachTypeName | undefined;
  attachTo: string | undefined;
  /** `prog_flags`. */
  flags: number;
  autoload: boolean;
}

/** The row of a section name without its `?`, undefined where libbpf knows none. */
export function findSection(name: string): SectionRow | undefined {
  return SECTIONS.find(row => {
    if (!row.name.endsWith('+')) return name === row.name;
    const stem = row.name.slice(0, -1);
    return name === stem || name.startsWith(`${stem}/`);
  });
}

/** Reads a SEC() string; a `?` in front means that a load leaves the program out. */
export function parseSection(section: string): SectionMeaning {
  const autoload = !section.startsWith('?');
  const name = autoload ? section : section.slice(1);
  const row = findSection(name);
  const slash = row?.name.endsWith('+') ? name.indexOf('/') : -1;
  return {
    type: row?.type ?? 'unspec',
    attachType: row?.attachType,
    attachTo: slash >= 0 ? name.slice(slash + 1) : undefined,
    flags: (row?.sleepable ? BPF_F_SLEEPABLE : 0) | (row?.frags ? BPF_F_XDP_HAS_FRAGS : 0),
    autoload,
  };
}
