/**
 * Checked accesses. What is allowed is `GuestMemory`'s to say; compiled code remembers its answers in a table in guest memory, as a CPU
 * does in its TLB, and asks only where the table has none. An entry belongs to a page, and bounds what a program may read, and write, around
 * the access that was asked about: a region's window, or one element of a map.
 *
 *     entry     0            4          8             12
 *               read start | read end | write start | write end      linear addresses, ends exclusive
 *
 * Owners move windows (the head of a packet, the depth of the stack), so the table is emptied when a run begins and around every helper
 * that runs in JavaScript; compiled calls empty the stack's entry.
 */
import type { GuestMemory, Region } from '../vm/memory.ts';
import { type Imported, KERNEL_TAG } from './abi.ts';
import { FunctionBody } from './wasm/code.ts';
import type { ModuleBuilder } from './wasm/module.ts';
import { OP } from './wasm/opcodes.ts';

const ENTRIES = 64;
const ENTRY_SIZE = 16;

/** Bytes of the table. */
export const CHECK_TABLE_SIZE = ENTRIES * ENTRY_SIZE;

/** Offset in the table of the entry of the page of a linear address: page number modulo entries. */
const entryOffset = (address: number): number => (address >>> 8) & ((ENTRIES - 1) * ENTRY_SIZE);

/** Bytes of the largest access that the table answers for. */
export const MAX_QUICK_CHECK = 8;

/** A range that holds no access: it begins behind every memory, and its end less an access is no underflow. */
const NOTHING = { start: 0xffff_ffff, end: 2 * MAX_QUICK_CHECK } as const;

/** The engine's side of the table. */
export class CheckTable {
  readonly #memory: GuestMemory;
  readonly #base: number;
  /** Entries that are in use. */
  readonly #filled: number[] = [];

  constructor(memory: GuestMemory, region: Region) {
    this.#memory = memory;
    this.#base = region.base;
    for (let at = 0; at < CHECK_TABLE_SIZE; at += ENTRY_SIZE) this.#filled.push(this.#base + at);
    this.clear();
  }

  /** Remembers that the access at `address` was allowed. */
  fill(address: number): void {
    const region = this.#memory.regionAt(address);
    if (region === undefined) return;
    let { start, end } = region;
    if (region.elements !== undefined) {
      const { stride, size } = region.elements;
      const element = address - ((address - region.base) % stride);
      start = Math.max(start, element);
      end = Math.min(end, element + size);
    }
    const entry = this.#base + entryOffset(address);
    this.#write(entry, start, end);
    if (region.access === 'read_write') this.#write(entry + 8, start, end);
    else this.#write(entry + 8, NOTHING.start, NOTHING.end);
    this.#filled.push(entry);
  }

  /** Forgets everything. */
  clear(): void {
    for (let entry = this.#filled.pop(); entry !== undefined; entry = this.#filled.pop()) {
      this.#write(entry, NOTHING.start, NOTHING.end);
      this.#write(entry + 8, NOTHING.start, NOTHING.end);
    }
  }

  #write(at: number, start: number, end: number): void {
    const { view } = this.#memory;
    view.setUint32(at, start, true);
    view.setUint32(at + 4, end, true);
  }
}

/** The functions of a module that check: `(address, high half, bytes, site, frame) → address`. */
export interface CheckFunctions {
  readonly read: number;
  readonly write: number;
}

/** Adds the functions that check to a module. */
export function addChecks(module: ModuleBuilder, imported: Imported, table: number): CheckFunctions {
  const add = (offset: number): number => {
    const index = module.function({ parameters: ['i32', 'i32', 'i32', 'i32', 'i32'], results: ['i32'] });
    module.define(index, checkBody(imported, table, offset));
    return index;
  };
  return { read: add(0), write: add(8) };
}

function checkBody({ functions }: Imported, table: number, offset: number): FunctionBody {
  const [address, high, bytes, site, frame] = [0, 1, 2, 3, 4];
  const body = new FunctionBody(5);
  const entry = body.local('i32');
  // a kernel pointer, or a narrow one
  body.get(high);
  body.i32(KERNEL_TAG);
  body.op(OP['i32.eq']);
  body.get(high);
  body.op(OP['i32.eqz']);
  body.op(OP['i32.or']);
  // not before the start
  body.get(address);
  body.get(address);
  body.i32(8);
  body.op(OP['i32.shr_u']);
  body.i32((ENTRIES - 1) * ENTRY_SIZE);
  body.op(OP['i32.and']);
  body.tee(entry);
  body.memory(OP['i32.load'], table + offset);
  body.op(OP['i32.ge_u']);
  body.op(OP['i32.and']);
  // not beyond the end
  body.get(address);
  body.get(entry);
  body.memory(OP['i32.load'], table + offset + 4);
  body.get(bytes);
  body.op(OP['i32.sub']);
  body.op(OP['i32.le_u']);
  body.op(OP['i32.and']);
  body.if('i32');
  body.get(address);
  body.else();
  for (const local of [address, high, site, frame]) body.get(local);
  body.call(functions.check);
  body.end();
  return body;
}

/** Empties the stack's entry, before and behind a call: its window moves with the depth. */
export function forgetStack(body: FunctionBody, table: number, stack: number): void {
  for (const offset of [0, 8]) {
    body.i32(table + entryOffset(stack));
    body.i64(NOTHING.start, NOTHING.end);
    body.memory(OP['i64.store'], offset);
  }
}
