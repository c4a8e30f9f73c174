/** Live access to the global variables of a loaded object: plain properties that read and write a data section's map. */
import type { Btf } from '../btf/btf.ts';
import type { BtfValue } from '../btf/value.ts';
import type { VariableSpec } from '../object/spec.ts';
import type { Mapping, Sys } from '../sys/sys.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import { alignUp } from '../util/bytes.ts';
import { BpfError } from '../util/error.ts';
import type { BpfMap } from './map.ts';
import { PAGE_SIZE } from './map-create.ts';
import { variableCodec } from './sections.ts';

/** The bytes behind a section's variables. */
export interface SectionMemory extends Disposable {
  read(offset: number, size: number): Uint8Array;
  write(offset: number, bytes: Uint8Array): void;
}

/** The variables of one section by name; writing a read-only one throws. */
export type Variables = Record<string, BtfValue>;

const FIRST = new Uint8Array(4);

/** The memory of a section's map: mapped where the kernel maps it, else by a lookup and an update for each access. */
export function sectionMemory(sys: Sys, map: BpfMap, readOnly: boolean): SectionMemory {
  if ((map.spec.flags & MAP_FLAGS.BPF_F_MMAPABLE) !== 0) {
    const length = alignUp(map.raw.valueSize, PAGE_SIZE);
    const mapping = sys.mmap(map.fd, length, { writable: !readOnly });
    if (typeof mapping !== 'number') return mappedMemory(mapping);
  }
  const value = (): Uint8Array => map.raw.get(FIRST) ?? new Uint8Array(map.raw.valueSize);
  return {
    read: (offset, size) => value().subarray(offset, offset + size),
    write(offset, bytes) {
      const whole = value();
      whole.set(bytes, offset);
      map.raw.set(FIRST, whole);
    },
    [Symbol.dispose]: () => {},
  };
}

function mappedMemory(mapping: Mapping): SectionMemory {
  return {
    read: (offset, size) => mapping.bytes.subarray(offset, offset + size),
    write: (offset, bytes) => mapping.bytes.set(bytes, offset),
    [Symbol.dispose]: () => mapping.unmap(),
  };
}

/** An object with one property per variable: reading decodes what memory holds now, assigning encodes and stores. */
export function liveVariables(
  variables: readonly VariableSpec[],
  btf: Btf | undefined,
  memory: SectionMemory,
  readOnly: boolean,
): Variables {
  const live: Variables = {};
  for (const variable of variables) {
    const codec = variableCodec(variable, btf);
    Object.defineProperty(live, variable.name, {
      enumerable: true,
      get: () => codec.decode(memory.read(variable.offset, variable.size)),
      set(value: BtfValue) {
        if (readOnly) {
          const hint = `set spec.rodata.${variable.name} before load`;
          throw new BpfError('read_only', `write ${variable.name}: ${variable.section} is frozen; ${hint}`);
        }
        const bytes = memory.read(variable.offset, variable.size).slice();
        memory.write(variable.offset, codec.encode(value, variable.name, bytes));
      },
    });
  }
  return Object.preventExtensions(live);
}
