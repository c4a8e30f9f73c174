/**
 * Fuzzes the object reader: `npm run fuzz:object -- [--time 10s] [--seed N] [OBJECT…]`.
 *
 * Takes the objects named (else those of test/data/object and .cache/objects), changes them in ways that know ELF and
 * BTF, and reads the result. Whatever the bytes are, reading ends with a spec or an input error, within two seconds,
 * without memory beyond bound. Each mutant depends on the seed and its number only. A mutant that breaks the rule is
 * written to .cache/fuzz; every object named is also read unchanged, so that naming the file with `--time 0s` replays
 * it. Exit status 1 means that the rule was broken.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { parseBtf } from '../src/btf/btf.ts';
import { BtfError } from '../src/btf/error.ts';
import { formatValue } from '../src/btf/format-value.ts';
import { formatTypeName } from '../src/btf/type-name.ts';
import { SHT } from '../src/elf/constants.ts';
import { ElfError } from '../src/elf/error.ts';
import { parseElf } from '../src/elf/parse.ts';
import { readObject } from '../src/object/read.ts';
import { NotSupportedError } from '../src/util/error.ts';

const SLOW_MS = 2000;
const HANG_MS = 20_000;
const MAX_RSS = 1536 * 1024 * 1024;
const MAX_OBJECT = 4 * 1024 * 1024;

/** Random numbers from a seed (mulberry32). */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer from 0 up to but not `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * end);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T; // callers pass no empty list
  }
}

const INTERESTING = [
  0, 1, 2, 3, 4, 7, 8, 16, 24, 0x7f, 0x80, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff,
];

/** A part of an object that mutations aim at: bytes from `start` to `end`, in fields of `width` bytes. */
interface Region {
  start: number;
  end: number;
  width: number;
}

/** Section headers, and the tables that sections hold. */
function regionsOf(bytes: Uint8Array): Region[] {
  const regions: Region[] = [{ start: 0, end: Math.min(64, bytes.length), width: 2 }];
  try {
    const elf = parseElf(bytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const table = Number(view.getBigUint64(40, elf.byteOrder === 'little'));
    regions.push({ start: table, end: table + elf.sections.length * 64, width: 4 });
    for (const { type, name, offset, size } of elf.sections) {
      if (type === SHT.NULL || type === SHT.NOBITS || size === 0) continue;
      const region = { start: offset, end: offset + size, width: 4 };
      regions.push(region);
      if (name === '.BTF' || name === '.BTF.ext')
        regions.push({ start: offset, end: offset + 32, width: 4 }, region, region);
      if (type === SHT.SYMTAB || type === SHT.REL) regions.push(region, { ...region, width: 1 });
    }
  } catch {
    // An object that no longer parses is mutated as bytes.
  }
  return regions.filter(({ start, end }) => start >= 0 && end <= bytes.length && end > start);
}

type Mutation = (bytes: Uint8Array, random: Random, regions: Region[], others: readonly Uint8Array[]) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, random) {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
    return bytes;
  },
  function setField(bytes, random, regions) {
    const { start, end, width } = random.pick(regions);
    const at = start + width * random.below(Math.floor((end - start) / width) || 1);
    const value = random.below(4) === 0 ? random.below(2 ** 32) : random.pick(INTERESTING);
    for (let i = 0; i < width && at + i < bytes.length; i++) bytes[at + i] = (value >>> (8 * i)) & 0xff;
    return bytes;
  },
  function nudgeField(bytes, random, regions) {
    const { start, end } = random.pick(regions);
    const at = start + random.below(end - start);
    bytes[at] = (bytes[at] as number) + random.pick([-8, -2, -1, 1, 2, 8]);
    return bytes;
  },
  function copyField(bytes, random, regions) {
    const from = random.pick(regions);
    const to = random.below(3) === 0 ? random.pick(regions) : from;
    const size = random.pick([4, 8, 12, 16, 24, 64]);
    const source = from.start + 4 * random.below(Math.floor((from.end - from.start) / 4) || 1);
    const target = to.start + 4 * random.below(Math.floor((to.end - to.start) / 4) || 1);
    bytes.copyWithin(target, source, Math.min(source + size, bytes.length));
    return bytes;
  },
  function truncate(bytes, random) {
    return bytes.slice(0, 1 + random.below(bytes.length));
  },
  function insert(bytes, random, regions) {
    const { start, end } = random.pick(regions);
    const at = start + random.below(end - start);
    const size = 4 * (1 + random.below(16));
    const result = new Uint8Array(bytes.length + size);
    result.set(bytes.subarray(0, at));
    result.set(bytes.subarray(at), at + size);
    return result.slice(0, MAX_OBJECT);
  },
  function splice(bytes, random, regions, others) {
    const other = random.pick(others);
    const { start, end } = random.pick(regions);
    const size = Math.min(end - start, other.length);
    const from = random.below(other.length - size + 1);
    bytes.set(other.subarray(from, from + size), start);
    return bytes;
  },
];

/** Field mutations are the ones that get behind the first checks. */
const WEIGHTED = [...MUTATIONS, ...MUTATIONS.slice(1, 4), ...MUTATIONS.slice(1, 4)];

function mutate(corpus: readonly Uint8Array[], seed: number, number: number): Uint8Array {
  const random = new Random(seed + Math.imul(number, 0x9e3779b1));
  let bytes = random.pick(corpus).slice();
  const regions = regionsOf(bytes);
  for (let i = 1 + random.below(6); i > 0 && bytes.length > 0; i--) {
    bytes = random
      .pick(WEIGHTED)(
        bytes,
        random,
        regions.filter(({ end }) => end <= bytes.length).concat({ start: 0, end: bytes.length, width: 4 }),
        corpus,
      )
      .slice();
  }
  return bytes;
}

/** Reads an object and everything in it; returns what it amounts to. @throws whatever reading throws. */
function readAll(bytes: Uint8Array): void {
  const spec = readObject(bytes);
  if (spec.btf === undefined) return;
  const btf = parseBtf(spec.btf);
  for (let id = 1; id < btf.typeCount; id++) formatTypeName(btf, id);
  for (const { typeId, map, offset, size } of Object.values(spec.variables)) {
    const contents = spec.maps[map]?.section?.contents;
    // A listing of a large variable takes many times its room; the reader leaves those as bytes.
    if (typeId !== undefined && contents !== undefined && size <= 1 << 20) {
      formatValue(btf, typeId, contents.subarray(offset, offset + size));
    }
  }
}

/** Why reading `bytes` breaks the rule, undefined where it keeps it. */
function judge(bytes: Uint8Array): { verdict: 'read' | 'refused'; failure: string | undefined } {
  const start = performance.now();
  let verdict: 'read' | 'refused' = 'read';
  let failure: string | undefined;
  try {
    readAll(bytes);
  } catch (error) {
    verdict = 'refused';
    const expected = error instanceof ElfError || error instanceof BtfError || error instanceof NotSupportedError;
    if (!expected) failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const took = performance.now() - start;
  if (took > SLOW_MS) failure ??= `took ${took.toFixed(0)} ms, want at most ${SLOW_MS}`;
  const rss = process.memoryUsage.rss();
  if (rss > MAX_RSS) failure ??= `the process has ${(rss / 2 ** 20).toFixed(0)} MiB, want at most ${MAX_RSS / 2 ** 20}`;
  return { verdict, failure };
}

/** What the worker is given, and what it tells. */
interface Work {
  corpus: { name: string; bytes: Uint8Array }[];
  seed: number;
  timeMs: number;
  /** The number of the object that is being read: unchanged ones count down from -1, mutants up from 0. */
  current: SharedArrayBuffer;
}

type Message = { failure: string; number: number } | { done: true; count: number; read: number; failures: number };

function work({ corpus, seed, timeMs, current }: Work, tell: (message: Message) => void): void {
  const now = new Int32Array(current);
  const objects = corpus.map(({ bytes }) => bytes);
  const end = performance.now() + timeMs;
  let read = 0;
  let failures = 0;
  let count = 0;
  const run = (number: number, bytes: Uint8Array) => {
    Atomics.store(now, 0, number);
    const { verdict, failure } = judge(bytes);
    count++;
    if (verdict === 'read') read++;
    if (failure === undefined) return;
    failures++;
    tell({ failure, number });
  };
  objects.forEach((bytes, i) => {
    run(-1 - i, bytes);
  });
  for (let number = 0; performance.now() < end && failures < 10; number++) run(number, mutate(objects, seed, number));
  tell({ done: true, count, read, failures });
}

function findCorpus(named: readonly string[]): Work['corpus'] {
  const root = join(import.meta.dirname, '..');
  const folders = ['test/data/object', '.cache/objects'].map(folder => join(root, folder)).filter(existsSync);
  const found = folders.flatMap(folder =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.o'))
      .map(name => join(folder, name)),
  );
  return (named.length > 0 ? named : found.sort())
    .map(name => ({ name, bytes: new Uint8Array(readFileSync(name)) }))
    .filter(({ bytes }) => bytes.length > 0 && bytes.length <= MAX_OBJECT);
}

function parseTime(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  if (match === null) throw new Error(`--time ${text}: want a number with ms, s, m or h`);
  const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  return Number(match[1]) * (units[match[2] ?? 's'] ?? 1000);
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { time: { type: 'string', default: '10s' }, seed: { type: 'string' } },
  });
  const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
  const corpus = findCorpus(positionals);
  if (!Number.isInteger(seed) || corpus.length === 0) {
    console.error(
      corpus.length === 0 ? 'fuzz:object: no objects' : `fuzz:object: --seed ${values.seed}: want an integer`,
    );
    process.exit(2);
  }
  const current = new SharedArrayBuffer(4);
  const now = new Int32Array(current);
  const data: Work = { corpus, seed, timeMs: parseTime(values.time), current };
  const worker = new Worker(import.meta.filename, { workerData: data });

  const report = (failure: string, number: number) => {
    const bytes =
      number < 0
        ? corpus[-1 - number]?.bytes
        : mutate(
            corpus.map(object => object.bytes),
            seed,
            number,
          );
    const folder = join(import.meta.dirname, '..', '.cache', 'fuzz');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `object-${seed}-${number}.bpf.o`);
    writeFileSync(file, bytes ?? new Uint8Array(0));
    console.error(
      `fuzz:object: ${number < 0 ? corpus[-1 - number]?.name : `mutant ${number} of seed ${seed}`}: ${failure}`,
    );
    console.error(`  replay: npm run fuzz:object -- --time 0s ${file}`);
  };

  let last = { number: 0, since: performance.now() };
  const watch = setInterval(() => {
    const number = Atomics.load(now, 0);
    if (number !== last.number) last = { number, since: performance.now() };
    else if (performance.now() - last.since > HANG_MS) {
      report(`still running after ${HANG_MS} ms`, number);
      process.exit(1);
    }
  }, 1000);
  worker.on('message', (message: Message) => {
    if ('failure' in message) {
      report(message.failure, message.number);
      return;
    }
    clearInterval(watch);
    const { count, read, failures } = message;
    console.log(
      `fuzz:object: seed ${seed}, ${corpus.length} objects, ${count} runs: ${read} read, ${count - read} refused, ${failures} failures`,
    );
    process.exitCode = failures > 0 ? 1 : 0;
  });
  worker.on('error', error => {
    clearInterval(watch);
    report(`the worker died: ${error instanceof Error ? error.message : String(error)}`, Atomics.load(now, 0));
    process.exitCode = 1;
  });
}

if (isMainThread) main();
else work(workerData as Work, message => parentPort?.postMessage(message)); // as main made it
