/**
 * Maps that are defined through BTF in `.maps`: a variable per map, whose struct members hold the attributes as types
 * (`__uint(name, n)` is a pointer to an array of n, `__type(name, t)` a pointer to t, `__array(values, t)` an array
 * without length). Source: `parse_btf_map_def` and `bpf_object__collect_map_relos` of libbpf.
 */
import type { Btf } from '../btf/btf.ts';
import { BtfError } from '../btf/error.ts';
import type { BtfComposite, BtfMember } from '../btf/types.ts';
import { LINKAGE } from '../btf/types.ts';
import type { ElfSection } from '../elf/elf-file.ts';
import { ElfError } from '../elf/error.ts';
import { mapTypeName } from '../uapi/map-types.ts';
import { type ObjectFile, sectionsOf, symbolLabel, symbolOf } from './object-file.ts';
import type { MapSpec } from './spec.ts';

const POINTER_SIZE = 8;
/** Size of the value of a map of maps or programs. */
const FD_SIZE = 4;

/** A map of `.maps` and where its definition lies. */
export interface BtfMap {
  readonly spec: MapSpec;
  readonly definition: BtfComposite;
  readonly section: ElfSection;
  readonly offset: number;
  readonly size: number;
}

/** An empty definition; the attributes are filled in from where it stands. */
export function emptyMap(name: string): MapSpec {
  return {
    name,
    type: 'unspec',
    keySize: 0,
    valueSize: 0,
    maxEntries: 0,
    flags: 0,
    extra: 0n,
    numaNode: undefined,
    pinning: 'none',
    keyTypeId: undefined,
    valueTypeId: undefined,
    inner: undefined,
    slots: [],
    section: undefined,
  };
}

/** The maps of `.maps`, in their order in the section. */
export function readBtfMaps({ elf, btf }: ObjectFile): BtfMap[] {
  const [section] = sectionsOf(elf, 'maps');
  if (section === undefined) return [];
  const id = btf?.idByName('.maps', 'datasec');
  const datasec = id === undefined ? undefined : btf?.type(id);
  if (btf === undefined || datasec?.kind !== 'datasec') {
    throw new ElfError('map definitions without the BTF section of that name', { section: section.name });
  }
  return datasec.vars.map(row => {
    const variable = btf.type(row.type);
    if (variable.kind !== 'var') throw new BtfError(`.maps lists a ${variable.kind}, want var`, { typeId: row.type });
    const { name } = variable;
    if (name === '') throw new BtfError('a map without a name', { typeId: row.type });
    if (variable.linkage !== LINKAGE.global) {
      throw new BtfError(`map ${name}: linkage ${variable.linkage}, want ${LINKAGE.global} (global)`, {
        typeId: row.type,
      });
    }
    if (row.offset + row.size > section.size) {
      throw new BtfError(`map ${name}: lies at ${row.offset}, size ${row.size}; .maps has ${section.size} bytes`, {
        typeId: row.type,
      });
    }
    const definition = btf.resolve(variable.type);
    if (definition.kind !== 'struct') {
      throw new BtfError(`map ${name}: its definition is a ${definition.kind}, want struct`, { typeId: variable.type });
    }
    if (definition.size > row.size) {
      throw new BtfError(`map ${name}: its definition has ${definition.size} bytes, its variable ${row.size}`, {
        typeId: definition.id,
      });
    }
    return {
      spec: readDefinition(btf, name, definition, false),
      definition,
      section,
      offset: row.offset,
      size: row.size,
    };
  });
}

function readDefinition(btf: Btf, name: string, definition: BtfComposite, isInner: boolean): MapSpec {
  const spec = emptyMap(name);
  const fail = (member: BtfMember, problem: string) => {
    return new BtfError(`map ${name}: ${member.name}: ${problem}`, { typeId: definition.id });
  };
  /** Sets a size that two members may give, `key` and `key_size`. */
  const setSize = (field: 'keySize' | 'valueSize', member: BtfMember, size: number) => {
    if (spec[field] !== 0 && spec[field] !== size)
      throw fail(member, `size ${size} conflicts with size ${spec[field]}`);
    spec[field] = size;
  };
  for (const member of definition.members) {
    const number = () => Number(readNumber(btf, member, fail));
    switch (member.name) {
      case 'type':
        spec.type = mapTypeName(number());
        break;
      case 'max_entries':
        spec.maxEntries = number();
        break;
      case 'map_flags':
        spec.flags = number();
        break;
      case 'numa_node':
        spec.numaNode = number();
        break;
      case 'map_extra':
        spec.extra = BigInt.asUintN(64, readNumber(btf, member, fail));
        break;
      case 'key_size':
        setSize('keySize', member, number());
        break;
      case 'value_size':
        setSize('valueSize', member, number());
        break;
      case 'key':
        spec.keyTypeId = pointedType(btf, member, fail);
        setSize('keySize', member, btf.sizeOf(spec.keyTypeId));
        break;
      case 'value':
        spec.valueTypeId = pointedType(btf, member, fail);
        setSize('valueSize', member, btf.sizeOf(spec.valueTypeId));
        break;
      case 'pinning': {
        const value = number();
        if (isInner) throw fail(member, 'an inner map cannot be pinned');
        if (value > 1) throw fail(member, `value ${value}, want 0 (none) or 1 (by name)`);
        spec.pinning = value === 1 ? 'by_name' : 'none';
        break;
      }
      case 'values':
        if (isInner) throw fail(member, 'an inner map cannot hold maps');
        if (member !== definition.members.at(-1)) throw fail(member, 'want it to be the last member');
        setSize('valueSize', member, FD_SIZE);
        spec.inner = readValues(btf, spec, member, fail);
        break;
      default:
        throw fail(member, 'no such attribute of a map');
    }
  }
  if (spec.type === 'unspec') throw new BtfError(`map ${name}: no type`, { typeId: definition.id });
  return spec;
}

type Fail = (member: BtfMember, problem: string) => BtfError;

/** `__uint(name, n)`: a pointer to an array of n; `__ulong(name, n)`: an enum whose only value is n. */
function readNumber(btf: Btf, member: BtfMember, fail: Fail): bigint {
  const type = btf.resolve(member.type);
  if (type.kind === 'ptr') {
    const array = btf.type(type.type);
    if (array.kind !== 'array')
      throw fail(member, `a pointer to ${array.kind}, want one to an array of that many elements`);
    return BigInt(array.count);
  }
  const [only, second] = type.kind === 'enum' || type.kind === 'enum64' ? type.values : [];
  if (member.name !== 'map_extra' || only === undefined || second !== undefined) {
    throw fail(member, `a ${type.kind}, want a pointer to an array of that many elements`);
  }
  return only.value;
}

/** `__type(name, t)`: the id of t. */
function pointedType(btf: Btf, member: BtfMember, fail: Fail): number {
  const type = btf.type(member.type);
  if (type.kind !== 'ptr') throw fail(member, `a ${type.kind}, want a pointer to the type`);
  return type.type;
}

/** `__array(values, t)`: the template of inner maps, or the signature of programs. */
function readValues(btf: Btf, spec: MapSpec, member: BtfMember, fail: Fail): MapSpec | undefined {
  const isProgArray = spec.type === 'prog_array';
  if (!isProgArray && !isMapInMap(spec))
    throw fail(member, `in a map of type ${spec.type}, want a map of maps or programs`);
  const array = btf.type(member.type);
  if (array.kind !== 'array' || array.count !== 0) throw fail(member, 'want an array without length');
  const element = btf.resolve(array.type);
  if (element.kind !== 'ptr') throw fail(member, `elements are ${element.kind}, want pointers`);
  const target = btf.resolve(element.type);
  if (isProgArray) {
    if (target.kind !== 'func_proto') throw fail(member, `pointers to ${target.kind}, want pointers to functions`);
    return undefined;
  }
  if (target.kind !== 'struct') throw fail(member, `pointers to ${target.kind}, want pointers to a map definition`);
  return readDefinition(btf, `${spec.name}.inner`, target, true);
}

function isMapInMap(spec: MapSpec): boolean {
  return spec.type === 'array_of_maps' || spec.type === 'hash_of_maps';
}

/**
 * Fills the initial slots of maps of maps and programs from the relocations of `.maps`.
 * @param isEntry whether a program of that name is an entry program.
 */
export function fillSlots(object: ObjectFile, maps: readonly BtfMap[], isEntry: (name: string) => boolean): void {
  const { elf } = object;
  const [first] = maps;
  if (first === undefined) return;
  const names = new Set(maps.map(({ spec }) => spec.name));
  const ordered = [...maps].sort((a, b) => a.offset - b.offset);
  const relocations = [...(object.relocations.get(first.section.index) ?? [])].sort((a, b) => a.offset - b.offset);
  let next = 0;
  for (const relocation of relocations) {
    const place = { section: first.section.name, offset: relocation.offset };
    // Both lists ascend: the map that holds the relocation is the last that starts at or before it.
    while (next + 1 < ordered.length && (ordered[next + 1] as BtfMap).offset <= relocation.offset) next++;
    const map = ordered[next] as BtfMap;
    if (relocation.offset < map.offset || relocation.offset + POINTER_SIZE > map.offset + map.size) {
      throw new ElfError('a relocation outside every map definition', place);
    }
    const { spec, definition } = map;
    const name = symbolLabel(elf, symbolOf(elf, relocation));
    const values = definition.members.at(-1);
    const at = relocation.offset - map.offset - (values?.bitOffset ?? 0) / 8;
    if (values?.name !== 'values' || at < 0 || at % POINTER_SIZE !== 0) {
      throw new ElfError(`map ${spec.name}: ${name} is not in a slot of its values`, place);
    }
    if (isMapInMap(spec)) {
      if (!names.has(name)) throw new ElfError(`map ${spec.name}: ${name} is no map`, place);
      if (spec.type === 'hash_of_maps' && spec.keySize !== FD_SIZE) {
        throw new ElfError(`map ${spec.name}: key_size ${spec.keySize}, want ${FD_SIZE} for initial values`, place);
      }
      spec.slots.push({ key: at / POINTER_SIZE, kind: 'map', name });
    } else {
      if (!isEntry(name)) throw new ElfError(`map ${spec.name}: ${name} is no entry program`, place);
      spec.slots.push({ key: at / POINTER_SIZE, kind: 'program', name });
    }
  }
}
