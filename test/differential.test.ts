/**
 * Objects of packet programs on both kernels: the same packets over the same maps must give the same verdicts, the same packets out and the same
 * maps. Six packets that are written down, and 10,000 random ones.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Collection } from '../src/loader/collection.ts';
import type { BpfMap } from '../src/loader/map.ts';
import type { Program } from '../src/loader/program.ts';
import { readObject } from '../src/object/read.ts';
import type { CollectionSpec } from '../src/object/spec.ts';
import { randomPacket } from '../src/packet/random-packet.ts';
import type { ProgTypeName } from '../src/uapi/prog-types.ts';
import { toHex } from '../src/util/bytes.ts';
import { NotSupportedError } from '../src/util/error.ts';
import { Random } from '../src/util/random.ts';
import { bothKernels, linuxSkip, onCpu0 } from './support/kernels.ts';
import { exampleObjects, fetchedObjects, fetchedObjectsSkip, type ObjectFile, testObjects } from './support/objects.ts';
import { packets } from './support/packets.ts';
import { titled } from './support/tools.ts';

const SEED = 20;
const RANDOM_PACKETS = 10_000;

const random = new Random(SEED);
const traffic: Uint8Array[] = [
  ...packets.map(packet => packet.bytes),
  ...Array.from({ length: RANDOM_PACKETS }, () => randomPacket(random)),
];

/** Where addresses and ports lie in packets, by the size of a key: what a filter's map is filled with. */
const KEY_OFFSETS: Readonly<Record<number, readonly number[]>> = {
  2: [34, 36, 54, 56],
  4: [26, 30],
  6: [0, 6],
  16: [22, 38],
};
const FILTERED = new Set(['hash', 'percpu_hash', 'array', 'percpu_array']);
/** Maps whose contents are a program's own, not a table of something in the kernel. */
const COMPARED = new Set(['hash', 'percpu_hash', 'array', 'percpu_array', 'lru_hash']);

/** Puts keys from the traffic into every map that a filter could look them up in; the same on both kernels. */
function fill(map: BpfMap): void {
  const { keySize, type, maxEntries, section } = map.spec;
  if (section !== undefined || !FILTERED.has(type)) return;
  const value = new Uint8Array(map.raw.valueSize);
  for (let at = 0; at < value.length; at += 8) value[at] = 15;
  const isArray = type.endsWith('array');
  if (isArray && maxEntries < 65536) return; // statistics, not a filter
  const keys = new Set<string>();
  for (let i = 0; i < traffic.length && keys.size < Math.min(maxEntries, 40); i += 7) {
    for (const offset of KEY_OFFSETS[isArray ? 2 : keySize] ?? []) {
      const key = traffic[i]!.slice(offset, offset + (isArray ? 2 : keySize));
      if (key.length !== (isArray ? 2 : keySize) || keys.has(toHex(key)) || keys.size >= maxEntries) continue;
      keys.add(toHex(key));
      map.raw.set(isArray ? Uint8Array.of(key[0]!, key[1]!, 0, 0) : key, value);
    }
  }
}

/** A map as comparable text: values (of all CPUs) per key. */
function contents(map: BpfMap): Record<string, string> {
  const entries = map.raw.entries(Number.POSITIVE_INFINITY);
  return Object.fromEntries(Array.from(entries, ([key, value]) => [toHex(key), toHex(value)]));
}

/** One run as text. */
function outcome(run: ReturnType<Program['runner']>, packet: Uint8Array): string {
  const result = run.tryRun(packet);
  return result < 0 ? `errno ${-result}` : `${run.retval} ${toHex(run.metadata)}|${toHex(run.data)}`;
}

/** The spec with one program to load; sizes that a tool sets at run time are set. */
function only(spec: CollectionSpec, name: string): CollectionSpec {
  for (const map of Object.values(spec.maps)) if (map.maxEntries === 0) map.maxEntries = 64;
  for (const program of Object.values(spec.programs)) program.autoload = program.name === name;
  return spec;
}

function compare(sim: Collection, linux: Collection, name: string): void {
  for (const collection of [sim, linux]) for (const map of Object.values(collection.maps)) fill(map);
  const ours = sim.program(name).runner({ output: true });
  const theirs = linux.program(name).runner({ output: true });
  const differences: string[] = [];
  const verdicts = new Set<number>();
  traffic.forEach((packet, i) => {
    const expected = outcome(theirs, packet);
    const found = outcome(ours, packet);
    verdicts.add(theirs.retval);
    if (found !== expected) differences.push(`packet ${i} ${toHex(packet)}: linux ${expected}, skep ${found}`);
  });
  expect(differences.slice(0, 3)).toEqual([]);
  for (const [mapName, map] of Object.entries(linux.maps)) {
    if (COMPARED.has(map.spec.type))
      expect({ [mapName]: contents(sim.map(mapName)) }).toEqual({ [mapName]: contents(map) });
  }
}

/** Types that run over a socket buffer. */
const SKB_TYPES: readonly ProgTypeName[] = ['sched_cls', 'sched_act', 'socket_filter', 'cgroup_skb'];

/** A row a program: what both kernels must agree on. */
function programsOf(
  files: readonly ObjectFile[],
  types: readonly ProgTypeName[] = ['xdp'],
): [name: string, file: ObjectFile, program: string][] {
  return files.flatMap(file =>
    Object.values(readObject(file.read()).programs)
      .filter(program => types.includes(program.type))
      .map(program => [`${file.name} ${program.name}`, file, program.name] as [string, ObjectFile, string]),
  );
}

async function agree(file: ObjectFile, program: string): Promise<void> {
  using kernels = bothKernels();
  await using linux = await kernels.linux.load(only(readObject(file.read()), program));
  await using sim = await kernels.sim.load(only(readObject(file.read()), program));
  compare(sim, linux, program);
}

const fetched = fetchedObjects();
const isFilter = (file: ObjectFile): boolean => file.name.includes('xdpfilt_');

describe.skipIf(linuxSkip)(titled('as the live kernel runs them', linuxSkip), () => {
  let pinned: Disposable;
  beforeAll(() => {
    pinned = onCpu0();
  });
  afterAll(() => pinned[Symbol.dispose]());

  it.each(programsOf(exampleObjects()))('%s', (_name, file, program) => agree(file, program));

  it.each(programsOf(testObjects('skb'), SKB_TYPES))('%s', (_name, file, program) => agree(file, program));

  const skip = fetchedObjectsSkip();
  describe.skipIf(skip)(titled("xdp-tools' filters", skip), () => {
    it.each(programsOf(fetched.filter(isFilter)))('%s', (_name, file, program) => agree(file, program));
  });

  describe.skipIf(skip)(titled('other XDP programs of Debian', skip), () => {
    const others = fetched.filter(file => /lib(xdp)|xdp-/.test(file.name) && !isFilter(file));
    it.for(programsOf(others))('%s', async ([, file, program], { skip }) => {
      try {
        await agree(file, program);
      } catch (error) {
        if (!(error instanceof NotSupportedError)) throw error;
        skip(error.message);
      }
    });
  });
});
