/**
 * Externs: undefined symbols, and what BTF says they are. Source: `bpf_object__collect_externs` of libbpf.
 */
import type { Btf } from '../btf/btf.ts';
import { BtfError } from '../btf/error.ts';
import { LINKAGE } from '../btf/types.ts';
import { SHN, STB, STT } from '../elf/constants.ts';
import type { ElfFile, ElfSymbol } from '../elf/elf-file.ts';
import { alignUp } from '../util/bytes.ts';
import type { ExternSpec } from './spec.ts';

/** An extern, with the symbol and the BTF that declare it. */
export interface Extern {
  readonly spec: ExternSpec;
  readonly symbol: number;
  /** Its VAR or FUNC. */
  readonly declaration: number | undefined;
}

/** Whether a symbol is declared here and defined elsewhere. */
export function isExtern(symbol: ElfSymbol): boolean {
  return (
    symbol.section === SHN.UNDEF &&
    (symbol.binding === STB.GLOBAL || symbol.binding === STB.WEAK) &&
    symbol.type === STT.NOTYPE &&
    symbol.name !== ''
  );
}

/**
 * The externs of an object: those of `.kconfig` first, in the order that gives their places in the map, then the others
 * by name.
 * @param btf the object's BTF as in the file.
 */
export function collectExterns(elf: ElfFile, btf: Btf | undefined): Extern[] {
  const symbols = elf.symbols.filter(isExtern);
  if (symbols.length === 0) return [];
  const sections = btf === undefined ? new Map<number, string>() : sectionsOfDeclarations(btf);
  const seen = new Set<string>();
  const externs: Extern[] = [];
  for (const symbol of symbols) {
    if (seen.has(symbol.name)) continue;
    seen.add(symbol.name);
    externs.push(describe(btf, symbol, sections));
  }
  const kconfig = externs.filter(({ spec }) => spec.kind === 'kconfig');
  const others = externs.filter(({ spec }) => spec.kind !== 'kconfig');
  const byName = (a: Extern, b: Extern) => (a.spec.name < b.spec.name ? -1 : 1);
  return [...(btf === undefined ? kconfig : placeKconfig(btf, kconfig)), ...others.sort(byName)];
}

/** The name of the data section that lists each declaration. */
function sectionsOfDeclarations(btf: Btf): Map<number, string> {
  const sections = new Map<number, string>();
  for (let id = 1; id < btf.typeCount; id++) {
    if (btf.kindOf(id) !== 'datasec') continue;
    const type = btf.type(id);
    if (type.kind !== 'datasec') continue;
    for (const row of type.vars) if (!sections.has(row.type)) sections.set(row.type, type.name);
  }
  return sections;
}

function describe(btf: Btf | undefined, symbol: ElfSymbol, sections: Map<number, string>): Extern {
  const { name } = symbol;
  const weak = symbol.binding === STB.WEAK;
  const id = btf?.idsByName(name).find(candidate => ['var', 'func'].includes(btf.kindOf(candidate)));
  const declaration = id === undefined ? undefined : btf?.type(id);
  const spec = (kind: ExternSpec['kind'], typeId: number | undefined, size?: number): Extern => ({
    spec: { name, kind, weak, typeId, offset: undefined, size },
    symbol: symbol.index,
    declaration: id,
  });
  if (btf === undefined || id === undefined || (declaration?.kind !== 'var' && declaration?.kind !== 'func')) {
    return spec('function', undefined);
  }
  if (declaration.linkage !== LINKAGE.extern) {
    throw new BtfError(
      `${name} is undefined in the object and has linkage ${declaration.linkage}, want ${LINKAGE.extern} (extern)`,
      {
        typeId: id,
        offset: btf.offsetOf(id),
      },
    );
  }
  const section = sections.get(id);
  if (declaration.kind === 'func') {
    if (section === '.kconfig') throw new BtfError(`function ${name} in .kconfig, want a variable`, { typeId: id });
    return spec(section === '.ksyms' ? 'kfunc' : 'function', declaration.type);
  }
  const type = btf.resolve(declaration.type);
  if (section === '.kconfig') {
    checkKconfigType(btf, name, declaration.type);
    return spec('kconfig', declaration.type, btf.sizeOf(declaration.type));
  }
  return spec(section === '.ksyms' ? 'ksym' : 'variable', type.kind === 'void' ? undefined : type.id);
}

/** Refuses the types that no value of a kernel's configuration can be given in. */
function checkKconfigType(btf: Btf, name: string, typeId: number): void {
  const type = btf.resolve(typeId);
  const isTristate = (type.kind === 'enum' || type.kind === 'enum64') && type.name === 'libbpf_tristate';
  const isInt = type.kind === 'int' && type.size <= 8 && (!type.bool || type.size === 1);
  const element = type.kind === 'array' ? btf.resolve(type.type) : undefined;
  const isText = type.kind === 'array' && type.count > 0 && element?.kind === 'int' && element.size === 1;
  if (isTristate || isInt || isText) return;
  throw new BtfError(
    `${name} in .kconfig is a ${type.kind}, want bool, char, an integer, enum libbpf_tristate or a char array`,
    {
      typeId,
    },
  );
}

/** Lays kconfig externs out as libbpf does: by alignment descending, then size, then name. */
function placeKconfig(btf: Btf, externs: Extern[]): Extern[] {
  const aligned = externs.map(extern => ({
    extern,
    align: btf.alignOf(extern.spec.typeId ?? 0),
    size: extern.spec.size ?? 0,
  }));
  aligned.sort((a, b) => b.align - a.align || a.size - b.size || (a.extern.spec.name < b.extern.spec.name ? -1 : 1));
  let end = 0;
  for (const { extern, align, size } of aligned) {
    extern.spec.offset = alignUp(end, align);
    end = extern.spec.offset + size;
  }
  return aligned.map(({ extern }) => extern);
}
