/**
 * The object's BTF as a kernel accepts it: what the compiler leaves open (sizes and offsets of data sections, externs
 * without a place) is filled in from the ELF file. Type ids stay as they are; a variable `dummy_ksym` may be appended.
 * Source: `bpf_object__collect_externs`, `btf_fixup_datasec` and `bpf_object__sanitize_and_load_btf` of libbpf.
 */
import type { Btf } from '../btf/btf.ts';
import { BtfError } from '../btf/error.ts';
import { type BtfDatasec, KINDS, LINKAGE } from '../btf/types.ts';
import { STB, STT, STV } from '../elf/constants.ts';
import type { ElfFile, ElfSection, ElfSymbol } from '../elf/elf-file.ts';
import type { Extern } from './externs.ts';
import { indexSections, roleOf } from './object-file.ts';

const HEADER_SIZE = 24;
const VAR_SIZE = 16;
const ENTRY_SIZE = 12;
const DUMMY = 'dummy_ksym';
/** What stands for each extern of `.ksyms` is a variable of this many bytes. */
const KSYM_SIZE = 4;

const encoder = new TextEncoder();

/** Entries of a data section while they are changed. */
interface Entry {
  type: number;
  offset: number;
  size: number;
}

/** Returns the bytes of `.BTF` for `BPF_BTF_LOAD`, in the object's byte order. */
export function kernelBtf(elf: ElfFile, btf: Btf, externs: readonly Extern[]): Uint8Array {
  const patch = new Patch(btf);
  const sections = indexSections(elf);
  const symbols = indexVariables(elf);
  for (let id = 1; id < btf.typeCount; id++) {
    if (btf.kindOf(id) !== 'datasec') continue;
    const datasec = btf.type(id) as BtfDatasec; // by its kind
    if (datasec.name === '.ksyms') fixKsyms(btf, patch, datasec, externs);
    else if (datasec.name === '.kconfig') fixKconfig(btf, patch, datasec, externs);
    else fixData(btf, patch, datasec, sections.get(datasec.name), symbols);
  }
  hideFunctions(elf, btf, patch);
  return patch.bytes();
}

/** Global variables by name. */
function indexVariables(elf: ElfFile): Map<string, ElfSymbol> {
  const byName = new Map<string, ElfSymbol>();
  for (const symbol of elf.symbols) {
    if (symbol.type === STT.OBJECT && symbol.binding !== STB.LOCAL && !byName.has(symbol.name))
      byName.set(symbol.name, symbol);
  }
  return byName;
}

/** The kernel knows no extern: each becomes a defined variable of four bytes, a function the variable `dummy_ksym`. */
function fixKsyms(btf: Btf, patch: Patch, datasec: BtfDatasec, externs: readonly Extern[]): void {
  if (!externs.some(({ spec }) => spec.kind === 'ksym' || spec.kind === 'kfunc')) return;
  const entries = datasec.vars.map((row, i) => {
    const type = btf.type(row.type);
    if (type.kind === 'func') {
      patch.setInfo(row.type, 'func', LINKAGE.global);
      nameParameters(btf, patch, type.type);
      return { type: patch.dummyVariable(), offset: KSYM_SIZE * i, size: KSYM_SIZE };
    }
    if (type.kind !== 'var')
      throw new BtfError(`.ksyms lists a ${type.kind}, want var or func`, { typeId: datasec.id });
    patch.setLinkage(row.type, LINKAGE.global);
    patch.setType(row.type, patch.int32());
    return { type: row.type, offset: KSYM_SIZE * i, size: KSYM_SIZE };
  });
  patch.setDatasec(datasec.id, KSYM_SIZE * entries.length, entries);
}

/** The kernel wants a name for each parameter of a defined function; clang gives none to those of an extern. */
function nameParameters(btf: Btf, patch: Patch, protoId: number): void {
  const proto = btf.type(protoId);
  if (proto.kind !== 'func_proto') return;
  proto.params.forEach((param, i) => {
    if (param.type !== 0 && param.name === '') patch.setParameterName(protoId, i, patch.dummyName());
  });
}

function fixKconfig(btf: Btf, patch: Patch, datasec: BtfDatasec, externs: readonly Extern[]): void {
  const places = new Map<number, Extern>();
  let size = 0;
  for (const extern of externs) {
    if (extern.spec.kind !== 'kconfig' || extern.declaration === undefined) continue;
    places.set(extern.declaration, extern);
    size = Math.max(size, (extern.spec.offset ?? 0) + (extern.spec.size ?? 0));
  }
  if (places.size === 0) return;
  const entries = datasec.vars.map(row => {
    const extern = places.get(row.type);
    if (extern === undefined) {
      throw new BtfError(`.kconfig lists ${btf.nameOf(row.type)}, which is no extern of the object`, {
        typeId: datasec.id,
      });
    }
    patch.setLinkage(row.type, LINKAGE.global);
    return { ...row, offset: extern.spec.offset ?? 0 };
  });
  patch.setDatasec(datasec.id, size, entries);
}

/** Clang leaves the size of a section and the offsets of its global variables zero; a linker has filled them in. */
function fixData(
  btf: Btf,
  patch: Patch,
  datasec: BtfDatasec,
  section: ElfSection | undefined,
  symbols: Map<string, ElfSymbol>,
): void {
  const isOpen = datasec.size === 0;
  const entries = datasec.vars.map(row => {
    const variable = btf.type(row.type);
    if (variable.kind !== 'var') {
      throw new BtfError(`section ${datasec.name} lists a ${variable.kind}, want var`, { typeId: datasec.id });
    }
    if (variable.linkage !== LINKAGE.global) return row;
    const symbol = symbols.get(variable.name);
    if (symbol === undefined) {
      throw new BtfError(`section ${datasec.name} lists variable ${variable.name}, which has no ELF symbol`, {
        typeId: row.type,
      });
    }
    // A hidden variable is not for user space to see, which BTF says by static linkage.
    if (isHidden(symbol)) patch.setLinkage(row.type, LINKAGE.static);
    return isOpen ? { ...row, offset: symbol.value } : row;
  });
  patch.setDatasec(datasec.id, isOpen ? (section?.size ?? 0) : datasec.size, entries);
}

/** A hidden global function is verified like a static one, which BTF says by static linkage. */
function hideFunctions(elf: ElfFile, btf: Btf, patch: Patch): void {
  const hidden = new Set<string>();
  for (const symbol of elf.symbols) {
    if (symbol.type !== STT.FUNC || symbol.binding === STB.LOCAL || !isHidden(symbol)) continue;
    const section = elf.sections[symbol.section];
    if (section?.name === '.text' && roleOf(section) === 'code') hidden.add(symbol.name);
  }
  for (const name of hidden) {
    const id = btf.idsByName(name).find(candidate => {
      const type = btf.type(candidate);
      return type.kind === 'func' && type.linkage === LINKAGE.global;
    });
    if (id !== undefined) patch.setInfo(id, 'func', LINKAGE.static);
  }
}

function isHidden(symbol: ElfSymbol): boolean {
  return symbol.visibility === STV.HIDDEN || symbol.visibility === STV.INTERNAL;
}

/** Changes to the bytes of a BTF section; what is appended keeps all ids and string offsets. */
class Patch {
  readonly #btf: Btf;
  readonly #types: Uint8Array;
  readonly #view: DataView;
  readonly #little: boolean;
  #int32: number | undefined;
  /** Whether the string, and whether the variable `dummy_ksym` is appended. */
  #hasDummyName = false;
  #hasDummy = false;

  constructor(btf: Btf) {
    this.#btf = btf;
    this.#types = btf.bytes.slice(btf.typesOffset, btf.typesOffset + btf.typesLength);
    this.#view = new DataView(this.#types.buffer);
    this.#little = btf.byteOrder === 'little';
  }

  setInfo(id: number, kind: 'func', vlen: number): void {
    const number = KINDS.findIndex(row => row.kind === kind);
    this.#set(id, 4, (number << 24) | vlen);
  }

  setType(id: number, type: number): void {
    this.#set(id, 8, type);
  }

  /** The linkage of a variable. */
  setLinkage(id: number, linkage: number): void {
    this.#set(id, 12, linkage);
  }

  setParameterName(protoId: number, index: number, nameOffset: number): void {
    this.#set(protoId, 12 + 8 * index, nameOffset);
  }

  /** Entries are written sorted by offset, as the kernel wants them. */
  setDatasec(id: number, size: number, entries: Entry[]): void {
    this.#set(id, 8, size);
    const sorted = [...entries].sort((a, b) => a.offset - b.offset);
    sorted.forEach((entry, i) => {
      const at = 12 + ENTRY_SIZE * i;
      this.#set(id, at, entry.type);
      this.#set(id, at + 4, entry.offset);
      this.#set(id, at + 8, entry.size);
    });
  }

  /** The first 32-bit integer type; 0 where there is none. */
  int32(): number {
    if (this.#int32 === undefined) {
      this.#int32 = 0;
      for (let id = 1; id < this.#btf.typeCount && this.#int32 === 0; id++) {
        if (this.#btf.kindOf(id) !== 'int') continue;
        const type = this.#btf.type(id);
        if (type.kind === 'int' && type.bits === 32) this.#int32 = id;
      }
    }
    return this.#int32;
  }

  /** String offset of `dummy_ksym`. */
  dummyName(): number {
    this.#hasDummyName = true;
    return this.#btf.stringsLength;
  }

  /** Type id of the variable `dummy_ksym`. */
  dummyVariable(): number {
    this.#hasDummyName = true;
    this.#hasDummy = true;
    return this.#btf.typeCount;
  }

  bytes(): Uint8Array {
    const btf = this.#btf;
    const strings = btf.bytes.subarray(btf.stringsOffset, btf.stringsOffset + btf.stringsLength);
    const typesLength = this.#types.length + (this.#hasDummy ? VAR_SIZE : 0);
    const dummyName = this.#hasDummyName ? encoder.encode(`${DUMMY}\0`) : new Uint8Array(0);
    const bytes = new Uint8Array(HEADER_SIZE + typesLength + strings.length + dummyName.length);
    const view = new DataView(bytes.buffer);
    bytes.set(btf.bytes.subarray(0, 4));
    const header = [HEADER_SIZE, 0, typesLength, typesLength, strings.length + dummyName.length];
    header.forEach((value, i) => {
      view.setUint32(4 + 4 * i, value, this.#little);
    });
    bytes.set(this.#types, HEADER_SIZE);
    if (this.#hasDummy) {
      const kind = KINDS.findIndex(row => row.kind === 'var');
      [this.dummyName(), kind << 24, this.int32(), LINKAGE.global].forEach((value, i) => {
        view.setUint32(HEADER_SIZE + this.#types.length + 4 * i, value, this.#little);
      });
    }
    bytes.set(strings, HEADER_SIZE + typesLength);
    bytes.set(dummyName, HEADER_SIZE + typesLength + strings.length);
    return bytes;
  }

  #set(id: number, at: number, value: number): void {
    this.#view.setUint32(this.#btf.offsetOf(id) - this.#btf.typesOffset + at, value, this.#little);
  }
}
