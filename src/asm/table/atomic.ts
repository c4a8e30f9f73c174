/**
 * Rows of the mode ATOMIC of class STX: atomic operations (RFC 9669 §5.3), and Linux's load-acquire and store-release, which are
 * plain loads and stores to everything but memory order. `imm` says which.
 */
import { BPF_ATOMIC, BPF_DW, BPF_FETCH, BPF_STX, BPF_W } from '../insn.ts';
import type { AtomicOp, AtomicRow, LoadRow, StoreRow } from '../row.ts';
import { DST_SRC_OFF, LOADED, namesOf, SIZES, type Size, STORED, tableOf } from './fields.ts';

const LOAD_ACQUIRE = 0x100;
const STORE_RELEASE = 0x110;

/** What an atomic operation is in `imm`, and its new memory value from operands cut to the width. */
interface Atomic {
  readonly imm: number;
  /** The sign of its plain form; undefined where it always fetches. */
  readonly sign?: string;
  readonly eval: (old: bigint, src: bigint, r0: bigint) => bigint;
}

const ATOMICS = {
  add: { imm: 0x00, sign: '+=', eval: (old, src) => old + src },
  or: { imm: 0x40, sign: '|=', eval: (old, src) => old | src },
  and: { imm: 0x50, sign: '&=', eval: (old, src) => old & src },
  xor: { imm: 0xa0, sign: '^=', eval: (old, src) => old ^ src },
  xchg: { imm: 0xe0 | BPF_FETCH, eval: (_old, src) => src },
  cmpxchg: { imm: 0xf0 | BPF_FETCH, eval: (old, src, r0) => (old === r0 ? src : old) },
} as const satisfies Record<AtomicOp, Atomic>;

const ATOMIC_WIDTHS = [
  { bits: 32, code: BPF_W, prefix: 'atomic', group: 'atomic32' },
  { bits: 64, code: BPF_DW, prefix: 'atomic64', group: 'atomic64' },
] as const;

/** The text of an atomic operation: kernel/bpf/disasm.c. */
function atomicSyntax(op: AtomicOp, fetch: boolean, prefix: string): string {
  if (op === 'cmpxchg') return `r0 = ${prefix}_cmpxchg(${STORED}, r0, r{src})`;
  if (op === 'xchg') return `r{src} = ${prefix}_xchg(${STORED}, r{src})`;
  return fetch ? `r{src} = ${prefix}_fetch_${op}(${STORED}, r{src})` : `lock *${STORED} ${ATOMICS[op].sign} r{src}`;
}

type AtomicName = `atomic_${AtomicOp | `fetch_${'add' | 'or' | 'and' | 'xor'}`}${32 | 64}`;

function* atomicRows(): Generator<[AtomicName, AtomicRow]> {
  for (const op of namesOf(ATOMICS)) {
    const atomic: Atomic = ATOMICS[op];
    for (const { bits, code, prefix, group } of ATOMIC_WIDTHS) {
      const cut = (value: bigint): bigint => BigInt.asUintN(bits, value);
      const row = (fetch: boolean): AtomicRow => ({
        kind: 'atomic',
        op,
        bits,
        fetch,
        opcode: BPF_STX | BPF_ATOMIC | code,
        fields: { ...DST_SRC_OFF, imm: [fetch ? atomic.imm | BPF_FETCH : atomic.imm] },
        syntax: atomicSyntax(op, fetch, prefix),
        isa: op === 'add' && !fetch ? 1 : 3,
        group,
        since: op === 'add' && !fetch ? '3.18' : '5.12',
        eval: (old, src, r0) => cut(atomic.eval(cut(old), cut(src), cut(r0))),
      });
      if (op === 'xchg' || op === 'cmpxchg') {
        yield [`atomic_${op}${bits}`, row(true)];
      } else {
        yield [`atomic_${op}${bits}`, row(false)];
        yield [`atomic_fetch_${op}${bits}`, row(true)];
      }
    }
  }
}

function* acquireRows(): Generator<[`load_acquire_${Size}`, LoadRow]> {
  for (const size of namesOf(SIZES)) {
    const { code, bits } = SIZES[size];
    const row: LoadRow = {
      kind: 'load',
      bits,
      signed: false,
      acquire: true,
      opcode: BPF_STX | BPF_ATOMIC | code,
      fields: { ...DST_SRC_OFF, imm: [LOAD_ACQUIRE] },
      syntax: `r{dst} = load_acquire(${LOADED})`,
      isa: 4,
      group: 'linux',
      since: '6.15',
    };
    yield [`load_acquire_${size}`, row];
  }
}

function* releaseRows(): Generator<[`store_release_${Size}`, StoreRow]> {
  for (const size of namesOf(SIZES)) {
    const { code, bits } = SIZES[size];
    const row: StoreRow = {
      kind: 'store',
      bits,
      source: 'x',
      release: true,
      opcode: BPF_STX | BPF_ATOMIC | code,
      fields: { ...DST_SRC_OFF, imm: [STORE_RELEASE] },
      syntax: `store_release(${STORED}, r{src})`,
      isa: 4,
      group: 'linux',
      since: '6.15',
    };
    yield [`store_release_${size}`, row];
  }
}

/** Rows of the mode ATOMIC by name: `atomic_fetch_add64`, `atomic_cmpxchg32`, `load_acquire_w` … */
export const ATOMIC_ROWS = {
  ...tableOf(atomicRows()),
  ...tableOf(acquireRows()),
  ...tableOf(releaseRows()),
} as const;
