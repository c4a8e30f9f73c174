/**
 * A WebAssembly module under construction. Indices are final when they are given: imports of functions come before the first
 * function of the module's own, as their index space wants it.
 */
import type { FunctionBody } from './code.ts';
import { OP, VALUE_TYPE, type ValueType } from './opcodes.ts';
import { ByteSink } from './sink.ts';

/** Parameters and results of a function. */
export interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** How large a memory (in pages of 64 KiB) or a table (in elements) is at least, and may become. */
export interface Limits {
  readonly min: number;
  readonly max?: number;
}

const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  global: 6,
  export: 7,
  element: 9,
  code: 10,
} as const;
const KIND = { func: 0, table: 1, memory: 2, global: 3 } as const;
const FUNC_TYPE = 0x60;
const FUNCREF = 0x70;
const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** Builds one module. */
export class ModuleBuilder {
  readonly #types: string[] = [];
  readonly #typeBytes = new ByteSink();
  readonly #imports = new ByteSink();
  #importCount = 0;
  #importedFunctions = 0;
  #importedGlobals = 0;
  readonly #functionTypes: number[] = [];
  readonly #bodies: (FunctionBody | undefined)[] = [];
  readonly #globals = new ByteSink();
  #globalCount = 0;
  readonly #exports = new ByteSink();
  #exportCount = 0;
  readonly #elements = new ByteSink();
  #elementCount = 0;
  #name: string | undefined;

  /** The index of a type; equal types are one. */
  type({ parameters, results }: FunctionType): number {
    const key = `${parameters}>${results}`;
    const known = this.#types.indexOf(key);
    if (known >= 0) return known;
    this.#typeBytes.u8(FUNC_TYPE);
    for (const list of [parameters, results]) this.#typeBytes.sized(list.map(type => VALUE_TYPE[type]));
    return this.#types.push(key) - 1;
  }

  /** Imports a function; gives its index. */
  importFunction(from: string, name: string, type: FunctionType): number {
    if (this.#functionTypes.length > 0) throw new RangeError(`import of ${name}: functions were added already`);
    const index = this.type(type);
    this.#import(from, name, KIND.func);
    this.#imports.u32(index);
    return this.#importedFunctions++;
  }

  /** Imports the memory that the module works on. */
  importMemory(from: string, name: string, limits: Limits): void {
    this.#import(from, name, KIND.memory);
    writeLimits(this.#imports, limits);
  }

  /** Imports table 0, of functions. */
  importTable(from: string, name: string, limits: Limits): void {
    this.#import(from, name, KIND.table);
    this.#imports.u8(FUNCREF);
    writeLimits(this.#imports, limits);
  }

  /** Imports a global; gives its index. */
  importGlobal(from: string, name: string, type: ValueType, mutable: boolean): number {
    if (this.#globalCount > 0) throw new RangeError(`import of ${name}: globals were added already`);
    this.#import(from, name, KIND.global);
    this.#imports.raw([VALUE_TYPE[type], Number(mutable)]);
    return this.#importedGlobals++;
  }

  /** Adds a mutable global that begins as zero; gives its index. */
  global(type: ValueType): number {
    this.#globals.raw([VALUE_TYPE[type], 1, OP[`${type}.const`], 0, OP.end]);
    return this.#importedGlobals + this.#globalCount++;
  }

  /** Adds a function, whose body {@link define} gives later; gives its index. */
  function(type: FunctionType): number {
    this.#functionTypes.push(this.type(type));
    this.#bodies.push(undefined);
    return this.#importedFunctions + this.#functionTypes.length - 1;
  }

  /** Gives the body of a function of the module's own. */
  define(func: number, body: FunctionBody): void {
    this.#bodies[func - this.#importedFunctions] = body;
  }

  exportFunction(name: string, func: number): void {
    this.#exports.name(name);
    this.#exports.u8(KIND.func);
    this.#exports.u32(func);
    this.#exportCount++;
  }

  /** Puts functions into table 0 from `start` on, when the module is instantiated. */
  element(start: number, functions: readonly number[]): void {
    this.#elements.raw([0, OP['i32.const']]);
    this.#elements.s32(start);
    this.#elements.u8(OP.end);
    this.#elements.u32(functions.length);
    for (const func of functions) this.#elements.u32(func);
    this.#elementCount++;
  }

  /** Names the module, for stack traces. */
  name(text: string): void {
    this.#name = text;
  }

  /**
   * The module's bytes, and where in them the instructions of each of its own functions begin.
   * @throws RangeError where a function has no body.
   */
  encode(): { readonly bytes: Uint8Array<ArrayBuffer>; readonly codeOffsets: readonly number[] } {
    const out = new ByteSink(4096);
    out.raw(HEADER);
    section(out, SECTION.type, this.#types.length, this.#typeBytes.bytes);
    section(out, SECTION.import, this.#importCount, this.#imports.bytes);
    const declarations = new ByteSink();
    for (const type of this.#functionTypes) declarations.u32(type);
    section(out, SECTION.function, this.#functionTypes.length, declarations.bytes);
    section(out, SECTION.global, this.#globalCount, this.#globals.bytes);
    section(out, SECTION.export, this.#exportCount, this.#exports.bytes);
    section(out, SECTION.element, this.#elementCount, this.#elements.bytes);
    const codeOffsets = this.#encodeCode(out);
    if (this.#name !== undefined) encodeName(out, this.#name);
    return { bytes: out.bytes, codeOffsets };
  }

  #encodeCode(out: ByteSink): number[] {
    const code = new ByteSink(4096);
    const offsets = this.#bodies.map((body, i) => {
      if (body === undefined) throw new RangeError(`function ${this.#importedFunctions + i} has no body`);
      const { bytes, codeOffset } = body.encode();
      code.u32(bytes.length);
      code.raw(bytes);
      return code.length - bytes.length + codeOffset;
    });
    section(out, SECTION.code, this.#bodies.length, code.bytes);
    const start = out.length - code.length;
    return offsets.map(offset => start + offset);
  }

  #import(from: string, name: string, kind: number): void {
    this.#imports.name(from);
    this.#imports.name(name);
    this.#imports.u8(kind);
    this.#importCount++;
  }
}

function writeLimits(sink: ByteSink, { min, max }: Limits): void {
  sink.u8(max === undefined ? 0 : 1);
  sink.u32(min);
  if (max !== undefined) sink.u32(max);
}

/** A section that holds `count` entries; none where there are none. */
function section(out: ByteSink, id: number, count: number, entries: Uint8Array): void {
  if (count === 0) return;
  const head = new ByteSink(8);
  head.u32(count);
  out.u8(id);
  out.u32(head.length + entries.length);
  out.raw(head.bytes);
  out.raw(entries);
}

function encodeName(out: ByteSink, text: string): void {
  const MODULE_NAME = 0;
  const name = new ByteSink();
  name.name(text);
  const names = new ByteSink();
  names.name('name');
  names.u8(MODULE_NAME);
  names.sized(name.bytes);
  out.u8(SECTION.custom);
  out.sized(names.bytes);
}
