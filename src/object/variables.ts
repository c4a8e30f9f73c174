/**
 * Global variables: where they lie, and their initial values decoded through BTF. Without BTF the object symbols tell,
 * and values are raw bytes.
 */
import type { Btf } from '../btf/btf.ts';
import { decodeValue, setOwn } from '../btf/decode.ts';
import { BtfError } from '../btf/error.ts';
import type { BtfValue } from '../btf/value.ts';
import { SHN, STB, STT } from '../elf/constants.ts';
import type { ElfFile, ElfSymbol } from '../elf/elf-file.ts';
import { ElfError } from '../elf/error.ts';
import type { DataMap } from './data-maps.ts';
import type { CollectionSpec, VariableSpec } from './spec.ts';

/** A variable beyond this many bytes is given as raw bytes: as plain values it would take many times its room. */
const LARGEST_DECODED = 1 << 20;

/** What a spec says of its variables. */
export type Variables = Pick<CollectionSpec, 'variables' | 'rodata' | 'data' | 'bss' | 'sections'>;

/** Reads the variables of all data sections; of several static ones with one name the first counts. */
export function readVariables(elf: ElfFile, btf: Btf | undefined, maps: readonly DataMap[]): Variables {
  const result: Variables = { variables: {}, rodata: {}, data: {}, bss: {}, sections: {} };
  const symbols = Map.groupBy(btf === undefined ? elf.symbols.filter(isVariable) : [], symbol => symbol.section);
  const found = maps.flatMap(map =>
    btf === undefined ? symbolVariables(symbols.get(map.section.index) ?? [], map) : btfVariables(btf, map),
  );
  const contents = new Map(maps.map(({ spec }) => [spec.name, spec.section?.contents ?? new Uint8Array(0)]));
  // A global variable keeps its name where a static one has the same.
  found.sort((a, b) => Number(b.isGlobal) - Number(a.isGlobal));
  for (const { spec } of found) {
    if (Object.hasOwn(result.variables, spec.name)) continue;
    setOwn(result.variables, spec.name, spec);
    const bytes = (contents.get(spec.map) as Uint8Array).subarray(spec.offset, spec.offset + spec.size);
    setOwn(valuesOf(result, spec.section), spec.name, initialValue(btf, spec, bytes));
  }
  return result;
}

/** The values of the section named `section`. */
function valuesOf(result: Variables, section: string): { [name: string]: BtfValue } {
  switch (section) {
    case '.rodata':
      return result.rodata;
    case '.data':
      return result.data;
    case '.bss':
      return result.bss;
  }
  if (!Object.hasOwn(result.sections, section)) setOwn(result.sections, section, {});
  return result.sections[section] as { [name: string]: BtfValue };
}

function initialValue(btf: Btf | undefined, spec: VariableSpec, bytes: Uint8Array): BtfValue {
  if (btf === undefined || spec.typeId === undefined || spec.size > LARGEST_DECODED) return bytes.slice();
  return decodeValue(btf, spec.typeId, bytes);
}

interface Found {
  spec: VariableSpec;
  isGlobal: boolean;
}

function btfVariables(btf: Btf, { spec: map, section }: DataMap): Found[] {
  const id = btf.idByName(section.name, 'datasec');
  const datasec = id === undefined ? undefined : btf.type(id);
  if (datasec?.kind !== 'datasec') return [];
  let end = 0;
  return datasec.vars.map(row => {
    const variable = btf.type(row.type);
    if (variable.kind !== 'var')
      throw new BtfError(`section ${section.name} lists a ${variable.kind}, want var`, { typeId: row.type });
    const size = Math.max(row.size, btf.sizeOf(variable.type));
    if (row.offset < end || row.offset + size > section.size) {
      const want = `want a place from ${end} to ${section.size} of ${section.name}`;
      const problem = `variable ${variable.name} lies at ${row.offset}, size ${size}; ${want}`;
      throw new BtfError(problem, { typeId: datasec.id });
    }
    end = row.offset + size;
    return {
      spec: {
        name: variable.name,
        section: section.name,
        map: map.name,
        offset: row.offset,
        size,
        typeId: variable.type,
      },
      isGlobal: variable.linkage !== 0,
    };
  });
}

function symbolVariables(symbols: ElfSymbol[], { spec: map, section }: DataMap): Found[] {
  symbols.sort((a, b) => a.value - b.value);
  let end = 0;
  return symbols.flatMap(({ name, value, size, binding }) => {
    if (value + size > section.size) {
      throw new ElfError(`variable ${name} of ${size} bytes crosses the section's end at ${section.size}`, {
        section: section.name,
        offset: value,
      });
    }
    // Aliases and overlapping symbols are left out.
    if (value < end) return [];
    end = value + size;
    const spec = { name, section: section.name, map: map.name, offset: value, size, typeId: undefined };
    return [{ spec, isGlobal: binding !== STB.LOCAL }];
  });
}

function isVariable(symbol: ElfSymbol): boolean {
  return symbol.type === STT.OBJECT && symbol.size > 0 && symbol.section < SHN.LORESERVE;
}
