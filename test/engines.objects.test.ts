/** Whole objects on every engine: the same verdicts, packets and maps, packet by packet and in bulk. */
import { describe, expect, it } from 'vitest';
import type { EngineOptions } from '../src/kernel/engine.ts';
import type { Collection } from '../src/loader/collection.ts';
import { readObject } from '../src/object/read.ts';
import { randomPacket } from '../src/packet/random-packet.ts';
import { SimKernel } from '../src/sim/sim-kernel.ts';
import type { PacketRun } from '../src/sys/sys.ts';
import { toHex } from '../src/util/bytes.ts';
import { Random } from '../src/util/random.ts';
import { exampleObjects, fetchedObjects, type ObjectFile } from './support/objects.ts';

const random = new Random(99);
const traffic = Array.from({ length: 400 }, () => randomPacket(random));

const ENGINES: Readonly<Record<string, EngineOptions>> = {
  interp: { engine: 'interp' },
  jit: { engine: 'jit' },
  trust: { engine: 'jit', trust: true },
};

/** Types of maps that hold what programs wrote. */
const OF_PROGRAMS = ['array', 'percpu_array', 'hash', 'percpu_hash'];

/** Every element of every map of a program's own, as text. */
function contents(collection: Collection): string[] {
  return Object.entries(collection.maps)
    .filter(([, map]) => OF_PROGRAMS.includes(map.spec.type))
    .flatMap(([name, map]) =>
      Array.from(map.raw.entries(1000), ([key, value]) => `${name} ${toHex(key)} ${toHex(value)}`),
    );
}

/** What the only XDP program of an object does to the traffic. */
async function outcomes(file: ObjectFile, engine: EngineOptions, bulk: boolean): Promise<unknown> {
  using kernel = new SimKernel({ cpus: 2, ...engine });
  await using collection = await kernel.load(readObject(file.read()), { name: 'test' });
  const program = Object.values(collection.programs).find(({ spec }) => spec.type === 'xdp')!;
  if (bulk) {
    const run: PacketRun = { packets: traffic, verdicts: new Uint32Array(traffic.length), done: 0 };
    expect(program.runner().runMany(run)).toBe(0);
    return { verdicts: [...run.verdicts], maps: contents(collection) };
  }
  const runner = program.runner({ output: true });
  const verdicts: number[] = [];
  const packets = traffic.map(packet => {
    verdicts.push(runner.run(packet));
    return `${toHex(runner.metadata)}|${toHex(runner.data)}`;
  });
  return { verdicts, packets, maps: contents(collection) };
}

const files = [...exampleObjects(), ...fetchedObjects()].filter(file => /examples\/|xdp_|xdpfilt_/.test(file.path));

describe.each(files.filter(file => readsAlone(file)).map(file => [file.name, file] as const))('%s', (_name, file) => {
  it('does the same on every engine', async () => {
    const [interp, jit, trust] = await Promise.all(Object.values(ENGINES).map(engine => outcomes(file, engine, false)));
    expect(jit).toEqual(interp);
    expect(trust).toEqual(interp);
  });

  it('does the same in bulk', async () => {
    const { packets: _, ...single } = (await outcomes(file, ENGINES['interp']!, false)) as { packets: unknown };
    for (const engine of Object.values(ENGINES)) expect(await outcomes(file, engine, true)).toEqual(single);
  });
});

/** Whether the object has one XDP program and nothing that a kernel of its own is needed for. */
function readsAlone(file: ObjectFile): boolean {
  const spec = readObject(file.read());
  const programs = Object.values(spec.programs);
  return programs.length === 1 && programs[0]?.type === 'xdp' && programs[0].coreRelocations.length === 0;
}

describe('packets in bulk', () => {
  const source = exampleObjects().find(file => file.name.includes('xdp_count'))!;

  it('stop at a packet that is refused, and go on behind it', async () => {
    using kernel = new SimKernel();
    await using collection = await kernel.load(readObject(source.read()));
    const runner = Object.values(collection.programs)[0]!.runner();
    const run: PacketRun = {
      packets: [traffic[0]!, new Uint8Array(3), traffic[0]!],
      verdicts: new Uint32Array(3),
      done: 0,
    };
    expect(runner.runMany(run)).toBe(-22);
    expect(run.done).toBe(1);
    expect(runner.why).toMatch(/3 bytes/);
    run.done++;
    expect(runner.runMany(run)).toBe(0);
    expect(run.done).toBe(3);
    expect(run.verdicts[2]).toBe(run.verdicts[0]);
  });
});
