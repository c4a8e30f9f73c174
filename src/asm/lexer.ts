/**
 * Assembly as statements and tokens. Blanks separate tokens and mean nothing else; what a token means is the grammar's to say.
 *
 *     loop:  12: (bf) r1 = r2   ; comment
 *     label  slot opcode        text
 */
import type { TextPlace } from './error.ts';

/** A word, a number, or a sign such as `s>>=`. */
export interface Token {
  readonly text: string;
  /** Counts from 1. */
  readonly column: number;
}

/** What a `;` does: begins a comment, as in logs and listings, or ends a statement, as in inline assembly. */
export type Semicolon = 'comment' | 'separator';

/** A line, or the part of one between two `;`. */
export interface Statement {
  readonly line: number;
  /** Labels in front, with their columns. */
  readonly labels: readonly Token[];
  /** The slot that a listing says this is. */
  readonly slot: (TextPlace & { readonly number: number }) | undefined;
  /** The opcode that a listing says this is. */
  readonly opcode: number | undefined;
  /** The instruction itself; empty where there is none. */
  readonly tokens: readonly Token[];
  /** Column behind the last token. */
  readonly endColumn: number;
}

/** `kernel-function` is what the kernel's log calls a kfunc without name; `s>` and its like compare signed. */
const TOKEN = /kernel-function|s(?:>>=|[/%<>]=|[<>])|[A-Za-z_.$][\w.$]*|\d\w*|<<=|>>=|[-+*/%&|^=!<>]=|\S/g;
const LABEL = /\s*([A-Za-z_.$][\w.$]*):/y;
const SLOT = /\s*(\d+):(?!\S)/y;
const OPCODE = /\s*\(([0-9a-f]{2})\)/y;
/** `call bpf_ktime_get_ns#5` has no comment: a `#` begins one at the start of a line or behind a blank. */
const COMMENT = { comment: /\/\/|;|(?<!\S)#/, separator: /\/\/|(?<!\S)#/ } as const;

/** The tokens of `text`, which begins at `column`. */
export function tokenize(text: string, column = 1): Token[] {
  return [...text.matchAll(TOKEN)].map(match => ({ text: match[0], column: column + match.index }));
}

/** Takes a text apart into statements; empty ones are left out. */
export function* statementsOf(text: string, semicolon: Semicolon): Generator<Statement> {
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const end = whole.search(COMMENT[semicolon]);
    let column = 1;
    for (const part of (end < 0 ? whole : whole.slice(0, end)).split(semicolon === 'separator' ? ';' : '\n')) {
      const statement = parseStatement(part, index + 1, column);
      column += part.length + 1;
      if (statement.tokens.length > 0 || statement.labels.length > 0) yield statement;
    }
  }
}

function parseStatement(text: string, line: number, column: number): Statement {
  let at = 0;
  const take = (pattern: RegExp): Token | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    const [whole, value] = match ?? [];
    if (whole === undefined || value === undefined) return undefined;
    const start = at + whole.indexOf(value);
    at += whole.length;
    return { text: value, column: column + start };
  };
  const labels: Token[] = [];
  for (let label = take(LABEL); label !== undefined; label = take(LABEL)) labels.push(label);
  const slot = take(SLOT);
  const opcode = take(OPCODE);
  return {
    line,
    labels,
    slot: slot && { line, column: slot.column, number: Number(slot.text) },
    opcode: opcode && Number.parseInt(opcode.text, 16),
    tokens: tokenize(text.slice(at), column + at),
    endColumn: column + text.trimEnd().length,
  };
}
