/**
 * One scenario over the core, run by `browser.test.ts` in Node and in a page, where the answers must be equal. It may use
 * anything of the library folders and nothing of the host; what it needs from files comes in through {@link CoreInput}.
 */
import type * as Sim from '../../src/sim/index.ts';

/** What the scenario is given; the same in Node and in the page. */
export interface CoreInput {
  /** Each library folder's `index.ts`, as imported. */
  readonly faces: Readonly<Record<string, object>>;
  /** The example objects, base64 by file name. */
  readonly objects: Readonly<Record<string, string>>;
  /** Packets, hexadecimal by name. */
  readonly packets: Readonly<Record<string, string>>;
}

/** The bytes of base64 and hexadecimal text, by what every host has. */
const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), character => character.charCodeAt(0));
const fromHex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], pair => Number.parseInt(pair, 16));

/** Runs every example over every packet in a kernel of its own: verdicts, packets out, and the maps after it. */
async function runExamples({ faces, objects, packets }: CoreInput): Promise<unknown> {
  const { readObject, SimKernel } = faces['sim'] as typeof Sim; // the input says which folder a face is of
  const results: Record<string, unknown> = {};
  for (const [name, base64] of Object.entries(objects)) {
    using kernel = new SimKernel({ cpus: 2, seed: 7 });
    await using collection = await kernel.load(readObject(fromBase64(base64)), { name });
    const runs: Record<string, unknown> = {};
    for (const program of Object.values(collection.programs)) {
      for (const [packet, hex] of Object.entries(packets)) {
        const { verdict, data, metadata } = await program.run({ packet: fromHex(hex) });
        runs[`${program.name} ${packet}`] = { verdict, data, metadata };
      }
    }
    const maps = Object.entries(collection.maps).map(([map, handle]) => [map, [...handle.raw.entries(1000)]]);
    results[name] = { runs, maps: Object.fromEntries(maps) };
  }
  return results;
}

/** Runs the scenario; the answer is plain data (bigint and Uint8Array included). */
export async function run(input: CoreInput): Promise<{ exports: unknown; examples: unknown }> {
  const exports = Object.entries(input.faces).map(([folder, face]) => [folder, Object.keys(face).sort()]);
  return { exports: Object.fromEntries(exports), examples: await runExamples(input) };
}

/** Runs the scenario and writes the answer as JSON: a bigint as `123n`, bytes as hexadecimal. */
export async function answer(input: CoreInput): Promise<string> {
  const plain = (_key: string, value: unknown): unknown => {
    if (typeof value === 'bigint') return `${value}n`;
    if (value instanceof Uint8Array) return Array.from(value, byte => byte.toString(16).padStart(2, '0')).join('');
    return value;
  };
  return JSON.stringify(await run(input), plain, 2);
}
