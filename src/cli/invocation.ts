/** What a command is given, and what it answers with. */
import { BpfError } from '../util/error.ts';
import type { Options } from './commands.ts';
import type { Json } from './json.ts';
import type { Terminal } from './terminal.ts';

/** Exit statuses: what was asked was done; it was refused or failed; it was not understood. */
export const EXIT = { ok: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/** A command line taken apart. */
export interface Invocation {
  /** The words that name the command, in full: `['run']`. */
  readonly path: readonly string[];
  readonly operands: readonly string[];
  readonly options: Options;
}

/** Performs a command and gives the exit status. */
export type Handler = (invocation: Invocation, terminal: Terminal) => Promise<number>;

/** A command line that cannot be understood; exit status 2. */
export class UsageError extends BpfError {
  override readonly name = 'UsageError';
  /** The command whose help tells more. */
  readonly command: string | undefined;

  constructor(message: string, command?: string) {
    super('usage', message);
    this.command = command;
  }
}

/** A failure that a person is told more of than one line, and a script more than a message. */
export class DetailedError extends BpfError {
  /** Lines below the message. */
  readonly details: readonly string[];
  /** Members beside `error` in JSON. */
  readonly facts: { readonly [name: string]: Json };

  constructor(
    code: string,
    message: string,
    details: readonly string[],
    facts: { readonly [name: string]: Json },
    cause: unknown,
  ) {
    super(code, message, { cause });
    this.details = details;
    this.facts = facts;
  }
}
