/** The maps of one kernel by the address that programs know them by. */
import type { MapObject } from './map.ts';

/** Finds a map by the linear address of its header. */
export class MapTable {
  readonly #maps = new Map<number, MapObject>();

  add(map: MapObject): void {
    this.#maps.set(map.address, map);
  }

  remove(map: MapObject): void {
    this.#maps.delete(map.address);
  }

  get(address: number): MapObject | undefined {
    return this.#maps.get(address);
  }
}
