/**
 * The assembler: text in the kernel's syntax to instructions, the inverse of `disasm.ts`. A line holds one instruction; labels,
 * comments (`//`, `#`, `;`), and what listings put in front (`12: (bf) `) may stand around it.
 *
 *     loop:  r1 += -1
 *            if r1 != 0 goto loop
 *            call bpf_ktime_get_ns
 *            exit
 */
import type { ByteOrder } from '../util/bytes.ts';
import { encode, type PlacedInstruction } from './codec.ts';
import { AsmError, type TextPlace } from './error.ts';
import { type Grammar, type ReadInstruction, readStatement } from './grammar.ts';
import { joinImm64, nextImm, slotCount } from './insn.ts';
import { KERNEL_GRAMMAR } from './kernel-syntax.ts';
import { type Semicolon, type Statement, statementsOf } from './lexer.ts';

/** What a caller of {@link assemble} may choose. */
export interface AssembleOptions {
  /** Descriptors of the maps that the text names; a map that is not among them is left to the caller: {@link Assembly.maps}. */
  readonly maps?: Readonly<Record<string, number>>;
  /** `comment` unless said. */
  readonly semicolon?: Semicolon;
  /** Byte order of the bytes, `little` unless said. */
  readonly order?: ByteOrder;
}

/** A program that was assembled. */
export interface Assembly {
  readonly instructions: readonly PlacedInstruction[];
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The slot of each label. */
  readonly labels: ReadonlyMap<string, number>;
  /** Maps that the text names and `options.maps` does not: the slots whose immediate wants their descriptor. */
  readonly maps: readonly { readonly slot: number; readonly map: string }[];
  /** The line of each instruction, counted from 1. */
  readonly lines: readonly number[];
}

/** A way to write instructions down. */
export interface Dialect {
  readonly grammar: () => Grammar;
  /** A name that the first `exit` has, where no label has it. */
  readonly firstExit?: string;
}

const KERNEL: Dialect = { grammar: KERNEL_GRAMMAR };

const S16_MIN = -0x8000;
const S16_MAX = 0x7fff;
const S32_MAX = 0x7fff_ffff;

/**
 * Assembles a program in the kernel's syntax.
 * @throws {AsmError} at the first line that is wrong, with line and column, and what was expected there.
 * @example assemble('r0 = 0\n if r1 == 0 goto out\n r0 = 1\nout: exit').bytes
 */
export function assemble(text: string, options: AssembleOptions = {}): Assembly {
  return assembleDialect(KERNEL, text, options);
}

/**
 * A program in a template literal, `;` between instructions; numbers may be put in.
 * @throws {AsmError} as {@link assemble} does.
 * @example asm`w0 = ${XDP_PASS}; exit`.bytes
 */
export function asm(text: TemplateStringsArray, ...values: readonly (number | bigint | string)[]): Assembly {
  return assemble(String.raw({ raw: text }, ...values), { semicolon: 'separator' });
}

/** Assembles a program in any dialect. */
export function assembleDialect(dialect: Dialect, text: string, options: AssembleOptions): Assembly {
  const statements = [...statementsOf(text, options.semicolon ?? 'comment')];
  const grammar = dialect.grammar();
  const names = labelNames(statements);
  if (dialect.firstExit !== undefined) names.add(dialect.firstExit);
  const labels = new Map<string, number>();
  const read: (ReadInstruction & { readonly statement: Statement; readonly slot: number })[] = [];
  const listing = new ListedSlots();
  let slot = 0;
  for (const statement of statements) {
    for (const { text: name } of statement.labels) labels.set(name, slot);
    if (statement.tokens.length === 0) continue;
    listing.check(statement, slot);
    const instruction = readStatement(grammar, statement, names);
    read.push({ ...instruction, statement, slot });
    slot += slotCount(instruction.insn);
  }
  if (dialect.firstExit !== undefined && !labels.has(dialect.firstExit)) {
    const exit = read.find(({ statement }) => statement.tokens[0]?.text === 'exit');
    if (exit !== undefined) labels.set(dialect.firstExit, exit.slot);
  }

  const maps: { slot: number; map: string }[] = [];
  const instructions = read.map(({ insn, label, map, statement, slot }): PlacedInstruction => {
    if (label !== undefined) {
      const place = { line: statement.line, column: label.name.column };
      const distance = distanceTo(label.name.text, labels, slot, label.field, place);
      return withImm({ ...insn, slot, [label.field]: distance }, label.field === 'imm' ? distance : insn.imm);
    }
    if (map === undefined) return { ...insn, slot };
    const fd = options.maps?.[map.text];
    if (fd === undefined) maps.push({ slot, map: map.text });
    return withImm({ ...insn, slot }, fd ?? 0);
  });
  const bytes = encode(instructions, options.order);
  return { instructions, bytes, labels, maps, lines: read.map(({ statement }) => statement.line) };
}

/** An instruction with another immediate, in both places of a wide one. */
function withImm(insn: PlacedInstruction, imm: number): PlacedInstruction {
  return insn.imm64 === undefined ? { ...insn, imm } : { ...insn, imm, imm64: joinImm64(imm, nextImm(insn)) };
}

/** The names of all labels. */
function labelNames(statements: readonly Statement[]): Set<string> {
  const names = new Set<string>();
  for (const { labels, line } of statements) {
    for (const { text, column } of labels) {
      if (names.has(text)) throw new AsmError(undefined, 'text', `label ${text} a second time`, { line, column });
      names.add(text);
    }
  }
  return names;
}

/** What is between the slot behind an instruction and a label. */
function distanceTo(
  name: string,
  labels: ReadonlyMap<string, number>,
  slot: number,
  field: 'off' | 'imm',
  place: TextPlace,
): number {
  const target = labels.get(name);
  if (target === undefined) throw new AsmError(undefined, 'text', `no label ${name}`, place);
  const distance = target - slot - 1;
  if (field === 'imm' ? Math.abs(distance) <= S32_MAX : distance >= S16_MIN && distance <= S16_MAX) return distance;
  const detail = `${name} is ${distance} slots away, want ${S16_MIN}..${S16_MAX}: a gotol reaches further`;
  throw new AsmError(undefined, field, detail, place);
}

/** The slots that a listing has in front: they count on from the first, or jumps would not land where they did. */
class ListedSlots {
  #first: number | undefined;

  check({ slot: listed }: Statement, slot: number): void {
    if (listed === undefined) return;
    this.#first ??= listed.number - slot;
    const want = this.#first + slot;
    if (listed.number === want) return;
    throw new AsmError(undefined, 'text', `slot ${listed.number}, want ${want}: a listing without gaps`, listed);
  }
}
