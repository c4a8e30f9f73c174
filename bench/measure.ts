/**
 * Measuring: every engine first gives the expected results, then warms up, then all take turns, round after round, so that whatever else
 * the machine does hits all alike.
 */
import { SyscallError } from '../src/sys/error.ts';
import { NotSupportedError } from '../src/util/error.ts';
import { openClock } from './clock.ts';
import type { Engine, Loaded, Outcome } from './engine.ts';
import { ENGINES, type EngineName } from './engines.ts';
import type { Bench, Expected } from './suite.ts';

/** How long to measure. */
export interface Effort {
  readonly rounds: number;
  /** CPU milliseconds of one measurement. */
  readonly sampleMs: number;
  /** CPU milliseconds of a program's warm-up: at least, at most. */
  readonly warmUpMs: readonly [least: number, most: number];
}

/** One program in one engine. */
export interface Lane {
  readonly bench: Bench;
  readonly engine: EngineName;
  readonly loaded: Loaded;
  /** Nanoseconds of the very first run. */
  readonly firstRunNs: number;
  /** What the first runs gave, one for each expected result, or one run where nothing is expected. */
  readonly outcomes: readonly Outcome[];
  /** CPU milliseconds until the time of a run fell no more. */
  warmUpMs: number;
  /** Runs in one measurement. */
  runs: number;
  /** Nanoseconds a run, one for each round. */
  readonly samples: number[];
}

/** What the engines could not take. */
export interface Refused {
  readonly program: string;
  readonly engine: EngineName;
  readonly why: string;
}

/** Engines that are open, and why the others are not. */
export interface OpenEngines extends AsyncDisposable {
  readonly engines: ReadonlyMap<EngineName, Engine>;
  readonly skipped: ReadonlyMap<EngineName, string>;
}

/** Opens engines; one that is not there is skipped. */
export function openEngines(names: readonly EngineName[]): OpenEngines {
  const engines = new Map<EngineName, Engine>();
  const skipped = new Map<EngineName, string>();
  const clock = openClock();
  for (const name of names) {
    const engine = ENGINES[name].open(clock);
    if ('skipped' in engine) skipped.set(name, engine.skipped);
    else engines.set(name, engine);
  }
  return {
    engines,
    skipped,
    async [Symbol.asyncDispose]() {
      for (const engine of engines.values()) await engine[Symbol.asyncDispose]();
    },
  };
}

/** Loads every program into every engine. */
export async function loadAll(
  engines: ReadonlyMap<EngineName, Engine>,
  benches: readonly Bench[],
  onProgram: (name: string) => void,
): Promise<{ lanes: Lane[]; refused: Refused[] }> {
  const lanes: Lane[] = [];
  const refused: Refused[] = [];
  for (const bench of benches) {
    onProgram(bench.name);
    for (const [name, engine] of engines) {
      try {
        lanes.push(await uninterrupted(() => loadLane(bench, name, engine)));
      } catch (error) {
        if (!(error instanceof NotSupportedError)) throw error;
        refused.push({ program: bench.name, engine: name, why: error.message });
      }
    }
  }
  return { lanes, refused };
}

/** Loads a program and runs it as often as its expected results say. */
async function loadLane(bench: Bench, name: EngineName, engine: Engine): Promise<Lane> {
  const loaded = await engine.load(bench);
  const outcomes: Outcome[] = [];
  const runs = bench.expected.length === 0 ? [1] : bench.expected.map(row => row.runs);
  for (const count of runs) outcomes.push(await loaded.run(count));
  const firstRunNs = outcomes[0]!.ns / runs[0]!;
  return { bench, engine: name, loaded, firstRunNs, outcomes, warmUpMs: 0, runs: 1, samples: [] };
}

/** Begins anew what a signal cut short: the kernel ends a test run then and does not say how many runs it made. */
async function uninterrupted<T>(attempt: () => T | Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof SyscallError && error.errno === 'EINTR')) throw error;
    }
  }
}

/** Says what came out wrong. A program of which nothing is expected must give the same everywhere. */
export function findMismatches(lanes: readonly Lane[]): string[] {
  return lanes.flatMap(lane => {
    const { expected } = lane.bench;
    const reference = lanes.find(other => other.bench === lane.bench)!;
    const wanted: readonly Omit<Expected, 'runs'>[] = expected.length === 0 ? reference.outcomes : expected;
    return lane.outcomes.flatMap((outcome, i) => {
      const want = wanted[i]!;
      if (outcome.retval === want.retval && outcome.packetHash === want.packetHash) return [];
      return [
        `${lane.bench.name} on ${lane.engine}, result ${i + 1}: ${formatOutcome(outcome)}, want ${formatOutcome(want)}`,
      ];
    });
  });
}

function formatOutcome({ retval, packetHash }: Omit<Outcome, 'ns'>): string {
  return `ret=${retval} pkt=${packetHash.toString(16).padStart(8, '0')}`;
}

/** Warms up, then measures round by round; `onStep` is told what is done. */
export async function measure(lanes: readonly Lane[], effort: Effort, onStep: (text: string) => void): Promise<void> {
  for (const lane of lanes) {
    onStep(`warming up ${lane.bench.name} on ${lane.engine}`);
    await warmUp(lane, effort);
  }
  for (let round = 0; round < effort.rounds; round++) {
    onStep(`round ${round + 1} of ${effort.rounds}`);
    for (const bench of new Set(lanes.map(lane => lane.bench))) {
      const turn = lanes.filter(lane => lane.bench === bench);
      // Whoever began the last time comes last this time.
      const begin = round % turn.length;
      for (const lane of [...turn.slice(begin), ...turn.slice(0, begin)]) {
        const { ns } = await uninterrupted(() => lane.loaded.run(lane.runs));
        lane.samples.push(ns / lane.runs);
      }
    }
  }
}

/** Runs until a quarter of a measurement's length brings no gain four times in a row: compilers in the background have then done their work. */
async function warmUp(lane: Lane, { sampleMs, warmUpMs: [least, most] }: Effort): Promise<void> {
  const pieceNs = (sampleMs * 1e6) / 4;
  let best = Number.POSITIVE_INFINITY;
  let idle = 0;
  let total = 0;
  let runs = 1;
  while (total < least * 1e6 || (idle < 4 && total < most * 1e6)) {
    const { ns } = await uninterrupted(() => lane.loaded.run(runs));
    const perRun = Math.max(ns, 1) / runs;
    total += Math.max(ns, 1000);
    if (perRun < 0.97 * best) {
      best = perRun;
      idle = 0;
    } else idle++;
    runs = ns < pieceNs / 16 ? runs * 8 : Math.max(1, Math.round(pieceNs / perRun));
  }
  lane.warmUpMs = total / 1e6;
  lane.runs = Math.max(1, Math.round((sampleMs * 1e6) / best));
}
