/**
 * `enum bpf_prog_type` as a table (include/uapi/linux/bpf.h).
 */
import { type NumberedRow, numbering, type Unnamed } from './table.ts';

/** A program type. */
export interface ProgTypeRow extends NumberedRow {
  /** The C type that the first argument points to, as the program sees it (include/linux/bpf_types.h); none for BTF-typed programs. */
  readonly context?: string;
  /** Whether prog_test_run runs it. */
  readonly testRun?: true;
}

/** Program types by name. */
export const PROG_TYPES = {
  unspec: { id: 0, since: '3.18' },
  socket_filter: { id: 1, since: '3.19', context: '__sk_buff', testRun: true },
  kprobe: { id: 2, since: '4.1', context: 'bpf_user_pt_regs_t' },
  sched_cls: { id: 3, since: '4.1', context: '__sk_buff', testRun: true },
  sched_act: { id: 4, since: '4.1', context: '__sk_buff', testRun: true },
  tracepoint: { id: 5, since: '4.7', context: '__u64' },
  xdp: { id: 6, since: '4.8', context: 'xdp_md', testRun: true },
  perf_event: { id: 7, since: '4.9', context: 'bpf_perf_event_data' },
  cgroup_skb: { id: 8, since: '4.10', context: '__sk_buff', testRun: true },
  cgroup_sock: { id: 9, since: '4.10', context: 'bpf_sock' },
  lwt_in: { id: 10, since: '4.10', context: '__sk_buff', testRun: true },
  lwt_out: { id: 11, since: '4.10', context: '__sk_buff', testRun: true },
  lwt_xmit: { id: 12, since: '4.10', context: '__sk_buff', testRun: true },
  sock_ops: { id: 13, since: '4.13', context: 'bpf_sock_ops' },
  sk_skb: { id: 14, since: '4.14', context: '__sk_buff' },
  cgroup_device: { id: 15, since: '4.15', context: 'bpf_cgroup_dev_ctx' },
  sk_msg: { id: 16, since: '4.17', context: 'sk_msg_md' },
  raw_tracepoint: { id: 17, since: '4.17', context: 'bpf_raw_tracepoint_args', testRun: true },
  cgroup_sock_addr: { id: 18, since: '4.17', context: 'bpf_sock_addr' },
  lwt_seg6local: { id: 19, since: '4.18', context: '__sk_buff' },
  lirc_mode2: { id: 20, since: '4.18', context: '__u32' },
  sk_reuseport: { id: 21, since: '4.19', context: 'sk_reuseport_md' },
  flow_dissector: { id: 22, since: '4.20', context: '__sk_buff', testRun: true },
  cgroup_sysctl: { id: 23, since: '5.2', context: 'bpf_sysctl' },
  raw_tracepoint_writable: { id: 24, since: '5.2', context: 'bpf_raw_tracepoint_args' },
  cgroup_sockopt: { id: 25, since: '5.3', context: 'bpf_sockopt' },
  tracing: { id: 26, since: '5.5', testRun: true },
  struct_ops: { id: 27, since: '5.6', testRun: true },
  ext: { id: 28, since: '5.6' },
  lsm: { id: 29, since: '5.7' },
  sk_lookup: { id: 30, since: '5.9', context: 'bpf_sk_lookup', testRun: true },
  syscall: { id: 31, since: '5.14', testRun: true },
  netfilter: { id: 32, since: '6.4', context: 'bpf_nf_ctx', testRun: true },
} as const satisfies Record<string, ProgTypeRow>;

/** A program type by the kernel's name, without prefix and in lower case. */
export type ProgTypeName = keyof typeof PROG_TYPES | Unnamed;

const numbers = numbering(PROG_TYPES);

/** The name of a program type number, `type_N` where it has none here. */
export const progTypeName: (id: number) => ProgTypeName = numbers.nameOf;

/** The number of a program type name, `type_N` included; undefined for any other text. */
/** Whether prog_test_run runs programs of a type over a packet. */
export function runsPackets(type: ProgTypeName): boolean {
  const { testRun, context } = (PROG_TYPES as Partial<Record<ProgTypeName, ProgTypeRow>>)[type] ?? {};
  return testRun === true && (context === 'xdp_md' || context === '__sk_buff');
}

/** The number of a program type. */
export const progTypeId: (name: string) => number | undefined = numbers.idOf;
