/** What is wrong with a context that a caller gives by field name. */
import { BpfError } from '../util/error.ts';

/** A context that does not fit its program: the message names the field, its value and what is expected. */
export class ContextError extends BpfError {
  override readonly name = 'ContextError';
  /** The field, with the path to it. */
  readonly field: string;

  constructor(field: string, message: string) {
    super('bad_context', `context: ${field === '' ? '' : `${field}: `}${message}`);
    this.field = field;
  }
}

/** The error for a field that a context does not have. */
export function unknownField(context: string, field: string, known: readonly string[]): ContextError {
  return new ContextError(field, `${context} has no such field, want ${known.join(', ')}`);
}
