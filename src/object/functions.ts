/**
 * The functions of an object: which there are, what their instructions refer to, and which records of .BTF.ext are
 * theirs. Source: `bpf_object__add_programs` and `bpf_program__record_reloc` of libbpf, which this widens: static
 * functions, calls across sections and objects without function symbols are read too.
 */

import { BtfError } from '../btf/error.ts';
import { SHN, STB, STT, STV } from '../elf/constants.ts';
import type { ElfRelocation, ElfSection, ElfSymbol } from '../elf/elf-file.ts';
import { ElfError } from '../elf/error.ts';
import { SLOT_SIZE } from './code.ts';
import { type ObjectFile, sectionsOf } from './object-file.ts';

/** A function, whole slots of a code section. */
export interface CodeFunction {
  readonly name: string;
  readonly section: ElfSection;
  /** First slot in the section. */
  readonly start: number;
  readonly slots: number;
  /** Whether it can be loaded by itself; the others are only called. */
  readonly isEntry: boolean;
  /** Global and not hidden: to be verified by itself. */
  readonly isGlobal: boolean;
}

/** The functions of all code sections. */
export interface FunctionTable {
  /** By section, then first slot. */
  readonly functions: readonly CodeFunction[];
  /** The function that starts at a slot of a section, the first of several names. */
  at(section: number, slot: number): CodeFunction | undefined;
}

/** R_BPF_64_64 of ld_imm64 and R_BPF_64_32 of calls. */
const CODE_RELOCATIONS = [1, 10];

/** Finds the functions of `object`. */
export function findFunctions({ elf }: ObjectFile): FunctionTable {
  const symbols = new Map<number, ElfSymbol[]>();
  for (const symbol of elf.symbols) {
    if (symbol.type !== STT.FUNC && symbol.type !== STT.NOTYPE) continue;
    const list = symbols.get(symbol.section) ?? [];
    symbols.set(symbol.section, list);
    list.push(symbol);
  }
  const functions = sectionsOf(elf, 'code').flatMap(section => functionsOf(section, symbols.get(section.index) ?? []));
  const starts = new Map<number, Map<number, CodeFunction>>();
  for (const fn of functions) {
    const bySlot = starts.get(fn.section.index) ?? new Map<number, CodeFunction>();
    starts.set(fn.section.index, bySlot);
    if (!bySlot.has(fn.start)) bySlot.set(fn.start, fn);
  }
  return { functions, at: (section, slot) => starts.get(section)?.get(slot) };
}

function functionsOf(section: ElfSection, symbols: readonly ElfSymbol[]): CodeFunction[] {
  const typed = symbols.filter(symbol => symbol.type === STT.FUNC);
  const functions =
    typed.length > 0 ? typed.map(symbol => makeFunction(section, symbol, symbol.size)) : untyped(section, symbols);
  functions.sort((a, b) => a.start - b.start);
  // One code may have several names; anything else that shares instructions would be linked without bound.
  functions.forEach((fn, i) => {
    const before = functions[i - 1];
    if (before === undefined || fn.start >= before.start + before.slots) return;
    if (fn.start === before.start && fn.slots === before.slots) return;
    throw new ElfError(`function ${fn.name} overlaps function ${before.name}`, {
      section: section.name,
      offset: fn.start * SLOT_SIZE,
    });
  });
  return functions;
}

/**
 * Functions of compilers that gave their symbols no type: from global label to global label; without any, the whole
 * section.
 */
function untyped(section: ElfSection, symbols: readonly ElfSymbol[]): CodeFunction[] {
  const labels = symbols
    .filter(symbol => symbol.binding !== STB.LOCAL && symbol.name !== '')
    .sort((a, b) => a.value - b.value);
  if (labels.length === 0) {
    if (section.name === '.text') return [];
    const name = section.name.replace(/\W/g, '_');
    return [makeFunction(section, { name, value: 0, binding: STB.GLOBAL, visibility: STV.DEFAULT }, section.size)];
  }
  return labels.map((symbol, i) =>
    makeFunction(section, symbol, (labels[i + 1]?.value ?? section.size) - symbol.value),
  );
}

type FunctionSymbol = Pick<ElfSymbol, 'name' | 'value' | 'binding' | 'visibility'>;

function makeFunction(section: ElfSection, symbol: FunctionSymbol, size: number): CodeFunction {
  const { name, value } = symbol;
  const place = { section: section.name, offset: value };
  if (value + size > section.size) {
    throw new ElfError(`function ${name} of ${size} bytes crosses the section's end at ${section.size}`, place);
  }
  if (size <= 0 || size % SLOT_SIZE !== 0 || value % SLOT_SIZE !== 0) {
    throw new ElfError(`function ${name} has ${size} bytes, want whole instructions of ${SLOT_SIZE}`, place);
  }
  const isStatic = symbol.binding === STB.LOCAL;
  const isHidden = symbol.visibility === STV.HIDDEN || symbol.visibility === STV.INTERNAL;
  return {
    name,
    section,
    start: value / SLOT_SIZE,
    slots: size / SLOT_SIZE,
    isEntry: !isStatic && section.name !== '.text',
    isGlobal: !isStatic && !isHidden,
  };
}

/** The relocations of a code section by the slot that they change. */
export function relocationsBySlot(object: ObjectFile, section: ElfSection): Map<number, ElfRelocation> {
  const bySlot = new Map<number, ElfRelocation>();
  for (const relocation of object.relocations.get(section.index) ?? []) {
    const place = { section: section.name, offset: relocation.offset };
    if (!CODE_RELOCATIONS.includes(relocation.type)) {
      throw new ElfError(`relocation type ${relocation.type}, want 1 (R_BPF_64_64) or 10 (R_BPF_64_32) in code`, place);
    }
    if (relocation.offset % SLOT_SIZE !== 0) throw new ElfError('a relocation inside an instruction', place);
    const slot = relocation.offset / SLOT_SIZE;
    if (bySlot.has(slot)) throw new ElfError('a second relocation of one instruction', place);
    bySlot.set(slot, relocation);
  }
  return bySlot;
}

/** Records of .BTF.ext by code section, sorted, so that those of a function are found by bisection. */
export class RecordIndex<T extends { offset: number }> {
  readonly #kind: string;
  readonly #bySection: ReadonlyMap<string, T[]>;
  readonly #sorted = new Map<string, T[]>();

  /** `kind` names the records in errors. */
  constructor(kind: string, bySection: ReadonlyMap<string, T[]> | undefined) {
    this.#kind = kind;
    this.#bySection = bySection ?? new Map();
  }

  /**
   * The records of `fn`, ascending, one per instruction at most.
   * @throws {BtfError} for two records of one instruction, or one inside an instruction.
   */
  of(fn: CodeFunction): T[] {
    const records = this.#section(fn.section.name);
    const from = firstFrom(records, fn.start * SLOT_SIZE);
    return records.slice(from, firstFrom(records, (fn.start + fn.slots) * SLOT_SIZE));
  }

  #section(name: string): T[] {
    let sorted = this.#sorted.get(name);
    if (sorted === undefined) {
      sorted = [...(this.#bySection.get(name) ?? [])].sort((a, b) => a.offset - b.offset);
      sorted.forEach(({ offset }, i, all) => {
        if (offset % SLOT_SIZE !== 0) throw this.#bad(name, offset, 'lies inside an instruction');
        if (i > 0 && all[i - 1]?.offset === offset) throw this.#bad(name, offset, 'is the second of its instruction');
      });
      this.#sorted.set(name, sorted);
    }
    return sorted;
  }

  #bad(section: string, offset: number, problem: string): BtfError {
    return new BtfError(`a ${this.#kind} record for ${section}+0x${offset.toString(16)} ${problem}`, {
      section: '.BTF.ext',
    });
  }
}

function firstFrom(records: readonly { offset: number }[], offset: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((records[middle]?.offset ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What a symbol's section index means where it is no section. */
export function specialSection(index: number): string {
  if (index === SHN.UNDEF) return 'undefined';
  if (index === SHN.COMMON) return 'common (an uninitialised variable; give it a value, or compile with -fno-common)';
  return index === SHN.ABS ? 'absolute' : `in special section 0x${index.toString(16)}`;
}
