/** What the unit tests of maps share: a machine with a place for keys and values, and attributes with defaults. */
import { Machine } from '../../src/machine/machine.ts';
import { createMap } from '../../src/maps/create.ts';
import { isRefusal, type MapAttributes, type MapObject, type References } from '../../src/maps/map.ts';

/** Attributes with what a test leaves out. */
export function attributesOf(given: Partial<MapAttributes> & Pick<MapAttributes, 'type'>): MapAttributes {
  return { name: 'test', keySize: 4, valueSize: 8, maxEntries: 4, flags: 0, extra: 0n, btf: undefined, ...given };
}

/** A little-endian u32. */
export function u32(value: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}

/** A machine, one map on it, and a program's stack. */
export class MapBench implements Disposable {
  readonly machine: Machine;
  readonly map: MapObject;
  readonly #stack: number;

  constructor(given: Partial<MapAttributes> & Pick<MapAttributes, 'type'>, references?: References, cpus = 1) {
    this.machine = new Machine({ cpus });
    const stack = this.machine.memory.allot({ name: 'stack', size: 512, access: 'read_write' });
    const map = createMap(this.machine, attributesOf(given), references);
    if (stack === undefined || isRefusal(map)) throw new Error('no map');
    this.#stack = stack.base;
    this.map = map;
  }

  /** Linear address of the key where a program would have it. */
  key(key: number): number {
    this.machine.memory.view.setUint32(this.#stack, key, true);
    return this.#stack;
  }

  /** A program's update. */
  update(key: number, value: bigint, flags = 0n): number {
    this.machine.memory.view.setBigUint64(this.#stack + 8, value, true);
    return this.map.update(this.key(key), this.#stack + 8, flags);
  }

  /** The word at a linear address. */
  word(address: number): bigint {
    return this.machine.memory.view.getBigUint64(address, true);
  }

  /** A program's lookup and load. */
  get(key: number): bigint | undefined {
    const address = this.map.lookup(this.key(key));
    return address === 0 ? undefined : this.word(address);
  }

  /** Keys in the order in which the system call walks them. */
  keys(): number[] {
    const keys: number[] = [];
    let key: Uint8Array | undefined;
    for (;;) {
      const next = new Uint8Array(4);
      if (this.map.userNextKey(key, next) !== 0) return keys;
      keys.push(new DataView(next.buffer).getUint32(0, true));
      key = next;
    }
  }

  [Symbol.dispose](): void {
    this.map[Symbol.dispose]();
    this.machine[Symbol.dispose]();
  }
}
