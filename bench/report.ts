/** What the bench found, as data and as tables. */
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { formatTable } from '../src/cli/terminal.ts';
import { ENGINES, type EngineName } from './engines.ts';
import type { Effort, Lane, Refused } from './measure.ts';
import { BASE, GROUPS, type Group } from './programs.ts';
import { geometricMean, median, spread } from './statistics.ts';

/** Nanoseconds a run below which a net time is noise, and no ratio is taken. */
const RESOLUTION_NS = 0.5;

/** Nanoseconds, unless a name says otherwise. */
interface Figures {
  readonly gross: number;
  /** Without what {@link BASE} takes in the same engine. */
  readonly net: number;
  /** Half the range of the middle half of the rounds, relative to the median. */
  readonly spread: number;
  readonly loadMs: number;
  readonly firstRunUs: number;
  readonly warmUpMs: number;
  readonly runsPerSample: number;
}

interface ProgramReport {
  readonly name: string;
  readonly group: Group;
  readonly engines: Readonly<Partial<Record<EngineName, Figures>>>;
}

/** Geometric means of how many times as fast an engine is as another. */
type Means = Readonly<Record<(typeof GROUPS)[number] | 'overall', number | undefined>>;

interface Comparison {
  readonly engine: EngineName;
  readonly against: EngineName;
  /** Over net times, over gross times. */
  readonly net: Means;
  readonly gross: Means;
}

/** Everything, as `--json` prints it. */
export interface Report {
  readonly machine: Readonly<Record<string, string | number>>;
  readonly rounds: number;
  readonly sampleMs: number;
  readonly engines: readonly EngineName[];
  readonly skipped: Readonly<Record<string, string>>;
  readonly refused: readonly Refused[];
  readonly programs: readonly ProgramReport[];
  readonly comparisons: readonly Comparison[];
}

/** Whom engines are compared with. */
const REFERENCES: readonly EngineName[] = ['linux', 'native'];

/** Puts a report together. */
export function createReport(
  lanes: readonly Lane[],
  effort: Effort,
  absent: { readonly skipped: ReadonlyMap<EngineName, string>; readonly refused: readonly Refused[] },
): Report {
  const engines = [...new Set(lanes.map(lane => lane.engine))];
  const base = new Map(
    lanes.filter(lane => lane.bench.name === BASE).map(({ engine, samples }) => [engine, median(samples)] as const),
  );
  const programs = [...new Set(lanes.map(lane => lane.bench))].map(bench => ({
    name: bench.name,
    group: bench.group,
    engines: Object.fromEntries(
      lanes
        .filter(lane => lane.bench === bench)
        .map(lane => [lane.engine, figuresOf(lane, base.get(lane.engine) ?? 0)]),
    ),
  }));
  return {
    machine: describeMachine(),
    rounds: effort.rounds,
    sampleMs: effort.sampleMs,
    engines,
    skipped: Object.fromEntries(absent.skipped),
    refused: absent.refused,
    programs,
    comparisons: REFERENCES.filter(against => engines.includes(against)).flatMap(against =>
      engines.filter(engine => engine !== against).map(engine => compare(programs, engine, against)),
    ),
  };
}

function figuresOf({ samples, loaded, firstRunNs, warmUpMs, runs }: Lane, base: number): Figures {
  const gross = median(samples);
  return {
    gross,
    net: gross - base,
    spread: spread(samples),
    loadMs: loaded.loadMs,
    firstRunUs: firstRunNs / 1000,
    warmUpMs,
    runsPerSample: runs,
  };
}

function describeMachine(): Record<string, string | number> {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: cpus().length,
    load: Math.round(loadavg()[0]! * 10) / 10,
    linux: release(),
    jit: readSetting('/proc/sys/net/core/bpf_jit_enable'),
    harden: readSetting('/proc/sys/net/core/bpf_jit_harden'),
    node: process.version,
    v8: process.versions.v8,
  };
}

function readSetting(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return 'unknown';
  }
}

/** How many times as fast `engine` is as `against`; undefined where one of them did not run or was too fast to say. */
function ratio(
  { engines }: ProgramReport,
  engine: EngineName,
  against: EngineName,
  kind: 'net' | 'gross',
): number | undefined {
  const [mine, theirs] = [engines[engine]?.[kind] ?? 0, engines[against]?.[kind] ?? 0];
  return mine < RESOLUTION_NS || theirs < RESOLUTION_NS ? undefined : theirs / mine;
}

function compare(programs: readonly ProgramReport[], engine: EngineName, against: EngineName): Comparison {
  const means = (kind: 'net' | 'gross'): Means => {
    const over = (groups: readonly Group[]): number | undefined =>
      geometricMean(
        programs
          .filter(({ group }) => groups.includes(group))
          .map(program => ratio(program, engine, against, kind))
          .filter(value => value !== undefined),
      );
    return { compute: over(['compute']), maps: over(['maps']), packets: over(['packets']), overall: over(GROUPS) };
  };
  return { engine, against, net: means('net'), gross: means('gross') };
}

/** The report as text: times, ratios, cold figures, what each engine pays for. */
export function formatReport(report: Report): string {
  const { machine, skipped, refused } = report;
  const { cpu, load, node, v8, linux, jit, harden } = machine;
  const heading = [
    `${cpu}, ${machine['cpus']} CPUs, load ${load}; Linux ${linux} (bpf_jit_enable ${jit}, bpf_jit_harden ${harden}); Node ${node}, V8 ${v8}`,
    `${report.rounds} rounds of ${report.sampleMs} ms of CPU time, engines in turn, warm; cold figures apart`,
  ];
  const sections = [
    heading,
    ['nanoseconds a run: median; net of empty; half the interquartile range', '', ...timesTable(report)],
    ...(report.comparisons.length > 0 ? [['times as fast, net of empty', '', ...ratiosTable(report)]] : []),
    ['cold: milliseconds to load (native: to compile); microseconds of the first run', '', ...coldTable(report)],
    [
      'what each pays for',
      '',
      ...report.engines.map(name => `${name.padEnd(7)}  ${ENGINES[name].pays}`),
      `Net times below some 12 ns carry 3 ns of noise; no ratio is taken below ${RESOLUTION_NS} ns.`,
    ],
    ...Object.entries(skipped).map(([name, why]) => [`${name} is left out: ${why}`]),
    ...refused.map(({ program, engine, why }) => [`${program} does not run on ${engine}: ${why}`]),
  ];
  return `${sections.map(lines => lines.join('\n')).join('\n\n')}\n`;
}

function timesTable({ programs, engines }: Report): string[] {
  const rows = programs.map(({ name, group, engines: figures }) => [
    name,
    group,
    ...engines.flatMap(engine => {
      const found = figures[engine];
      return found === undefined ? ['–', '', ''] : [fixed(found.gross), fixed(found.net), percent(found.spread)];
    }),
  ]);
  return aligned([['program', 'group', ...engines.flatMap(engine => [engine, 'net', '±'])], ...rows]);
}

function ratiosTable({ programs, comparisons }: Report): string[] {
  const rows = programs
    .filter(({ group }) => group !== 'base')
    .map(program => [
      program.name,
      program.group,
      ...comparisons.map(({ engine, against }) => times(ratio(program, engine, against, 'net'))),
    ]);
  const mean = (kind: 'net' | 'gross', name: keyof Means): string[] => [
    kind === 'net' ? name : `${name}, gross`,
    'mean',
    ...comparisons.map(comparison => times(comparison[kind][name])),
  ];
  const means = [...GROUPS.map(group => mean('net', group)), mean('net', 'overall'), mean('gross', 'overall')];
  const titles = comparisons.map(({ engine, against }) => `${engine}:${against}`);
  return aligned([['program', 'group', ...titles], ...rows, ...means]);
}

function coldTable({ programs, engines }: Report): string[] {
  const rows = programs.map(({ name, group, engines: figures }) => [
    name,
    group,
    ...engines.flatMap(engine => {
      const found = figures[engine];
      return found === undefined ? ['–', ''] : [fixed(found.loadMs), fixed(found.firstRunUs)];
    }),
  ]);
  return aligned([['program', 'group', ...engines.flatMap(engine => [`${engine} ms`, 'µs'])], ...rows]);
}

/** Two columns of words, the rest numbers. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  return formatTable(
    rows,
    rows[0]!.map((_, column) => (column < 2 ? 'left' : 'right')),
  );
}

const fixed = (value: number): string => value.toFixed(1);
const percent = (value: number): string => `${(100 * value).toFixed(0)}%`;
const times = (value: number | undefined): string =>
  value === undefined ? '–' : value < 0.1 ? value.toPrecision(2) : value.toFixed(2);
