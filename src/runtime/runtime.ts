/**
 * One kernel's runtime: a WebAssembly module over the guest memory with the operations of maps, ring buffers and randomness, and the
 * helpers that compiled programs call without leaving WebAssembly. Built from `assembly/` by scripts/build-runtime.ts; it keeps no state
 * but what lies in guest memory and the number of the current CPU.
 */
import { RUNTIME_BASE64 } from './runtime.gen.ts';

/**
 * The operations, on linear addresses that the caller has checked; `map` is the address of a map's header. An address comes back as a
 * signed number; a negative errno is one between -4095 and -1 (`isError`), and 0 is "none".
 */
export interface RuntimeFunctions {
  /** Address of the value of a key on the current CPU. Counts as use in an LRU hash. */
  lookup(map: number, key: number): number;
  /** The same on any CPU. */
  lookupOn(map: number, key: number, cpu: number): number;
  /** Address where the value of a key (the current CPU's) is to be written, the key in place; or a negative errno. */
  place(map: number, key: number, flags: number): number;
  /** `place`, and copies the value. */
  update(map: number, key: number, value: number, flags: number): number;
  /** Deletes a key. */
  remove(map: number, key: number): number;
  /** Address of a hash's element with a key; not a use. */
  find(map: number, key: number): number;
  /** Address of the element behind one in the order of buckets, of the first one behind 0. */
  nextElement(map: number, element: number): number;
  /** Address of the key behind a trie's key, of the first one behind 0. */
  nextTrieKey(map: number, key: number): number;
  /** Address for one more value of a queue or stack, or a negative errno. */
  placeQueue(map: number, flags: number): number;
  /** Address of the value whose turn it is, taken out where `remove` is not 0; or a negative errno. */
  nextInQueue(map: number, remove: number): number;
  push(map: number, value: number, flags: number): number;
  /** Copies the value whose turn it is to an address, zeroes where there is none; `pop` takes it out. */
  pop(map: number, value: number): number;
  peek(map: number, value: number): number;
  /** Address of room for a record, 0 where there is none. */
  reserveRecord(map: number, size: bigint): number;
  /** Lets readers have a record; `discard` is 0 or `RECORD_DISCARD`. */
  commitRecord(sample: number, flags: bigint, discard: number): void;
  outputRecord(map: number, from: number, size: bigint, flags: bigint): number;
  queryRing(map: number, what: bigint): bigint;
  /** The kernel's `jhash` of bytes, as a signed number. */
  hashBytes(at: number, size: number, seed: number): number;
  /** Moves the start of an XDP packet, of its metadata, the end of its linear part; `context` is the address of its `xdp_md`. */
  adjustHead(context: number, delta: number): number;
  adjustMeta(context: number, delta: number): number;
  adjustTail(context: number, delta: number): number;
  /** 32 random bits, as a signed number. */
  nextRandom(): number;
}

/** Whether an answer is a negative errno. */
export function isError(answer: number): boolean {
  return answer < 0 && answer >= -4095;
}

/** Calls `make` once, when the value is first asked for. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** The compiled module, shared by all kernels of this process. */
const runtimeModule = once(() => {
  const text = atob(RUNTIME_BASE64.replaceAll('\n', ''));
  return new WebAssembly.Module(Uint8Array.from(text, character => character.charCodeAt(0)));
});

/** One kernel's runtime. */
export class Runtime {
  readonly functions: RuntimeFunctions;
  /** The same and the functions of `helpers.ts`, to be imported by compiled programs. */
  readonly exports: WebAssembly.Exports;
  /** The CPU that runs now: `i32`, mutable; compiled programs may import it. */
  readonly cpu: WebAssembly.Global;
  /** Address of the machine's cells (`CELL_…` in layout.ts). */
  readonly cells: number;

  /**
   * `cells` is the address of zeroed memory for the machine's cells, `CELLS_SIZE` bytes.
   * @throws WebAssembly.CompileError where the host does not allow WebAssembly.
   */
  constructor(memory: WebAssembly.Memory, cells: number) {
    this.cpu = new WebAssembly.Global({ value: 'i32', mutable: true }, 0);
    this.cells = cells;
    const { exports } = new WebAssembly.Instance(runtimeModule(), { env: { memory, cpu: this.cpu, cells } });
    this.functions = exports as unknown as RuntimeFunctions; // as assembly/index.ts exports them
    this.exports = exports;
  }
}
