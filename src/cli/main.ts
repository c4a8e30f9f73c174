/** The command line's entry: takes it apart, loads the command, runs it, and says on standard error what went wrong. */
import { BpfError } from '../util/error.ts';
import { loadHandler } from './handlers.ts';
import { DetailedError, EXIT, type Invocation, UsageError } from './invocation.ts';
import { formatJson, wantsJson } from './json.ts';
import { parseCommandLine } from './parse.ts';
import { type Terminal, terminal } from './terminal.ts';

/**
 * Runs a command line and gives the exit status.
 * @example process.exitCode = await main(['run', 'fw.bpf.o', '--pcap', 'in.pcap']);
 */
export async function main(argv: readonly string[], io: Terminal = terminal): Promise<number> {
  let invocation: Invocation | undefined;
  try {
    invocation = parseCommandLine(argv);
    const handler = await loadHandler(invocation.path);
    return await handler(invocation, io);
  } catch (error) {
    return report(error, argv, invocation, io);
  }
}

/** Says what went wrong, on standard error; where JSON was asked for, on standard output too. */
function report(error: unknown, argv: readonly string[], invocation: Invocation | undefined, io: Terminal): number {
  const message = error instanceof Error ? error.message : String(error);
  const detailed = error instanceof DetailedError ? error : undefined;
  if (invocation !== undefined && wantsJson(invocation.options)) {
    io.print(formatJson({ error: message, ...detailed?.facts }, invocation.options));
  }
  io.warn(`${[`skep: ${message}`, ...(detailed?.details ?? [])].join('\n')}\n`);
  // What skep did not throw on purpose is a defect of skep: say where.
  const expected = error instanceof BpfError && error.code !== 'internal';
  const debug = argv.includes('--debug') || argv.includes('-d');
  if ((debug || !expected) && error instanceof Error) io.warn(`${error.stack}\n`);
  if (!(error instanceof UsageError)) return EXIT.failure;
  io.warn(`Try 'skep help${error.command === undefined ? '' : ` ${error.command}`}'.\n`);
  return EXIT.usage;
}

/** Keeps a closed pipe (`skep … | head`) from being an error: there is nobody left to write to. */
export function endOnClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
    throw error;
  });
}
