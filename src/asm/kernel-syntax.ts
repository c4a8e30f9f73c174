/**
 * The kernel's syntax as a person may write it. A row's own template comes first; forms that say the same in other words (LLVM's,
 * names for numbers) are made of it by rewriting, so that no instruction is spelled here again.
 */
import { type Grammar, grammarOf } from './grammar.ts';
import { memoryBits } from './insn.ts';
import { INSTRUCTIONS, type InstructionRow } from './instructions.ts';
import type { CallRow } from './row.ts';
import { MODULE_KFUNC, WIDE_SYNTAX } from './source-text.ts';

/** What a call calls, for reading. */
const CALLEE_SYNTAX = {
  helper: '{helper}',
  subprogram: '{imm:+}',
  kfunc: '{kfunc}',
  register: '',
} as const satisfies Record<CallRow['callee'], string>;

/** Other forms of a template, as replacements. Each applies to what those before it have made, too. */
const REWRITES: readonly (readonly [from: string, to: string])[] = [
  // what bpftool puts behind a call
  ['call pc{imm:+}', 'call pc{imm:+}#{any}'],
  // a distance without pc, or a label
  ['pc{off:+}', '{off:+}'],
  ['pc{off:+}', '{label:off}'],
  ['pc{imm:+}', '{imm:+}'],
  ['pc{imm:+}', '{label:imm}'],
  ['subprog[{imm:+}]', 'subprog[{label:imm}]'],
  // an offset of 0 that is left out
  [' {off:+})', ')'],
  // a helper by its name or number alone
  ['{helper}#{imm}', '{helper}'],
  ['{helper}#{imm}', '{helper:id}'],
  ['{helper}#{imm}', 'unknown#{imm}'],
  ['{kfunc}#', `${MODULE_KFUNC}#`],
  // LLVM's mark of 64 bits
  ['{imm64}', '{imm64:any} ll'],
  // a map by its name, or the id that bpftool knows
  ['map[fd:{imm}]', 'map[{map}]'],
  ['= map[{map}]', '= {map} ll'],
  ['map[fd:', 'map[id:'],
  // LLVM's move of 32 bits into what goes on as 64
  ['w{dst} = w{src}', 'r{dst} = w{src}'],
  // LLVM's atomic operations have their width in the pointer
  ['atomic64_', 'atomic_'],
  ['atomic64_xchg((u64 *)(r{dst} {off:+}), ', 'xchg_64(r{dst} {off:+}, '],
  ['atomic_xchg((u32 *)(r{dst} {off:+}), ', 'xchg32_32(r{dst} {off:+}, '],
  ['atomic64_cmpxchg((u64 *)(r{dst} {off:+}), ', 'cmpxchg_64(r{dst} {off:+}, '],
  ['atomic_cmpxchg((u32 *)(r{dst} {off:+}), ', 'cmpxchg32_32(r{dst} {off:+}, '],
];

/** The template with LLVM's name of a 32-bit register where a value of at most 32 bits goes to memory or comes from there. */
function withNarrowValue(template: string, row: InstructionRow): string {
  const narrow = (row.kind === 'load' && !row.signed) || row.kind === 'store' || row.kind === 'atomic';
  if (!narrow || row.bits === 64) return template;
  const value = row.kind === 'load' ? 'dst' : 'src';
  return template.replaceAll(`r{${value}}`, `w{${value}}`).replaceAll('r0', 'w0');
}

/** A row's own template with what the row fixes written out: the width of memory, of a conversion, of a sign extension. */
function fixedTemplate(row: InstructionRow): string {
  const fixed = (field: 'off' | 'imm') => {
    const allowed = row.fields[field];
    return typeof allowed !== 'string' && allowed.length === 1 ? String(allowed[0]) : `{${field}}`;
  };
  return row.syntax
    .replaceAll('{bits}', String(memoryBits(row.opcode)))
    .replaceAll('{off}', fixed('off'))
    .replaceAll('{imm}', fixed('imm'));
}

/** The same with the other operands in the notations that are read. */
function readableTemplate(row: InstructionRow): string {
  const template = fixedTemplate(row);
  switch (row.kind) {
    case 'wide':
      return template.replace('{imm64}', WIDE_SYNTAX[row.pseudo]);
    case 'call':
      return template.replace('{callee}', CALLEE_SYNTAX[row.callee]);
    case 'alu':
    case 'store':
      // 32 bits may be written as a bit pattern; in 64 they would be extended to what was not written
      return row.bits === 64 ? template : template.replace('{imm}', '{imm:x}');
    default:
      return template;
  }
}

/** Every form of a row's text. */
function templatesOf(row: InstructionRow): Iterable<string> {
  const own = readableTemplate(row);
  const templates = new Set([own, withNarrowValue(own, row)]);
  for (const [from, to] of REWRITES) {
    for (const template of [...templates]) templates.add(template.replace(from, to));
  }
  return templates;
}

/** Hex behind `r1 =` is a wide immediate, as in the kernel's log; a move prints in decimal. */
const ROWS = Object.values<InstructionRow>(INSTRUCTIONS).sort(
  (a, b) => Number(b.kind === 'wide') - Number(a.kind === 'wide'),
);

/** The grammar of the kernel's syntax. */
export const KERNEL_GRAMMAR: () => Grammar = grammarOf(ROWS, templatesOf);
