/** Why a program did not run to its end, as a person wants to hear of it: the C line, the instruction, the registers. */
import type { VerifierError } from '../loader/errors.ts';
import { NotSupportedError } from '../util/error.ts';
import { hex64 } from '../util/int64.ts';
import type { VmFault } from '../vm/fault.ts';
import { DetailedError } from './invocation.ts';
import { formatPlace, type ProgramListing } from './listing.ts';

/** Lines of a verifier log that are shown; all of it is behind --debug. */
const LOG_TAIL = 12;

/** What a program did that no kernel would let it do; `packet` counts from 1, where it ran over packets. */
export function faultError(
  fault: VmFault,
  packet: number | undefined,
  listing: ProgramListing | undefined,
  registers: BigUint64Array | undefined,
): DetailedError {
  const line = listing?.lineOf(fault.pc);
  const place = line === undefined ? '' : `${formatPlace(line)}: `;
  const program = listing?.program.name ?? fault.program;
  const values = [...(registers ?? [])].map(hex64);
  const named = values.map((value, i) => `r${i}=${value}`);
  const details = [
    ...(line === undefined ? [] : [`    ${line.text.trim()}`]),
    ...(listing === undefined ? [] : [`    ${fault.pc}: ${listing.at(fault.pc)}`]),
    ...(registers === undefined ? [] : [`    ${named.slice(0, 6).join(' ')}`, `    ${named.slice(6).join(' ')}`]),
  ];
  const facts = {
    reason: fault.reason,
    packet: packet ?? null,
    program,
    insn: fault.pc,
    address: fault.address === undefined ? null : hex64(fault.address),
    source: line === undefined ? null : { file: line.file, line: line.line, text: line.text.trim() },
    registers: registers === undefined ? null : values,
  };
  const message = `${place}${fault.detail} (${packet === undefined ? '' : `packet ${packet}, `}program ${program}, insn ${fault.pc})`;
  return new DetailedError(fault.code, message, details, { fault: facts }, fault);
}

/**
 * Why a run reached a helper that no kernel has: one of the instructions that CO-RE poisoned. Undefined for an error that is none of that.
 */
export function poisonError(error: unknown, poisoned: ReadonlyMap<number, string>): DetailedError | undefined {
  if (!(error instanceof NotSupportedError) || error.feature !== 'unknown' || poisoned.size === 0) return undefined;
  const [first = '', ...others] = poisoned.values();
  const message =
    others.length === 0 ? first : `reached what the kernel's types lack, one of ${poisoned.size} accesses`;
  const details = others.length === 0 ? [] : [first, ...others].map(text => `    ${text}`);
  return new DetailedError('poisoned', message, details, { poisoned: [...poisoned.values()] }, error);
}

/** Why the verifier of a kernel refused a program, with the C line and the end of its log. */
export function verifierError(
  error: VerifierError,
  listing: ProgramListing | undefined,
  debug: boolean,
): DetailedError {
  const line = error.insn === undefined ? undefined : listing?.lineOf(error.insn);
  const place = line === undefined ? '' : `${formatPlace(line)}: `;
  const log = error.log.trimEnd().split('\n');
  const shown = debug ? log : log.slice(-LOG_TAIL);
  const details = shown.map(text => `    ${text}`);
  if (shown.length < log.length)
    details.unshift(`    … ${log.length - shown.length} lines of the log before, shown with --debug`);
  return new DetailedError(
    error.code,
    `${place}${error.message}`,
    details,
    { insn: error.insn ?? null, log: error.log },
    error,
  );
}
