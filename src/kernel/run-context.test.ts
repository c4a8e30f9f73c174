import { describe, expect, it } from 'vitest';
import { BtfBuilder } from '../../test/support/btf-builder.ts';
import { programBytes, type Source } from '../../test/support/program.ts';
import { parseBtf } from '../btf/btf.ts';
import type { ContextRequest } from '../hooks/context.ts';
import { parseTracepointFormat } from '../hooks/context-args.ts';
import { parseContextJson } from '../hooks/context-json.ts';
import { type AttachTypeName, attachTypeId } from '../uapi/attach-types.ts';
import { CONTEXTS } from '../uapi/contexts.ts';
import { HELPERS, type HelperName } from '../uapi/helpers.ts';
import { type ProgTypeName, progTypeId } from '../uapi/prog-types.ts';
import { KernelSys } from './kernel.ts';
import type { ContextRun } from './run-context.ts';

/** Runs a program over a context on a kernel of its own. */
function run(type: ProgTypeName, source: Source, request: ContextRequest, attachType?: AttachTypeName): ContextRun {
  using sys = new KernelSys();
  const insns = programBytes(source);
  const fd = sys.bpf('prog_load', {
    prog_type: progTypeId(type)!,
    expected_attach_type: attachTypeId(attachType ?? '') ?? 0,
    insns,
    insn_cnt: insns.length / 8,
    license: 'GPL',
  });
  return sys.runContext(fd, request);
}

const word = (off: number): Source => [['ldx_mem_w', { dst: 0, src: 1, off }], ['exit']];
const doubleWord = (off: number): Source => [['ldx_mem_dw', { dst: 0, src: 1, off }], ['exit']];
/** Follows the pointer at `off` and returns the word at `inner` behind it. */
const behind = (off: number, inner = 0): Source => [
  ['ldx_mem_dw', { dst: 1, src: 1, off }],
  ['ldx_mem_w', { dst: 0, src: 1, off: inner }],
  ['exit'],
];
/** Copies four bytes from the pointer at `off` with a helper, and returns them. */
const copied = (helper: HelperName, off: number, inner = 0): Source => [
  ['ldx_mem_dw', { dst: 3, src: 1, off }],
  ['add64_k', { dst: 3, imm: inner }],
  ['mov64_x', { dst: 1, src: 10 }],
  ['add64_k', { dst: 1, imm: -8 }],
  ['mov64_k', { dst: 2, imm: 4 }],
  ['call', { imm: HELPERS[helper].id }],
  ['ldx_mem_w', { dst: 0, src: 10, off: -8 }],
  ['exit'],
];

/** A small kernel: a socket, a task, a function, an LSM hook, a tracepoint. */
function smallBtf(): Uint8Array {
  const b = new BtfBuilder();
  const int = b.int('int', 4, 1);
  const u64 = b.int('u64', 8);
  const char = b.int('char', 1, 2);
  const comm = b.array(char, 16);
  const proto = b.struct('proto', 8, [
    ['family', int, 0],
    ['slots', int, 32],
  ]);
  const protoPointer = b.ref('ptr', proto);
  const common = b.struct('', 8, [
    ['port', int, 0],
    ['state', int, 32],
  ]);
  const sock = b.struct('sock', 24, [
    ['', common, 0],
    ['prot', protoPointer, 64],
    ['cookie', u64, 128],
  ]);
  const sockPointer = b.ref('ptr', sock);
  b.struct('bpf_iter__sock', 8, [['sk', sockPointer, 0]]);
  const task = b.struct('task_struct', 40, [
    ['pid', int, 0],
    ['tgid', int, 32],
    ['comm', comm, 64],
    ['parent', u64, 256],
  ]);
  b.ref('ptr', task);
  const connect = b.proto(int, [
    ['sk', sockPointer],
    ['size', int],
  ]);
  b.type('func', 'tcp_connect', 1, false, connect);
  b.type('func', 'bpf_lsm_socket_bind', 1, false, connect);
  const voidPointer = b.ref('ptr', 0);
  const traced = b.proto(0, [
    ['__data', voidPointer],
    ['sk', sockPointer],
    ['reason', int],
  ]);
  b.ref('typedef', b.ref('ptr', traced), 'btf_trace_tcp_drop');
  b.struct('trace_event_raw_tcp_drop', 24, [
    ['ent', u64, 0],
    ['skaddr', u64, 64],
    ['reason', int, 128],
  ]);
  return b.bytes();
}
const btf = parseBtf(smallBtf());

const addr = CONTEXTS.bpf_sock_addr.fields;
const regs = CONTEXTS.bpf_user_pt_regs_t.fields;
const skb = CONTEXTS.__sk_buff.fields;

describe('contexts by field name', () => {
  it.each<[string, ProgTypeName, Source, ContextRequest, number]>([
    ['a scalar', 'cgroup_sock_addr', word(addr.type.offset), { fields: { type: 1 } }, 1],
    [
      'an address as text',
      'cgroup_sock_addr',
      word(addr.user_ip4.offset),
      { fields: { user_ip4: '10.0.0.1' } },
      0x0100_000a,
    ],
    [
      'an IPv6 address as text',
      'cgroup_sock_addr',
      word(addr.user_ip6.offset + 12),
      { fields: { user_ip6: '2001:db8::1' } },
      0x0100_0000,
    ],
    ['an array of words', 'sock_ops', word(12), { fields: { args: [1, 2, 3, 4] } }, 3],
    ['a socket', 'cgroup_sock_addr', behind(addr.sk.offset, 4), { fields: { sk: { family: 10 } } }, 10],
    ['a socket that is always there', 'sk_msg', behind(CONTEXTS.sk_msg_md.fields.sk.offset, 4), { fields: {} }, 0],
    ['a message', 'sk_msg', behind(0), { fields: { data: '01020304' } }, 0x0403_0201],
    ["a message's size", 'sk_msg', word(CONTEXTS.sk_msg_md.fields.size.offset), { fields: { data: '01020304' } }, 4],
    ["an option's value", 'cgroup_sockopt', behind(8), { fields: { optval: Uint8Array.of(5, 0, 0, 0) } }, 5],
    ["an option's length", 'cgroup_sockopt', word(32), { fields: { optval: Uint8Array.of(5, 0, 0, 0) } }, 4],
    ['another length of an option', 'cgroup_sockopt', word(32), { fields: { optval: '05000000', optlen: 9 } }, 9],
    ['a device', 'cgroup_device', word(4), { fields: { major: 8 } }, 8],
    ['hex text', 'cgroup_sysctl', word(4), { fields: { file_pos: '0x10' } }, 16],
    ['a register', 'kprobe', doubleWord(regs.di.offset), { fields: { rdi: 77n } }, 77],
    ['a parameter of a kprobe', 'kprobe', doubleWord(regs.si.offset), { fields: { parm2: 5 } }, 5],
    ['a return value', 'kprobe', doubleWord(regs.ax.offset), { fields: { ret: -1 } }, 0xffff_ffff],
    [
      'a parameter by its name',
      'kprobe',
      doubleWord(regs.si.offset),
      { fields: { size: 9 }, attachTo: 'tcp_connect', btf },
      9,
    ],
    ['registers of a perf event', 'perf_event', doubleWord(168), { fields: { ip: 1, sample_period: 6 } }, 6],
    [
      'text behind a register',
      'kprobe',
      copied('probe_read_kernel', regs.di.offset),
      { fields: { di: 'abc' } },
      0x63_6261,
    ],
    [
      'user text behind a register',
      'kprobe',
      copied('probe_read_user', regs.si.offset),
      { fields: { si: { $user: 'abc' } } },
      0x63_6261,
    ],
    [
      'user text is no kernel text',
      'kprobe',
      copied('probe_read_kernel', regs.si.offset),
      { fields: { si: { $user: 'abc' } } },
      0,
    ],
    [
      'a struct behind a register',
      'kprobe',
      copied('probe_read_kernel', regs.di.offset, 4),
      { fields: { di: { $type: 'sock', state: 7 } }, btf },
      7,
    ],
    [
      'a struct by the type of the parameter',
      'kprobe',
      copied('probe_read_kernel', regs.di.offset, 4),
      { fields: { sk: { state: 8 } }, attachTo: 'tcp_connect', btf },
      8,
    ],
    ['words of a raw tracepoint', 'raw_tracepoint', doubleWord(8), { fields: { args: [1, 2] } }, 2],
    ['a word by its number', 'raw_tracepoint', doubleWord(8), { fields: { arg1: 3 } }, 3],
    [
      "a raw tracepoint's argument by name",
      'raw_tracepoint',
      doubleWord(8),
      { fields: { reason: 4 }, attachTo: 'tcp_drop', btf },
      4,
    ],
    ['a struct argument', 'tracing', behind(0, 4), { fields: { sk: { state: 9 } }, attachTo: 'tcp_connect', btf }, 9],
    [
      'a struct behind a struct',
      'tracing',
      [['ldx_mem_dw', { dst: 1, src: 1 }], ...behind(8, 4)],
      { fields: { sk: { prot: { slots: 11 } } }, attachTo: 'tcp_connect', btf },
      11,
    ],
    ['what a function returned', 'tracing', doubleWord(16), { fields: { ret: 12 }, attachTo: 'tcp_connect', btf }, 12],
    ['an LSM hook', 'lsm', doubleWord(8), { fields: { size: 13 }, attachTo: 'socket_bind', btf }, 13],
    [
      "a tracepoint's record by BTF",
      'tracepoint',
      word(16),
      { fields: { reason: 14 }, attachTo: 'skb/tcp_drop', btf },
      14,
    ],
    ["a tracepoint's words", 'tracepoint', doubleWord(16), { fields: { args: [1, 15] } }, 15],
    ['memory of a syscall program', 'syscall', word(4), { fields: { $bytes: '0000000010000000' } }, 16],
    ['a struct of a syscall program', 'syscall', word(4), { fields: { $type: 'proto', slots: 17 }, btf }, 17],
    ['the sample of a lirc_mode2 program', 'lirc_mode2', word(0), { fields: { sample: 20 } }, 20],
    ['what an extension is given', 'ext', word(0), { fields: { $type: 'proto', family: 21 }, btf }, 21],
    ['a packet', 'sched_cls', word(skb.len.offset), { fields: { data: new Uint8Array(60) } }, 60],
    ['a field of a packet', 'sched_cls', word(skb.mark.offset), { fields: { data: new Uint8Array(60), mark: 18 } }, 18],
    ['a packet without an Ethernet header', 'sk_skb', word(skb.len.offset), { fields: { data: new Uint8Array(5) } }, 5],
    ['an XDP packet', 'xdp', word(16), { fields: { data: new Uint8Array(60), rx_queue_index: 3 } }, 3],
  ])('%s', (_name, type, source, request, answer) => {
    expect(run(type, source, request).retval).toBe(answer);
  });

  it('gives the current task, laid out by BTF', () => {
    const pid: Source = [
      ['call', { imm: HELPERS.get_current_task_btf.id }],
      ['ldx_mem_w', { dst: 0, src: 0, off: 4 }],
      ['exit'],
    ];
    expect(run('tracing', pid, { fields: {}, btf }).retval).toBe(1);
    expect(run('tracing', pid, { fields: {}, btf, task: { tgid: 5 } }).retval).toBe(5);
  });

  it.each<[string, ProgTypeName, HelperName, Source, ContextRequest['fields'], number]>([
    ['an argument', 'tracing', 'get_func_arg', [['mov64_k', { dst: 2, imm: 1 }]], { args: [5, 6], ret: 7 }, 6],
    ['what was returned', 'tracing', 'get_func_ret', [], { args: [5, 6], ret: 7 }, 7],
  ])('a helper gives %s', (_name, type, helper, setUp, fields, answer) => {
    const target = HELPERS[helper].args.length;
    const source: Source = [
      ...setUp,
      ['mov64_x', { dst: target, src: 10 }],
      ['add64_k', { dst: target, imm: -8 }],
      ['call', { imm: HELPERS[helper].id }],
      ['ldx_mem_dw', { dst: 0, src: 10, off: -8 }],
      ['exit'],
    ];
    expect(run(type, source, { fields }).retval).toBe(answer);
  });

  it.each<[string, HelperName, ContextRequest['fields'], number, number]>([
    ['known and unknown flags', 'sock_ops_cb_flags_set', { is_fullsock: 1 }, 0x181, 0x180],
    ['flags of no full socket', 'sock_ops_cb_flags_set', {}, 1, 0xffff_ffea],
  ])('sock_ops: %s', (_name, helper, fields, flags, answer) => {
    const source: Source = [['mov64_k', { dst: 2, imm: flags }], ['call', { imm: HELPERS[helper].id }], ['exit']];
    const { retval, context } = run('sock_ops', source, { fields });
    expect(retval).toBe(answer);
    expect(context['bpf_sock_ops_cb_flags']).toBe(answer === 0x180 ? 1 : 0);
  });

  it.each<[HelperName, bigint]>([
    ['get_current_pid_tgid', (1n << 32n) | 1n],
    ['get_current_uid_gid', 0n],
    ['get_current_cgroup_id', 1n],
  ])('%s answers for the first process', (helper, answer) => {
    const source: Source = [
      ['call', { imm: HELPERS[helper].id }],
      ['mov64_x', { dst: 1, src: 0 }],
      ['rsh64_k', { dst: 1, imm: 32 }],
      ['xor64_x', { dst: 0, src: 1 }],
      ['exit'],
    ];
    expect(BigInt(run('kprobe', source, { fields: {} }).retval)).toBe((answer ^ (answer >> 32n)) & 0xffff_ffffn);
  });

  it('reads zero behind a pointer that is NULL, where Linux does', () => {
    const through: Source = [['ldx_mem_dw', { dst: 1, src: 1 }], ...behind(8, 4)];
    const request = { fields: { sk: { state: 7 } }, attachTo: 'tcp_connect', btf };
    expect(run('tracing', through, request).retval).toBe(0);
    expect(() => run('kprobe', behind(regs.di.offset), { fields: {} })).toThrow('null pointer');
  });

  it('shows what a program left', () => {
    const store: Source = [
      ['mov64_k', { dst: 2, imm: 5 }],
      ['stx_mem_w', { dst: 1, src: 2, off: addr.user_port.offset }],
      ...word(0),
    ];
    expect(run('cgroup_sock_addr', store, { fields: { family: 2 } }).context).toMatchObject({
      user_port: 5,
      family: 2,
    });
  });

  it('reads the format of a tracepoint', () => {
    const format = parseTracepointFormat(`name: open
ID: 1
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;

\tfield:int fd;\toffset:8;\tsize:4;\tsigned:1;
\tfield:char comm[16];\toffset:12;\tsize:16;\tsigned:0;
\tfield:__data_loc char[] name;\toffset:28;\tsize:4;\tsigned:0;
`);
    const request = { fields: { fd: 3, comm: 'init', name: 'file' }, format };
    expect(run('tracepoint', word(8), request).retval).toBe(3);
    expect(run('tracepoint', word(12), request).retval).toBe(0x7469_6e69);
    expect(run('tracepoint', word(28), request).retval).toBe((5 << 16) | 32);
    expect(run('tracepoint', word(32), request).retval).toBe(0x656c_6966);
  });

  it.each<[string, ProgTypeName, ContextRequest, string]>([
    [
      'an unknown field',
      'cgroup_sysctl',
      { fields: { position: 1 } },
      'context: position: bpf_sysctl has no such field, want write, file_pos',
    ],
    [
      'a number too big',
      'cgroup_sysctl',
      { fields: { file_pos: 1n << 32n } },
      'context: file_pos: 4294967296 does not fit 32 bits',
    ],
    [
      'text for a number',
      'cgroup_sysctl',
      { fields: { file_pos: 'ten' } },
      'context: file_pos: "ten", want an integer of 32 bits',
    ],
    ['too many elements', 'sock_ops', { fields: { args: [1, 2, 3, 4, 5] } }, 'context: args: 5 elements, want 4'],
    [
      'an end without data',
      'cgroup_sockopt',
      { fields: { optval_end: 4 } },
      'context: optval_end: 4: it follows from the data',
    ],
    ['no register', 'kprobe', { fields: { eax: 1 } }, 'context: eax: pt_regs has no such field'],
    [
      'no parameter',
      'tracing',
      { fields: { skb: 1 }, attachTo: 'tcp_connect', btf },
      'context: skb: the call has no such field, want sk, size, args, ret',
    ],
    [
      'a struct without BTF',
      'kprobe',
      { fields: { di: { $type: 'sock' } } },
      "context: di: a record: a struct needs the kernel's BTF",
    ],
    [
      'an unknown struct',
      'kprobe',
      { fields: { di: { $type: 'socket' } }, btf },
      'context: di: $type "socket": the BTF has no such struct',
    ],
    ['an unknown member', 'tracing', { fields: { sk: { port_: 1 } }, attachTo: 'tcp_connect', btf }, 'sk.port_'],
    [
      'a tracepoint without a format',
      'tracepoint',
      { fields: { reason: 1 }, attachTo: 'a/b' },
      'context: tracepoint a/b: its fields are not known',
    ],
    ['a packet without a header', 'sched_cls', { fields: { data: '00' } }, 'context: data: 1 bytes, want 14..16064'],
  ])('refuses %s', (_name, type, request, message) => {
    expect(() => run(type, word(0), request)).toThrow(message);
  });

  it('gives an iterator one element: the struct that its function takes', () => {
    const request: ContextRequest = { fields: { sk: { prot: { slots: 19 } } }, attachTo: 'sock', btf };
    const source: Source = [['ldx_mem_dw', { dst: 1, src: 1 }], ...behind(8, 4)];
    expect(run('tracing', source, request, 'trace_iter').retval).toBe(19);
    const unknown: ContextRequest = { fields: {}, attachTo: 'nothing', btf };
    expect(() => run('tracing', word(0), unknown, 'trace_iter')).toThrow('"bpf_iter__nothing": no such struct');
  });
});

describe('parseContextJson', () => {
  it.each<[string, unknown]>([
    ['{ "mark": 1 }', { mark: 1 }],
    ['{ "cookie": 18446744073709551615 }', { cookie: 18446744073709551615n }],
    ['{ "data": { "$hex": "0a 0b" } }', { data: Uint8Array.of(10, 11) }],
    ['{ "sk": { "family": 2 }, "args": [1, "text"] }', { sk: { family: 2 }, args: [1, 'text'] }],
  ])('%s', (text, fields) => {
    expect(parseContextJson(text)).toEqual(fields);
  });

  it.each([
    ['[1]', 'context: want a JSON object of fields'],
    ['{ "a": }', 'context: not JSON: '],
    ['{ "a": { "$hex": "0" } }', "context: $hex: '0' is not hex"],
  ])('refuses %s', (text, message) => {
    expect(() => parseContextJson(text)).toThrow(message);
  });
});
