import { describe, expect, test } from 'vitest';
import { perCpuCodec, rawCodec, u32Codec } from './codec.ts';

describe('perCpuCodec', () => {
  const codec = perCpuCodec(u32Codec, 3);

  test('one slot of 8 bytes for each CPU', () => {
    expect(codec.size).toBe(24);
    const bytes = codec.encode([1, 2, 3], 'value');
    expect([...bytes]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
    expect(codec.decode(bytes)).toEqual([1, 2, 3]);
  });

  test.each([
    ['too few values', [1, 2], 'value: an array of 2, want an array of 3, one for each possible CPU'],
    ['no array', 7, 'value: number 7, want an array of 3, one for each possible CPU'],
    ['an element that does not fit', [1, -2, 3], 'value[1]: number -2, want a whole number from 0 to 4294967295'],
  ])('refuses %s', (_, value, message) => {
    expect(() => codec.encode(value, 'value')).toThrow(message);
  });
});

test('raw bytes pass through as a copy, of the right length only', () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const codec = rawCodec(3);
  const decoded = codec.decode(bytes);
  expect(decoded).toEqual(bytes);
  expect(decoded).not.toBe(bytes);
  expect(() => codec.encode(Uint8Array.of(1), 'key')).toThrow('key: 1 bytes, want a Uint8Array of 3 bytes');
  expect(() => codec.encode('abc', 'key')).toThrow('key: string abc, want a Uint8Array of 3 bytes');
});

test('encode into existing bytes writes there', () => {
  const room = new Uint8Array(4);
  expect(u32Codec.encode(0x01020304, 'key', room)).toBe(room);
  expect([...room]).toEqual([4, 3, 2, 1]);
});
