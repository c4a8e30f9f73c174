/**
 * Runs the records of a file on our kernel and compares with what a live kernel answered:
 * `node scripts/check-records.ts FILE [--linux] [--engine jit|interp] [--only TYPE] [--list]`.
 * `--linux` asks the live kernel itself instead of ours.
 */
import { createReadStream } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { KernelSys } from '../src/kernel/kernel.ts';
import { openLinux } from '../src/linux/linux.ts';
import { BpfError } from '../src/util/error.ts';
import { type ProgramRecord, RecordRefusal, RecordRunner, type RunOutcome } from './support/records.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    linux: { type: 'boolean' },
    engine: { type: 'string' },
    only: { type: 'string' },
    list: { type: 'boolean' },
  },
});
const [file] = positionals;
if (file === undefined)
  throw new Error('usage: node scripts/check-records.ts FILE [--linux] [--engine jit|interp] [--only TYPE] [--list]');

/** What the two answers of a run differ in. */
function differences(ours: RunOutcome, live: RunOutcome): string[] {
  if (live.unstable === true) return [];
  return (['errno', 'retval', 'data_out', 'ctx_out', 'maps'] as const)
    .filter(key => live[key] !== undefined || key === 'errno')
    .filter(key => !(live.may_leak === true && key !== 'errno'))
    .filter(key => JSON.stringify(ours[key]) !== JSON.stringify(live[key]))
    .map(key => `${key} ${JSON.stringify(ours[key])?.slice(0, 400)}, live ${JSON.stringify(live[key])?.slice(0, 400)}`);
}

/** How a record came out: agreement, or what is wrong. */
function check(record: ProgramRecord): {
  verdict: 'agree' | 'differ' | 'refused' | 'fault' | 'unsupported';
  why: string;
} {
  using sys =
    options.linux === true
      ? openLinux()
      : new KernelSys({ cpus: 2, engine: options.engine === 'interp' ? 'interp' : 'jit' });
  try {
    const ours = new RecordRunner(sys, dirname(file!)).run(record);
    const why = ours.flatMap((run, i) =>
      differences(run, record.live.runs?.[i] ?? {}).map(text => `run ${i}: ${text}`),
    );
    return { verdict: why.length === 0 ? 'agree' : 'differ', why: why.join('\n    ') };
  } catch (error) {
    if (error instanceof RecordRefusal) return { verdict: 'refused', why: error.message };
    if (!(error instanceof BpfError)) throw error;
    return { verdict: error.name === 'NotSupportedError' ? 'unsupported' : 'fault', why: error.message };
  }
}

const tally = new Map<string, Map<string, number>>();
for await (const line of createInterface({ input: createReadStream(file) })) {
  const record = JSON.parse(line) as ProgramRecord;
  if (record.env !== undefined || record.live.verdict !== 'ACCEPT' || record.live.runs === undefined) continue;
  if (options.only !== undefined && record.prog_type !== options.only) continue;
  const { verdict, why } = check(record);
  const row = tally.get(record.prog_type) ?? new Map<string, number>();
  tally.set(record.prog_type, row.set(verdict, (row.get(verdict) ?? 0) + 1));
  if (verdict !== 'agree' && options.list === true)
    console.log(`${verdict} ${record.prog_type} ${record.id}\n    ${why}`);
}
console.table(Object.fromEntries([...tally].map(([type, row]) => [type, Object.fromEntries(row)])));
