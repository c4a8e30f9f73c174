/**
 * Program contexts of the kernel's public contract, field by field: what a program's first argument points to, as seen from the
 * program (include/uapi/linux/bpf.h), and what the kernel's `is_valid_access` functions allow (net/core/filter.c).
 */
import type { AttachTypeName } from './attach-types.ts';
import type { ProgTypeName } from './prog-types.ts';

/** What a load yields: `enum bpf_reg_type` without prefix. */
export type LoadedKind =
  | 'scalar'
  | 'ptr_to_packet'
  | 'ptr_to_packet_end'
  | 'ptr_to_packet_meta'
  | 'ptr_to_sock_common_or_null'
  | 'ptr_to_socket'
  | 'ptr_to_socket_or_null'
  | 'ptr_to_flow_keys'
  | 'ptr_to_btf_id';

/** A field of a context. */
export interface ContextField {
  /** Offset in bytes. */
  readonly offset: number;
  /** Size in bytes of the whole field. */
  readonly size: number;
  /** Size of one element, where the field is an array. */
  readonly element?: number;
  readonly load: LoadedKind;
  /**
   * Accesses allowed: of the whole field or element only; `narrow` loads of an aligned part, or of one at the field's `head`, stores
   * of the whole; `any` aligned part of the field, 8 bytes included, either way; or loads of any aligned `part`.
   */
  readonly access: 'whole' | 'narrow' | 'head' | 'any' | 'part';
  /** A load of this many bytes is allowed too: it reads zeros behind the field. */
  readonly wide?: number;
  /** Fewest bytes of a narrow load; 1 where left out. */
  readonly least?: number;
  /** Two elements at an aligned offset may be loaded, and stored, at once. */
  readonly pairs?: true;
  /** Kernel struct behind a `ptr_to_btf_id`. */
  readonly btf?: string;
  /** Program types that may store to the field; none where left out. */
  readonly writable?: readonly ProgTypeName[];
  /** Bytes of the field, from its start, that may be stored to; all where left out. */
  readonly writableSize?: number;
  /** Program types that see the field; all that see the context where left out. */
  readonly programs?: readonly ProgTypeName[];
  /** The only `expected_attach_type` values with which a program whose own context this is sees the field. */
  readonly attachTypes?: readonly AttachTypeName[];
  /** The only `expected_attach_type` values with which a program may store to the field; all where left out. */
  readonly writableAttachTypes?: readonly AttachTypeName[];
}

/** A context: its size in bytes and its fields by name; `_padding` is no field of the C type, but may be read. */
export interface ContextRow {
  readonly size: number;
  readonly fields: Readonly<Record<string, ContextField>>;
}

const narrow = (offset: number, size = 4) => ({ offset, size, load: 'scalar', access: 'narrow' }) as const;
const head = (offset: number) => ({ ...narrow(offset), access: 'head' }) as const;
const whole = (offset: number, size = 4) => ({ offset, size, load: 'scalar', access: 'whole' }) as const;
const words = (offset: number, count: number) => ({ ...whole(offset, 4 * count), element: 4 }) as const;
const pointer = <const K extends LoadedKind>(offset: number, size: number, load: K) =>
  ({ offset, size, load, access: 'whole' }) as const;

const TC = ['sched_cls', 'sched_act'] as const;
const LWT = ['lwt_in', 'lwt_out', 'lwt_xmit', 'lwt_seg6local'] as const;
const PACKET = [...TC, ...LWT, 'cgroup_skb', 'sk_skb'] as const;
const SOCKET = ['sk_skb', 'cgroup_skb'] as const;
const SOCK_LIFE = ['cgroup_inet_sock_create', 'cgroup_inet_sock_release'] as const;
const TSTAMP = [...TC, 'cgroup_skb'] as const;
/** Every program of `__sk_buff` but the flow dissector, which sees three fields only. */
const SKB = [...PACKET, 'socket_filter'] as const;

const INET4 = [
  'cgroup_inet4_bind',
  'cgroup_inet4_connect',
  'cgroup_inet4_getpeername',
  'cgroup_inet4_getsockname',
  'cgroup_udp4_sendmsg',
  'cgroup_udp4_recvmsg',
] as const;
const INET6 = [
  'cgroup_inet6_bind',
  'cgroup_inet6_connect',
  'cgroup_inet6_getpeername',
  'cgroup_inet6_getsockname',
  'cgroup_udp6_sendmsg',
  'cgroup_udp6_recvmsg',
] as const;
/** Addresses of a bpf_sock_addr: words in any part, two at once, stores of the whole. */
const address = <const A extends readonly AttachTypeName[]>(offset: number, count: number, attachTypes: A) =>
  ({ ...words(offset, count), access: 'narrow', attachTypes, writable: ['cgroup_sock_addr'] }) as const;

/** x86-64's registers, in the order in which they lie on a kernel's stack. */
const register = (index: number) => ({ offset: 8 * index, size: 8, load: 'scalar' }) as const;
const part = (index: number) => ({ ...register(index), access: 'part' }) as const;
const REGISTERS = [
  'r15',
  'r14',
  'r13',
  'r12',
  'bp',
  'bx',
  'r11',
  'r10',
  'r9',
  'r8',
  'ax',
  'cx',
  'dx',
  'si',
  'di',
  'orig_ax',
  'ip',
  'csx',
  'flags',
  'sp',
  'ssx',
] as const;
type Register = (typeof REGISTERS)[number];
/** The registers as fields, each made by `field`. */
const registers = <F extends ContextField>(field: (index: number) => F) =>
  Object.fromEntries(REGISTERS.map((name, index) => [name, field(index)])) as unknown as Record<Register, F>; // every register has an entry

/** Contexts by the name of their C type. */
export const CONTEXTS = {
  xdp_md: {
    size: 24,
    fields: {
      data: pointer(0, 4, 'ptr_to_packet'),
      data_end: pointer(4, 4, 'ptr_to_packet_end'),
      data_meta: pointer(8, 4, 'ptr_to_packet_meta'),
      ingress_ifindex: whole(12),
      rx_queue_index: whole(16),
      egress_ifindex: { ...whole(20), attachTypes: ['xdp_devmap'] },
    },
  },
  __sk_buff: {
    size: 192,
    fields: {
      len: { ...narrow(0), programs: SKB },
      pkt_type: { ...narrow(4), programs: SKB },
      mark: {
        ...narrow(8),
        programs: [...TC, ...LWT, 'cgroup_skb', 'socket_filter'],
        writable: [...TC, ...LWT, 'cgroup_skb'],
      },
      queue_mapping: { ...narrow(12), programs: SKB, writable: TC },
      protocol: { ...narrow(16), programs: SKB },
      vlan_present: { ...narrow(20), programs: SKB },
      vlan_tci: { ...narrow(24), programs: SKB },
      vlan_proto: { ...narrow(28), programs: SKB },
      priority: { ...narrow(32), programs: SKB, writable: PACKET },
      ingress_ifindex: { ...narrow(36), programs: SKB },
      ifindex: { ...narrow(40), programs: SKB },
      tc_index: { ...narrow(44), programs: SKB, writable: [...TC, 'sk_skb'] },
      cb: { ...words(48, 5), access: 'any', programs: SKB, writable: [...TC, ...LWT, 'cgroup_skb', 'socket_filter'] },
      hash: { ...narrow(68), programs: SKB },
      tc_classid: { ...narrow(72), programs: TC, writable: TC },
      data: { ...pointer(76, 4, 'ptr_to_packet'), programs: [...PACKET, 'flow_dissector'] },
      data_end: { ...pointer(80, 4, 'ptr_to_packet_end'), programs: [...PACKET, 'flow_dissector'] },
      napi_id: { ...narrow(84), programs: SKB },
      family: { ...narrow(88), programs: SOCKET },
      remote_ip4: { ...whole(92), programs: SOCKET },
      local_ip4: { ...whole(96), programs: SOCKET },
      remote_ip6: { ...words(100, 4), programs: SOCKET },
      local_ip6: { ...words(116, 4), programs: SOCKET },
      remote_port: { ...narrow(132), programs: SOCKET },
      local_port: { ...narrow(136), programs: SOCKET },
      data_meta: { ...pointer(140, 4, 'ptr_to_packet_meta'), programs: TC },
      flow_keys: { ...pointer(144, 8, 'ptr_to_flow_keys'), programs: ['flow_dissector'] },
      tstamp: { ...whole(152, 8), programs: TSTAMP, writable: TSTAMP },
      wire_len: { ...narrow(160), programs: TC },
      gso_segs: { ...narrow(164), programs: SKB },
      sk: { ...pointer(168, 8, 'ptr_to_sock_common_or_null'), programs: SKB },
      gso_size: { ...narrow(176), programs: SKB },
      tstamp_type: { ...whole(180, 1), programs: TC },
      hwtstamp: { ...whole(184, 8), programs: TSTAMP },
    },
  },
  bpf_sock: {
    size: 80,
    fields: {
      bound_dev_if: { ...whole(0), attachTypes: SOCK_LIFE, writable: ['cgroup_sock'] },
      family: head(4),
      type: head(8),
      protocol: head(12),
      mark: { ...whole(16), attachTypes: SOCK_LIFE, writable: ['cgroup_sock'] },
      priority: { ...whole(20), attachTypes: SOCK_LIFE, writable: ['cgroup_sock'] },
      src_ip4: { ...narrow(24), attachTypes: ['cgroup_inet4_post_bind'] },
      src_ip6: { ...words(28, 4), access: 'narrow', attachTypes: ['cgroup_inet6_post_bind'] },
      src_port: { ...head(44), attachTypes: ['cgroup_inet4_post_bind', 'cgroup_inet6_post_bind'] },
      dst_port: { ...narrow(48, 2), wide: 4 },
      dst_ip4: narrow(52),
      dst_ip6: { ...words(56, 4), access: 'narrow' },
      state: head(72),
      rx_queue_mapping: head(76),
    },
  },
  bpf_sock_addr: {
    size: 72,
    fields: {
      user_family: whole(0),
      user_ip4: address(4, 1, INET4),
      user_ip6: { ...address(8, 4, INET6), pairs: true },
      user_port: { ...narrow(24), writable: ['cgroup_sock_addr'] },
      family: whole(28),
      type: whole(32),
      protocol: whole(36),
      msg_src_ip4: address(40, 1, ['cgroup_udp4_sendmsg']),
      msg_src_ip6: { ...address(44, 4, ['cgroup_udp6_sendmsg']), pairs: true },
      sk: pointer(64, 8, 'ptr_to_socket'),
    },
  },
  bpf_sock_ops: {
    size: 224,
    fields: {
      op: whole(0),
      args: { ...words(4, 4), writable: ['sock_ops'], writableSize: 4 }, // the first of them is the reply
      family: whole(20),
      remote_ip4: whole(24),
      local_ip4: whole(28),
      remote_ip6: words(32, 4),
      local_ip6: words(48, 4),
      remote_port: whole(64),
      local_port: whole(68),
      is_fullsock: whole(72),
      snd_cwnd: whole(76),
      srtt_us: whole(80),
      bpf_sock_ops_cb_flags: whole(84),
      state: whole(88),
      rtt_min: whole(92),
      snd_ssthresh: whole(96),
      rcv_nxt: whole(100),
      snd_nxt: whole(104),
      snd_una: whole(108),
      mss_cache: whole(112),
      ecn_flags: whole(116),
      rate_delivered: whole(120),
      rate_interval_us: whole(124),
      packets_out: whole(128),
      retrans_out: whole(132),
      total_retrans: whole(136),
      segs_in: whole(140),
      data_segs_in: whole(144),
      segs_out: whole(148),
      data_segs_out: whole(152),
      lost_out: whole(156),
      sacked_out: whole(160),
      sk_txhash: { ...whole(164), writable: ['sock_ops'] },
      bytes_received: whole(168, 8),
      bytes_acked: whole(176, 8),
      sk: pointer(184, 8, 'ptr_to_socket_or_null'),
      skb_data: pointer(192, 8, 'ptr_to_packet'),
      skb_data_end: pointer(200, 8, 'ptr_to_packet_end'),
      skb_len: whole(208),
      skb_tcp_flags: head(212),
      skb_hwtstamp: whole(216, 8),
    },
  },
  bpf_sockopt: {
    size: 40,
    fields: {
      sk: pointer(0, 8, 'ptr_to_socket'),
      optval: pointer(8, 8, 'ptr_to_packet'),
      optval_end: pointer(16, 8, 'ptr_to_packet_end'),
      level: { ...whole(24), writable: ['cgroup_sockopt'], writableAttachTypes: ['cgroup_setsockopt'] },
      optname: { ...whole(28), writable: ['cgroup_sockopt'], writableAttachTypes: ['cgroup_setsockopt'] },
      optlen: { ...whole(32), writable: ['cgroup_sockopt'] },
      retval: { ...whole(36), writable: ['cgroup_sockopt'], attachTypes: ['cgroup_getsockopt'] },
    },
  },
  bpf_sysctl: {
    size: 8,
    fields: { write: narrow(0), file_pos: { ...narrow(4), writable: ['cgroup_sysctl'] } },
  },
  bpf_cgroup_dev_ctx: {
    size: 12,
    fields: { access_type: narrow(0), major: whole(4), minor: whole(8) },
  },
  bpf_sk_lookup: {
    size: 72,
    fields: {
      sk: pointer(0, 8, 'ptr_to_socket_or_null'),
      family: narrow(8),
      protocol: narrow(12),
      remote_ip4: narrow(16),
      remote_ip6: { ...words(20, 4), access: 'narrow' },
      remote_port: { ...narrow(36, 2), wide: 4 },
      _padding: narrow(38, 2),
      local_ip4: narrow(40),
      local_ip6: { ...words(44, 4), access: 'narrow' },
      local_port: narrow(60),
      ingress_ifindex: narrow(64),
    },
  },
  sk_msg_md: {
    size: 80,
    fields: {
      data: pointer(0, 8, 'ptr_to_packet'),
      data_end: pointer(8, 8, 'ptr_to_packet_end'),
      family: whole(16),
      remote_ip4: whole(20),
      local_ip4: whole(24),
      remote_ip6: words(28, 4),
      local_ip6: words(44, 4),
      remote_port: whole(60),
      local_port: whole(64),
      size: whole(68),
      sk: pointer(72, 8, 'ptr_to_socket'),
    },
  },
  sk_reuseport_md: {
    size: 56,
    fields: {
      data: pointer(0, 8, 'ptr_to_packet'),
      data_end: pointer(8, 8, 'ptr_to_packet_end'),
      len: narrow(16),
      eth_protocol: { ...narrow(20), least: 2 },
      ip_protocol: narrow(24),
      bind_inany: narrow(28),
      hash: whole(32),
      sk: pointer(40, 8, 'ptr_to_socket'),
      migrating_sk: pointer(48, 8, 'ptr_to_sock_common_or_null'),
    },
  },
  bpf_user_pt_regs_t: { size: 168, fields: registers(part) },
  bpf_perf_event_data: {
    size: 184,
    fields: {
      ...registers(index => ({ ...register(index), access: 'whole' }) as const),
      sample_period: narrow(168, 8),
      addr: narrow(176, 8),
    },
  },
  bpf_nf_ctx: {
    size: 16,
    fields: {
      state: { ...pointer(0, 8, 'ptr_to_btf_id'), btf: 'nf_hook_state' },
      skb: { ...pointer(8, 8, 'ptr_to_btf_id'), btf: 'sk_buff' },
    },
  },
} as const satisfies Record<string, ContextRow>;

/** A context by the name of its C type. */
export type ContextName = keyof typeof CONTEXTS;

/** The field at a byte offset of a context, with its name. */
export function contextFieldAt(
  context: ContextRow,
  offset: number,
): (ContextField & { readonly name: string }) | undefined {
  for (const [name, field] of Object.entries(context.fields)) {
    if (offset >= field.offset && offset < field.offset + field.size) return { name, ...field };
  }
  return undefined;
}

/** A load or store through a context pointer. */
export interface ContextAccess {
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly write: boolean;
}

/**
 * What an access to a context is to the kernel: what a load yields (a store: `scalar`), or undefined where the access is refused.
 * Without `attachType`, fields that hang on it are refused.
 */
export function contextAccess(
  context: ContextRow,
  programType: ProgTypeName,
  { offset, size, write }: ContextAccess,
  attachType?: AttachTypeName,
): LoadedKind | undefined {
  const field = contextFieldAt(context, offset);
  if (field === undefined || offset % size !== 0) return undefined;
  if (field.programs?.includes(programType) === false) return undefined;
  if (field.attachTypes !== undefined && !(attachType !== undefined && field.attachTypes.includes(attachType)))
    return undefined;
  if (write && field.writable?.includes(programType) !== true) return undefined;
  if (write && field.writableAttachTypes?.includes(attachType ?? 'type_0') === false) return undefined;
  return fits(field, { offset: offset - field.offset, size, write }) ? (write ? 'scalar' : field.load) : undefined;
}

/** Whether an access at an offset in a field is one that it allows. */
function fits(field: ContextField, { offset, size, write }: ContextAccess): boolean {
  const element = field.element ?? field.size;
  if (write && offset + size > (field.writableSize ?? field.size)) return false;
  if (field.access === 'any' || (field.access === 'part' && !write)) return offset + size <= field.size;
  if (size === element && offset % element === 0) return true;
  if (field.pairs === true && size === 8 && offset + size <= field.size) return true;
  if (write) return false;
  if (size === field.wide && offset === 0) return true;
  const partial = field.access === 'narrow' || (field.access === 'head' && offset === 0);
  return partial && size <= element && size >= (field.least ?? 1);
}
