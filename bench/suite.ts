/**
 * A folder of programs as the bench sees it: `NAME.c`, `NAME.o` beside it (or in `src/` and `obj/`), and `expected.txt`, which says what
 * runs must give:
 *
 *     NAME  [runs=N] ret=R pkt=H      N runs over one packet (1 unless given) return R and leave a packet whose FNV-1a is H
 *
 * The lines of a program hold one after the other, from the moment that it was loaded.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BpfError } from '../src/util/error.ts';
import { createInputs, type ProgramInput } from './inputs.ts';
import { BASE, type Group, groupOf, PROGRAMS } from './programs.ts';

/** What some runs must give. */
export interface Expected {
  readonly runs: number;
  readonly retval: number;
  readonly packetHash: number;
}

/** One program to measure. */
export interface Bench {
  readonly name: string;
  readonly group: Group;
  /** The BPF object. */
  readonly object: Uint8Array;
  /** Path of the C source, where it is there. */
  readonly source: string | undefined;
  readonly input: ProgramInput;
  /** Empty where the suite does not say. */
  readonly expected: readonly Expected[];
}

/** The suite of this repository. */
export const OWN_SUITE: string = fileURLToPath(new URL('programs', import.meta.url));

const BUILD = fileURLToPath(new URL('build.sh', import.meta.url));

/** What a program runs over that nobody made an input for. */
const NO_INPUT: ProgramInput = { packet: new Uint8Array(64), maps: {} };

/**
 * Reads the programs of `directory`, all or those named in `only`, {@link BASE} always among them.
 * @throws BpfError `bad_suite` for a folder without programs, or without one that is named.
 */
export function readSuite(directory: string, only: readonly string[] | undefined): Bench[] {
  const sources = filesOf(directory, 'src', '.c');
  const objects = filesOf(directory, 'obj', '.o');
  const known = new Set([...sources.keys(), ...objects.keys()]);
  const unknown = only?.filter(name => !known.has(name)) ?? [];
  if (known.size === 0) throw new BpfError('bad_suite', `suite ${directory}: holds no .c and no .o`);
  if (unknown.length > 0) {
    throw new BpfError(
      'bad_suite',
      `suite ${directory}: no program ${unknown.join(', ')}; there are: ${[...known].sort().join(', ')}`,
    );
  }
  const expected = readExpected(directory);
  const inputOf = createInputs();
  const names = inOrder(only === undefined ? known : new Set([...(known.has(BASE) ? [BASE] : []), ...only]));
  const contents = readObjects(names, objects, directory);
  const benches = names.map(name => ({
    name,
    group: groupOf(name),
    object: contents.get(name)!,
    source: sources.get(name),
    input: readInput(directory, name) ?? inputOf(name) ?? NO_INPUT,
    expected: expected.get(name) ?? [],
  }));
  return known.has(BASE) ? benches : [...readSuite(OWN_SUITE, [BASE]), ...benches];
}

/** Name → path of the files with an ending, in a folder or the one below it. */
function filesOf(directory: string, below: string, ending: string): Map<string, string> {
  const folders = [directory, join(directory, below)].filter(existsSync);
  const files = folders.flatMap(folder => readdirSync(folder).map(file => [file, join(folder, file)] as const));
  return new Map(
    files.filter(([file]) => file.endsWith(ending)).map(([file, path]) => [file.slice(0, -ending.length), path]),
  );
}

/** The objects; those that are missing are built from their sources. */
function readObjects(
  names: readonly string[],
  objects: ReadonlyMap<string, string>,
  directory: string,
): Map<string, Uint8Array> {
  if (names.every(name => objects.has(name)))
    return new Map(names.map(name => [name, readFileSync(objects.get(name)!)]));
  const built = mkdtempSync(join(tmpdir(), 'skep-bench-'));
  try {
    execFileSync(BUILD, [existsSync(join(directory, 'src')) ? join(directory, 'src') : directory, built], {
      stdio: 'inherit',
    });
    return new Map(names.map(name => [name, readFileSync(objects.get(name) ?? join(built, `${name}.o`))]));
  } finally {
    rmSync(built, { recursive: true });
  }
}

/** The input that the suite keeps in files, if it does: `in/NAME.pkt`, and `in/NAME.MAP.kv` with keys and values. */
function readInput(directory: string, name: string): ProgramInput | undefined {
  const folder = join(directory, 'in');
  if (!existsSync(join(folder, `${name}.pkt`))) return undefined;
  const maps = readdirSync(folder).flatMap(file => {
    const map = /^(.+)\.([^.]+)\.kv$/.exec(file);
    return map?.[1] === name ? [[map[2]!, () => readFileSync(join(folder, file))] as const] : [];
  });
  return { packet: readFileSync(join(folder, `${name}.pkt`)), maps: Object.fromEntries(maps) };
}

/** In the order of {@link PROGRAMS}, others behind by name. */
function inOrder(names: ReadonlySet<string>): string[] {
  const known = Object.keys(PROGRAMS);
  const rank = (name: string): number => (known.indexOf(name) + known.length + 1) % (known.length + 1);
  return [...names].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function readExpected(directory: string): Map<string, Expected[]> {
  const path = join(directory, 'expected.txt');
  const expected = new Map<string, Expected[]>();
  if (!existsSync(path)) return expected;
  for (const [index, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    if (line.trim() === '') continue;
    const found = /^(\S+)\s+(?:runs=(\d+) )?ret=(\d+) pkt=([0-9a-f]{8})$/.exec(line.trim());
    if (found === null)
      throw new BpfError('bad_suite', `${path}:${index + 1}: ${line}: want NAME [runs=N] ret=R pkt=HASH`);
    const [, name = '', runs = '1', retval, hash = ''] = found;
    const rows = expected.get(name) ?? [];
    rows.push({ runs: Number(runs), retval: Number(retval), packetHash: Number.parseInt(hash, 16) });
    expected.set(name, rows);
  }
  return expected;
}
