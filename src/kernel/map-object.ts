/** A map as a kernel object: the map itself, its BTF, and whether its user side is frozen. */
import type { MapObject } from '../maps/map.ts';
import type { MapTable } from '../maps/map-table.ts';
import type { BtfKernelObject } from './btf-object.ts';
import { type IdTable, KernelObject } from './object.ts';

export class MapKernelObject extends KernelObject {
  readonly kind = 'map';
  readonly map: MapObject;
  /** Set by MAP_FREEZE: the system call may no longer write. */
  frozen = false;
  /** Writable mappings that keep the map from being frozen. */
  writableMappings = 0;
  readonly #table: MapTable;
  readonly #btf: BtfKernelObject | undefined;

  constructor(ids: IdTable, table: MapTable, map: MapObject, btf: BtfKernelObject | undefined) {
    super(ids);
    this.map = map;
    this.#table = table;
    this.#btf = btf?.hold();
    table.add(map);
  }

  protected override free(): void {
    this.#table.remove(this.map);
    this.map[Symbol.dispose]();
    this.#btf?.release();
  }
}
