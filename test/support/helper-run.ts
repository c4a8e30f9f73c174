/**
 * One call of a helper in an XDP program of its own, on any kernel: arguments in, r0 and memory out. Programs are written so that the
 * verifier of a real kernel accepts them.
 */
import type { Sys } from '../../src/sys/sys.ts';
import { errnoName } from '../../src/uapi/errno.ts';
import { MAP_FLAGS } from '../../src/uapi/flags.ts';
import { HELPERS, type HelperName } from '../../src/uapi/helpers.ts';
import { type MapTypeName, mapTypeId } from '../../src/uapi/map-types.ts';
import { progTypeId } from '../../src/uapi/prog-types.ts';
import { parseHex, toHex } from '../../src/util/bytes.ts';
import { programBytes, type Source } from './program.ts';

/** An argument: a number, the context, the case's map, an offset in the memory that programs write, or in the text that they only read. */
export type HelperArgument = number | bigint | 'ctx' | 'map' | { readonly memory: number } | { readonly text: number };

/** A call and what it works on. */
export interface HelperCase {
  readonly helper: HelperName;
  readonly args: readonly HelperArgument[];
  /** Memory from offset 0, in hex or as text with a NUL. */
  readonly memory?: string | { readonly text: string };
  /** Read-only text, with a NUL. */
  readonly text?: string;
  /** Pointers that the program puts into memory before the call: at the first offset one to the second. */
  readonly pointers?: readonly (readonly [at: number, to: number])[];
  readonly map?: {
    readonly type: MapTypeName;
    readonly key: number;
    readonly value: number;
    readonly max: number;
    readonly map_flags?: number;
    /** Elements to begin with, in hex. */
    readonly elements?: readonly (readonly [key: string, value: string])[];
  };
  /** Bytes of the packet; 64 unless said. */
  readonly packet?: number;
}

/** What came of a case. */
export interface HelperOutcome {
  /** Signed. */
  readonly r0: bigint;
  /** The memory afterwards. */
  readonly memory: Uint8Array;
  /** The packet afterwards. */
  readonly packet: Uint8Array;
}

const MEMORY = 512;
/** Where r0 is kept, behind the memory of the case. */
const RESULT = MEMORY;
/** Room for a packet that a helper made longer. */
const PAGE = 4096;
const utf8 = new TextEncoder();

/** A case that a kernel refuses before it runs. */
export class HelperCaseError extends Error {}

/** Runs a case. @throws HelperCaseError where the kernel refuses to load it, with its log. */
export function runHelper(sys: Sys, row: HelperCase): HelperOutcome {
  const fds: number[] = [];
  const must = (what: string, result: number, log = ''): number => {
    if (result < 0) throw new HelperCaseError(`${what}: ${errnoName(-result)} ${sys.why}${log}`);
    return result;
  };
  const create = (attr: Parameters<typeof sys.bpf<'map_create'>>[1]): number => {
    const fd = must('map_create', sys.bpf('map_create', attr));
    fds.push(fd);
    return fd;
  };
  const array = { map_type: mapTypeId('array')!, key_size: 4, value_size: MEMORY + 8, max_entries: 1 };
  const zero = new Uint8Array(4);
  try {
    const memory = create(array);
    const given = row.memory ?? '';
    must(
      'fill',
      sys.bpf('map_update_elem', {
        map_fd: memory,
        key: zero,
        value: padded(typeof given === 'string' ? parseHex(given)! : utf8.encode(given.text)),
      }),
    );
    const text = create({ ...array, map_flags: MAP_FLAGS.BPF_F_RDONLY_PROG });
    must('fill', sys.bpf('map_update_elem', { map_fd: text, key: zero, value: padded(utf8.encode(row.text ?? '')) }));
    must('freeze', sys.bpf('map_freeze', { map_fd: text }));
    const map = row.map === undefined ? -1 : createMap(sys, row.map, create, must);
    const insns = programBytes(sourceOf(row, { memory, text, map }));
    const log_buf = new Uint8Array(16384);
    const load = {
      prog_type: progTypeId('xdp')!,
      insns,
      insn_cnt: insns.length / 8,
      license: 'GPL',
      log_buf,
      log_size: log_buf.length,
      log_level: 1,
    };
    const loaded = sys.bpf('prog_load', load);
    const prog_fd = must('prog_load', loaded, loaded < 0 ? new TextDecoder().decode(log_buf).replace(/\0.*/s, '') : '');
    fds.push(prog_fd);
    const packet = Uint8Array.from({ length: row.packet ?? 64 }, (_, i) => i);
    const data_out = new Uint8Array(PAGE);
    const run = { prog_fd, data_in: packet, data_size_in: packet.length, data_out, data_size_out: data_out.length };
    must('prog_test_run', sys.bpf('prog_test_run', run));
    const value = new Uint8Array(MEMORY + 8);
    must('read', sys.bpf('map_lookup_elem', { map_fd: memory, key: zero, value }));
    const r0 = new DataView(value.buffer).getBigInt64(RESULT, true);
    return { r0, memory: value.subarray(0, MEMORY), packet: data_out.slice(0, run.data_size_out) };
  } finally {
    for (const fd of fds.reverse()) sys.close(fd);
  }
}

function createMap(
  sys: Sys,
  map: NonNullable<HelperCase['map']>,
  create: (attr: {
    map_type: number;
    key_size: number;
    value_size: number;
    max_entries: number;
    map_flags: number;
  }) => number,
  must: (what: string, result: number) => number,
): number {
  const { type, key, value, max, map_flags = 0 } = map;
  const fd = create({ map_type: mapTypeId(type)!, key_size: key, value_size: value, max_entries: max, map_flags });
  const copies = type.startsWith('percpu') ? sys.possibleCpus : 1;
  for (const [k, v] of map.elements ?? []) {
    const attr = { map_fd: fd, key: key === 0 ? undefined : parseHex(k), value: parseHex(v.repeat(copies)) };
    must('element', sys.bpf('map_update_elem', attr));
  }
  return fd;
}

function padded(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const value = new Uint8Array(MEMORY + 8);
  value.set(bytes);
  return value;
}

/** The program: pointers into memory, arguments into r1 to r5, the call, r0 into memory. */
function sourceOf(row: HelperCase, fds: { memory: number; text: number; map: number }): Source {
  const value = (dst: number, fd: number, offset: number): Source[number] => [
    'ld_map_value',
    { dst, imm64: (BigInt(offset) << 32n) | BigInt(fd) },
  ];
  const argument = (arg: HelperArgument, i: number): Source[number] => {
    const dst = i + 1;
    if (arg === 'ctx') return ['mov64_x', { dst, src: 6 }];
    if (arg === 'map') return ['ld_map_fd', { dst, imm64: BigInt(fds.map) }];
    if (typeof arg !== 'object') return ['ld_imm64', { dst, imm64: BigInt.asUintN(64, BigInt(arg)) }];
    return 'memory' in arg ? value(dst, fds.memory, arg.memory) : value(dst, fds.text, arg.text);
  };
  const pointers = (row.pointers ?? []).flatMap(
    ([at, to]): Source => [
      value(7, fds.memory, to),
      value(8, fds.memory, at),
      ['stx_mem_dw', { dst: 8, src: 7, off: 0 }],
    ],
  );
  return [
    ['mov64_x', { dst: 6, src: 1 }],
    ...pointers,
    ...row.args.map(argument),
    ['call', { imm: HELPERS[row.helper].id }],
    value(1, fds.memory, RESULT),
    ['stx_mem_dw', { dst: 1, src: 0, off: 0 }],
    ['mov64_k', { dst: 0, imm: 2 }],
    ['exit'],
  ];
}

/** An outcome in short: r0, and what changed in memory and packet. */
export function describeOutcome(row: HelperCase, outcome: HelperOutcome): string {
  const given = row.memory ?? '';
  const before = padded(typeof given === 'string' ? parseHex(given)! : utf8.encode(given.text));
  const pointers = new Set((row.pointers ?? []).flatMap(([at]) => Array.from({ length: 8 }, (_, i) => at + i)));
  const parts = [`${outcome.r0}`];
  let end = 0;
  for (let i = 0; i < MEMORY; i++) {
    if (i < end || outcome.memory[i] === before[i] || pointers.has(i)) continue;
    end = i;
    for (let j = i; j < Math.min(MEMORY, i + 256); j++) if (outcome.memory[j] !== before[j]) end = j + 1;
    parts.push(`@${i} ${toHex(outcome.memory.subarray(i, end))}`);
  }
  const size = row.packet ?? 64;
  const isSame = outcome.packet.length === size && outcome.packet.every((byte, i) => byte === (i & 0xff));
  if (!isSame) parts.push(`packet ${toHex(outcome.packet)}`);
  return parts.join(' ');
}
