/**
 * The templates of all instructions as one tree of tokens, so that a line is read from left to right once, and what does not fit is
 * answered with what would have fitted there.
 *
 *     r{dst} ─ = ─ r{src} ●                   mov64_x
 *            │   ├ {imm} ●                    mov64_k
 *            │   └ * ─ ( ─ u32 ─ * ─ ) …      ldx_mem_w
 *            └ += ─ r{src} ●                  add64_x
 */
import { InternalError } from '../util/error.ts';
import { AsmError } from './error.ts';
import { type Instruction, isWide } from './insn.ts';
import type { InstructionRow } from './instructions.ts';
import { type Statement, type Token, tokenize } from './lexer.ts';
import { matchRow } from './match.ts';
import {
  type Captured,
  joinSaid,
  type OperandReader,
  READ_OPERANDS,
  READERS,
  type ReadOperand,
  registerReader,
  saidImm64,
} from './operand-readers.ts';
import { parseSyntax, type SyntaxPiece } from './syntax.ts';

interface Operand {
  readonly operand: ReadOperand;
  readonly reader: OperandReader;
  readonly next: Node;
}

interface Node {
  /** By their text. */
  readonly literals: Map<string, Node>;
  /** By their notation, in the order in which they are tried. */
  readonly operands: Map<string, Operand>;
  /** Instructions that may end here. */
  readonly rows: InstructionRow[];
}

/** The root of a tree. */
export type Grammar = Node;

/** An instruction that was read: what it says, and what is still a name. */
export interface ReadInstruction {
  readonly insn: Instruction;
  readonly label: Captured['label'];
  readonly map: Captured['map'];
}

const newNode = (): Node => ({ literals: new Map(), operands: new Map(), rows: [] });

/** The templates of one row, for reading. */
export type TemplatesOf = (row: InstructionRow) => Iterable<string>;

/** A tree of the templates of `rows`, grown when it is first asked for. Where two rows read the same text, the first is meant. */
export function grammarOf(rows: readonly InstructionRow[], templatesOf: TemplatesOf): () => Grammar {
  let grammar: Grammar | undefined;
  return () => {
    grammar ??= grow(rows, templatesOf);
    return grammar;
  };
}

function grow(rows: readonly InstructionRow[], templatesOf: TemplatesOf): Grammar {
  const root = newNode();
  for (const row of rows) {
    for (const template of templatesOf(row)) {
      const end = addTemplate(root, template);
      if (!end.rows.includes(row)) end.rows.push(row);
    }
  }
  return root;
}

function addTemplate(root: Node, template: string): Node {
  let node = root;
  const pieces = parseSyntax(template, READ_OPERANDS);
  for (const [i, piece] of pieces.entries()) {
    if ('operand' in piece) {
      node = addOperand(node, piece.operand, pieces[i - 1]);
      continue;
    }
    const tokens = tokenize(piece.text);
    if (isRegister(pieces[i + 1])) tokens.pop(); // its letter
    for (const { text } of tokens) node = getOrSet(node.literals, text, newNode);
  }
  return node;
}

const isRegister = (piece: SyntaxPiece<ReadOperand> | undefined): boolean =>
  piece !== undefined && 'operand' in piece && (piece.operand === 'dst' || piece.operand === 'src');

function addOperand(node: Node, operand: ReadOperand, before: SyntaxPiece<ReadOperand> | undefined): Node {
  const add = (key: string, reader: () => OperandReader): Node =>
    getOrSet(node.operands, key, () => ({ operand, reader: reader(), next: newNode() })).next;
  if (operand !== 'dst' && operand !== 'src') return add(operand, () => READERS[operand]);
  const letter = before !== undefined && 'text' in before ? before.text.at(-1) : undefined;
  if (letter !== 'r' && letter !== 'w') throw new InternalError(`syntax: a register behind ${letter}, want r or w`);
  return add(letter + operand, () => registerReader(letter, operand));
}

function getOrSet<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

/**
 * Reads the instruction of a statement.
 * @throws {AsmError} with what was expected at the first token that fits nothing.
 */
export function readStatement(grammar: Grammar, statement: Statement, labels: ReadonlySet<string>): ReadInstruction {
  return new Reading(statement, labels).from(grammar);
}

/** How far a statement could be read, whichever way. */
class Reading {
  readonly #statement: Statement;
  readonly #labels: ReadonlySet<string>;
  /** The furthest token that fitted nowhere, and what would have. */
  #furthest = 0;
  readonly #wanted = new Set<string>();
  /** Why a text that reads as an instruction is none. */
  #refusal: string | undefined;

  constructor(statement: Statement, labels: ReadonlySet<string>) {
    this.#statement = statement;
    this.#labels = labels;
  }

  from(grammar: Grammar): ReadInstruction {
    const found = this.#walk(grammar, 0, {});
    if (found !== undefined) return found;
    const token = this.#statement.tokens[this.#furthest];
    const detail = this.#refusal ?? `found ${this.#found(token)}, want ${this.#wantedText()}`;
    const place = { line: this.#statement.line, column: token?.column ?? this.#statement.endColumn };
    throw new AsmError(undefined, 'text', detail, place);
  }

  #walk(node: Node, at: number, said: Captured): ReadInstruction | undefined {
    const { tokens } = this.#statement;
    const token = tokens[at];
    if (token === undefined) return this.#finish(node, at, said);
    const literal = node.literals.get(token.text);
    const found = literal && this.#walk(literal, at + 1, said);
    if (found !== undefined) return found;
    for (const text of node.literals.keys()) this.#want(at, `'${text}'`);
    for (const { operand, reader, next } of node.operands.values()) {
      const read = reader.read([token, tokens[at + 1]], this.#labels);
      const joined = read && joinSaid(operand, said, read.said);
      const found = joined && this.#walk(next, at + read.length, joined);
      if (found !== undefined) return found;
      this.#want(at, read !== undefined && joined === undefined ? 'the same as before' : reader.wanted);
    }
    if (node.rows.length > 0) this.#want(at, 'the end of the instruction');
    return undefined;
  }

  #finish(node: Node, at: number, said: Captured): ReadInstruction | undefined {
    const { opcode } = this.#statement;
    for (const row of node.rows) {
      const insn = instructionOf(row, said);
      if (opcode !== undefined && opcode !== row.opcode) {
        this.#refuse(at, `the text is that of opcode 0x${hexByte(row.opcode)}, want 0x${hexByte(opcode)}`);
        continue;
      }
      const match = matchRow(insn);
      if (match === row) return { insn, label: said.label, map: said.map };
      if ('want' in match) this.#refuse(at, `${row.name}: ${match.field} ${match.value}, want ${match.want}`);
    }
    if (node.rows.length > 0) return undefined;
    for (const text of node.literals.keys()) this.#want(at, `'${text}'`);
    for (const { reader } of node.operands.values()) this.#want(at, reader.wanted);
    return undefined;
  }

  #refuse(at: number, refusal: string): void {
    this.#furthest = at;
    this.#refusal ??= refusal;
  }

  #want(at: number, wanted: string): void {
    if (at < this.#furthest) return;
    if (at > this.#furthest) this.#wanted.clear();
    this.#furthest = at;
    this.#wanted.add(wanted);
  }

  /** The token that fits nowhere; a sign with its number. */
  #found(token: Token | undefined): string {
    if (token === undefined) return 'the end of the line';
    const next = this.#statement.tokens[this.#furthest + 1]?.text ?? '';
    return `'${/^[-+]$/.test(token.text) && /^\d/.test(next) ? token.text + next : token.text}'`;
  }

  #wantedText(): string {
    if (this.#furthest === 0) return 'an instruction';
    const wanted = [...this.#wanted];
    const last = wanted.pop() ?? 'nothing';
    return wanted.length === 0 ? last : `${wanted.join(', ')} or ${last}`;
  }
}

const hexByte = (value: number): string => value.toString(16).padStart(2, '0');

/** The instruction of a row with the operands that were said; a field that the row fixes needs not be said. */
function instructionOf(row: InstructionRow, said: Captured): Instruction {
  const field = (name: 'dst' | 'src' | 'off' | 'imm'): number => {
    const allowed = row.fields[name];
    return said[name] ?? (typeof allowed === 'string' ? 0 : (allowed[0] ?? 0));
  };
  const insn = { opcode: row.opcode, dst: field('dst'), src: field('src'), off: field('off'), imm: field('imm') };
  return isWide(row.opcode) ? { ...insn, imm64: saidImm64(said) } : insn;
}
