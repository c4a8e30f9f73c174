/** Standard output and standard error of a command: text, colours where a person looks, one JSON object where a program does. */
import { styleText } from 'node:util';

/** How a piece of text is set off, where colours show. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Where a command writes. */
export interface Terminal {
  /** Writes to standard output. */
  print(text: string): void;
  /** Writes to standard error. */
  warn(text: string): void;
  /** `text` in a style, where standard output shows colours. */
  style(style: Style, text: string): string;
  /** Whether standard error is a terminal, and somebody may be watching a progress bar. */
  readonly watched: boolean;
  readonly columns: number;
}

/** The process's own streams. */
export const terminal: Terminal = {
  print: text => void process.stdout.write(text),
  warn: text => void process.stderr.write(text),
  style: (style, text) => styleText(style, text, { stream: process.stdout }),
  get watched() {
    return process.stderr.isTTY === true;
  },
  get columns() {
    return process.stdout.columns ?? 100;
  },
};

/** Columns of a table row: text to the left, numbers to the right, two blanks between. */
export function formatTable(rows: readonly (readonly string[])[], align: readonly ('left' | 'right')[]): string[] {
  const widths = align.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)));
  return rows.map(row =>
    row
      .map((cell, i) => (align[i] === 'right' ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number)))
      .join('  ')
      .trimEnd(),
  );
}

const NUMBERS = new Intl.NumberFormat('en-US');

/** `1,234,567`. */
export function formatCount(value: number): string {
  return NUMBERS.format(value);
}
