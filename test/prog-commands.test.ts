/** PROG_LOAD and PROG_TEST_RUN as system calls: one table of cases, on our kernel and on the live one. */
import { describe, expect, it } from 'vitest';
import { KernelSys } from '../src/kernel/kernel.ts';
import { openLinux } from '../src/linux/linux.ts';
import type { ProgLoadAttr, ProgTestRunAttr } from '../src/sys/attr.gen.ts';
import type { Sys } from '../src/sys/sys.ts';
import { errnoName } from '../src/uapi/errno.ts';
import { HELPERS } from '../src/uapi/helpers.ts';
import { toHex } from '../src/util/bytes.ts';
import { linuxSkip } from './support/kernels.ts';
import { programBytes, type Source } from './support/program.ts';
import { titled } from './support/tools.ts';

const XDP = 6;
const PASS: Source = [['mov32_k', { imm: 2 }], ['exit']];

const named = (result: number): string => (result < 0 ? errnoName(-result) : 'ok');

function load(sys: Sys, source: Source | Uint8Array, attr: ProgLoadAttr = {}): number {
  const insns = source instanceof Uint8Array ? source : programBytes(source);
  return sys.bpf('prog_load', { prog_type: XDP, insns, insn_cnt: insns.length / 8, license: 'GPL', ...attr });
}

/** Runs and closes; the answer as text: errno, or return value, packet and context. */
function testRun(sys: Sys, source: Source, attr: ProgTestRunAttr, loadAttr: ProgLoadAttr = {}): string {
  const fd = load(sys, source, loadAttr);
  if (fd < 0) return `load ${named(fd)}`;
  const out = new Uint8Array(8192);
  const run: ProgTestRunAttr = { prog_fd: fd, data_out: out, data_size_out: out.length, ...attr };
  if (attr.data_in !== undefined) run.data_size_in ??= attr.data_in.length;
  if (attr.ctx_in !== undefined) run.ctx_size_in ??= attr.ctx_in.length;
  const result = sys.bpf('prog_test_run', run);
  sys.close(fd);
  const size = run.data_size_out ?? 0;
  if (result < 0 && result !== -28) return named(result);
  const packet = size > 64 ? `${size} bytes` : toHex((run.data_out ?? out).subarray(0, size));
  const context = run.ctx_out === undefined ? '' : ` ctx ${toHex(run.ctx_out.subarray(0, run.ctx_size_out))}`;
  return `${named(result)} ${(run.retval ?? 0) | 0} ${packet}${context}`;
}

const packet = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => i + 1);

/** `struct xdp_md`. */
function md(fields: {
  data?: number;
  data_end?: number;
  data_meta?: number;
  ingress?: number;
  queue?: number;
  egress?: number;
}): Uint8Array {
  const { data = 0, data_end = 0, data_meta = 0, ingress = 0, queue = 0, egress = 0 } = fields;
  return new Uint8Array(Uint32Array.of(data, data_end, data_meta, ingress, queue, egress).buffer);
}

/** Calls helper(ctx, delta) and returns what it returned. */
const adjust = (helper: 'xdp_adjust_head' | 'xdp_adjust_meta' | 'xdp_adjust_tail', ...deltas: number[]): Source => [
  ['mov64_x', { dst: 6, src: 1 }],
  ...deltas.flatMap(delta => [
    ['mov64_x', { dst: 1, src: 6 }] as const,
    ['mov64_k', { dst: 2, imm: delta }] as const,
    ['call', { imm: HELPERS[helper].id }] as const,
  ]),
  ['exit'],
];

const frags = { prog_flags: 1 << 5 };
const withMeta = (size: number, meta: number): ProgTestRunAttr => ({
  data_in: packet(size),
  ctx_in: md({ data: meta, data_end: size }),
  ctx_out: new Uint8Array(24),
  ctx_size_out: 24,
});

/** Name, what is done, what both kernels answer. */
const cases: [name: string, perform: (sys: Sys) => string, answer: string][] = [
  ['load: no instructions', sys => named(load(sys, PASS, { insn_cnt: 0 })), 'E2BIG'],
  ['load: too many instructions', sys => named(load(sys, PASS, { insn_cnt: 1_000_001 })), 'E2BIG'],
  ['load: no program type', sys => named(load(sys, PASS, { prog_type: 0 })), 'EINVAL'],
  ['load: an unknown program type', sys => named(load(sys, PASS, { prog_type: 77 })), 'EINVAL'],
  ['load: no license', sys => named(load(sys, PASS, { license: undefined })), 'EFAULT'],
  ['load: a name with a blank', sys => named(load(sys, PASS, { prog_name: 'a b' })), 'EINVAL'],
  ['load: an unknown flag', sys => named(load(sys, PASS, { prog_flags: 1 << 20 })), 'EINVAL'],
  ['load: an opcode that is none', sys => named(load(sys, Uint8Array.of(0xff, 0, 0, 0, 0, 0, 0, 0))), 'EINVAL'],
  ['load: a jump out of the program', sys => named(load(sys, [['mov32_k'], ['ja', { off: 5 }], ['exit']])), 'EINVAL'],
  [
    'load: a jump into a wide instruction',
    sys => named(load(sys, [['mov32_k'], ['jeq64_k', { off: 1 }], ['ld_imm64', { dst: 1, imm64: 0n }], ['exit']])),
    'EINVAL',
  ],
  ['load: no exit at the end', sys => named(load(sys, [['mov32_k']])), 'EINVAL'],
  [
    'load: a map descriptor that is not open',
    sys => named(load(sys, [['ld_map_fd', { dst: 1, imm64: 999n }], ['mov32_k'], ['exit']])),
    'EBADF',
  ],
  [
    'load: map_idx without fd_array',
    sys => named(load(sys, [['ld_map_idx', { dst: 1, imm64: 0n }], ['mov32_k'], ['exit']])),
    'EPROTO',
  ],

  [
    'run: a descriptor that is not open',
    sys => named(sys.bpf('prog_test_run', { prog_fd: 999, data_in: packet(14), data_size_in: 14 })),
    'EBADF',
  ],
  ['run: no packet', sys => testRun(sys, PASS, {}), 'EINVAL'],
  ['run: 13 bytes', sys => testRun(sys, PASS, { data_in: packet(13) }), 'EINVAL'],
  ['run: 14 bytes', sys => testRun(sys, PASS, { data_in: packet(14) }), 'ok 2 0102030405060708090a0b0c0d0e'],
  [
    'run: r0 is cut to 32 bits',
    sys => testRun(sys, [['ld_imm64', { imm64: 0x1_ffff_fffen }], ['exit']], { data_in: packet(14) }),
    'ok -2 0102030405060708090a0b0c0d0e',
  ],
  ['run: the most that one page takes', sys => testRun(sys, PASS, { data_in: packet(3520) }), 'ok 2 3520 bytes'],
  ['run: a byte more, in a fragment', sys => testRun(sys, PASS, { data_in: packet(3521) }), 'ok 2 3521 bytes'],
  ['run: a program of xdp.frags', sys => testRun(sys, PASS, { data_in: packet(3521) }, frags), 'ok 2 3521 bytes'],
  [
    'run: the most fragments',
    sys => testRun(sys, PASS, { data_in: packet(73152), data_out: new Uint8Array(80000), data_size_out: 80000 }),
    'ok 2 73152 bytes',
  ],
  ['run: more than all fragments', sys => testRun(sys, PASS, { data_in: packet(73153) }), 'ENOMEM'],
  [
    'run: room for less than the packet',
    sys => testRun(sys, PASS, { data_in: packet(20), data_out: new Uint8Array(4), data_size_out: 4 }),
    'ENOSPC 2 01020304',
  ],
  ['run: an unknown flag', sys => testRun(sys, PASS, { data_in: packet(14), flags: 1 << 9 }), 'EINVAL'],
  ['run: batch_size without live frames', sys => testRun(sys, PASS, { data_in: packet(14), batch_size: 8 }), 'EINVAL'],
  [
    'run: ctx_in without its size',
    sys => testRun(sys, PASS, { data_in: packet(14), ctx_in: md({}), ctx_size_in: 0 }),
    'EINVAL',
  ],
  [
    'run: data_end behind the packet',
    sys => testRun(sys, PASS, { data_in: packet(14), ctx_in: md({ data_end: 15 }) }),
    'EINVAL',
  ],
  [
    'run: data behind data_end',
    sys => testRun(sys, PASS, { data_in: packet(20), ctx_in: md({ data: 8, data_end: 4 }) }),
    'EINVAL',
  ],
  [
    'run: data_meta set',
    sys => testRun(sys, PASS, { data_in: packet(20), ctx_in: md({ data_meta: 4, data_end: 20 }) }),
    'EINVAL',
  ],
  [
    'run: metadata of 3 bytes',
    sys => testRun(sys, PASS, { data_in: packet(20), ctx_in: md({ data: 3, data_end: 20 }) }),
    'EINVAL',
  ],
  ['run: metadata and less than an Ethernet header', sys => testRun(sys, PASS, withMeta(20, 8)), 'EINVAL'],
  [
    'run: metadata',
    sys => testRun(sys, PASS, withMeta(22, 8)),
    `ok 2 ${toHex(packet(22))} ctx ${toHex(md({ data: 8, data_end: 22 }))}`,
  ],
  [
    'run: the most metadata',
    sys => testRun(sys, PASS, withMeta(300, 216)),
    `ok 2 300 bytes ctx ${toHex(md({ data: 216, data_end: 300 }))}`,
  ],
  ['run: too much metadata', sys => testRun(sys, PASS, withMeta(300, 220)), 'EINVAL'],
  [
    'run: an egress device',
    sys => testRun(sys, PASS, { data_in: packet(14), ctx_in: md({ egress: 1, data_end: 14 }) }),
    'EINVAL',
  ],
  [
    'run: a queue without a device',
    sys => testRun(sys, PASS, { data_in: packet(14), ctx_in: md({ queue: 1, data_end: 14 }) }),
    'EINVAL',
  ],
  [
    'run: a device that is not there',
    sys => testRun(sys, PASS, { data_in: packet(14), ctx_in: md({ ingress: 9999, data_end: 14 }) }),
    'ENODEV',
  ],
  [
    'run: loopback has one queue',
    sys => testRun(sys, PASS, { data_in: packet(14), ctx_in: md({ ingress: 1, queue: 1, data_end: 14 }) }),
    'EINVAL',
  ],
  [
    'run: a byte behind the context',
    sys => testRun(sys, PASS, { data_in: packet(14), ctx_in: Uint8Array.of(...md({ data_end: 14 }), 1) }),
    'E2BIG',
  ],
  [
    'run: zeros behind the context',
    sys => testRun(sys, PASS, { data_in: packet(14), ctx_in: Uint8Array.of(...md({ data_end: 14 }), 0, 0) }),
    'ok 2 0102030405060708090a0b0c0d0e',
  ],
  [
    'run: a short context',
    sys => testRun(sys, PASS, { data_in: packet(14), ctx_in: md({ data_end: 14 }).slice(0, 8) }),
    'ok 2 0102030405060708090a0b0c0d0e',
  ],
  [
    'run: the program sees loopback',
    sys =>
      testRun(
        sys,
        [
          ['ldx_mem_w', { src: 1, off: 12 }],
          ['ldx_mem_w', { dst: 2, src: 1, off: 16 }],
          ['lsh64_k', { dst: 2, imm: 8 }],
          ['or64_x', { src: 2 }],
          ['exit'],
        ],
        { data_in: packet(14) },
      ),
    'ok 1 0102030405060708090a0b0c0d0e',
  ],
  [
    'run: a context comes back',
    sys =>
      testRun(sys, PASS, {
        data_in: packet(14),
        ctx_in: md({ ingress: 1, data_end: 14 }),
        ctx_out: new Uint8Array(24),
        ctx_size_out: 24,
      }),
    `ok 2 0102030405060708090a0b0c0d0e ctx ${toHex(md({ data_end: 14, ingress: 1 }))}`,
  ],

  [
    'adjust_head: pop 4',
    sys => testRun(sys, adjust('xdp_adjust_head', 4), { data_in: packet(20) }),
    `ok 0 ${toHex(packet(20).subarray(4))}`,
  ],
  [
    'adjust_head: push 4',
    sys => testRun(sys, adjust('xdp_adjust_head', -4), { data_in: packet(16) }),
    `ok 0 00000000${toHex(packet(16))}`,
  ],
  [
    'adjust_head: leave less than a header',
    sys => testRun(sys, adjust('xdp_adjust_head', 7), { data_in: packet(20) }),
    `ok -22 ${toHex(packet(20))}`,
  ],
  [
    'adjust_head: the most headroom',
    sys => testRun(sys, adjust('xdp_adjust_head', -216), { data_in: packet(14) }),
    'ok 0 230 bytes',
  ],
  [
    'adjust_head: more than the headroom',
    sys => testRun(sys, adjust('xdp_adjust_head', -217), { data_in: packet(14) }),
    'ok -22 0102030405060708090a0b0c0d0e',
  ],
  [
    'adjust_meta: 8 bytes',
    sys =>
      testRun(sys, adjust('xdp_adjust_meta', -8), {
        data_in: packet(14),
        ctx_in: md({ data_end: 14 }),
        ctx_out: new Uint8Array(24),
        ctx_size_out: 24,
      }),
    `ok 0 0000000000000000${toHex(packet(14))} ctx ${toHex(md({ data: 8, data_end: 22 }))}`,
  ],
  [
    'adjust_meta: not a multiple of 4',
    sys => testRun(sys, adjust('xdp_adjust_meta', -3), { data_in: packet(14) }),
    'ok -13 0102030405060708090a0b0c0d0e',
  ],
  [
    'adjust_meta: 256 bytes',
    sys => testRun(sys, adjust('xdp_adjust_meta', -256), { data_in: packet(14) }),
    'ok -22 0102030405060708090a0b0c0d0e',
  ],
  [
    'adjust_meta: behind the packet',
    sys => testRun(sys, adjust('xdp_adjust_meta', 4), { data_in: packet(14) }),
    'ok -22 0102030405060708090a0b0c0d0e',
  ],
  [
    'adjust_meta, then head: metadata moves along',
    sys => testRun(sys, adjust('xdp_adjust_meta', -4, 0), withMeta(24, 8)),
    `ok 0 00000000${toHex(packet(24))} ctx ${toHex(md({ data: 12, data_end: 28 }))}`,
  ],
  [
    'adjust_tail: shrink',
    sys => testRun(sys, adjust('xdp_adjust_tail', -2), { data_in: packet(18) }),
    `ok 0 ${toHex(packet(16))}`,
  ],
  [
    'adjust_tail: grow with zeros',
    sys => testRun(sys, adjust('xdp_adjust_tail', 2), { data_in: packet(14) }),
    `ok 0 ${toHex(packet(14))}0000`,
  ],
  [
    'adjust_tail: what was cut is gone',
    sys => testRun(sys, adjust('xdp_adjust_tail', -2, 2), { data_in: packet(18) }),
    `ok 0 ${toHex(packet(16))}0000`,
  ],
  [
    'adjust_tail: leave less than a header',
    sys => testRun(sys, adjust('xdp_adjust_tail', -5), { data_in: packet(18) }),
    `ok -22 ${toHex(packet(18))}`,
  ],
  [
    'adjust_tail: to the end of the room',
    sys => testRun(sys, adjust('xdp_adjust_tail', 3506), { data_in: packet(14) }),
    'ok 0 3520 bytes',
  ],
  [
    'adjust_tail: beyond the room',
    sys => testRun(sys, adjust('xdp_adjust_tail', 3507), { data_in: packet(14) }),
    'ok -22 0102030405060708090a0b0c0d0e',
  ],
  [
    'adjust_tail: into a fragment',
    sys => testRun(sys, adjust('xdp_adjust_tail', 4096 - 80), { data_in: packet(3600) }, frags),
    'ok 0 7616 bytes',
  ],
  [
    'adjust_tail: beyond a fragment',
    sys => testRun(sys, adjust('xdp_adjust_tail', 4096 - 79), { data_in: packet(3600) }, frags),
    'ok -22 3600 bytes',
  ],
  [
    'adjust_tail: off the fragments',
    sys => testRun(sys, adjust('xdp_adjust_tail', -3580), { data_in: packet(3600) }, frags),
    `ok 0 ${toHex(packet(20))}`,
  ],
  [
    'run twice: on what the first run left',
    sys => testRun(sys, adjust('xdp_adjust_head', 2), { data_in: packet(20), repeat: 2 }),
    `ok 0 ${toHex(packet(20).subarray(4))}`,
  ],
];

/** Each kernel, and why it cannot be asked. */
const kernels: [name: string, open: () => Sys, skip: string | undefined][] = [
  ['our kernel', () => new KernelSys(), undefined],
  ['the live kernel', openLinux, linuxSkip],
];

describe.each(kernels)('%s', (name, open, skip) => {
  describe.skipIf(skip)(titled(name, skip), () => {
    it.each(cases)('%s', (_name, perform, answer) => {
      using sys = open();
      expect(perform(sys)).toBe(answer);
    });
  });
});
