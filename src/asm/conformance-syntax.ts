/**
 * The assembly of the public suite bpf_conformance, which uBPF began: `add32 %r0, %r1`, `ldxdw %r2, [%r1+8]`, `jeq %r1, 0, out`,
 * `lock fetch add [%r10-8], %r1`, `call local f`. Its mnemonics follow from the rows of the instruction table; what that suite has no
 * word for (load-acquire, may_goto …) has one here in its manner. A `%` may be left out; `exit` names the first exit. Of an immediate
 * that is too wide the low 32 bits are kept, as that suite's assembler does and some of its tests need.
 */
import { type AssembleOptions, type Assembly, assembleDialect, type Dialect } from './assemble.ts';
import { grammarOf } from './grammar.ts';
import { INSTRUCTIONS, type InstructionRow } from './instructions.ts';
import type { MemoryBits, WideRow } from './row.ts';

const SIZE = { 8: 'b', 16: 'h', 32: 'w', 64: 'dw' } as const satisfies Record<MemoryBits, string>;

const DST = '%r{dst}';
const SRC = '%r{src}';
const AT_DST = '[%r{dst}{off:+}]';
const AT_SRC = '[%r{src}{off:+}]';
const operand = (source: 'k' | 'x' | undefined): string => (source === 'x' ? SRC : '{imm:any}');
const narrow = (bits: 32 | 64): string => (bits === 32 ? '32' : '');

/** The words of RFC 9669 §5.4. */
const WIDE_OPERAND = {
  imm: ['{imm64:any}'],
  map_fd: ['map_by_fd({map})', 'map_by_fd({imm})'],
  map_value: ['map_val(map_by_fd({map})){next_imm:+}', 'map_val(map_by_fd({imm})){next_imm:+}'],
  btf_id: ['var_addr({imm})'],
  func: ['code_addr({label:imm})', 'code_addr({imm:+})'],
  map_idx: ['map_by_idx({imm})'],
  map_idx_value: ['map_val(map_by_idx({imm})){next_imm:+}'],
} as const satisfies Record<WideRow['pseudo'], readonly string[]>;

/** How a row is written, every way. */
function formsOf(row: InstructionRow): readonly string[] {
  switch (row.kind) {
    case 'alu': {
      if (row.op === 'neg') return [`neg${narrow(row.bits)} ${DST}`];
      const names = row.op === 'movsx' ? [`movsx${row.from}${row.bits}`] : [`${row.op}${narrow(row.bits)}`];
      if (row.op !== 'movsx' && row.bits === 64) names.push(`${row.op}64`);
      return names.map(name => `${name} ${DST}, ${operand(row.source)}`);
    }
    case 'endian':
      return row.op === 'bswap'
        ? [`swap${row.bits} ${DST}`, `bswap${row.bits} ${DST}`]
        : [`${row.op}${row.bits} ${DST}`];
    case 'condition':
      return jumps(`${row.op}${narrow(row.bits)} ${DST}, ${operand(row.source)}, `, 'off');
    case 'jump':
      return jumps(row.distance === 'off' ? 'ja ' : 'ja32 ', row.distance);
    case 'may_goto':
      return jumps('may_goto ', 'off');
    case 'call':
      return calls(row.callee);
    case 'exit':
      return ['exit'];
    case 'load':
      return [`ldx${row.signed ? 's' : ''}${SIZE[row.bits]}${row.acquire ? '_acquire' : ''} ${DST}, ${AT_SRC}`];
    case 'store': {
      const name = row.source === 'x' ? 'stx' : 'st';
      return [`${name}${SIZE[row.bits]}${row.release ? '_release' : ''} ${AT_DST}, ${operand(row.source)}`];
    }
    case 'atomic': {
      const form = `${row.op}${narrow(row.bits)} ${AT_DST}, ${SRC}`;
      // an exchange fetches by nature
      return row.op.endsWith('xchg')
        ? [`lock ${form}`, `lock fetch ${form}`]
        : [`lock ${row.fetch ? 'fetch ' : ''}${form}`];
    }
    case 'packet':
      return [`ld${row.mode}${SIZE[row.bits]} ${row.mode === 'ind' ? `${SRC}, ` : ''}{imm}`];
    case 'wide':
      return WIDE_OPERAND[row.pseudo].map(text => `lddw ${DST}, ${text}`);
    case 'addr_space_cast':
      return [`addr_space_cast ${DST}, ${SRC}, {imm:hi}, {imm:lo}`];
    case 'internal':
      return [];
  }
}

const jumps = (front: string, field: 'off' | 'imm'): readonly string[] => [
  `${front}{${field}:+}`,
  `${front}{label:${field}}`,
];

function calls(callee: 'helper' | 'subprogram' | 'kfunc' | 'register'): readonly string[] {
  switch (callee) {
    case 'helper':
      return ['call {helper:id}', 'call helper {helper:id}', 'call {helper}'];
    case 'subprogram':
      return jumps('call local ', 'imm');
    case 'kfunc':
      return ['call runtime {imm:any}'];
    case 'register':
      return [`call ${DST}`, `call helper ${DST}`];
  }
}

/** Every form with and without `%`, and with an offset of 0 left out. */
function templatesOf(row: InstructionRow): readonly string[] {
  const forms = formsOf(row);
  const all = [...forms, ...forms.map(form => form.replace('{off:+}]', ']'))];
  return [...all, ...all.map(form => form.replaceAll('%', ''))];
}

const CONFORMANCE: Dialect = {
  grammar: grammarOf(Object.values(INSTRUCTIONS), templatesOf),
  firstExit: 'exit',
};

/**
 * Assembles a program in the syntax of bpf_conformance.
 * @throws {AsmError} at the first line that is wrong, with line and column, and what was expected there.
 * @example assembleConformance('mov %r0, 1\nexit').bytes
 */
export function assembleConformance(text: string, options: AssembleOptions = {}): Assembly {
  return assembleDialect(CONFORMANCE, text, options);
}
