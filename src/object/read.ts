/**
 * `readObject`: a BPF object file as a `CollectionSpec`. It accepts what libbpf accepts, and beyond it big-endian
 * objects, `maps` sections and static functions beside programs; whatever is wrong with the bytes is an `ElfError` or a
 * `BtfError` that says where.
 */
import { type Btf, parseBtf } from '../btf/btf.ts';
import { BtfError } from '../btf/error.ts';
import { parseBtfExt } from '../btf/ext.ts';
import { EM, ET, SHT } from '../elf/constants.ts';
import type { ElfFile, ElfSection } from '../elf/elf-file.ts';
import { ElfError } from '../elf/error.ts';
import { parseElf } from '../elf/parse.ts';
import { ByteReader } from '../util/bytes.ts';
import { fillSlots, readBtfMaps } from './btf-maps.ts';
import { fillArena, readDataMaps, readStructOps } from './data-maps.ts';
import { collectExterns } from './externs.ts';
import { type CodeFunction, findFunctions } from './functions.ts';
import { kernelBtf } from './kernel-btf.ts';
import { readLegacyMaps } from './legacy-maps.ts';
import { exceptionCallbacks, Linker } from './link.ts';
import { collectRelocations, indexSections, type ObjectFile } from './object-file.ts';
import { parseSection } from './sections.ts';
import type { CollectionSpec, MapSpec, ProgramSpec } from './spec.ts';
import { readVariables } from './variables.ts';

/**
 * Reads a BPF object file. The result shares no bytes with `bytes`.
 * @throws {ElfError | BtfError} when it is malformed; {NotSupportedError} for jump tables.
 */
export function readObject(bytes: Uint8Array): CollectionSpec {
  const elf = parseElf(bytes);
  checkHeader(elf);
  const sections = indexSections(elf);
  const rawBtf = optional(sections.get('.BTF'), section => parseBtf(section.contents));
  checkByteOrder(elf, rawBtf);
  const externs = collectExterns(elf, rawBtf);
  const btfBytes = rawBtf && kernelBtf(elf, rawBtf, externs);
  const btf = btfBytes && parseBtf(btfBytes);
  const object: ObjectFile = {
    elf,
    btf,
    ext: btf && optional(sections.get('.BTF.ext'), section => parseBtfExt(section.contents, btf)),
    relocations: collectRelocations(elf),
  };

  const table = findFunctions(object);
  const entries = new Map<string, CodeFunction>();
  for (const fn of table.functions) if (fn.isEntry) addUnique(entries, fn.name, fn, 'program', fn.section.name);
  const isEntry = (name: string) => entries.has(name);

  const legacyMaps = readLegacyMaps(object);
  const btfMaps = readBtfMaps(object);
  const dataMaps = readDataMaps(object);
  const arena = fillArena(
    object,
    btfMaps.map(({ spec }) => spec),
  );
  const structOps = readStructOps(object, isEntry);
  fillSlots(object, btfMaps, isEntry);
  const maps = new Map<string, MapSpec>();
  for (const map of [...legacyMaps, ...btfMaps, ...dataMaps])
    addUnique(maps, map.spec.name, map.spec, 'map', map.section.name);
  for (const map of structOps) addUnique(maps, map.name, map, 'map', map.section?.name);

  const defined = new Map(
    [...legacyMaps, ...btfMaps].map(map => [placeKey(map.section.index, map.offset), map.spec.name]),
  );
  const holding = new Map([...dataMaps, ...(arena ? [arena] : [])].map(map => [map.section.index, map.spec.name]));
  const linker = new Linker(object, table, {
    definedAt: (section, offset) => defined.get(placeKey(section, offset)),
    holding: section => holding.get(section),
  });
  const callbacks = exceptionCallbacks(object, table);
  const programs: [string, ProgramSpec][] = [...entries].map(([name, fn]) => [
    name,
    { name, section: fn.section.name, ...parseSection(fn.section.name), ...linker.link(fn, callbacks.get(name)) },
  ]);

  return {
    byteOrder: elf.byteOrder,
    license: optional(sections.get('license'), readLicense) ?? '',
    kernelVersion: optional(sections.get('version'), section => readVersion(elf, section)),
    programs: Object.fromEntries(programs),
    maps: Object.fromEntries(maps),
    ...readVariables(elf, btf, dataMaps),
    externs: Object.fromEntries(externs.map(({ spec }) => [spec.name, spec])),
    btf: btfBytes,
  };
}

function checkHeader(elf: ElfFile): void {
  if (elf.type !== ET.REL)
    throw new ElfError(`file type ${elf.type}, want ${ET.REL} (a relocatable object)`, { offset: 16 });
  if (elf.machine !== EM.BPF && elf.machine !== EM.NONE) {
    throw new ElfError(`machine ${elf.machine}, want ${EM.BPF} (BPF)`, { offset: 18 });
  }
}

function checkByteOrder(elf: ElfFile, btf: Btf | undefined): void {
  if (btf !== undefined && btf.byteOrder !== elf.byteOrder) {
    throw new BtfError(`${btf.byteOrder}-endian in a ${elf.byteOrder}-endian object`, { offset: 0 });
  }
}

/** Reads a section that an object may lack; an empty one counts as lacking. */
function optional<T>(section: ElfSection | undefined, read: (section: ElfSection) => T): T | undefined {
  return section?.type === SHT.PROGBITS && section.size > 0 ? read(section) : undefined;
}

function readLicense(section: ElfSection): string {
  const end = section.contents.indexOf(0);
  return new TextDecoder().decode(end < 0 ? section.contents : section.contents.subarray(0, end));
}

function readVersion(elf: ElfFile, section: ElfSection): number {
  if (section.size !== 4) throw new ElfError(`${section.size} bytes, want a 32-bit version`, { section: section.name });
  return new ByteReader(
    section.contents,
    elf.byteOrder,
    offset => new ElfError('truncated', { section: section.name, offset }),
  ).u32(0);
}

function addUnique<T>(all: Map<string, T>, name: string, value: T, what: string, section: string | undefined): void {
  if (all.has(name)) throw new ElfError(`a second ${what} ${name}`, { section });
  all.set(name, value);
}

function placeKey(section: number, offset: number): string {
  return `${section}:${offset}`;
}
