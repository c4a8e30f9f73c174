/**
 * The structs that `obj_get_info_by_fd` fills, as a table: what the layout in `info.gen.ts` does not say is which 64-bit members
 * are pointers, and how many bytes the caller offers behind each. Follows kernel/bpf/syscall.c.
 */
import type { PointerSize } from './commands.ts';

/** An info struct: its name in BTF, its interface in TypeScript, its pointers and how many bytes the kernel may write there. */
export interface InfoRow {
  readonly struct: string;
  readonly type: string;
  readonly pointers: Readonly<Record<string, PointerSize>>;
}

/** Info structs by the kind of object that a descriptor names. */
export const INFOS = {
  prog: {
    struct: 'bpf_prog_info',
    type: 'ProgInfo',
    pointers: {
      jited_prog_insns: { field: 'jited_prog_len' },
      xlated_prog_insns: { field: 'xlated_prog_len' },
      map_ids: { field: 'nr_map_ids', times: 4 },
      jited_ksyms: { field: 'nr_jited_ksyms', times: 8 },
      jited_func_lens: { field: 'nr_jited_func_lens', times: 4 },
      func_info: { field: 'nr_func_info', times: 'func_info_rec_size' },
      line_info: { field: 'nr_line_info', times: 'line_info_rec_size' },
      jited_line_info: { field: 'nr_jited_line_info', times: 'jited_line_info_rec_size' },
      prog_tags: { field: 'nr_prog_tags', times: 8 },
    },
  },
  map: { struct: 'bpf_map_info', type: 'MapInfo', pointers: { hash: { field: 'hash_size' } } },
  btf: {
    struct: 'bpf_btf_info',
    type: 'BtfInfo',
    pointers: { btf: { field: 'btf_size' }, name: { field: 'name_len' } },
  },
  link: {
    struct: 'bpf_link_info',
    type: 'LinkInfo',
    pointers: {
      'raw_tracepoint.tp_name': { field: 'raw_tracepoint.tp_name_len' },
      'iter.target_name': { field: 'iter.target_name_len' },
      'kprobe_multi.addrs': { field: 'kprobe_multi.count', times: 8 },
      'kprobe_multi.cookies': { field: 'kprobe_multi.count', times: 8 },
      'uprobe_multi.path': { field: 'uprobe_multi.path_size' },
      'uprobe_multi.offsets': { field: 'uprobe_multi.count', times: 8 },
      'uprobe_multi.ref_ctr_offsets': { field: 'uprobe_multi.count', times: 8 },
      'uprobe_multi.cookies': { field: 'uprobe_multi.count', times: 8 },
      'perf_event.uprobe.file_name': { field: 'perf_event.uprobe.name_len' },
      'perf_event.kprobe.func_name': { field: 'perf_event.kprobe.name_len' },
      'perf_event.tracepoint.tp_name': { field: 'perf_event.tracepoint.name_len' },
    },
  },
} as const satisfies Record<string, InfoRow>;

/** A kind of object that has an info struct. */
export type InfoKind = keyof typeof INFOS;
