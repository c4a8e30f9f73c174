/**
 * Maps that are defined by `struct bpf_map_def` in a section `maps`, as before BTF: five 32-bit words, one definition
 * per symbol. What stands behind the words: nothing, zeros, or iproute2's `id`, `pinning`, `inner_id` and `inner_idx`.
 * Source: `bpf_object__init_user_maps` of libbpf 0.8, `struct bpf_elf_map` of iproute2.
 */
import type { Btf } from '../btf/btf.ts';
import { STT } from '../elf/constants.ts';
import type { ElfSection, ElfSymbol } from '../elf/elf-file.ts';
import { ElfError } from '../elf/error.ts';
import { mapTypeName } from '../uapi/map-types.ts';
import { ByteReader } from '../util/bytes.ts';
import { emptyMap } from './btf-maps.ts';
import { type ObjectFile, sectionsOf } from './object-file.ts';
import type { MapSpec } from './spec.ts';

const WORDS = ['type', 'keySize', 'valueSize', 'maxEntries', 'flags'] as const;
const DEFINITION_SIZE = 4 * WORDS.length;
/** A definition without flags, the oldest. */
const SHORTEST_SIZE = 16;
/** iproute2's definition without and with the inner map. */
const IPROUTE2_SIZES = [28, 36];
const IPROUTE2_PINNING = 24;

/** A map of a section `maps` and where its definition starts. */
export interface LegacyMap {
  readonly spec: MapSpec;
  readonly section: ElfSection;
  readonly offset: number;
}

/** The maps of all sections `maps`, in the order of the file. */
export function readLegacyMaps({ elf, btf }: ObjectFile): LegacyMap[] {
  const sections = new Map(sectionsOf(elf, 'legacy_maps').map(section => [section.index, section]));
  if (sections.size === 0) return [];
  const symbols = new Map<number, ElfSymbol[]>();
  for (const symbol of elf.symbols) {
    if (
      !sections.has(symbol.section) ||
      (symbol.type !== STT.OBJECT && symbol.type !== STT.NOTYPE) ||
      symbol.name === ''
    )
      continue;
    const list = symbols.get(symbol.section) ?? [];
    symbols.set(symbol.section, list);
    list.push(symbol);
  }
  return [...sections.values()].flatMap(section => {
    const defined = (symbols.get(section.index) ?? []).sort((a, b) => a.value - b.value);
    const [first] = defined;
    if (first === undefined)
      throw new ElfError('map definitions without a symbol that names them', { section: section.name });
    // All definitions of a section have one size, as the C struct has.
    const size = section.size / defined.length;
    if (!Number.isInteger(size)) {
      throw new ElfError(`${defined.length} map definitions in ${section.size} bytes, want equal sizes`, {
        section: section.name,
      });
    }
    return defined.map((symbol, i) => {
      if (symbol.value !== i * size) {
        throw new ElfError(`map ${symbol.name} starts at ${symbol.value}, want ${i * size}`, {
          section: section.name,
          offset: symbol.value,
        });
      }
      return { spec: readDefinition(section, symbol, size, elf.byteOrder, btf), section, offset: symbol.value };
    });
  });
}

function readDefinition(
  section: ElfSection,
  symbol: ElfSymbol,
  size: number,
  order: 'little' | 'big',
  btf: Btf | undefined,
): MapSpec {
  const place = { section: section.name, offset: symbol.value };
  if (size < SHORTEST_SIZE)
    throw new ElfError(`map ${symbol.name}: a definition of ${size} bytes, want ${SHORTEST_SIZE}..`, place);
  const reader = new ByteReader(section.contents, order, () => new ElfError('truncated', place));
  const word = (at: number) => (at + 4 <= size ? reader.u32(symbol.value + at) : 0);
  const spec = emptyMap(symbol.name);
  spec.type = mapTypeName(word(0));
  spec.keySize = word(4);
  spec.valueSize = word(8);
  spec.maxEntries = word(12);
  spec.flags = word(16);
  if (IPROUTE2_SIZES.includes(size)) {
    spec.pinning = word(IPROUTE2_PINNING) === 0 ? 'none' : 'by_name';
  } else {
    const extra = section.contents
      .subarray(symbol.value + DEFINITION_SIZE, symbol.value + size)
      .findIndex(byte => byte !== 0);
    if (extra >= 0) {
      throw new ElfError(
        `map ${symbol.name}: its definition has ${size} bytes and byte ${DEFINITION_SIZE + extra} is not zero`,
        place,
      );
    }
  }
  if (btf !== undefined) annotate(btf, spec);
  return spec;
}

/** `BPF_ANNOTATE_KV_PAIR` leaves the types of a map in a struct `____btf_map_NAME`. */
function annotate(btf: Btf, spec: MapSpec): void {
  const id = btf.idByName(`____btf_map_${spec.name}`, 'struct');
  const type = id === undefined ? undefined : btf.type(id);
  if (type?.kind !== 'struct') return;
  const [key, value] = type.members;
  if (key?.name !== 'key' || value?.name !== 'value') return;
  if (btf.sizeOf(key.type) !== spec.keySize || btf.sizeOf(value.type) !== spec.valueSize) return;
  spec.keyTypeId = key.type;
  spec.valueTypeId = value.type;
}
