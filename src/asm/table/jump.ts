/** Rows of the classes JMP and JMP32 (RFC 9669 §4.3): conditions, jumps, calls. */
import type { KernelVersion } from '../../uapi/profile.ts';
import { BPF_JMP, BPF_JMP32, BPF_K, BPF_PSEUDO_CALL, BPF_PSEUDO_KFUNC_CALL, BPF_X } from '../insn.ts';
import type { ConditionOp, ConditionRow, ConformanceGroup, IsaVersion, Row, Source } from '../row.ts';
import { DST, DST_OFF_IMM, DST_SRC_OFF, NO_FIELDS, namesOf, tableOf } from './fields.ts';

interface Condition {
  /** Upper four bits of the opcode. */
  readonly code: number;
  readonly sign: string;
  readonly isa?: IsaVersion;
  readonly since?: KernelVersion;
  /** The condition on operands of equal width, both unsigned or both signed as `signed` says. */
  readonly signed?: true;
  readonly eval: (dst: bigint, src: bigint) => boolean;
}

const CONDITIONS = {
  jeq: { code: 0x10, sign: '==', eval: (dst, src) => dst === src },
  jgt: { code: 0x20, sign: '>', eval: (dst, src) => dst > src },
  jge: { code: 0x30, sign: '>=', eval: (dst, src) => dst >= src },
  jset: { code: 0x40, sign: '&', eval: (dst, src) => (dst & src) !== 0n },
  jne: { code: 0x50, sign: '!=', eval: (dst, src) => dst !== src },
  jsgt: { code: 0x60, sign: 's>', signed: true, eval: (dst, src) => dst > src },
  jsge: { code: 0x70, sign: 's>=', signed: true, eval: (dst, src) => dst >= src },
  jlt: { code: 0xa0, sign: '<', isa: 2, since: '4.14', eval: (dst, src) => dst < src },
  jle: { code: 0xb0, sign: '<=', isa: 2, since: '4.14', eval: (dst, src) => dst <= src },
  jslt: { code: 0xc0, sign: 's<', isa: 2, since: '4.14', signed: true, eval: (dst, src) => dst < src },
  jsle: { code: 0xd0, sign: 's<=', isa: 2, since: '4.14', signed: true, eval: (dst, src) => dst <= src },
} as const satisfies Record<ConditionOp, Condition>;

const JA = 0x00;
const CALL = 0x80;
const EXIT = 0x90;
const JCOND = 0xe0;

const WIDTHS = [
  { bits: 32, class: BPF_JMP32, letter: 'w', group: 'base32', isa: 3, since: '5.1' },
  { bits: 64, class: BPF_JMP, letter: 'r', group: 'base64', isa: undefined, since: undefined },
] as const satisfies { group: ConformanceGroup; isa: IsaVersion | undefined; [more: string]: unknown }[];

const SOURCES = [
  { source: 'k', bit: BPF_K, fields: DST_OFF_IMM, operand: () => '{imm:x}' },
  { source: 'x', bit: BPF_X, fields: DST_SRC_OFF, operand: (letter: string) => `${letter}{src}` },
] as const satisfies { source: Source; [more: string]: unknown }[];

function* conditionRows(): Generator<[`${ConditionOp}${32 | 64}_${Source}`, ConditionRow]> {
  for (const op of namesOf(CONDITIONS)) {
    const condition: Condition = CONDITIONS[op];
    for (const { bits, class: insnClass, letter, group, isa, since } of WIDTHS) {
      const cut = condition.signed === true ? BigInt.asIntN : BigInt.asUintN;
      for (const { source, bit, fields, operand } of SOURCES) {
        const row: ConditionRow = {
          kind: 'condition',
          op,
          bits,
          source,
          opcode: condition.code | bit | insnClass,
          fields,
          syntax: `if ${letter}{dst} ${condition.sign} ${operand(letter)} goto pc{off:+}`,
          isa: isa ?? condition.isa ?? 1,
          group,
          since: since ?? condition.since ?? '3.18',
          eval: (dst, src) => condition.eval(cut(bits, dst), cut(bits, src)),
        };
        yield [`${op}${bits}_${source}`, row];
      }
    }
  }
}

/** Rows of the classes JMP and JMP32 by name: `jeq64_k`, `ja`, `call`, `exit` … */
export const JUMP_ROWS = {
  ...tableOf(conditionRows()),
  ja: {
    kind: 'jump',
    distance: 'off',
    opcode: JA | BPF_K | BPF_JMP,
    fields: { ...NO_FIELDS, off: 'any' },
    syntax: 'goto pc{off:+}',
    isa: 1,
    group: 'base32',
    since: '3.18',
  },
  gotol: {
    kind: 'jump',
    distance: 'imm',
    opcode: JA | BPF_K | BPF_JMP32,
    fields: { ...NO_FIELDS, imm: 'any' },
    syntax: 'gotol pc{imm:+}',
    isa: 4,
    group: 'base32',
    since: '6.6',
  },
  may_goto: {
    kind: 'may_goto',
    opcode: JCOND | BPF_K | BPF_JMP,
    fields: { ...NO_FIELDS, off: 'any' },
    syntax: 'may_goto pc{off:+}',
    isa: 2,
    group: 'linux',
    since: '6.9',
  },
  call: {
    kind: 'call',
    callee: 'helper',
    opcode: CALL | BPF_K | BPF_JMP,
    fields: { ...NO_FIELDS, imm: 'any' },
    syntax: 'call {callee}#{imm}',
    isa: 1,
    group: 'base32',
    since: '3.18',
  },
  call_subprog: {
    kind: 'call',
    callee: 'subprogram',
    opcode: CALL | BPF_K | BPF_JMP,
    fields: { ...NO_FIELDS, src: [BPF_PSEUDO_CALL], imm: 'any' },
    syntax: 'call pc{callee}',
    isa: 1,
    group: 'base32',
    since: '4.16',
  },
  /** `imm` is a BTF id; `off` says whose BTF: 0 the kernel's, else an index into the loader's array of descriptors. */
  call_kfunc: {
    kind: 'call',
    callee: 'kfunc',
    opcode: CALL | BPF_K | BPF_JMP,
    fields: { ...NO_FIELDS, src: [BPF_PSEUDO_KFUNC_CALL], off: 'any', imm: 'any' },
    syntax: 'call {callee}#{imm}',
    isa: undefined,
    group: 'base32',
    since: '5.13',
  },
  /** What LLVM makes of a call through a pointer. Linux refuses it as an unknown opcode. */
  callx: {
    kind: 'call',
    callee: 'register',
    opcode: CALL | BPF_X | BPF_JMP,
    fields: DST,
    syntax: 'callx r{dst}',
    isa: 1,
    group: 'llvm',
    since: undefined,
  },
  /** Linux ignores `off`. */
  exit: {
    kind: 'exit',
    opcode: EXIT | BPF_K | BPF_JMP,
    fields: { ...NO_FIELDS, off: 'any' },
    syntax: 'exit',
    isa: 1,
    group: 'base32',
    since: '3.18',
  },
} as const satisfies Record<string, Row>;
