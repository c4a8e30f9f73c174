/** Where a tail call goes. */
import type { MapTable } from '../maps/map-table.ts';
import { linearAddress } from '../vm/pointer.ts';
import type { Program } from '../vm/program.ts';
import { ProgKernelObject } from './prog-object.ts';

/** The program at `index` of the prog array whose pointer a program holds; undefined where the slot is empty or the map is none. */
export function tailCallTarget(maps: MapTable, map: bigint, index: number): Program | undefined {
  const held = maps.get(linearAddress(map))?.slot?.(index)?.object;
  return held instanceof ProgKernelObject ? held.program : undefined;
}
