/**
 * The ELF64 reader: header, sections, symbols, relocations, either byte order; knows no BPF. Every count and size is
 * checked against the file before anything is made of it, and sections may not overlap, so that time and memory stay
 * linear in the file whatever it says. Source: System V ABI, chapters 4 and 5 (gABI 4.3 for extended section indices).
 */
import { ByteReader, plainBytes } from '../util/bytes.ts';
import { StringTable } from '../util/string-table.ts';
import { SHN, SHT } from './constants.ts';
import type { ElfFile, ElfRelocation, ElfSection, ElfSymbol } from './elf-file.ts';
import { ElfError } from './error.ts';

const HEADER_SIZE = 64;
const SECTION_HEADER_SIZE = 64;
const SYMBOL_SIZE = 24;
const REL_SIZE = 16;
const RELA_SIZE = 24;

/**
 * Parses an ELF64 file.
 * @throws {ElfError} when the bytes are not one.
 */
export function parseElf(file: Uint8Array): ElfFile {
  const bytes = plainBytes(file);
  const order = byteOrderOf(bytes);
  const reader = new ByteReader(
    bytes,
    order,
    (offset, size) => new ElfError(`${size} bytes wanted, the file ends at 0x${bytes.length.toString(16)}`, { offset }),
  );
  reader.check(0, HEADER_SIZE);
  const sections = readSections(reader);
  checkOverlap(sections);
  return {
    byteOrder: order,
    type: reader.u16(16),
    machine: reader.u16(18),
    sections,
    symbols: readSymbols(reader, sections),
  };
}

function byteOrderOf(bytes: Uint8Array): 'little' | 'big' {
  const [m0, m1, m2, m3, elfClass, data, version] = bytes;
  if (m0 !== 0x7f || m1 !== 0x45 || m2 !== 0x4c || m3 !== 0x46) {
    throw new ElfError('not an ELF file: it does not start with 7f 45 4c 46', { offset: 0 });
  }
  if (elfClass !== 2) throw new ElfError(`ELF class ${elfClass}, want 2 (64-bit)`, { offset: 4 });
  if (data !== 1 && data !== 2)
    throw new ElfError(`ELF data encoding ${data}, want 1 (little) or 2 (big)`, { offset: 5 });
  if (version !== 1) throw new ElfError(`ELF version ${version}, want 1`, { offset: 6 });
  return data === 1 ? 'little' : 'big';
}

function readSections(reader: ByteReader): ElfSection[] {
  const table = Number(reader.u64(40));
  if (table === 0) return [];
  const entrySize = reader.u16(58);
  if (entrySize !== SECTION_HEADER_SIZE) {
    throw new ElfError(`section header size ${entrySize}, want ${SECTION_HEADER_SIZE}`, { offset: 58 });
  }
  reader.check(table, SECTION_HEADER_SIZE);
  // A count or index that does not fit its header field stands in section 0.
  const count = reader.u16(60) || Number(reader.u64(table + 32));
  let names = reader.u16(62);
  if (names === SHN.XINDEX) names = reader.u32(table + 40);
  reader.check(table, count * SECTION_HEADER_SIZE);
  if (names >= count) throw new ElfError(`section name table ${names}, there are ${count} sections`, { offset: 62 });

  const nameTable = sectionNames(reader, table + names * SECTION_HEADER_SIZE);
  const sections: ElfSection[] = [];
  for (let index = 0; index < count; index++) {
    sections.push(readSection(reader, index, table + index * SECTION_HEADER_SIZE, nameTable));
  }
  return sections;
}

function sectionNames(reader: ByteReader, header: number): StringTable {
  const type = reader.u32(header + 4);
  // Section 0 as the name table means that no section has a name.
  if (type !== SHT.STRTAB && type !== SHT.NULL) {
    throw new ElfError(`section name table has type ${type}, want ${SHT.STRTAB} (STRTAB)`, { offset: header + 4 });
  }
  const offset = Number(reader.u64(header + 24));
  const size = type === SHT.NULL ? 0 : Number(reader.u64(header + 32));
  const bytes = type === SHT.NULL ? new Uint8Array(1) : reader.slice(offset, size);
  return new StringTable(bytes, (at, problem) => new ElfError(`section name: ${problem}`, { offset: offset + at }));
}

function readSection(reader: ByteReader, index: number, header: number, names: StringTable): ElfSection {
  const type = reader.u32(header + 4);
  const offset = Number(reader.u64(header + 24));
  const size = Number(reader.u64(header + 32));
  const name = names.at(reader.u32(header));
  const inFile = type !== SHT.NOBITS && type !== SHT.NULL;
  if (inFile && offset + size > reader.length) {
    throw new ElfError(
      `section ${index} (${name}) lies at 0x${offset.toString(16)}, size 0x${size.toString(16)}; the file ends at 0x${reader.length.toString(16)}`,
      { offset: header + 24 },
    );
  }
  return {
    index,
    name,
    type,
    flags: Number(reader.u64(header + 8)),
    link: reader.u32(header + 40),
    info: reader.u32(header + 44),
    entrySize: Number(reader.u64(header + 56)),
    offset,
    size: type === SHT.NULL ? 0 : size,
    contents: inFile ? reader.slice(offset, size) : new Uint8Array(0),
  };
}

function checkOverlap(sections: ElfSection[]): void {
  const placed = sections.filter(section => section.contents.length > 0).sort((a, b) => a.offset - b.offset);
  for (let i = 1; i < placed.length; i++) {
    const before = placed[i - 1] as ElfSection;
    const section = placed[i] as ElfSection;
    if (section.offset < before.offset + before.size) {
      throw new ElfError(
        `section ${section.index} (${section.name}) overlaps section ${before.index} (${before.name})`,
        {
          offset: section.offset,
        },
      );
    }
  }
}

function readSymbols(reader: ByteReader, sections: ElfSection[]): ElfSymbol[] {
  const [table, second] = sections.filter(section => section.type === SHT.SYMTAB);
  if (table === undefined) return [];
  if (second !== undefined)
    throw new ElfError(`a second symbol table, section ${second.index}`, { section: second.name });
  const count = entryCount(table, SYMBOL_SIZE);
  const strings = sections[table.link];
  if (strings?.type !== SHT.STRTAB) {
    throw new ElfError(`links to section ${table.link}, want a string table`, { section: table.name });
  }
  const names = new StringTable(
    strings.contents,
    (offset, problem) => new ElfError(problem, { section: strings.name, offset }),
  );
  const extended = sections.find(section => section.type === SHT.SYMTAB_SHNDX && section.link === table.index);

  const symbols: ElfSymbol[] = [];
  for (let index = 0; index < count; index++) {
    const at = table.offset + index * SYMBOL_SIZE;
    const info = reader.u8(at + 4);
    let section = reader.u16(at + 6);
    const special = section >= SHN.LORESERVE && section !== SHN.XINDEX;
    if (section === SHN.XINDEX) {
      if (extended === undefined || index * 4 + 4 > extended.contents.length) {
        throw new ElfError(`symbol ${index} has an extended section index, which the file lacks`, {
          section: table.name,
          offset: index * SYMBOL_SIZE + 6,
        });
      }
      section = reader.u32(extended.offset + index * 4);
    }
    if (!special && section >= sections.length) {
      throw new ElfError(`symbol ${index} lies in section ${section}, there are ${sections.length}`, {
        section: table.name,
        offset: index * SYMBOL_SIZE + 6,
      });
    }
    symbols.push({
      index,
      name: names.at(reader.u32(at)),
      value: Number(reader.u64(at + 8)),
      size: Number(reader.u64(at + 16)),
      type: info & 0xf,
      binding: info >> 4,
      visibility: reader.u8(at + 5) & 3,
      section,
    });
  }
  return symbols;
}

/**
 * Reads the entries of an `SHT.REL` or `SHT.RELA` section of `elf`; `section.info` is the section that they change.
 * @throws {ElfError} on an entry outside its section or symbol table.
 */
export function readRelocations(elf: ElfFile, section: ElfSection): ElfRelocation[] {
  const explicit = section.type === SHT.RELA;
  const entrySize = explicit ? RELA_SIZE : REL_SIZE;
  const target = elf.sections[section.info];
  if (target === undefined) {
    throw new ElfError(`applies to section ${section.info}, there are ${elf.sections.length}`, {
      section: section.name,
    });
  }
  const count = entryCount(section, entrySize);
  const reader = new ByteReader(
    section.contents,
    elf.byteOrder,
    offset => new ElfError('truncated', { section: section.name, offset }),
  );
  const relocations: ElfRelocation[] = [];
  for (let index = 0; index < count; index++) {
    const at = index * entrySize;
    const offset = Number(reader.u64(at));
    const info = reader.u64(at + 8);
    const symbol = Number(info >> 32n);
    if (offset >= target.size) {
      throw new ElfError(
        `relocation ${index} changes offset 0x${offset.toString(16)} of ${target.name}, which has 0x${target.size.toString(16)} bytes`,
        {
          section: section.name,
          offset: at,
        },
      );
    }
    if (symbol >= elf.symbols.length) {
      throw new ElfError(`relocation ${index} names symbol ${symbol}, there are ${elf.symbols.length}`, {
        section: section.name,
        offset: at + 8,
      });
    }
    relocations.push({
      offset,
      symbol,
      type: Number(info & 0xffffffffn),
      addend: explicit ? BigInt.asIntN(64, reader.u64(at + 16)) : undefined,
    });
  }
  return relocations;
}

function entryCount(section: ElfSection, entrySize: number): number {
  if (section.entrySize !== entrySize) {
    throw new ElfError(`entry size ${section.entrySize}, want ${entrySize}`, { section: section.name });
  }
  if (section.size % entrySize !== 0) {
    throw new ElfError(`size ${section.size} is not a multiple of the entry size ${entrySize}`, {
      section: section.name,
    });
  }
  return section.size / entrySize;
}
