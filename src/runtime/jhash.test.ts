import { expect, it } from 'vitest';
import { Runtime } from './runtime.ts';

/** Values of lookup3's `hashlittle` for a text and a seed (its own self-test); the kernel adds the same constant to both. */
const rows: readonly [text: string, seed: number, hash: number][] = [
  ['', 0, 0xdeadbeef],
  ['', 0xdeadbeef, 0xbd5b7dde],
  ['Four score and seven years ago', 0, 0x17770551],
  ['Four score and seven years ago', 1, 0xcd628161],
];

it.each(rows)('%j with seed %d', (text, seed, hash) => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const bytes = new TextEncoder().encode(text);
  new Uint8Array(memory.buffer).set(bytes, 64);
  const { functions } = new Runtime(memory, 0);
  expect(functions.hashBytes(64, bytes.length, seed) >>> 0).toBe(hash);
});
