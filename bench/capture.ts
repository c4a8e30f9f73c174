/**
 * How fast a capture runs through a 5-tuple filter: `node bench/capture.ts [--packets N] [--rounds N] [--json] [-- ARGS of skep run]`.
 *
 * Makes a capture of mixed packets (a million unless told otherwise) in a temporary file and measures, on one core each,
 *
 *     read      reading the capture, nothing run
 *     trust     compiled code, trusted; copying packets to guest memory included
 *     jit       compiled code that checks its accesses
 *     interp    the interpreter
 *     linux     the live kernel, one test run for each packet: what its users get
 *     command   `skep run xdp_drop.o --pcap FILE` from start to end, in a process of its own
 *
 * `read` and `command` in wall time, for a user waits that long; the loops in CPU time, over packets that lie in memory. The loops must
 * agree on the verdicts; `command`, whose block list is empty, on the number of packets.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { formatCount, formatTable } from '../src/cli/terminal.ts';
import { KernelSys } from '../src/kernel/kernel.ts';
import { bpfDenied } from '../src/linux/allowed.ts';
import { openLinux } from '../src/linux/linux.ts';
import type { Collection } from '../src/loader/collection.ts';
import { loadCollection } from '../src/loader/load.ts';
import { openChunks } from '../src/node/files.ts';
import { readObject } from '../src/object/read.ts';
import { CaptureReader } from '../src/packet/reader.ts';
import type { Sys } from '../src/sys/sys.ts';
import { BpfError } from '../src/util/error.ts';
import { blockedFlows, writeMixedCapture } from './capture-file.ts';
import { type Clock, openClock } from './clock.ts';
import { median } from './statistics.ts';

const OBJECT = fileURLToPath(new URL('programs/xdp_drop.o', import.meta.url));
const COMMAND = fileURLToPath(new URL('../bin/skep.js', import.meta.url));

/** How often each verdict came. */
type Tally = Readonly<Record<number, number>>;

/** Runs a filter over all packets once and counts its verdicts. */
type Loop = (packets: readonly Uint8Array[]) => Tally;

const { values: options, positionals: commandOptions } = parseArgs({
  allowPositionals: true,
  options: {
    packets: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});

/** Loads the filter and fills its block list. */
function loadFilter(sys: Sys): Collection {
  const collection = loadCollection(sys, readObject(new Uint8Array(readFileSync(OBJECT))), { name: 'xdp_drop' });
  for (const key of blockedFlows()) collection.map('drop_list').raw.set(key, new Uint8Array(8));
  return collection;
}

/** All packets one after the other. */
function testRuns(sys: Sys): Loop {
  const runner = loadFilter(sys).program('prog').runner();
  return packets => {
    const verdicts = new Uint32Array(packets.length);
    const result = runner.runMany({ packets, verdicts, done: 0 });
    if (result < 0) throw new BpfError('wrong_result', `a packet was refused with errno ${-result}`);
    const tally: Record<number, number> = {};
    for (const verdict of verdicts) tally[verdict] = (tally[verdict] ?? 0) + 1;
    return tally;
  };
}

/** One row: packets per second of each round. */
interface Row {
  readonly name: string;
  readonly rates: number[];
  readonly tally?: Tally;
  readonly skipped?: string;
}

/** Times a loop over the packets, the first round for warming up. */
function timeLoop(name: string, loop: Loop, packets: readonly Uint8Array[], rounds: number, clock: Clock): Row {
  const rates: number[] = [];
  let tally: Tally = loop(packets);
  for (let round = 0; round < rounds; round++) {
    const start = clock.now();
    tally = loop(packets);
    rates.push((packets.length * 1e9) / (clock.now() - start));
  }
  return { name, rates, tally };
}

/** Wall time, for other threads read the file. */
async function timeReading(path: string, total: number, rounds: number): Promise<Row> {
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    const reader = new CaptureReader();
    await using input = await openChunks(path);
    let packets = 0;
    for await (const chunk of input) for (const _ of reader.push(chunk)) packets++;
    reader.end();
    wantCount('read', packets, total);
    rates.push((total * 1000) / (performance.now() - start));
  }
  return { name: 'read', rates };
}

/** Wall time, for that is what a user waits. */
function timeCommand(path: string, total: number, rounds: number): Row {
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    const args = [COMMAND, 'run', OBJECT, '--pcap', path, '--json', ...commandOptions];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status !== 0) return { name: 'command', rates: [], skipped: stderr.trim() };
    wantCount('command', (JSON.parse(stdout) as { packets: number }).packets, total); // as `skep run --json` prints it
    rates.push((total * 1000) / (performance.now() - start));
  }
  return { name: 'command', rates };
}

function wantCount(name: string, packets: number, total: number): void {
  if (packets !== total) throw new BpfError('wrong_result', `${name}: ${packets} packets, the capture has ${total}`);
}

function wantSameTallies(rows: readonly Row[]): void {
  const [first, ...others] = rows.filter(row => row.tally !== undefined);
  for (const row of others) {
    const [mine, theirs] = [JSON.stringify(row.tally), JSON.stringify(first!.tally)];
    if (mine !== theirs)
      throw new BpfError('wrong_result', `verdicts of ${row.name} ${mine}, of ${first!.name} ${theirs}`);
  }
}

async function measureAll(path: string, total: number, rounds: number): Promise<Row[]> {
  const clock = openClock();
  const packets: Uint8Array[] = [];
  for (const { data } of new CaptureReader().push(new Uint8Array(readFileSync(path)))) packets.push(data);
  const denied = bpfDenied();
  const rows = [
    await timeReading(path, total, rounds),
    timeLoop('trust', testRuns(new KernelSys({ trust: true })), packets, rounds, clock),
    timeLoop('jit', testRuns(new KernelSys()), packets, rounds, clock),
    timeLoop('interp', testRuns(new KernelSys({ engine: 'interp' })), packets, rounds, clock),
    denied === undefined
      ? timeLoop('linux', testRuns(openLinux()), packets, rounds, clock)
      : { name: 'linux', rates: [], skipped: denied },
  ];
  wantSameTallies(rows);
  return [...rows, timeCommand(path, total, rounds)];
}

function format(rows: readonly Row[], total: number, size: number): string {
  const table = rows.map(({ name, rates, tally = {}, skipped }) => [
    name,
    rates.length === 0 ? '–' : formatCount(Math.round(median(rates))),
    rates.length === 0 ? '–' : (1e9 / median(rates)).toFixed(0),
    skipped ??
      Object.entries(tally)
        .map(([verdict, times]) => `${verdict}: ${formatCount(times)}`)
        .join('  '),
  ]);
  const lines = formatTable([['', 'packets/s', 'ns', 'verdicts'], ...table], ['left', 'right', 'right', 'left']);
  return `${formatCount(total)} packets, ${formatCount(size)} bytes; read and command in wall time, the rest in ${openClock().kind}\n\n${lines.join('\n')}\n`;
}

const folder = mkdtempSync(join(tmpdir(), 'skep-capture-'));
try {
  const path = join(folder, 'mixed.pcap');
  const [total, rounds] = [Number(options.packets), Number(options.rounds)];
  const size = writeMixedCapture(path, total);
  const rows = await measureAll(path, total, rounds);
  process.stdout.write(format(rows, total, size));
  if (options.json) {
    const result = rows.map(({ name, rates, tally, skipped }) => ({
      name,
      packetsPerSecond: rates.length === 0 ? undefined : Math.round(median(rates)),
      verdicts: tally,
      skipped,
    }));
    process.stdout.write(`\n${JSON.stringify({ packets: total, bytes: size, rows: result })}\n`);
  }
} catch (error) {
  if (!(error instanceof BpfError)) throw error;
  process.stderr.write(`capture: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
