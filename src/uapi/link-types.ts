/**
 * `enum bpf_link_type` as a table (include/uapi/linux/bpf.h).
 */
import { type NumberedRow, numbering, type Unnamed } from './table.ts';

/** Link types by name. */
export const LINK_TYPES = {
  unspec: { id: 0, since: '5.8' },
  raw_tracepoint: { id: 1, since: '5.8' },
  tracing: { id: 2, since: '5.8' },
  cgroup: { id: 3, since: '5.8' },
  iter: { id: 4, since: '5.8' },
  netns: { id: 5, since: '5.8' },
  xdp: { id: 6, since: '5.9' },
  perf_event: { id: 7, since: '5.15' },
  kprobe_multi: { id: 8, since: '5.18' },
  struct_ops: { id: 9, since: '5.19' },
  netfilter: { id: 10, since: '6.4' },
  tcx: { id: 11, since: '6.6' },
  uprobe_multi: { id: 12, since: '6.6' },
  netkit: { id: 13, since: '6.7' },
  sockmap: { id: 14, since: '6.10' },
} as const satisfies Record<string, NumberedRow>;

/** A link type by the kernel's name, without prefix and in lower case. */
export type LinkTypeName = keyof typeof LINK_TYPES | Unnamed;

const numbers = numbering(LINK_TYPES);

/** The name of a link type number, `type_N` where it has none here. */
export const linkTypeName: (id: number) => LinkTypeName = numbers.nameOf;

/** The number of a link type name, `type_N` included; undefined for any other text. */
export const linkTypeId: (name: string) => number | undefined = numbers.idOf;
