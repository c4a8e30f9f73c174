/** Objects that exist for one run: bytes, structs and strings that a context points to. Each is a region of its own, gone afterwards. */
import type { GuestMemory, Region } from '../vm/memory.ts';
import { kernelPointer, linearAddress, POINTER_TAG } from '../vm/pointer.ts';

/** Whose memory an object lies in: what reads may reach it. */
export type ObjectSpace = 'kernel' | 'user';

/** The objects of one context. */
export class GuestObjects implements Disposable {
  readonly memory: GuestMemory;
  readonly #regions: Region[] = [];
  readonly #owned: Disposable[] = [];

  constructor(memory: GuestMemory) {
    this.memory = memory;
  }

  /** Puts an object in place and gives its linear address. */
  place(name: string, bytes: Uint8Array, access: Region['access'] = 'read_write'): number {
    const region = this.memory.allot({ name, size: Math.max(1, bytes.length), access });
    if (region === undefined) throw new RangeError('guest memory is full');
    this.#regions.push(region);
    this.memory.write(region.base, bytes);
    return region.base;
  }

  /** Puts an object in place and gives a pointer to it. */
  pointTo(name: string, bytes: Uint8Array, space: ObjectSpace = 'kernel'): bigint {
    const address = this.place(name, bytes, space === 'user' ? 'none' : 'read_write');
    return space === 'user' ? userPointer(address) : kernelPointer(address);
  }

  /** Takes over something that goes when the objects go. */
  own<T extends Disposable>(thing: T): T {
    this.#owned.push(thing);
    return thing;
  }

  [Symbol.dispose](): void {
    for (const thing of this.#owned.splice(0)) thing[Symbol.dispose]();
    for (const region of this.#regions.splice(0)) this.memory.release(region);
  }
}

const USER = BigInt(POINTER_TAG.user) << 32n;

/** The pointer of simulated user memory to a linear address. */
export function userPointer(address: number): bigint {
  return USER | BigInt(address);
}

/** The linear address of `size` bytes of user memory, -1 where a pointer leads to none. */
export function userAddress(memory: GuestMemory, pointer: bigint, size: number): number {
  if (pointer >> 32n !== BigInt(POINTER_TAG.user)) return -1;
  const address = linearAddress(pointer);
  const region = memory.regionAt(address);
  // Only what lies in user memory is out of a program's own reach.
  return region?.access === 'none' && address >= region.start && address + size <= region.end ? address : -1;
}
