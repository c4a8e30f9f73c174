/**
 * The error family's root. Every error skep throws on purpose extends {@link BpfError}; the subclasses live in the folder that
 * raises them (`ElfError` in `elf/`, `SyscallError` in `sys/` …).
 */

/** Base of every error that skep throws on purpose. `code` is stable and machine-readable; `message` is for people. */
export class BpfError extends Error {
  override readonly name: string = 'BpfError';
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Something skep knows of but does not do; `feature` names it, `since` says which version of Linux brought it. */
export class NotSupportedError extends BpfError {
  override readonly name = 'NotSupportedError';
  readonly feature: string;
  readonly since: string | undefined;

  constructor(feature: string, message: string, since?: string) {
    super('not_supported', message);
    this.feature = feature;
    this.since = since;
  }
}

/** A defect of skep itself; never the answer to bad input. */
export class InternalError extends BpfError {
  override readonly name = 'InternalError';

  constructor(message: string, options?: { cause?: unknown }) {
    super('internal', `internal error: ${message}`, options);
  }
}

/** Ends an exhaustive `switch`: a compile error when a case is missing. */
export function assertNever(value: never): never {
  throw new InternalError(`unexpected value ${String(value)}`);
}
