/** What `skep run` says in the end: verdicts, maps, speed; as text or as one JSON object. */
import type { Collection } from '../loader/collection.ts';
import type { Kernel } from '../loader/kernel.ts';
import type { BpfMap } from '../loader/map.ts';
import type { ProgramRunner } from '../loader/runner.ts';
import type { ProgramSpec } from '../object/spec.ts';
import { formatPacket } from '../packet/dissect.ts';
import { equalBytes, toHex } from '../util/bytes.ts';
import { describeKernel } from './choose-kernel.ts';
import type { Options } from './commands.ts';
import { formatJson, type Json, wantsJson } from './json.ts';
import { formatMap, mapToJson } from './maps.ts';
import type { Programs } from './programs.ts';
import type { Tally } from './tally.ts';
import { formatCount, type Terminal } from './terminal.ts';

/** A program that is loaded, and what was asked about it. */
export interface Session {
  readonly kernel: Kernel;
  readonly collection: Collection;
  /** The maps to show in the end. */
  readonly maps: readonly BpfMap[];
  readonly path: string;
  readonly program: ProgramSpec;
  readonly programs: Programs;
  readonly options: Options;
  readonly terminal: Terminal;
}

/** Reports a run over a capture. */
export function reportCapture(session: Session, tally: Tally, run: { seconds: number; interrupted: boolean }): void {
  const { options, terminal } = session;
  const rate = perSecond(tally.packets, run.seconds);
  const loopRate = tally.loopSeconds === undefined ? undefined : perSecond(tally.packets, tally.loopSeconds);
  if (wantsJson(options)) {
    printJson(session, {
      ...tally.toJson(),
      packets_per_second: rate,
      loop_packets_per_second: loopRate,
      ...(run.interrupted && { interrupted: true }),
    });
    return;
  }
  printHeading(session);
  printTally(tally, terminal);
  printMaps(session);
  terminal.print('\n');
  if (run.interrupted) terminal.print('interrupted: the capture was not read to its end\n');
  if (options.out !== undefined) terminal.print(`wrote ${formatCount(tally.packets)} packets to ${options.out}\n`);
  const inLoop = loopRate === undefined ? '' : `, ${formatCount(loopRate)} in the run loop`;
  terminal.print(`${formatCount(rate)} packets per second${inLoop}\n`);
  printNote(session);
}

/** Reports the run over one packet. */
export function reportPacket(
  session: Session,
  tally: Tally,
  packet: Uint8Array,
  runner: ProgramRunner,
  seconds: number,
): void {
  const { options, terminal } = session;
  const { data, metadata, retval, verdict } = runner;
  if (wantsJson(options)) {
    const single = { retval, output: toHex(data), metadata: metadata.length === 0 ? undefined : toHex(metadata) };
    printJson(session, { ...tally.toJson(), ...single, packets_per_second: perSecond(1, seconds) });
    return;
  }
  printHeading(session);
  terminal.print(`verdict   ${verdict ?? 'unnamed'} (${retval})\n`);
  terminal.print(`in        ${formatPacket(packet)}\n`);
  if (equalBytes(packet, data)) terminal.print('out       unchanged\n');
  else terminal.print(`out       ${formatPacket(data)}\n          ${toHex(data)}\n`);
  if (metadata.length > 0) terminal.print(`metadata  ${toHex(metadata)}\n`);
  printMaps(session);
  terminal.print('\n');
  printNote(session);
}

/** Reports the run over one context. */
export function reportContext(
  session: Session,
  run: { retval: number; verdict: string | undefined; context: Json },
): void {
  const { options, terminal } = session;
  if (wantsJson(options)) {
    printJson(session, { ...run });
    return;
  }
  printHeading(session);
  terminal.print(`returned  ${run.retval}${run.verdict === undefined ? '' : ` (${run.verdict})`}\n`);
  const context = JSON.stringify(withoutZeros(run.context) ?? {}, null, 2);
  terminal.print(`context   ${context.replaceAll('\n', '\n          ')}\n`);
  printMaps(session);
  terminal.print('\n');
  printNote(session);
}

/** What is not zero of a value; undefined where all is. */
function withoutZeros(value: Json | undefined): Json | undefined {
  if (value === null || value === undefined || value === 0 || value === '' || value === false) return undefined;
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.some(item => withoutZeros(item) !== undefined) ? value : undefined;
  const members = Object.entries(value).map(([name, member]) => [name, withoutZeros(member)] as const);
  const set = members.filter(([, member]) => member !== undefined);
  return set.length === 0 ? undefined : Object.fromEntries(set);
}

function printHeading({ program, path, kernel, terminal }: Session): void {
  const object = path.slice(path.lastIndexOf('/') + 1);
  terminal.print(`${terminal.style('bold', program.name)} of ${object} on ${describeKernel(kernel)}\n\n`);
}

function printTally(tally: Tally, terminal: Terminal): void {
  const [heading = '', ...rows] = tally.format();
  terminal.print(`${terminal.style('dim', heading)}\n`);
  for (const row of rows) terminal.print(`${row}\n`);
  if (tally.refused !== undefined) terminal.print(`refused: ${tally.refused.why}\n`);
  if (tally.cut > 0) {
    terminal.print(`${formatCount(tally.cut)} packets were cut short by the capture and ran as they are\n`);
  }
}

function printMaps({ collection, maps, options, terminal }: Session): void {
  for (const map of maps) {
    terminal.print('\n');
    for (const line of formatMap(map, collection, options.map !== undefined)) terminal.print(`${line}\n`);
  }
}

/** Sim runs what it has not verified, and says so. */
function printNote({ kernel, program, options, terminal }: Session): void {
  if (kernel.kind !== 'sim') return;
  const checks = options.trust ? 'nor were its accesses checked' : 'its accesses were checked as it ran';
  terminal.print(terminal.style('dim', `${program.name} was not verified; ${checks}`));
  terminal.print('\n');
}

function printJson(
  { maps, program, path, kernel, options, terminal }: Session,
  facts: { readonly [key: string]: Json | undefined },
): void {
  const head = { program: program.name, object: path, kernel: describeKernel(kernel), verified: kernel.kind !== 'sim' };
  const contents = Object.fromEntries(maps.map(map => [map.name, mapToJson(map)]));
  terminal.print(formatJson({ ...head, ...facts, maps: contents }, options));
}

function perSecond(packets: number, seconds: number): number {
  return seconds > 0 ? Math.round(packets / seconds) : 0;
}
