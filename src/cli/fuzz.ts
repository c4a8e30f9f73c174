/**
 * `skep fuzz`: random programs asked of several engines until two answers contradict each other. What is found is printed as a program
 * with its packet and maps, and written to a file that `--replay` asks again.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ask, type Disagreement } from '../fuzz/ask.ts';
import { Campaign, type CampaignTally } from '../fuzz/campaign.ts';
import { kernelResponder } from '../fuzz/kernel-responder.ts';
import type { Answer, Responder } from '../fuzz/question.ts';
import { parseReplay, type Replay, toReplay } from '../fuzz/replay.ts';
import { OWN_ENGINES, type OwnEngine, ownResponder } from '../fuzz/responders.ts';
import { bpfDenied } from '../linux/allowed.ts';
import { openLinux } from '../linux/linux.ts';
import { readBytes } from '../node/files.ts';
import { BpfError } from '../util/error.ts';
import type { Options } from './commands.ts';
import { EXIT, type Handler, UsageError } from './invocation.ts';
import { formatJson, type Json, wantsJson } from './json.ts';
import { inFile } from './read.ts';
import { formatCount, type Terminal } from './terminal.ts';

const ENGINES = [...Object.keys(OWN_ENGINES), 'linux'];
const DEFAULT_ENGINES = 'jit,interp';
const DEFAULT_TIME = '60s';
/** Milliseconds of work between two looks at the clock, the keyboard and the progress line. */
const TURN = 50;

/** Milliseconds of a time as a person writes it. */
function parseTime(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const milliseconds = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit];
  if (number === undefined || milliseconds === undefined)
    throw new UsageError(`fuzz: option --time ${text}: want a time such as 60s, 5m or 1h`, 'fuzz');
  return Number(number) * milliseconds;
}

function responderOf(name: string): Responder {
  if (Object.hasOwn(OWN_ENGINES, name)) return ownResponder(name as OwnEngine); // one of the table's keys
  if (name !== 'linux') throw new UsageError(`fuzz: engine ${name}, want ${ENGINES.join(', ')}`, 'fuzz');
  const why = bpfDenied();
  if (why !== undefined) throw new BpfError('not_permitted', `engine linux: ${why}`);
  return kernelResponder(name, openLinux(), { verifies: true });
}

function respondersOf(names: readonly string[]): Responder[] {
  const different = new Set(names);
  if (different.size < 2)
    throw new UsageError(`fuzz: engines ${names.join(',')}: want two or more of ${ENGINES.join(', ')}`, 'fuzz');
  return [...different].map(responderOf);
}

/** Looks for programs that engines do not agree on. */
export const fuzz: Handler = async ({ options }, terminal) => {
  if (options.replay !== undefined) return replay(options.replay, options, terminal);
  return hunt(respondersOf((options.engines ?? DEFAULT_ENGINES).split(',')), options, terminal);
};

/** Looks for a program that these do not agree on, and reports; gives the exit status. */
export async function hunt(responders: readonly Responder[], options: Options, terminal: Terminal): Promise<number> {
  const engines = responders.map(({ name }) => name);
  const seed = options.seed ?? 1;
  using campaign = new Campaign(responders, seed);
  const start = performance.now();
  const found = await search(campaign, options, terminal);
  const facts = { engines, seed, seconds: (performance.now() - start) / 1000, tally: campaign.tally };
  if (found === undefined) {
    printTally(facts, options, terminal);
    return EXIT.ok;
  }
  if (options.shrink && terminal.watched) terminal.warn('a disagreement: minimising it\n');
  const { question, disagreement } = options.shrink ? campaign.shrink(found) : found;
  const record = toReplay(question, answersOf(disagreement));
  const file = join(options.out ?? '.', `fuzz-${seed}-${campaign.tally.runs}.json`);
  if (options.out !== undefined) await mkdir(options.out, { recursive: true });
  await writeFile(file, `${JSON.stringify(record, null, 2)}\n`);
  if (wantsJson(options)) {
    terminal.print(formatJson({ ...tallyJson(facts), finding: { ...replayJson(record), file } }, options));
  } else {
    terminal.print(`${[...describe(record), '', `replay: skep fuzz --replay ${file}`].join('\n')}\n`);
  }
  return EXIT.failure;
}

/** Steps until something is found or the time is over. */
async function search(campaign: Campaign, options: Options, terminal: Terminal) {
  const runs = options.runs ?? Number.POSITIVE_INFINITY;
  const time = options.time ?? (options.runs === undefined ? DEFAULT_TIME : undefined);
  const end = time === undefined ? Number.POSITIVE_INFINITY : performance.now() + parseTime(time);
  let interrupted = false;
  const interrupt = (): void => void (interrupted = true);
  process.once('SIGINT', interrupt);
  try {
    while (campaign.tally.runs < runs && performance.now() < end && !interrupted) {
      const turn = performance.now() + TURN;
      while (campaign.tally.runs < runs && performance.now() < turn) {
        const finding = campaign.step();
        if (finding !== undefined) return finding;
      }
      if (terminal.watched) terminal.warn(`\r${formatCount(campaign.tally.runs)} programs\x1b[K`);
      await new Promise(resolve => setImmediate(resolve));
    }
    return undefined;
  } finally {
    process.off('SIGINT', interrupt);
    if (terminal.watched) terminal.warn('\r\x1b[K');
  }
}

/** Asks the question of a file again. */
async function replay(file: string, options: Options, terminal: Terminal): Promise<number> {
  const { question, engines } = await inFile(file, async () =>
    parseReplay(new TextDecoder().decode(await readBytes(file))),
  );
  const responders = respondersOf(options.engines?.split(',') ?? engines);
  const { answers, disagreement } = ask(responders, question);
  const record = toReplay(
    question,
    Object.fromEntries(answers.map(({ responder, answer }) => [responder.name, answer])),
  );
  const agrees = disagreement === undefined;
  if (wantsJson(options)) terminal.print(formatJson({ agree: agrees, ...replayJson(record) }, options));
  else
    terminal.print(`${[...describe(record), '', agrees ? 'the engines agree' : 'the engines disagree'].join('\n')}\n`);
  return agrees ? EXIT.ok : EXIT.failure;
}

const answersOf = (disagreement: Disagreement): Replay['answers'] =>
  Object.fromEntries(disagreement.map(({ responder, answer }) => [responder.name, answer]));

interface Facts {
  readonly engines: readonly string[];
  readonly seed: number;
  readonly seconds: number;
  readonly tally: CampaignTally;
}

function printTally(facts: Facts, options: Options, terminal: Terminal): void {
  if (wantsJson(options)) {
    terminal.print(formatJson(tallyJson(facts), options));
    return;
  }
  const { engines, seed, seconds, tally } = facts;
  const lines = [
    `${formatCount(tally.runs)} programs in ${seconds.toFixed(1)} s, seed ${seed}: ${engines.join(', ')} agree`,
  ];
  for (const [name, count] of tally.faults) lines.push(`  ${name}: ${formatCount(count)} ended in a fault`);
  for (const [name, count] of tally.refused) lines.push(`  ${name}: ${formatCount(count)} refused`);
  terminal.print(`${lines.join('\n')}\n`);
}

function tallyJson({ engines, seed, seconds, tally }: Facts): { [key: string]: Json } {
  return {
    engines,
    seed,
    seconds,
    programs: tally.runs,
    faults: Object.fromEntries(tally.faults),
    refused: Object.fromEntries(tally.refused),
  };
}

/** A record as {@link Json}. */
function replayJson({ engines, program, packet, maps, text, answers }: Replay): { [key: string]: Json } {
  const plain = (answer: Answer): Json =>
    answer.kind === 'ran'
      ? { ...answer, maps: answer.maps.map(entries => entries.map(pair => [...pair])) }
      : { ...answer };
  return {
    engines,
    program,
    packet,
    maps: maps.map(map => ({ ...map, entries: map.entries.map(pair => [...pair]) })),
    text,
    answers: Object.fromEntries(Object.entries(answers).map(([name, answer]) => [name, plain(answer)])),
  };
}

/** A question and its answers, for a person. */
function describe({ text, packet, maps, answers }: Replay): string[] {
  return [
    ...text,
    '',
    `packet: ${packet}`,
    ...maps.flatMap(({ type, key_size, value_size, max_entries, map_flags, entries }, i) => [
      `map[idx:${i}]: ${type}, key ${key_size}, value ${value_size}, max_entries ${max_entries}, flags ${map_flags}`,
      ...entries.map(([key, value]) => `  ${key}: ${value}`),
    ]),
    '',
    ...Object.entries(answers).flatMap(([name, answer]) => describeAnswer(name, answer)),
  ];
}

function describeAnswer(name: string, answer: Answer): string[] {
  if (answer.kind === 'refused') return [`${name}: refused, ${answer.why}`];
  if (answer.kind === 'fault') return [`${name}: ${answer.reason} at insn ${answer.pc}: ${answer.why}`];
  return [
    `${name}: returned ${answer.verdict}`,
    `  packet: ${answer.packet}`,
    ...answer.maps.flatMap((entries, i) => [
      `  map[idx:${i}]:`,
      ...entries.map(([key, value]) => `    ${key}: ${value}`),
    ]),
  ];
}
