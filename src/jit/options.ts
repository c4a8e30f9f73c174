/** What a caller may choose about compilation. */
import type { ValueType } from './wasm/opcodes.ts';

/** Values side by side, as arrays keep them. */
export interface InlineArray {
  readonly kind: 'array';
  /** Linear address of the first value. */
  readonly values: number;
  /** Bytes from one value to the next. */
  readonly stride: number;
  /** Bytes from the values of one CPU to those of the next, where each has its own. */
  readonly cpuStride?: number;
  readonly maxEntries: number;
}

/** The slots of a prog array: 4 bytes each, what {@link JitEngine.place} gives of the program in them, 0 where there is none. */
export interface InlineProgArray {
  readonly kind: 'prog_array';
  /** Linear address of the first slot. */
  readonly slots: number;
  readonly maxEntries: number;
}

/** Facts about a map whose address is a constant of the program: what lookups in it can be compiled to. */
export type InlineMap = InlineArray | InlineProgArray;

/** A helper that is a WebAssembly function over the same memory. It moves no window of checked memory and calls nothing back. */
export interface HotHelper {
  /** An exported function of some instance. */
  readonly body: WebAssembly.ImportValue;
  /** How it takes registers from r1 on: whole, or their low halves, which pointers are linear addresses in. */
  readonly parameters: readonly ValueType[];
  /** What it gives for r0: all 64 bits, an `int`, or the linear address of kernel memory with 0 for NULL. */
  readonly result: 'i64' | 'int' | 'pointer';
  /** Memory that it uses, checked before the call where accesses are checked. */
  readonly accesses: readonly { readonly register: number; readonly bytes: number; readonly write: boolean }[];
}

export interface CompileOptions {
  /** Whether the access of the instruction at a slot is checked at run time; `() => false` leaves only WebAssembly's own bounds. */
  readonly isChecked: (pc: number) => boolean;
  /** Whether instructions are counted, so that an endless loop ends: for programs that nobody vouches for. */
  readonly fuel: boolean;
  /** The map at a linear address, where lookups in it can be compiled. */
  readonly inlineMap: (address: number) => InlineMap | undefined;
  /** The WebAssembly function of a helper, for the map at linear address `map` in r1 or for any. */
  readonly hotHelper: (id: number, map: number | undefined) => HotHelper | undefined;
}
