/**
 * Maps that stand for sections: one array of one element per data section, a struct_ops map per variable, and the
 * variables of an arena. Source: `bpf_object__init_internal_map`, `init_struct_ops_maps` and `map_is_mmapable` of
 * libbpf.
 */
import type { Btf } from '../btf/btf.ts';
import { BtfError } from '../btf/error.ts';
import { LINKAGE } from '../btf/types.ts';
import { SHT } from '../elf/constants.ts';
import type { ElfSection } from '../elf/elf-file.ts';
import { ElfError } from '../elf/error.ts';
import { emptyMap } from './btf-maps.ts';
import { type ObjectFile, roleOf, sectionsOf, symbolLabel, symbolOf } from './object-file.ts';
import type { MapSpec } from './spec.ts';

const BPF_F_RDONLY_PROG = 1 << 7;
const BPF_F_MMAPABLE = 1 << 10;
const BPF_F_LINK = 1 << 13;
const KEY_SIZE = 4;

/** Room that all `.bss` sections of an object may ask for together. */
const MAX_ZEROED = 256 * 1024 * 1024;

/** A map that stands for a whole section. */
export interface DataMap {
  readonly spec: MapSpec;
  readonly section: ElfSection;
}

/** The maps of `.data`, `.rodata`, `.bss` and their like, in the order of the file. */
export function readDataMaps({ elf, btf }: ObjectFile): DataMap[] {
  let zeroed = 0;
  const maps: DataMap[] = [];
  for (const section of elf.sections) {
    const role = roleOf(section);
    if (role !== 'data' && role !== 'rodata' && role !== 'bss') continue;
    if (section.type === SHT.NOBITS) zeroed += section.size;
    if (zeroed > MAX_ZEROED) {
      throw new ElfError(`${zeroed} bytes of zeroed data, want at most ${MAX_ZEROED} in an object`, {
        section: section.name,
      });
    }
    const contents = section.type === SHT.NOBITS ? new Uint8Array(section.size) : section.contents.slice();
    maps.push({ spec: sectionMap(btf, section.name, contents, role === 'rodata'), section });
  }
  return maps;
}

function sectionMap(btf: Btf | undefined, name: string, contents: Uint8Array, readOnly: boolean): MapSpec {
  const datasec = btf?.idByName(name, 'datasec');
  const mmapable = btf !== undefined && datasec !== undefined && hasVisibleVariable(btf, datasec);
  return {
    ...emptyMap(name),
    type: 'array',
    keySize: KEY_SIZE,
    valueSize: contents.length,
    maxEntries: 1,
    flags: (readOnly ? BPF_F_RDONLY_PROG : 0) | (mmapable ? BPF_F_MMAPABLE : 0),
    valueTypeId: datasec,
    section: { name, contents, readOnly },
  };
}

/** Whether user space is to see a variable of the section: one that is neither static nor hidden. */
function hasVisibleVariable(btf: Btf, datasec: number): boolean {
  const type = btf.type(datasec);
  if (type.kind !== 'datasec') return false;
  return type.vars.some(row => {
    const variable = btf.type(row.type);
    return variable.kind === 'var' && variable.linkage !== LINKAGE.static;
  });
}

/** Gives the object's arena map the initial values of `.addr_space.1`, and returns it where there are such values. */
export function fillArena({ elf }: ObjectFile, maps: readonly MapSpec[]): DataMap | undefined {
  const [section] = sectionsOf(elf, 'arena');
  const [arena, second] = maps.filter(map => map.type === 'arena');
  if (second !== undefined)
    throw new ElfError(`map ${second.name} is a second arena, ${arena?.name} the first`, { section: '.maps' });
  if (section === undefined) return undefined;
  if (arena === undefined) throw new ElfError('arena variables without a map of type arena', { section: section.name });
  arena.section = { name: section.name, contents: section.contents.slice(), readOnly: false };
  return { spec: arena, section };
}

/** A struct_ops map per variable of `.struct_ops` and its like, the programs of its members in `slots`. */
export function readStructOps(object: ObjectFile, isEntry: (name: string) => boolean): MapSpec[] {
  const { elf, btf } = object;
  return sectionsOf(elf, 'struct_ops').flatMap(section => {
    const id = btf?.idByName(section.name, 'datasec');
    const datasec = id === undefined ? undefined : btf?.type(id);
    if (btf === undefined || datasec?.kind !== 'datasec') {
      throw new ElfError('struct_ops without the BTF section of that name', { section: section.name });
    }
    let end = 0;
    const placed = datasec.vars.map(row => {
      const name = btf.nameOf(row.type);
      const variable = btf.type(row.type);
      const type = btf.resolve(variable.kind === 'var' ? variable.type : row.type);
      if (type.kind !== 'struct' || type.name === '') {
        throw new BtfError(`${section.name}: ${name} is a ${type.kind}, want a named struct`, { typeId: row.type });
      }
      if (row.offset < end || row.offset + type.size > section.size) {
        throw new BtfError(`${section.name}: ${name} lies at ${row.offset}, want ${end}..${section.size - type.size}`, {
          typeId: datasec.id,
        });
      }
      end = row.offset + type.size;
      const contents = section.contents.slice(row.offset, end);
      const spec: MapSpec = {
        ...emptyMap(name),
        type: 'struct_ops',
        keySize: KEY_SIZE,
        valueSize: type.size,
        maxEntries: 1,
        flags: section.name.endsWith('.link') ? BPF_F_LINK : 0,
        valueTypeId: type.id,
        section: { name: section.name, contents, readOnly: false },
      };
      return { spec, start: row.offset, end };
    });
    const relocations = [...(object.relocations.get(section.index) ?? [])].sort((a, b) => a.offset - b.offset);
    let next = 0;
    for (const relocation of relocations) {
      while (next < placed.length && (placed[next] as (typeof placed)[number]).end <= relocation.offset) next++;
      const owner = placed[next];
      const name = symbolLabel(elf, symbolOf(elf, relocation));
      const place = { section: section.name, offset: relocation.offset };
      if (owner === undefined || relocation.offset < owner.start)
        throw new ElfError(`${name} is outside every variable`, place);
      if (!isEntry(name)) throw new ElfError(`${owner.spec.name}: ${name} is no entry program`, place);
      owner.spec.slots.push({ key: relocation.offset - owner.start, kind: 'program', name });
    }
    return placed.map(({ spec }) => spec);
  });
}
