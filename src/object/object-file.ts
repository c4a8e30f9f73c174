/**
 * The parts of an object file that every reader in this folder looks at, gathered once: its ELF file, its BTF, and what
 * each section is for by libbpf's naming.
 */
import type { Btf } from '../btf/btf.ts';
import type { BtfExt } from '../btf/ext.ts';
import { SHF, SHT } from '../elf/constants.ts';
import type { ElfFile, ElfRelocation, ElfSection, ElfSymbol } from '../elf/elf-file.ts';
import { ElfError } from '../elf/error.ts';
import { readRelocations } from '../elf/parse.ts';

/** An object file on its way to a `CollectionSpec`. */
export interface ObjectFile {
  readonly elf: ElfFile;
  /** BTF as a kernel is to get it; undefined where the object has none. */
  readonly btf: Btf | undefined;
  readonly ext: BtfExt | undefined;
  /** Relocations by the index of the section that they change. */
  readonly relocations: ReadonlyMap<number, ElfRelocation[]>;
}

/** Sections by name, the first of each. */
export function indexSections(elf: ElfFile): ReadonlyMap<string, ElfSection> {
  const byName = new Map<string, ElfSection>();
  for (const section of elf.sections) if (!byName.has(section.name)) byName.set(section.name, section);
  return byName;
}

/** What a section is for. */
export type SectionRole =
  | 'code'
  | 'data'
  | 'rodata'
  | 'bss'
  | 'maps'
  | 'legacy_maps'
  | 'struct_ops'
  | 'arena'
  | 'jump_tables'
  | 'other';

/** What `section` is for, by its name, type and flags. */
export function roleOf(section: ElfSection): SectionRole {
  const { name, type, flags } = section;
  if (section.size === 0) return 'other';
  if (type === SHT.NOBITS) return isOrUnder(name, '.bss') ? 'bss' : 'other';
  if (type !== SHT.PROGBITS) return 'other';
  if ((flags & SHF.EXECINSTR) !== 0) return 'code';
  if (isOrUnder(name, '.data')) return 'data';
  if (isOrUnder(name, '.rodata')) return 'rodata';
  if (name === '.maps') return 'maps';
  if (name === 'maps' || name.startsWith('maps/') || name.endsWith('/maps')) return 'legacy_maps';
  if (/^\??\.struct_ops(\.link)?$/.test(name)) return 'struct_ops';
  if (name === '.addr_space.1') return 'arena';
  if (name === '.jumptables') return 'jump_tables';
  return 'other';
}

function isOrUnder(name: string, stem: string): boolean {
  return name === stem || name.startsWith(`${stem}.`);
}

/** The sections of a role, in the order of the file. */
export function sectionsOf(elf: ElfFile, role: SectionRole): ElfSection[] {
  return elf.sections.filter(section => roleOf(section) === role);
}

/**
 * Reads the relocations that change code, map definitions and struct_ops; those of debug information and of data are
 * left alone, as libbpf leaves them.
 */
export function collectRelocations(elf: ElfFile): Map<number, ElfRelocation[]> {
  const byTarget = new Map<number, ElfRelocation[]>();
  for (const section of elf.sections) {
    if (section.type !== SHT.REL && section.type !== SHT.RELA) continue;
    const target = elf.sections[section.info];
    const role = target && roleOf(target);
    if (role !== 'code' && role !== 'maps' && role !== 'struct_ops') continue;
    if (section.type === SHT.RELA) {
      throw new ElfError('relocations with explicit addends (RELA), want REL', { section: section.name });
    }
    const relocations = byTarget.get(section.info) ?? [];
    byTarget.set(section.info, relocations);
    for (const relocation of readRelocations(elf, section)) relocations.push(relocation);
  }
  return byTarget;
}

/** The symbol that a relocation of `section` refers to. */
export function symbolOf(elf: ElfFile, relocation: ElfRelocation): ElfSymbol {
  return elf.symbols[relocation.symbol] as ElfSymbol; // readRelocations checks the index
}

/** How messages name what a symbol stands for: its name, or that of its section for a section symbol. */
export function symbolLabel(elf: ElfFile, symbol: ElfSymbol): string {
  return symbol.name !== '' ? symbol.name : (elf.sections[symbol.section]?.name ?? `symbol ${symbol.index}`);
}
