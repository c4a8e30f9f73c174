/**
 * The guest memory: one WebAssembly memory per kernel, cut into regions of whole pages. Linear addresses never change;
 * JavaScript views do when memory grows, so only this file owns views and nobody keeps one across a call.
 *
 * Checked accesses find their region by page number. A region has a window (`start`, `end`) that its owner moves (the head of a
 * packet, the depth of a stack) and, for maps, a stride: an access stays inside one element by arithmetic.
 */
import { alignUp } from '../util/bytes.ts';
import { AccessRefusal } from './fault.ts';
import { linearAddress, POINTER_TAG, pointerTag } from './pointer.ts';

/** Granularity of regions, in bytes. */
export const GUEST_PAGE = 4096;
const WASM_PAGE = 65536;
/** One page less than 32 bits hold, so that error pointers and -1 lie outside. */
const MAX_WASM_PAGES = 65535;
/** The first 64 KiB are the null page. */
const FIRST_PAGE = WASM_PAGE / GUEST_PAGE;

/** What an owner asks for. */
export interface RegionSpec {
  /** What the region is, for messages: `stack`, `packet`, `map counts`. */
  name: string;
  /** Bytes; the allotment is rounded up to whole pages. */
  size: number;
  access: 'read' | 'read_write' | 'none';
  /** Elements of `size` bytes, one each `stride` bytes from the start: an access stays inside one. */
  elements?: { stride: number; size: number };
  /** Linear addresses of the words that hold the window's ends, where these lie in guest memory; else the window is all of `size`. */
  window?: { start: number; end: number };
}

/** An allotment of guest memory. */
export interface Region {
  readonly name: string;
  /** Linear address of the allotment. */
  readonly base: number;
  /** Bytes asked for. */
  readonly size: number;
  /** The accessible window: linear addresses, `end` exclusive. */
  start: number;
  end: number;
  access: 'read' | 'read_write' | 'none';
  readonly elements: { stride: number; size: number } | undefined;
}

/** One kernel's guest memory. */
export class GuestMemory implements Disposable {
  readonly memory: WebAssembly.Memory;
  /** Bytes of the whole memory. Read anew for every use. */
  u8: Uint8Array<ArrayBuffer>;
  /** The same for wider accesses; little-endian is the guest's order. Read anew for every use. */
  view: DataView<ArrayBuffer>;
  /** Region by page number; 0 is none. */
  #pages: Uint32Array;
  /**
   * NULL and what is near it: nobody's, never written. Its owner makes it readable for programs whose loads through kernel pointers
   * cannot fault, and then give zero.
   */
  readonly nullPage: Region = {
    name: 'null page',
    base: 0,
    size: WASM_PAGE,
    start: 0,
    end: WASM_PAGE,
    access: 'none',
    elements: undefined,
  };
  readonly #regions: (Region | undefined)[] = [undefined, this.nullPage];
  readonly #freeIds: number[] = [];
  #firstFree = FIRST_PAGE;
  /** Pages from here on were never anybody's: they are zero, and need not be touched to make them so. */
  #firstFresh = FIRST_PAGE;

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 16, maximum: MAX_WASM_PAGES });
    this.u8 = new Uint8Array(this.memory.buffer as ArrayBuffer);
    this.view = new DataView(this.memory.buffer as ArrayBuffer);
    this.#pages = new Uint32Array(this.u8.length / GUEST_PAGE);
    this.#pages.fill(1, 0, FIRST_PAGE);
  }

  /**
   * Allots a zeroed region, or gives undefined when the memory is full.
   * The window is all of `size`.
   */
  allot(spec: RegionSpec): Region | undefined {
    const count = Math.max(1, Math.ceil(spec.size / GUEST_PAGE));
    const first = this.#findFree(count);
    if (first === undefined) return undefined;
    const base = first * GUEST_PAGE;
    const region: Region = {
      name: spec.name,
      base,
      size: spec.size,
      start: base,
      end: base + spec.size,
      access: spec.access,
      elements: spec.elements,
    };
    if (spec.window !== undefined) this.#bindWindow(region, spec.window);
    const id = this.#freeIds.pop() ?? this.#regions.length;
    this.#regions[id] = region;
    this.#pages.fill(id, first, first + count);
    const used = Math.min(first + count, this.#firstFresh);
    if (used > first) this.u8.fill(0, base, used * GUEST_PAGE);
    this.#firstFresh = Math.max(this.#firstFresh, first + count);
    return region;
  }

  /** Gives a region back. */
  release(region: Region): void {
    const first = region.base / GUEST_PAGE;
    const id = this.#pages[first] as number;
    if (this.#regions[id] !== region) return;
    const count = Math.max(1, Math.ceil(region.size / GUEST_PAGE));
    this.#pages.fill(0, first, first + count);
    this.#regions[id] = undefined;
    this.#freeIds.push(id);
    this.#firstFree = Math.min(this.#firstFree, first);
  }

  /** The region that a linear address belongs to. */
  regionAt(address: number): Region | undefined {
    const id = this.#pages[Math.floor(address / GUEST_PAGE)];
    return id === undefined ? undefined : this.#regions[id];
  }

  /**
   * Checks an access of `size` bytes at the pointer `high:low` and gives its linear address, or -1 where it is not allowed
   * (`refusal` then says why). Both halves are unsigned 32-bit numbers.
   */
  access(low: number, high: number, size: number, write: boolean): number {
    if (high !== POINTER_TAG.kernel && high !== POINTER_TAG.narrow) return -1;
    const region = this.#regions[this.#pages[low >>> 12] ?? 0];
    if (region === undefined || low < region.start || low + size > region.end) return -1;
    if (region.access !== 'read_write' && (write || region.access === 'none')) return -1;
    const elements = region.elements;
    if (elements !== undefined && ((low - region.base) % elements.stride) + size > elements.size) return -1;
    return low;
  }

  /** The same for a pointer in one piece; throws {@link AccessRefusal}. */
  accessPointer(pointer: bigint, size: number, write: boolean): number {
    const address = this.access(linearAddress(pointer), pointerTag(pointer), size, write);
    if (address < 0) throw this.refusal(pointer, size, write);
    return address;
  }

  /** Says why `access` refused. */
  refusal(pointer: bigint, size: number, write: boolean): AccessRefusal {
    const what = `${write ? 'write' : 'read'} of ${size} byte${size === 1 ? '' : 's'} at ${this.formatPointer(pointer)}`;
    const low = linearAddress(pointer);
    const tag = pointerTag(pointer);
    if (tag !== POINTER_TAG.kernel && tag !== POINTER_TAG.narrow) {
      return new AccessRefusal('bad_pointer', `${what}: not a pointer to memory`, pointer);
    }
    if (low < WASM_PAGE) return new AccessRefusal('null_pointer', `${what}: null pointer`, pointer);
    const region = this.regionAt(low);
    if (region === undefined) return new AccessRefusal('unmapped', `${what}: nothing there`, pointer);
    if (low < region.start || low + size > region.end) {
      const window = `${region.end - region.start} bytes at 0x${region.start.toString(16)}`;
      return new AccessRefusal('out_of_bounds', `${what}: outside of ${region.name} (${window})`, pointer);
    }
    if (region.elements !== undefined && ((low - region.base) % region.elements.stride) + size > region.elements.size) {
      const inside = (low - region.base) % region.elements.stride;
      const detail = `offset ${inside} of a value of ${region.elements.size} bytes in ${region.name}`;
      return new AccessRefusal('out_of_bounds', `${what}: ${detail}`, pointer);
    }
    return new AccessRefusal(
      'read_only',
      `${what}: ${region.name} is ${region.access === 'none' ? 'opaque' : 'read-only'}`,
      pointer,
    );
  }

  /** A pointer as text: its 64 bits, and the region and offset it points to where there is one. */
  formatPointer(pointer: bigint): string {
    const text = `0x${pointer.toString(16)}`;
    const tag = pointerTag(pointer);
    const low = linearAddress(pointer);
    if ((tag !== POINTER_TAG.kernel && tag !== POINTER_TAG.narrow) || low < WASM_PAGE) return text;
    const region = this.regionAt(low);
    if (region === undefined) return text;
    const offset = low - region.start;
    return `${text} (${region.name}${offset < 0 ? offset : `+${offset}`})`;
  }

  /** A copy of `size` bytes at a linear address. */
  read(address: number, size: number): Uint8Array<ArrayBuffer> {
    return this.u8.slice(address, address + size);
  }

  /** Copies bytes to a linear address. */
  write(address: number, bytes: Uint8Array): void {
    this.u8.set(bytes, address);
  }

  [Symbol.dispose](): void {
    this.#regions.length = 1;
    this.#pages.fill(0);
  }

  /** Lets the window of a region be what words of guest memory say. */
  #bindWindow(region: Region, { start, end }: { start: number; end: number }): void {
    Object.defineProperties(region, {
      start: { get: () => this.view.getUint32(start, true) },
      end: { get: () => this.view.getUint32(end, true) },
    });
  }

  /** First page of `count` free ones in a row; grows the memory when there are none. */
  #findFree(count: number): number | undefined {
    let run = 0;
    let sawFree = false;
    for (let page = this.#firstFree; page < this.#pages.length; page++) {
      if (this.#pages[page] !== 0) {
        run = 0;
        continue;
      }
      if (!sawFree) {
        this.#firstFree = page;
        sawFree = true;
      }
      if (++run === count) return page - count + 1;
    }
    const have = this.#pages.length;
    if (!sawFree) this.#firstFree = have;
    return this.#grow(count - run) ? have - run : undefined;
  }

  /** Adds at least `pages` guest pages, doubling while the memory is small. */
  #grow(pages: number): boolean {
    const have = this.u8.length / WASM_PAGE;
    const need = Math.ceil((pages * GUEST_PAGE) / WASM_PAGE);
    if (have + need > MAX_WASM_PAGES) return false;
    const wanted = Math.max(need, Math.min(have, 1024, MAX_WASM_PAGES - have));
    try {
      this.memory.grow(wanted);
    } catch {
      return false;
    }
    this.u8 = new Uint8Array(this.memory.buffer as ArrayBuffer);
    this.view = new DataView(this.memory.buffer as ArrayBuffer);
    const bigger = new Uint32Array(alignUp(this.u8.length, GUEST_PAGE) / GUEST_PAGE);
    bigger.set(this.#pages);
    this.#pages = bigger;
    return true;
  }
}
