/** The bytes of data sections: the object's initial contents with the spec's variable values encoded back into them. */
import type { Btf } from '../btf/btf.ts';
import type { BtfValue } from '../btf/value.ts';
import type { CollectionSpec, VariableSpec } from '../object/spec.ts';
import { BpfError } from '../util/error.ts';
import { btfCodec, type Codec, rawCodec } from './codec.ts';

/** The values of a section's variables as the spec holds them, and how an error calls the place. */
function sectionValues(spec: CollectionSpec, section: string): { values: Record<string, BtfValue>; where: string } {
  switch (section) {
    case '.rodata':
      return { values: spec.rodata, where: 'rodata' };
    case '.data':
      return { values: spec.data, where: 'data' };
    case '.bss':
      return { values: spec.bss, where: 'bss' };
    default:
      return { values: spec.sections[section] ?? {}, where: `sections['${section}']` };
  }
}

/** The codec of a variable: by its BTF type where it has one, else raw bytes. */
export function variableCodec(variable: VariableSpec, btf: Btf | undefined): Codec {
  return btf === undefined || variable.typeId === undefined ? rawCodec(variable.size) : btfCodec(btf, variable.typeId);
}

/**
 * The initial contents of every data section, by map name.
 * @throws {BpfError} when a value does not fit its variable, or names none (`bad_variable`).
 */
export function encodeSections(spec: CollectionSpec, btf: Btf | undefined): Map<string, Uint8Array> {
  const contents = new Map<string, Uint8Array>();
  for (const [mapName, map] of Object.entries(spec.maps)) {
    if (map.section === undefined) continue;
    const bytes = new Uint8Array(map.valueSize);
    bytes.set(map.section.contents.subarray(0, map.valueSize));
    const { values, where } = sectionValues(spec, map.section.name);
    for (const [name, value] of Object.entries(values)) {
      const variable = spec.variables[name];
      if (variable === undefined || variable.map !== mapName) {
        throw new BpfError('bad_variable', `${where}.${name}: the object's ${map.section.name} has no such variable`);
      }
      const field = bytes.subarray(variable.offset, variable.offset + variable.size);
      variableCodec(variable, btf).encode(value, `${where}.${name}`, field);
    }
    contents.set(mapName, bytes);
  }
  return contents;
}
