import { expect, it } from 'vitest';
import { jhash } from './jhash.ts';

/** Values of lookup3's `hashlittle` for a text and a seed (its own self-test); the kernel adds the same constant to both. */
const rows: readonly [text: string, seed: number, hash: number][] = [
  ['', 0, 0xdeadbeef],
  ['', 0xdeadbeef, 0xbd5b7dde],
  ['Four score and seven years ago', 0, 0x17770551],
  ['Four score and seven years ago', 1, 0xcd628161],
];

it.each(rows)('%j with seed %d', (text, seed, hash) => {
  const bytes = new TextEncoder().encode(text);
  expect(jhash(new DataView(bytes.buffer), 0, bytes.length, seed)).toBe(hash);
});
