import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SHT, STB, STT } from './constants.ts';
import { ElfError } from './error.ts';
import { parseElf, readRelocations } from './parse.ts';

const objects = join(import.meta.dirname, '../../test/data/object');
const load = (name: string) => new Uint8Array(readFileSync(join(objects, `${name}.bpf.o`)));

/** A copy with the field at `offset` set, little-endian. */
function withField(bytes: Uint8Array, offset: number, size: 1 | 2 | 4 | 8, value: number): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  if (size === 1) view.setUint8(offset, value);
  else if (size === 2) view.setUint16(offset, value, true);
  else if (size === 4) view.setUint32(offset, value, true);
  else view.setBigUint64(offset, BigInt(value), true);
  return copy;
}

/** File offset of the header of the section named `name`. */
function headerOf(bytes: Uint8Array, name: string): number {
  const elf = parseElf(bytes);
  const section = elf.sections.find(candidate => candidate.name === name);
  return Number(new DataView(bytes.buffer).getBigUint64(40, true)) + 64 * (section?.index ?? 0);
}

describe('parseElf', () => {
  for (const name of ['subprogs', 'subprogs-eb']) {
    test(`reads sections and symbols of ${name}`, () => {
      const elf = parseElf(load(name));
      expect(elf.byteOrder).toBe(name.endsWith('eb') ? 'big' : 'little');
      expect(elf).toMatchObject({ type: 1, machine: 247 });
      expect(elf.sections[0]).toMatchObject({ index: 0, name: '', type: SHT.NULL });
      const text = elf.sections.find(section => section.name === '.text');
      const shared = elf.symbols.find(symbol => symbol.name === 'shared');
      expect(shared).toMatchObject({ type: STT.FUNC, binding: STB.GLOBAL, section: text?.index });
      expect(elf.symbols.find(symbol => symbol.name === 'replaceable')?.binding).toBe(STB.WEAK);
      expect(elf.symbols.find(symbol => symbol.name === 'inside')?.visibility).toBe(2);
      expect(shared?.size).toBeGreaterThan(0);
    });

    test(`reads relocations of ${name}`, () => {
      const elf = parseElf(load(name));
      const section = elf.sections.find(candidate => candidate.name === '.reltc');
      const relocations = section === undefined ? [] : readRelocations(elf, section);
      const named = relocations.map(({ symbol, type }) => [elf.symbols[symbol]?.name, type]);
      expect(named).toContainEqual(['inside', 10]);
      expect(relocations.every(({ addend }) => addend === undefined)).toBe(true);
    });
  }

  test('keeps the size of a section without bytes', () => {
    const bss = parseElf(load('globals')).sections.find(section => section.name === '.bss');
    expect(bss).toMatchObject({ type: SHT.NOBITS, size: 56 });
    expect(bss?.contents.length).toBe(0);
  });

  const good = load('maps');
  const table = Number(new DataView(good.buffer).getBigUint64(40, true));
  const count = new DataView(good.buffer).getUint16(60, true);
  const symtab = parseElf(good).sections.find(section => section.type === SHT.SYMTAB);
  const symbols = symtab?.offset ?? 0;
  const rows: [name: string, bytes: Uint8Array, message: RegExp, place: { section?: string; offset?: number }][] = [
    ['empty', new Uint8Array(0), /not an ELF file/, { offset: 0 }],
    ['a header cut off', good.slice(0, 40), /64 bytes wanted, the file ends at 0x28/, { offset: 0 }],
    ['32 bits', withField(good, 4, 1, 1), /class 1, want 2/, { offset: 4 }],
    ['no byte order', withField(good, 5, 1, 3), /encoding 3, want 1 .* or 2/, { offset: 5 }],
    ['small section headers', withField(good, 58, 2, 40), /header size 40, want 64/, { offset: 58 }],
    ['headers beyond the file', withField(good, 60, 2, 0xfff0), /the file ends at/, { offset: table }],
    [
      'names beyond the sections',
      withField(good, 62, 2, count),
      /name table \d+, there are \d+ sections/,
      { offset: 62 },
    ],
    [
      'contents beyond the file',
      withField(good, headerOf(good, 'xdp') + 32, 8, 2 ** 40),
      /\(xdp\).*size 0x10000000000/,
      {},
    ],
    ['overlapping sections', withField(good, headerOf(good, '.maps') + 24, 8, 64), /overlaps section/, { offset: 64 }],
    [
      'a cut symbol table',
      withField(good, headerOf(good, '.symtab') + 56, 8, 16),
      /entry size 16, want 24/,
      { section: '.symtab' },
    ],
    [
      'symbols without names',
      withField(good, headerOf(good, '.symtab') + 40, 4, 2),
      /links to section 2/,
      { section: '.symtab' },
    ],
    [
      'a symbol nowhere',
      withField(good, symbols + 24 + 6, 2, 0xfe00),
      /section 65024, there are/,
      { section: '.symtab', offset: 30 },
    ],
    [
      'a symbol without name',
      withField(good, symbols + 24, 4, 0xffffff),
      /string offset 16777215 is outside/,
      { section: '.strtab' },
    ],
  ];
  test.each(rows)('refuses %s', (_name, bytes, message, place) => {
    let thrown: unknown;
    try {
      parseElf(bytes);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ElfError);
    expect(thrown).toMatchObject({ ...place, message: expect.stringMatching(message) });
  });

  test('refuses a relocation outside its section or symbol table', () => {
    const elf = parseElf(good);
    const section = elf.sections.find(candidate => candidate.name === '.relxdp');
    if (section === undefined) throw new Error('no .relxdp');
    const changed = (offset: number, size: 4 | 8, value: number) => {
      const other = parseElf(withField(good, section.offset + offset, size, value));
      return () => readRelocations(other, other.sections[section.index] ?? section);
    };
    expect(changed(0, 8, 1 << 20)).toThrow(/relocation 0 changes offset 0x100000 of xdp/);
    expect(changed(12, 4, 5000)).toThrow(/relocation 0 names symbol 5000/);
  });

  test('throws nothing but ElfError, whatever the bytes', () => {
    const mutants = fc
      .tuple(fc.nat(good.length - 1), fc.uint8Array({ minLength: 1, maxLength: 16 }))
      .map(([at, patch]) => {
        const copy = good.slice();
        copy.set(patch.subarray(0, good.length - at), at);
        return copy;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutants), bytes => {
        try {
          parseElf(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ElfError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
