/** PROG_TEST_RUN of programs that see no socket buffer and no XDP packet: one table of cases, on our kernel and on the live one. */
import { describe, expect, it } from 'vitest';
import { KernelSys } from '../src/kernel/kernel.ts';
import { openLinux } from '../src/linux/linux.ts';
import type { ProgTestRunAttr } from '../src/sys/attr.gen.ts';
import type { Sys } from '../src/sys/sys.ts';
import { attachTypeId } from '../src/uapi/attach-types.ts';
import { CONTEXTS } from '../src/uapi/contexts.ts';
import { errnoName } from '../src/uapi/errno.ts';
import { PROG_FLAGS } from '../src/uapi/flags.ts';
import { HELPERS } from '../src/uapi/helpers.ts';
import { type ProgTypeName, progTypeId } from '../src/uapi/prog-types.ts';
import { parseHex, toHex } from '../src/util/bytes.ts';
import { linuxSkip } from './support/kernels.ts';
import { programBytes, type Source } from './support/program.ts';
import { titled } from './support/tools.ts';

const ATTACH: Partial<Record<ProgTypeName, string>> = { flow_dissector: 'flow_dissector', sk_lookup: 'sk_lookup' };
const SKB = CONTEXTS.__sk_buff.fields;
const LOOKUP = CONTEXTS.bpf_sk_lookup.fields;
const hex = (text: string): Uint8Array => parseHex(text)!;
const packet = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => i + 1);

/** Runs and closes; the answer as text: errno, or return value and whatever came out. */
function testRun(sys: Sys, type: ProgTypeName, source: Source, attr: ProgTestRunAttr): string {
  const insns = programBytes(source);
  const log_buf = new Uint8Array(1 << 16);
  const prog_fd = sys.bpf('prog_load', {
    prog_type: progTypeId(type)!,
    expected_attach_type: attachTypeId(ATTACH[type] ?? '') ?? 0,
    prog_flags: type === 'syscall' ? PROG_FLAGS.BPF_F_SLEEPABLE : 0,
    insns,
    insn_cnt: insns.length / 8,
    license: 'GPL',
    log_buf,
    log_size: log_buf.length,
    log_level: 1,
  });
  if (prog_fd < 0) return `load ${errnoName(-prog_fd)} ${new TextDecoder().decode(log_buf).replace(/\0.*/s, '')}`;
  const run: ProgTestRunAttr = { prog_fd, ...attr };
  if (attr.data_in !== undefined) run.data_size_in ??= attr.data_in.length;
  if (attr.ctx_in !== undefined) run.ctx_size_in ??= attr.ctx_in.length;
  if (attr.data_out !== undefined) run.data_size_out ??= attr.data_out.length;
  if (attr.ctx_out !== undefined) run.ctx_size_out ??= attr.ctx_out.length;
  const result = sys.bpf('prog_test_run', run);
  sys.close(prog_fd);
  if (result < 0) return errnoName(-result);
  const parts = [`${run.retval ?? 0}`];
  if (run.data_out !== undefined) parts.push(`data ${toHex(run.data_out.subarray(0, run.data_size_out))}`);
  if (run.ctx_out !== undefined) parts.push(`ctx ${toHex(run.ctx_out.subarray(0, run.ctx_size_out))}`);
  if (type === 'syscall' && run.ctx_in !== undefined) parts.push(`ctx_in ${toHex(run.ctx_in)}`);
  return parts.join(' ');
}

const OK: Source = [['mov64_k', { dst: 0, imm: 0 }], ['exit']];
const PASS: Source = [['mov64_k', { dst: 0, imm: 1 }], ['exit']];

/** Writes its packet's length to `nhoff` and 0xffff to `thoff`, and returns BPF_OK. */
const dissect: Source = [
  ['ldx_mem_dw', { dst: 2, src: 1, off: SKB.flow_keys.offset }],
  ['ldx_mem_w', { dst: 3, src: 1, off: SKB.data_end.offset }],
  ['ldx_mem_w', { dst: 4, src: 1, off: SKB.data.offset }],
  ['sub64_x', { dst: 3, src: 4 }],
  ['stx_mem_h', { dst: 2, src: 3, off: 0 }],
  ['mov64_k', { dst: 3, imm: 0xffff }],
  ['stx_mem_h', { dst: 2, src: 3, off: 2 }],
  ...OK,
];
const loadInDissector: Source = [
  ['mov64_x', { dst: 6, src: 1 }],
  ['mov64_k', { dst: 2, imm: 0 }],
  ['mov64_x', { dst: 3, src: 10 }],
  ['add64_k', { dst: 3, imm: -4 }],
  ['mov64_k', { dst: 4, imm: 4 }],
  ['call', { imm: HELPERS.skb_load_bytes.id }],
  ['ldx_mem_dw', { dst: 2, src: 6, off: SKB.flow_keys.offset }],
  ['stx_mem_w', { dst: 2, src: 0, off: 16 }],
  ...OK,
];

/** Passes where the word at `offset` has this value. */
const lookupWants = (offset: number, value: number): Source => [
  ['ldx_mem_w', { dst: 2, src: 1, off: offset }],
  ['mov64_k', { dst: 0, imm: 1 }],
  ['jeq32_k', { dst: 2, imm: value, off: 1 }],
  ['mov64_k', { dst: 0, imm: 0 }],
  ['exit'],
];
function lookup(values: Partial<Record<keyof typeof LOOKUP, number>>): Uint8Array {
  const bytes = new Uint8Array(CONTEXTS.bpf_sk_lookup.size);
  const view = new DataView(bytes.buffer);
  for (const [name, value] of Object.entries(values))
    view.setUint32(LOOKUP[name as keyof typeof LOOKUP].offset, value, true);
  return bytes;
}
const inet = {
  family: 2,
  protocol: 6,
  remote_ip4: 0x0100_000a,
  local_ip4: 0x0200_000a,
  remote_port: 0x3500,
  local_port: 80,
};

const sumOfWords: Source = [
  ['ldx_mem_dw', { dst: 0, src: 1, off: 0 }],
  ['ldx_mem_dw', { dst: 2, src: 1, off: 8 }],
  ['add64_x', { dst: 0, src: 2 }],
  ['exit'],
];
const cpuNumber: Source = [['call', { imm: HELPERS.get_smp_processor_id.id }], ['exit']];
const addOne: Source = [
  ['ldx_mem_dw', { dst: 0, src: 1, off: 0 }],
  ['add64_k', { dst: 0, imm: 1 }],
  ['stx_mem_dw', { dst: 1, src: 0, off: 8 }],
  ['exit'],
];

const keys = (tail: string): string => tail.padEnd(112, '0');

/** Name, program type, program, attributes, what both kernels answer. */
const cases: [name: string, type: ProgTypeName, source: Source, attr: () => ProgTestRunAttr, answer: string][] = [
  ['13 bytes', 'flow_dissector', OK, () => ({ data_in: packet(13) }), 'EINVAL'],
  ['4097 bytes', 'flow_dissector', OK, () => ({ data_in: packet(4097) }), 'EINVAL'],
  [
    'fresh keys',
    'flow_dissector',
    OK,
    () => ({ data_in: packet(20), data_out: new Uint8Array(56) }),
    `0 data ${keys('0e000e000000000000000d0e')}`,
  ],
  [
    'clamped keys',
    'flow_dissector',
    dissect,
    () => ({ data_in: packet(20), data_out: new Uint8Array(56) }),
    `0 data ${keys('14001400000000000000' + '0d0e')}`,
  ],
  [
    'three runs',
    'flow_dissector',
    dissect,
    () => ({ data_in: packet(20), data_out: new Uint8Array(56), repeat: 3 }),
    `0 data ${keys('14001400000000000000' + '0d0e')}`,
  ],
  [
    'loading bytes',
    'flow_dissector',
    loadInDissector,
    () => ({ data_in: packet(20), data_out: new Uint8Array(56) }),
    `0 data ${keys('0e000e000000000000000d0e00000000f2ffffff')}`,
  ],
  [
    'flags',
    'flow_dissector',
    OK,
    () => ({ data_in: packet(20), data_out: new Uint8Array(56), ctx_in: hex(`${'00'.repeat(48)}0300000000000000`) }),
    `0 data ${keys('0e000e000000000000000d0e').slice(0, 96)}0300000000000000`,
  ],
  [
    'another field of the context',
    'flow_dissector',
    OK,
    () => ({ data_in: packet(20), ctx_in: hex('01'.padEnd(112, '0')) }),
    'EINVAL',
  ],
  ['a flag of the run', 'flow_dissector', OK, () => ({ data_in: packet(20), flags: 1 }), 'EINVAL'],

  ['no context', 'sk_lookup', PASS, () => ({}), 'EINVAL'],
  ['a packet', 'sk_lookup', PASS, () => ({ data_in: packet(20), ctx_in: lookup(inet) }), 'EINVAL'],
  [
    'IPv4',
    'sk_lookup',
    PASS,
    () => ({ ctx_in: lookup(inet), ctx_out: new Uint8Array(72) }),
    `1 ctx ${toHex(lookup(inet))}`,
  ],
  ['a drop', 'sk_lookup', OK, () => ({ ctx_in: lookup(inet) }), '0'],
  [
    'sees the address',
    'sk_lookup',
    lookupWants(LOOKUP.remote_ip4.offset, 0x0100_000a),
    () => ({ ctx_in: lookup(inet) }),
    '1',
  ],
  [
    'sees the remote port',
    'sk_lookup',
    lookupWants(LOOKUP.remote_port.offset, 0x3500),
    () => ({ ctx_in: lookup(inet) }),
    '1',
  ],
  [
    'sees the local port',
    'sk_lookup',
    lookupWants(LOOKUP.local_port.offset, 80),
    () => ({ ctx_in: lookup(inet) }),
    '1',
  ],
  [
    'sees no IPv6 address of IPv4',
    'sk_lookup',
    lookupWants(LOOKUP.remote_ip6.offset, 0),
    () => ({ ctx_in: lookup({ ...inet, remote_ip6: 7 }) }),
    '1',
  ],
  [
    'sees no IPv4 address of IPv6',
    'sk_lookup',
    lookupWants(LOOKUP.remote_ip4.offset, 0),
    () => ({ ctx_in: lookup({ ...inet, family: 10 }) }),
    '1',
  ],
  [
    '16 bits of a family',
    'sk_lookup',
    lookupWants(LOOKUP.family.offset, 2),
    () => ({ ctx_in: lookup({ ...inet, family: 0x1_0002 }) }),
    '1',
  ],
  [
    '16 bits of a protocol',
    'sk_lookup',
    lookupWants(LOOKUP.protocol.offset, 6),
    () => ({ ctx_in: lookup({ ...inet, protocol: 0x1_0006 }) }),
    '1',
  ],
  ['another family', 'sk_lookup', PASS, () => ({ ctx_in: lookup({ ...inet, family: 1 }) }), 'EAFNOSUPPORT'],
  ['a port of 17 bits', 'sk_lookup', PASS, () => ({ ctx_in: lookup({ ...inet, local_port: 0x1_0000 }) }), 'ERANGE'],
  ['a cookie', 'sk_lookup', PASS, () => ({ ctx_in: lookup({ ...inet, sk: 1 }) }), 'EINVAL'],
  ['an ifindex', 'sk_lookup', PASS, () => ({ ctx_in: lookup({ ...inet, ingress_ifindex: 1 }) }), 'EINVAL'],

  ['two words', 'raw_tracepoint', sumOfWords, () => ({ ctx_in: hex('05000000000000000700000000000000') }), '12'],
  ['no words', 'raw_tracepoint', OK, () => ({}), '0'],
  ['a packet', 'raw_tracepoint', OK, () => ({ data_in: packet(20) }), 'EINVAL'],
  ['more than twelve words', 'raw_tracepoint', OK, () => ({ ctx_in: new Uint8Array(104) }), 'EINVAL'],
  ['a context back', 'raw_tracepoint', OK, () => ({ ctx_out: new Uint8Array(8) }), 'EINVAL'],
  ['repeat', 'raw_tracepoint', OK, () => ({ repeat: 1 }), 'EINVAL'],
  ['a CPU without the flag', 'raw_tracepoint', OK, () => ({ cpu: 1 }), 'EINVAL'],
  ['on CPU 0', 'raw_tracepoint', cpuNumber, () => ({ flags: 1, cpu: 0 }), '0'],
  ['on CPU 1', 'raw_tracepoint', cpuNumber, () => ({ flags: 1, cpu: 1 }), '1'],
  ['on a CPU that is not there', 'raw_tracepoint', cpuNumber, () => ({ flags: 1, cpu: 9999 }), 'ENXIO'],

  [
    'memory back',
    'syscall',
    addOne,
    () => ({ ctx_in: hex('0500000000000000ffffffffffffffff') }),
    '6 ctx_in 05000000000000000600000000000000',
  ],
  ['no memory', 'syscall', OK, () => ({}), '0'],
  ['repeat', 'syscall', OK, () => ({ repeat: 1 }), 'EINVAL'],
  ['flags', 'syscall', OK, () => ({ flags: 1 }), 'EINVAL'],
  ['64 KiB', 'syscall', OK, () => ({ ctx_in: new Uint8Array(0x1_0000) }), 'EINVAL'],

  ['no test run', 'kprobe', OK, () => ({ data_in: packet(20) }), 'ENOTSUPP'],
  ['no test run', 'tracepoint', OK, () => ({}), 'ENOTSUPP'],
  ['no test run', 'perf_event', OK, () => ({}), 'ENOTSUPP'],
];

/** Each kernel, and why it cannot be asked. */
const kernels: [name: string, open: () => Sys, skip: string | undefined][] = [
  ['our kernel', () => new KernelSys({ cpus: 2 }), undefined],
  ['the live kernel', openLinux, linuxSkip],
];

describe.each(kernels)('%s', (name, open, skip) => {
  describe.skipIf(skip)(titled(name, skip), () => {
    const rows = cases.map(([what, type, source, attr, answer]) => ({
      title: `${type}: ${what}`,
      type,
      source,
      attr,
      answer,
    }));
    it.each(rows)('$title', ({ type, source, attr, answer }) => {
      using sys = open();
      expect(testRun(sys, type, source, attr())).toBe(answer);
    });
  });
});
