/**
 * The engine that runs a kernel's programs: compiled to WebAssembly, with maps that a program names looked up in line or by functions of
 * the runtime, or interpreted.
 */
import { JitEngine } from '../jit/engine.ts';
import type { HotHelper, InlineMap } from '../jit/options.ts';
import type { Machine } from '../machine/machine.ts';
import type { MapTable } from '../maps/map-table.ts';
import { RUNTIME_HELPERS, type RuntimeHelper } from '../runtime/helpers.ts';
import {
  KIND_ARRAY,
  MAP_BLOCK,
  MAP_CPUS,
  MAP_KEY_SIZE,
  MAP_KIND,
  MAP_MAX_ENTRIES,
  MAP_STRIDE,
  MAP_VALUE_SIZE,
  MAP_VALUES,
} from '../runtime/layout.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import { helperById } from '../uapi/helpers.ts';
import type { Linkage } from '../vm/program.ts';

/** How programs are run. */
export interface EngineOptions {
  /** `jit`, compiled to WebAssembly, by default; `interp` for the interpreter. */
  readonly engine?: 'jit' | 'interp';
  /**
   * Compiles programs without the checks that stand in for a verifier: faster, and a program that does what no verifier would let it do
   * corrupts the simulated kernel instead of ending with a fault. False by default.
   */
  readonly trust?: boolean;
  /** Instructions that one run may take before it ends with a fault; 100 million by default. */
  readonly fuel?: number;
}

/** The compiling engine of a kernel. */
export function createJit(machine: Machine, maps: MapTable, linkage: Linkage, options: EngineOptions): JitEngine {
  const trust = options.trust ?? false;
  return new JitEngine(machine.memory, machine.env, linkage, {
    isChecked: () => !trust,
    fuel: !trust,
    ...(options.fuel === undefined ? {} : { fuelPerRun: options.fuel }),
    inlineMap: address => inlineMap(machine, maps, address),
    hotHelper: (id, map) => hotHelper(machine, maps, { id, map, trust }),
  });
}

/** A field of the header of the map at a linear address. */
function header(machine: Machine, address: number, field: number): number {
  return machine.memory.view.getUint32(address + field, true);
}

/** Facts about an array, for lookups in line. */
function inlineMap(machine: Machine, maps: MapTable, address: number): InlineMap | undefined {
  const map = maps.get(address);
  if (map === undefined) return undefined;
  const { type, maxEntries } = map.attributes;
  if (type === 'prog_array') return { kind: 'prog_array', slots: header(machine, address, MAP_VALUES), maxEntries };
  if (header(machine, address, MAP_KIND) !== KIND_ARRAY) return undefined;
  const perCpu = header(machine, address, MAP_CPUS) > 1;
  return {
    kind: 'array',
    values: header(machine, address, MAP_VALUES),
    stride: header(machine, address, MAP_STRIDE),
    ...(perCpu ? { cpuStride: header(machine, address, MAP_BLOCK) } : {}),
    maxEntries: header(machine, address, MAP_MAX_ENTRIES),
  };
}

/** The runtime's function for a helper, on the map in r1 where it is a constant of the program. */
function hotHelper(
  machine: Machine,
  maps: MapTable,
  { id, map, trust }: { id: number; map: number | undefined; trust: boolean },
): HotHelper | undefined {
  const name = helperById(id)?.name;
  const row = name === undefined ? undefined : RUNTIME_HELPERS[name];
  if (name === undefined || row === undefined || (row.trusted === true && !trust)) return undefined;
  if (row.writes === true && isReadOnly(maps, map)) return undefined;
  const found = functionName(machine, maps, row, map);
  const body = found === undefined ? undefined : machine.runtime.exports[found];
  if (body === undefined) return undefined;
  const { parameters, result } = row;
  return { body, parameters, result, accesses: map === undefined ? [] : accesses(machine, map, name) };
}

/** Whether programs may only read a map: its helpers say so where a program writes. */
function isReadOnly(maps: MapTable, map: number | undefined): boolean {
  const flags = map === undefined ? 0 : (maps.get(map)?.attributes.flags ?? 0);
  return (flags & MAP_FLAGS.BPF_F_RDONLY_PROG) !== 0;
}

function functionName(
  machine: Machine,
  maps: MapTable,
  row: RuntimeHelper,
  map: number | undefined,
): string | undefined {
  if (typeof row.functions === 'string') return map === undefined ? row.functions : undefined;
  return map === undefined || maps.get(map) === undefined ? undefined : row.functions[header(machine, map, MAP_KIND)];
}

/** The memory that a helper on a map uses beside the map: the key in r2, the value in r3. */
function accesses(machine: Machine, map: number, name: string): HotHelper['accesses'] {
  const key = { register: 2, bytes: header(machine, map, MAP_KEY_SIZE), write: false };
  const value = { bytes: header(machine, map, MAP_VALUE_SIZE), write: false };
  switch (name) {
    case 'map_lookup_elem':
    case 'map_delete_elem':
    case 'map_lookup_percpu_elem':
      return [key];
    case 'map_update_elem':
      return [key, { register: 3, ...value }];
    case 'map_push_elem':
      return [{ register: 2, ...value }];
    case 'map_pop_elem':
    case 'map_peek_elem':
      return [{ register: 2, ...value, write: true }];
    default:
      return [];
  }
}
