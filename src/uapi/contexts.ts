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
  | 'ptr_to_flow_keys';

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
   * of the whole; or `any` aligned part of the field, 8 bytes included, either way.
   */
  readonly access: 'whole' | 'narrow' | 'head' | 'any';
  /** A load of this many bytes is allowed too: it reads zeros behind the field. */
  readonly wide?: number;
  /** Program types that may store to the field; none where left out. */
  readonly writable?: readonly ProgTypeName[];
  /** Program types that see the field; all that see the context where left out. */
  readonly programs?: readonly ProgTypeName[];
  /** The only `expected_attach_type` values with which a program whose own context this is sees the field. */
  readonly attachTypes?: readonly AttachTypeName[];
}

/** A context: its size in bytes and its fields by name. */
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

/** Contexts by the name of their struct. */
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
} as const satisfies Record<string, ContextRow>;

/** A context by the name of its struct. */
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
  const element = field.element ?? field.size;
  const whole = size === element && (offset - field.offset) % element === 0;
  const wide = !write && size === field.wide && offset === field.offset;
  const partial = field.access === 'narrow' || (field.access === 'head' && offset === field.offset);
  const fits =
    field.access === 'any'
      ? offset + size <= field.offset + field.size
      : whole || wide || (partial && !write && size <= element);
  if (!fits) return undefined;
  return write ? 'scalar' : field.load;
}
