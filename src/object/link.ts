/**
 * Linking of programs: an entry function with every function that it reaches appended, calls between them resolved, and
 * everything else that its instructions refer to listed. The order is libbpf's: a function is appended at the first
 * call or address that names it, and its own calls are followed before the caller's next (`bpf_object__reloc_code`), so
 * that instructions equal those that libbpf loads.
 */

import { BtfError } from '../btf/error.ts';
import { LINKAGE } from '../btf/types.ts';
import { SHN } from '../elf/constants.ts';
import type { ElfRelocation, ElfSection } from '../elf/elf-file.ts';
import { ElfError } from '../elf/error.ts';
import { NotSupportedError } from '../util/error.ts';
import { CALL, Code, LD_IMM64, PSEUDO_CALL, PSEUDO_FUNC, SLOT_SIZE } from './code.ts';
import { isExtern } from './externs.ts';
import { type CodeFunction, type FunctionTable, RecordIndex, relocationsBySlot, specialSection } from './functions.ts';
import { type ObjectFile, roleOf, symbolLabel, symbolOf } from './object-file.ts';
import type { ProgramSpec, Reference } from './spec.ts';

/** The kernel takes no longer program. */
const MAX_PROGRAM_SLOTS = 1_000_000;
/** All programs of an object together: functions that many share could otherwise multiply without bound. */
const MAX_OBJECT_SLOTS = 4_000_000;

/** Where instructions find maps: by the section that holds definition or data, and the offset in it. */
export interface MapPlaces {
  /** The map that is defined at `offset` of section `section`. */
  definedAt(section: number, offset: number): string | undefined;
  /** The map that stands for a whole data section. */
  holding(section: number): string | undefined;
}

/** What a linked program is made of. */
export type LinkedProgram = Pick<
  ProgramSpec,
  'instructions' | 'functions' | 'lines' | 'references' | 'coreRelocations'
>;

/** What an instruction of a function refers to; `slot` counts from the function's start. */
type Site =
  | { slot: number; kind: 'call' | 'address'; callee: CodeFunction }
  | { slot: number; kind: 'reference'; reference: WithoutInsn<Reference> };

type WithoutInsn<T> = T extends Reference ? Omit<T, 'insn'> : never;

/** Links the programs of one object. */
export class Linker {
  readonly #object: ObjectFile;
  readonly #table: FunctionTable;
  readonly #maps: MapPlaces;
  readonly #code = new Map<ElfSection, Code>();
  readonly #relocations = new Map<ElfSection, Map<number, ElfRelocation>>();
  readonly #sites = new Map<CodeFunction, Site[]>();
  readonly #funcs;
  readonly #lines;
  readonly #core;
  #slots = 0;

  constructor(object: ObjectFile, table: FunctionTable, maps: MapPlaces) {
    this.#object = object;
    this.#table = table;
    this.#maps = maps;
    this.#funcs = new RecordIndex('func_info', object.ext?.funcs);
    this.#lines = new RecordIndex('line_info', object.ext?.lines);
    this.#core = new RecordIndex('core_relo', object.ext?.core);
  }

  /**
   * Links the program of `entry`.
   * @param callback a function to append that no instruction names.
   */
  link(entry: CodeFunction, callback: CodeFunction | undefined): LinkedProgram {
    const placed = this.#place(entry, callback);
    const last = [...placed].at(-1) as [CodeFunction, number]; // at least the entry
    const code = new Code(new Uint8Array((last[1] + last[0].slots) * SLOT_SIZE), this.#object.elf.byteOrder);
    const program: LinkedProgram = {
      instructions: code.bytes,
      functions: [],
      lines: [],
      references: [],
      coreRelocations: [],
    };
    for (const [fn, at] of placed) {
      const from = fn.start * SLOT_SIZE;
      code.bytes.set(fn.section.contents.subarray(from, from + fn.slots * SLOT_SIZE), at * SLOT_SIZE);
      this.#resolve(fn, at, placed, code, program.references);
      this.#addRecords(fn, at, program);
    }
    return program;
  }

  /** The functions of a program with their first slots, in the order of their slots. */
  #place(entry: CodeFunction, callback: CodeFunction | undefined): Map<CodeFunction, number> {
    const placed = new Map<CodeFunction, number>();
    let end = 0;
    const open: { sites: Site[]; next: number }[] = [];
    const place = (fn: CodeFunction) => {
      placed.set(fn, end);
      end += fn.slots;
      this.#slots += fn.slots;
      if (end > MAX_PROGRAM_SLOTS || this.#slots > MAX_OBJECT_SLOTS) {
        const what =
          end > MAX_PROGRAM_SLOTS
            ? `more than ${MAX_PROGRAM_SLOTS} instructions`
            : `the object more than ${MAX_OBJECT_SLOTS} in all`;
        throw new ElfError(`program ${entry.name} with its functions has ${what}`, { section: entry.section.name });
      }
      open.push({ sites: this.#sitesOf(fn), next: 0 });
    };
    for (const root of callback === undefined ? [entry] : [entry, callback]) {
      if (!placed.has(root)) place(root);
      for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
        const site = top.sites[top.next++];
        if (site === undefined) open.pop();
        else if (site.kind !== 'reference' && !placed.has(site.callee)) place(site.callee);
      }
    }
    return placed;
  }

  /** Resolves the calls of a placed function and lists its references. */
  #resolve(fn: CodeFunction, at: number, placed: Map<CodeFunction, number>, code: Code, references: Reference[]): void {
    for (const site of this.#sitesOf(fn)) {
      const insn = at + site.slot;
      if (site.kind === 'reference') {
        references.push({ insn, ...site.reference });
        continue;
      }
      code.setImm(insn, (placed.get(site.callee) ?? 0) - insn - 1);
      if (site.kind === 'address') {
        code.setSrc(insn, PSEUDO_FUNC);
        references.push({ insn, kind: 'function', function: site.callee.name });
      }
    }
  }

  #addRecords(fn: CodeFunction, at: number, program: LinkedProgram): void {
    const insnOf = (record: { offset: number }) => record.offset / SLOT_SIZE - fn.start + at;
    const own = this.#funcs.of(fn).find(record => insnOf(record) === at);
    program.functions.push({ insn: at, name: fn.name, typeId: own?.typeId });
    for (const { offset, ...line } of this.#lines.of(fn)) program.lines.push({ insn: insnOf({ offset }), ...line });
    for (const { offset, ...core } of this.#core.of(fn))
      program.coreRelocations.push({ insn: insnOf({ offset }), ...core });
  }

  #sitesOf(fn: CodeFunction): Site[] {
    let sites = this.#sites.get(fn);
    if (sites === undefined) {
      sites = this.#findSites(fn);
      this.#sites.set(fn, sites);
    }
    return sites;
  }

  #findSites(fn: CodeFunction): Site[] {
    const { section } = fn;
    const code = remember(this.#code, section, () => new Code(section.contents, this.#object.elf.byteOrder));
    const relocations = remember(this.#relocations, section, () => relocationsBySlot(this.#object, section));
    const sites: Site[] = [];
    for (let slot = 0; slot < fn.slots; slot++) {
      const at = fn.start + slot;
      const relocation = relocations.get(at);
      const opcode = code.opcode(at);
      if (opcode === CALL) {
        const site = this.#callSite(section, code, at, relocation);
        if (site !== undefined) sites.push({ slot, ...site });
      } else if (opcode === LD_IMM64) {
        if (slot + 1 === fn.slots) throw this.#bad(section, at, 'the second half of ld_imm64 is missing');
        if (relocation !== undefined) sites.push({ slot, ...this.#addressSite(section, code, at, relocation) });
        slot++;
      } else if (relocation !== undefined) {
        const name = symbolLabel(this.#object.elf, symbolOf(this.#object.elf, relocation));
        throw this.#bad(
          section,
          at,
          `a relocation against ${name} of opcode 0x${opcode.toString(16)}, want a call or ld_imm64`,
        );
      }
    }
    return sites;
  }

  #callSite(
    section: ElfSection,
    code: Code,
    at: number,
    relocation: ElfRelocation | undefined,
  ): WithoutSlot<Site> | undefined {
    const isLocal = code.src(at) === PSEUDO_CALL;
    if (relocation === undefined) {
      return isLocal
        ? { kind: 'call', callee: this.#functionAt(section.index, at + code.imm(at) + 1, section, at) }
        : undefined;
    }
    const symbol = symbolOf(this.#object.elf, relocation);
    if (isExtern(symbol)) return { kind: 'reference', reference: { kind: 'kfunc', extern: symbol.name } };
    const name = symbolLabel(this.#object.elf, symbol);
    if (!isLocal) throw this.#bad(section, at, `a relocation against ${name} of a call to a helper`);
    // A global function has its offset in the symbol and -1 in the instruction, a static one its offset in the instruction.
    const slot = symbol.value / SLOT_SIZE + code.imm(at) + 1;
    return { kind: 'call', callee: this.#functionAt(symbol.section, slot, section, at) };
  }

  #addressSite(section: ElfSection, code: Code, at: number, relocation: ElfRelocation): WithoutSlot<Site> {
    const { elf } = this.#object;
    const symbol = symbolOf(elf, relocation);
    const name = symbolLabel(elf, symbol);
    if (isExtern(symbol)) return { kind: 'reference', reference: { kind: 'extern', extern: symbol.name } };
    if (symbol.section === SHN.UNDEF || symbol.section >= SHN.LORESERVE) {
      throw this.#bad(section, at, `the address of ${name}, which is ${specialSection(symbol.section)}`);
    }
    const target = elf.sections[symbol.section] as ElfSection; // parseElf checks the index
    const offset = symbol.value + code.imm(at);
    switch (roleOf(target)) {
      case 'code':
        return { kind: 'address', callee: this.#functionAt(target.index, offset / SLOT_SIZE, section, at) };
      case 'maps':
      case 'legacy_maps': {
        const map = this.#maps.definedAt(target.index, symbol.value);
        if (map === undefined)
          throw this.#bad(section, at, `${name}: no map is defined at ${target.name}+0x${symbol.value.toString(16)}`);
        return { kind: 'reference', reference: { kind: 'map', map } };
      }
      case 'jump_tables':
        throw new NotSupportedError(
          'jump tables',
          `${section.name}: ${name} is a jump table, which is not supported yet`,
          '6.19',
        );
      default: {
        const map = this.#maps.holding(target.index);
        if (map === undefined)
          throw this.#bad(section, at, `the address of ${name} in ${target.name}, which is no data section`);
        return { kind: 'reference', reference: { kind: 'map_value', map, offset: offset >>> 0 } };
      }
    }
  }

  #functionAt(target: number, slot: number, section: ElfSection, at: number): CodeFunction {
    const fn = this.#table.at(target, slot);
    if (fn !== undefined) return fn;
    const name = this.#object.elf.sections[target]?.name ?? specialSection(target);
    throw this.#bad(section, at, `no function starts at instruction ${slot} of ${name}`);
  }

  #bad(section: ElfSection, slot: number, problem: string): ElfError {
    return new ElfError(problem, { section: section.name, offset: slot * SLOT_SIZE });
  }
}

type WithoutSlot<T> = T extends Site ? Omit<T, 'slot'> : never;

function remember<K, V>(cache: Map<K, V>, key: K, make: () => V): V {
  let value = cache.get(key);
  if (value === undefined) {
    value = make();
    cache.set(key, value);
  }
  return value;
}

/**
 * The exception callbacks of an object: by program name the function that a declaration tag `exception_callback:NAME`
 * of it names. Source: `bpf_prog_assign_exc_cb` of libbpf.
 */
export function exceptionCallbacks({ btf }: ObjectFile, table: FunctionTable): Map<string, CodeFunction> {
  const callbacks = new Map<string, CodeFunction>();
  const several = new Set<string>();
  const prefix = 'exception_callback:';
  const called = new Map(table.functions.filter(fn => !fn.isEntry).map(fn => [fn.name, fn]));
  for (let id = 1; btf !== undefined && id < btf.typeCount; id++) {
    if (btf.kindOf(id) !== 'decl_tag' || !btf.nameOf(id).startsWith(prefix)) continue;
    const tag = btf.type(id);
    if (tag.kind !== 'decl_tag' || tag.component !== -1) continue;
    const program = btf.type(tag.type);
    if (program.kind !== 'func' || program.linkage !== LINKAGE.global) {
      throw new BtfError(`the tag ${tag.name} is on a ${program.kind}, want a program`, { typeId: id });
    }
    const name = tag.name.slice(prefix.length);
    const callback = called.get(name);
    if (callback === undefined)
      throw new BtfError(`the tag ${tag.name} names no function of the object`, { typeId: id });
    if (!callback.isGlobal)
      throw new BtfError(`exception callback ${name} is static or hidden, want a global function`, { typeId: id });
    // The verifier refuses a second tag; none is appended here.
    if (callbacks.has(program.name)) several.add(program.name);
    callbacks.set(program.name, callback);
  }
  for (const name of several) callbacks.delete(name);
  return callbacks;
}
