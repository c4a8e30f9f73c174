/**
 * The commands of bpf(2) as a table: `enum bpf_cmd` of Linux 6.18 with what the layout alone does not say. BTF knows where the
 * members of `union bpf_attr` lie (`attr.gen.ts`); a row here knows which struct of the union a command takes, which of its 64-bit
 * members are pointers, in which direction bytes flow and how many, and what the kernel writes back. Follows kernel/bpf/syscall.c.
 */
import type { KernelVersion } from '../uapi/profile.ts';

/** How many bytes lie behind a pointer. */
export type PointerSize =
  /** A NUL ends them. */
  | 'text'
  /** A count known beforehand. */
  | { readonly bytes: number }
  /** The value of a scalar member, times a constant or another member. */
  | { readonly field: string; readonly times?: number | string }
  /** A key or value of the map named by the attribute (per-CPU values: one slot for each possible CPU), times a member. */
  | { readonly map: 'key' | 'value'; readonly times?: string };

/** A pointer member: which way its bytes flow, seen from the kernel, and how many they are. */
export interface PointerRow {
  readonly direction: 'in' | 'out' | 'inout';
  readonly size: PointerSize;
  /** The bytes may hold addresses themselves: `LinkedBytes`. */
  readonly linked?: true;
}

/** A row of the command table. Members of nested structs are named with a dot (`kprobe_multi.syms`). */
export interface CommandRow {
  readonly id: number;
  readonly since: KernelVersion;
  /** The struct inside `union bpf_attr`, by its member name, or by a name given here where the kernel has none. */
  readonly attr: AttrName;
  /** What a result that is not negative means. */
  readonly result: 'fd' | 'zero' | 'count';
  /** The last member that the command reads: a byte set behind it is refused with EINVAL. */
  readonly last: string;
  readonly pointers?: Readonly<Record<string, PointerRow>>;
  /** Scalar members that the kernel writes. */
  readonly writes?: readonly string[];
}

/** The structs inside `union bpf_attr`: how each is found in BTF and what its interface in TypeScript is called. */
export const ATTRS = {
  map_create: { holds: 'map_type', type: 'MapCreateAttr' },
  map_elem: { holds: 'next_key', type: 'MapElemAttr' },
  batch: { type: 'MapBatchAttr' },
  prog_load: { holds: 'insns', type: 'ProgLoadAttr' },
  obj: { holds: 'pathname', type: 'ObjAttr' },
  prog_attach: { holds: 'attach_bpf_fd', type: 'ProgAttachAttr' },
  test: { type: 'ProgTestRunAttr' },
  get_id: { holds: 'start_id', type: 'GetIdAttr' },
  info: { type: 'ObjGetInfoAttr' },
  query: { type: 'ProgQueryAttr' },
  raw_tracepoint: { type: 'RawTracepointAttr' },
  btf_load: { holds: 'btf_log_buf', type: 'BtfLoadAttr' },
  task_fd_query: { type: 'TaskFdQueryAttr' },
  link_create: { type: 'LinkCreateAttr' },
  link_update: { type: 'LinkUpdateAttr' },
  link_detach: { type: 'LinkDetachAttr' },
  enable_stats: { type: 'EnableStatsAttr' },
  iter_create: { type: 'IterCreateAttr' },
  prog_bind_map: { type: 'ProgBindMapAttr' },
  token_create: { type: 'TokenCreateAttr' },
  prog_stream_read: { type: 'ProgStreamReadAttr' },
} as const satisfies Record<string, { readonly holds?: string; readonly type: string }>;

/** A struct inside `union bpf_attr`. */
export type AttrName = keyof typeof ATTRS;

const text = { direction: 'in', size: 'text' } as const;
const key = { direction: 'in', size: { map: 'key' } } as const;
const valueIn = { direction: 'in', size: { map: 'value' } } as const;
const valueOut = { direction: 'out', size: { map: 'value' } } as const;
const keysIn = { direction: 'in', size: { map: 'key', times: 'count' } } as const;
const keysOut = { direction: 'out', size: { map: 'key', times: 'count' } } as const;
const valuesIn = { direction: 'in', size: { map: 'value', times: 'count' } } as const;
const valuesOut = { direction: 'out', size: { map: 'value', times: 'count' } } as const;
// The cursor of a batch is opaque: a key for most maps, a u32 for arrays and hashes. Its room must hold either.
const cursorIn = { direction: 'in', size: { map: 'key' } } as const;
const cursorOut = { direction: 'out', size: { map: 'key' } } as const;

/** An array of which a member gives the length. */
function array<const D extends 'in' | 'out', const F extends string, const T extends number | string>(
  direction: D,
  field: F,
  times: T,
) {
  return { direction, size: { field, times } } as const;
}

const readBatch = { in_batch: cursorIn, out_batch: cursorOut, keys: keysOut, values: valuesOut } as const;

/** Commands by name. */
export const COMMANDS = {
  map_create: {
    id: 0,
    since: '3.18',
    attr: 'map_create',
    result: 'fd',
    last: 'excl_prog_hash_size',
    pointers: { excl_prog_hash: { direction: 'in', size: { field: 'excl_prog_hash_size' } } },
  },
  map_lookup_elem: {
    id: 1,
    since: '3.18',
    attr: 'map_elem',
    result: 'zero',
    last: 'flags',
    pointers: { key, value: valueOut },
  },
  map_update_elem: {
    id: 2,
    since: '3.18',
    attr: 'map_elem',
    result: 'zero',
    last: 'flags',
    pointers: { key, value: valueIn },
  },
  map_delete_elem: { id: 3, since: '3.18', attr: 'map_elem', result: 'zero', last: 'key', pointers: { key } },
  map_get_next_key: {
    id: 4,
    since: '3.18',
    attr: 'map_elem',
    result: 'zero',
    last: 'next_key',
    pointers: { key, next_key: { direction: 'out', size: { map: 'key' } } },
  },
  prog_load: {
    id: 5,
    since: '3.18',
    attr: 'prog_load',
    result: 'fd',
    last: 'keyring_id',
    pointers: {
      insns: array('in', 'insn_cnt', 8),
      license: text,
      log_buf: { direction: 'out', size: { field: 'log_size' } },
      func_info: array('in', 'func_info_cnt', 'func_info_rec_size'),
      line_info: array('in', 'line_info_cnt', 'line_info_rec_size'),
      fd_array: array('in', 'fd_array_cnt', 4),
      core_relos: array('in', 'core_relo_cnt', 'core_relo_rec_size'),
      signature: { direction: 'in', size: { field: 'signature_size' } },
    },
    writes: ['log_true_size'],
  },
  obj_pin: { id: 6, since: '4.4', attr: 'obj', result: 'zero', last: 'path_fd', pointers: { pathname: text } },
  obj_get: { id: 7, since: '4.4', attr: 'obj', result: 'fd', last: 'path_fd', pointers: { pathname: text } },
  prog_attach: { id: 8, since: '4.10', attr: 'prog_attach', result: 'zero', last: 'expected_revision' },
  prog_detach: { id: 9, since: '4.10', attr: 'prog_attach', result: 'zero', last: 'expected_revision' },
  prog_test_run: {
    id: 10,
    since: '4.12',
    attr: 'test',
    result: 'zero',
    last: 'batch_size',
    pointers: {
      data_in: { direction: 'in', size: { field: 'data_size_in' } },
      data_out: { direction: 'out', size: { field: 'data_size_out' } },
      ctx_in: { direction: 'inout', size: { field: 'ctx_size_in' } },
      ctx_out: { direction: 'out', size: { field: 'ctx_size_out' } },
    },
    writes: ['retval', 'duration', 'data_size_out', 'ctx_size_out'],
  },
  prog_get_next_id: { id: 11, since: '4.13', attr: 'get_id', result: 'zero', last: 'next_id', writes: ['next_id'] },
  map_get_next_id: { id: 12, since: '4.13', attr: 'get_id', result: 'zero', last: 'next_id', writes: ['next_id'] },
  prog_get_fd_by_id: { id: 13, since: '4.13', attr: 'get_id', result: 'fd', last: 'prog_id' },
  map_get_fd_by_id: { id: 14, since: '4.13', attr: 'get_id', result: 'fd', last: 'open_flags' },
  obj_get_info_by_fd: {
    id: 15,
    since: '4.13',
    attr: 'info',
    result: 'zero',
    last: 'info',
    pointers: { info: { direction: 'inout', size: { field: 'info_len' }, linked: true } },
    writes: ['info_len'],
  },
  prog_query: {
    id: 16,
    since: '4.15',
    attr: 'query',
    result: 'zero',
    last: 'revision',
    pointers: {
      prog_ids: array('out', 'count', 4),
      prog_attach_flags: array('out', 'count', 4),
      link_ids: array('out', 'count', 4),
      link_attach_flags: array('out', 'count', 4),
    },
    writes: ['attach_flags', 'count', 'prog_cnt', 'revision'],
  },
  raw_tracepoint_open: {
    id: 17,
    since: '4.17',
    attr: 'raw_tracepoint',
    result: 'fd',
    last: 'cookie',
    pointers: { name: text },
  },
  btf_load: {
    id: 18,
    since: '4.18',
    attr: 'btf_load',
    result: 'fd',
    last: 'btf_token_fd',
    pointers: {
      btf: { direction: 'in', size: { field: 'btf_size' } },
      btf_log_buf: { direction: 'out', size: { field: 'btf_log_size' } },
    },
    writes: ['btf_log_true_size'],
  },
  btf_get_fd_by_id: { id: 19, since: '4.18', attr: 'get_id', result: 'fd', last: 'fd_by_id_token_fd' },
  task_fd_query: {
    id: 20,
    since: '4.18',
    attr: 'task_fd_query',
    result: 'zero',
    last: 'probe_addr',
    pointers: { buf: { direction: 'out', size: { field: 'buf_len' } } },
    writes: ['buf_len', 'prog_id', 'fd_type', 'probe_offset', 'probe_addr'],
  },
  map_lookup_and_delete_elem: {
    id: 21,
    since: '4.20',
    attr: 'map_elem',
    result: 'zero',
    last: 'flags',
    pointers: { key, value: valueOut },
  },
  map_freeze: { id: 22, since: '5.2', attr: 'map_elem', result: 'zero', last: 'map_fd' },
  btf_get_next_id: { id: 23, since: '5.4', attr: 'get_id', result: 'zero', last: 'next_id', writes: ['next_id'] },
  map_lookup_batch: {
    id: 24,
    since: '5.6',
    attr: 'batch',
    result: 'zero',
    last: 'flags',
    pointers: readBatch,
    writes: ['count'],
  },
  map_lookup_and_delete_batch: {
    id: 25,
    since: '5.6',
    attr: 'batch',
    result: 'zero',
    last: 'flags',
    pointers: readBatch,
    writes: ['count'],
  },
  map_update_batch: {
    id: 26,
    since: '5.6',
    attr: 'batch',
    result: 'zero',
    last: 'flags',
    pointers: { keys: keysIn, values: valuesIn },
    writes: ['count'],
  },
  map_delete_batch: {
    id: 27,
    since: '5.6',
    attr: 'batch',
    result: 'zero',
    last: 'flags',
    pointers: { keys: keysIn },
    writes: ['count'],
  },
  link_create: {
    id: 28,
    since: '5.7',
    attr: 'link_create',
    result: 'fd',
    last: 'uprobe_multi.pid',
    pointers: {
      iter_info: { direction: 'in', size: { field: 'iter_info_len' } },
      'kprobe_multi.syms': { direction: 'in', size: { field: 'kprobe_multi.cnt', times: 8 }, linked: true },
      'kprobe_multi.addrs': array('in', 'kprobe_multi.cnt', 8),
      'kprobe_multi.cookies': array('in', 'kprobe_multi.cnt', 8),
      'uprobe_multi.path': text,
      'uprobe_multi.offsets': array('in', 'uprobe_multi.cnt', 8),
      'uprobe_multi.ref_ctr_offsets': array('in', 'uprobe_multi.cnt', 8),
      'uprobe_multi.cookies': array('in', 'uprobe_multi.cnt', 8),
    },
  },
  link_update: { id: 29, since: '5.7', attr: 'link_update', result: 'zero', last: 'old_prog_fd' },
  link_get_fd_by_id: { id: 30, since: '5.8', attr: 'get_id', result: 'fd', last: 'link_id' },
  link_get_next_id: { id: 31, since: '5.8', attr: 'get_id', result: 'zero', last: 'next_id', writes: ['next_id'] },
  enable_stats: { id: 32, since: '5.8', attr: 'enable_stats', result: 'fd', last: 'type' },
  iter_create: { id: 33, since: '5.8', attr: 'iter_create', result: 'fd', last: 'flags' },
  link_detach: { id: 34, since: '5.9', attr: 'link_detach', result: 'zero', last: 'link_fd' },
  prog_bind_map: { id: 35, since: '5.10', attr: 'prog_bind_map', result: 'zero', last: 'flags' },
  token_create: { id: 36, since: '6.9', attr: 'token_create', result: 'fd', last: 'bpffs_fd' },
  prog_stream_read_by_fd: {
    id: 37,
    since: '6.17',
    attr: 'prog_stream_read',
    result: 'count',
    last: 'prog_fd',
    pointers: { stream_buf: { direction: 'out', size: { field: 'stream_buf_len' } } },
  },
} as const satisfies Record<string, CommandRow>;

/** A command's row, as every row is. */
export function commandRow(command: keyof typeof COMMANDS): CommandRow {
  return COMMANDS[command];
}
