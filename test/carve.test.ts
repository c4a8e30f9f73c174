/** Carving finds each BPF image and nothing else. */
import { describe, expect, it } from 'vitest';
import { carveBpfObjects } from '../scripts/support/carve.ts';

interface ImageOptions {
  readonly little?: boolean;
  readonly machine?: number;
  readonly elfClass?: number;
  readonly sectionType?: number;
}

/** A 64-byte ELF header, 8 bytes of content, and one section header that spans the content. */
function image({ little = true, machine = 247, elfClass = 2, sectionType = 1 }: ImageOptions = {}): Uint8Array {
  const view = new DataView(new ArrayBuffer(64 + 64 + 8));
  view.setUint32(0, 0x7f454c46);
  view.setUint8(4, elfClass);
  view.setUint8(5, little ? 1 : 2);
  view.setUint16(18, machine, little);
  view.setBigUint64(40, 64n, little);
  view.setUint16(60, 1, little);
  view.setUint32(64 + 4, sectionType, little);
  view.setBigUint64(64 + 24, 128n, little);
  view.setBigUint64(64 + 32, 8n, little);
  return new Uint8Array(view.buffer);
}

function concat(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap(part => [...part]));
}

const junk = [0x7f, 0x45, 0x7f, 0x7f, 0x45, 0x4c, 0x46, 0];

describe('carveBpfObjects', () => {
  it.each<[name: string, file: Uint8Array, found: [offset: number, size: number][]]>([
    ['a whole file', image(), [[0, 136]]],
    ['a big-endian one', image({ little: false }), [[0, 136]]],
    [
      'two images among other bytes',
      concat(junk, image(), junk, image(), junk),
      [
        [8, 136],
        [152, 136],
      ],
    ],
    ['an image whose last section has no bytes in the file', image({ sectionType: 8 }).subarray(0, 128), [[0, 128]]],
    ['a native program around an image', concat(image({ machine: 62 }), image()), [[136, 136]]],
    ['a 32-bit file', image({ elfClass: 1 }), []],
    ['an image that is cut off', image().subarray(0, 135), []],
    ['a header that is cut off', image().subarray(0, 63), []],
    ['nothing', new Uint8Array(), []],
  ])('%s', (_name, file, found) => {
    expect(carveBpfObjects(file).map(({ offset, bytes }) => [offset, bytes.length])).toEqual(found);
  });
});
