/**
 * What a writer of verifiable programs knows of the function that it writes: which registers hold numbers, which hold pointers and to
 * how many bytes, and that all of its stack was written.
 *
 *     r10 - 72                              r10 - 8        r10
 *         | 64 bytes of numbers, written at start | the context |
 */
import type { InstructionName } from '../asm/instructions.ts';
import type { Random } from '../util/random.ts';
import type { Operands } from './code.ts';
import type { Emitter, Label } from './emitter.ts';
import { COMPUTE_ROWS, legalImm, randomImm, readsDst, takesRegister } from './operands.ts';

/** Bytes of numbers on the stack, and where they begin. */
export const STACK_DATA = 64;
export const STACK_BOTTOM = -72;
/** Where the context's address is kept. */
export const CONTEXT_SLOT = -8;

/** Registers that calls leave alone. */
const SAVED = [6, 7, 8, 9] as const;

/** Memory that a register points to the first byte of. */
export interface Pointer {
  /** `stack` is a caller's. */
  readonly kind: 'packet' | 'value' | 'stack';
  readonly size: number;
}

/** Somewhere that jumps lead to before it is written; what holds a number there does so on all ways to it. */
export interface Exit {
  readonly label: Label;
  readonly numbers: ReadonlySet<number>[];
}

/** Somewhere in memory, from a register. */
export interface Place {
  readonly base: number;
  readonly off: number;
}

/** A function while it is written. */
export class Frame {
  readonly random: Random;
  readonly #code: Emitter;
  /** Registers that hold numbers. */
  scalars = new Set<number>();
  /** Registers that hold something which must stay: a pointer, or (undefined) the counter of a loop. */
  readonly pinned = new Map<number, Pointer | undefined>();
  /** Whether the packet's ends may move here. */
  readonly mayMovePacket: boolean;
  /** Ways out of the loops around what is written, the innermost loop's last: to its end, to its next turn. */
  readonly exits: Exit[] = [];

  constructor(random: Random, code: Emitter, mayMovePacket: boolean) {
    this.random = random;
    this.#code = code;
    this.mayMovePacket = mayMovePacket;
  }

  /** Writes an instruction. */
  emit(name: InstructionName, operands: Operands = {}, to?: Label): void {
    this.#code.emit(name, operands, to);
  }

  /** Writes the start of a function: r1 is the context, `numbers` registers from r2 on hold numbers, r5 points to `memory` bytes of the caller's. */
  open(numbers: number, memory: number): void {
    this.emit('stx_mem_dw', { dst: 10, src: 1, off: CONTEXT_SLOT });
    const pointer = memory > 0 ? this.pin({ kind: 'stack', size: memory }) : undefined;
    if (pointer !== undefined) this.emit('mov64_x', { dst: pointer, src: 5 });
    for (let i = 0; i < numbers; i++) this.scalars.add(2 + i);
    for (let off = STACK_BOTTOM; off < STACK_BOTTOM + STACK_DATA; off += 8) {
      this.emit('st_mem_dw', { dst: 10, off, imm: randomImm(this.random) });
    }
    for (let i = this.random.between(1, 3); i > 0; i--) this.writeNumber(this.target());
  }

  /** A register that may be overwritten; it holds a number from here on. */
  target(): number {
    const free = Array.from({ length: 10 }, (_, register) => register).filter(register => !this.pinned.has(register));
    return this.random.pick(free as [number, ...number[]]); // r0 to r5 are never pinned
  }

  /** A register that holds a number; one is written where there is none. */
  number(): number {
    const [first, ...others] = this.scalars;
    if (first !== undefined) return this.random.pick([first, ...others]);
    const register = this.target();
    this.writeNumber(register);
    return register;
  }

  /** Writes a constant to a register. */
  writeNumber(register: number): void {
    this.emit(this.random.oneIn(2) ? 'mov64_k' : 'mov32_k', { dst: register, imm: randomImm(this.random) });
    this.scalars.add(register);
  }

  /** Takes a register that calls leave alone; undefined where all are taken. */
  pin(pointer: Pointer | undefined): number | undefined {
    const free = SAVED.filter(register => !this.pinned.has(register));
    if (free.length === 0) return undefined;
    const register = this.random.pick(free as [6, ...(7 | 8 | 9)[]]); // not empty
    this.pinned.set(register, pointer);
    this.scalars.delete(register);
    return register;
  }

  /** Gives a pinned register back: it holds nothing that may be read. */
  unpin(register: number): void {
    this.pinned.delete(register);
  }

  /** Registers that are to hold what is no number. */
  take(...registers: readonly number[]): void {
    for (const register of registers) this.scalars.delete(register);
  }

  /** Where paths meet: a number is what is one on both. */
  keep(others: ReadonlySet<number>): void {
    for (const register of this.scalars) if (!others.has(register)) this.scalars.delete(register);
  }

  /** Writes the place that jumps to `exit` lead to. */
  land({ numbers }: Exit): void {
    for (const others of numbers) this.keep(others);
  }

  /** What a call leaves: a number in r0, nothing in r1 to r5. */
  called(): void {
    this.take(1, 2, 3, 4, 5);
    this.scalars.add(0);
  }

  /** Loads the context's address. */
  loadContext(register: number): void {
    this.emit('ldx_mem_dw', { dst: register, src: 10, off: CONTEXT_SLOT });
    this.take(register);
  }

  /** A place of `size` bytes among the stack's numbers, a multiple of `alignment` from its start. */
  stackOff(size: number, alignment = size): number {
    return STACK_BOTTOM + alignment * this.random.below(Math.floor((STACK_DATA - size) / alignment) + 1);
  }

  /** Memory of `size` bytes: on the stack, or behind a pointer where one reaches so far. */
  place(size: number, wanted: { readonly aligned: boolean; readonly packet: boolean }): Place {
    const reachable = [...this.pinned].filter(
      ([, pointer]) => pointer !== undefined && pointer.size >= size && (wanted.packet || pointer.kind !== 'packet'),
    );
    const [base, pointer] = reachable[this.random.below(reachable.length + 1)] ?? [];
    if (base === undefined || pointer === undefined) return { base: 10, off: this.stackOff(size) };
    const step = wanted.aligned || pointer.kind === 'stack' ? size : 1;
    return { base, off: step * this.random.below(Math.floor((pointer.size - size) / step) + 1) };
  }

  /** Writes one instruction of arithmetic on numbers. */
  compute(): void {
    const row = this.random.pick(COMPUTE_ROWS);
    const src = takesRegister(row) ? this.number() : undefined;
    const dst = readsDst(row) ? this.number() : this.target();
    const imm = legalImm(this.random, row);
    this.emit(row.name, { dst, ...(src !== undefined && { src }), ...(imm !== undefined && { imm }) });
    this.scalars.add(dst);
  }
}
