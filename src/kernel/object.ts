/**
 * Kernel objects and how they live: reference counts, ids, file descriptors. An object goes when its last reference goes, be that a
 * descriptor, a program that uses it or a map that holds it.
 */

import type { Fd } from '../sys/sys.ts';
import { ERRNO } from '../uapi/errno.ts';

export type ObjectKind = 'map' | 'prog' | 'btf' | 'perf_event';

/** Something with an id and a reference count. Born with one reference. */
export abstract class KernelObject {
  abstract readonly kind: ObjectKind;
  readonly id: number;
  #references = 1;
  #ids: IdTable;

  constructor(ids: IdTable) {
    this.#ids = ids;
    this.id = ids.add(this);
  }

  get references(): number {
    return this.#references;
  }

  /** Takes one more reference. */
  hold(): this {
    this.#references++;
    return this;
  }

  /** Gives one reference back. */
  release(): void {
    if (--this.#references > 0) return;
    this.#ids.remove(this.id);
    this.free();
  }

  /** Gives back what the object holds. */
  protected abstract free(): void;
}

/** The ids of one kind of objects: ascending, never used twice. */
export class IdTable {
  readonly #objects = new Map<number, KernelObject>();
  #next = 1;

  add(object: KernelObject): number {
    const id = this.#next++;
    this.#objects.set(id, object);
    return id;
  }

  get(id: number): KernelObject | undefined {
    return this.#objects.get(id);
  }

  remove(id: number): void {
    this.#objects.delete(id);
  }

  /** The smallest id above `id`. */
  after(id: number): number | undefined {
    let best: number | undefined;
    for (const candidate of this.#objects.keys()) {
      if (candidate > id && (best === undefined || candidate < best)) best = candidate;
    }
    return best;
  }
}

/** What a descriptor refers to, and what may be done through it. */
export interface OpenFile {
  readonly object: KernelObject;
  readonly readable: boolean;
  readonly writable: boolean;
}

/** File descriptors: the lowest free number from 3 on. */
export class FdTable {
  readonly #files = new Map<Fd, OpenFile>();

  /** Opens a descriptor that owns the caller's reference to `object`. */
  open(
    object: KernelObject,
    access: { readable: boolean; writable: boolean } = { readable: true, writable: true },
  ): Fd {
    let fd = 3;
    while (this.#files.has(fd)) fd++;
    this.#files.set(fd, { object, ...access });
    return fd;
  }

  get(fd: Fd): OpenFile | undefined {
    return this.#files.get(fd);
  }

  close(fd: Fd): number {
    const file = this.#files.get(fd);
    if (file === undefined) return -ERRNO.EBADF;
    this.#files.delete(fd);
    file.object.release();
    return 0;
  }

  closeAll(): void {
    for (const fd of [...this.#files.keys()]) this.close(fd);
  }
}
