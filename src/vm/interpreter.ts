/**
 * The interpreter: the reference semantics of a run, and the debugger's engine. Every access is checked, every run ends (fuel), a
 * fault says pc, address and reason. State between instructions is all in fields, so that a debugger can look at it.
 */

import type { Engine } from './engine.ts';
import type { Env, HookContext } from './env.ts';
import { AccessRefusal, type FaultReason, VmFault } from './fault.ts';
import type { GuestMemory, Region } from './memory.ts';
import { type Cpu, compileOperation, HALT, type Operation } from './operations.ts';
import { kernelPointer, linearAddress, POINTER_TAG, pointerTag } from './pointer.ts';
import type { Linkage, Program } from './program.ts';

/** Nested calls, the entry included. */
export const MAX_CALL_FRAMES = 8;
/** Bytes of stack of one function. */
export const MAX_BPF_STACK = 512;
/** Tail calls in one run. */
const MAX_TAIL_CALL_CNT = 33;
/** Iterations that may_goto lets a frame have. */
const BPF_MAX_LOOPS = 8 * 1024 * 1024;
const REGISTERS = 11;

/** What a caller's frame keeps while its callee runs. */
interface Frame {
  program: Program;
  operations: readonly Operation[];
  returnTo: number;
  mayGoto: number;
}

export interface InterpreterOptions {
  /** Instructions that one run may take before it ends with a fault; 100 million by default. */
  fuel?: number;
}

/** Runs programs of one kernel, one at a time. */
export class Interpreter implements Engine, Cpu, Disposable {
  readonly memory: GuestMemory;
  readonly env: Env;
  /** r0 to r10. */
  readonly registers = new BigUint64Array(REGISTERS);
  /** The same as 32-bit halves, low half first. */
  readonly halves = new Uint32Array(this.registers.buffer);
  /** Slot of the instruction that runs. */
  pc = 0;
  /** Frames below the running one. */
  depth = 0;
  /** Called before each instruction while set. */
  onStep: ((x: Interpreter) => void) | undefined;
  readonly #linkage: Linkage;
  readonly #fuelPerRun: number;
  readonly #stack: Region;
  readonly #saved = new BigUint64Array(MAX_CALL_FRAMES * REGISTERS);
  readonly #frames: Frame[] = [];
  readonly #compiled = new WeakMap<Program, readonly Operation[]>();
  #fuel = 0;
  #tailCalls = 0;
  #mayGoto = BPF_MAX_LOOPS;
  /** Depth at which `exit` halts: that of the entry, or of a callback. */
  #floor = 0;
  #program: Program | undefined;
  #operations: readonly Operation[] = [];
  #context: HookContext | undefined;

  constructor(memory: GuestMemory, env: Env, linkage: Linkage, options: InterpreterOptions = {}) {
    const stack = memory.allot({ name: 'stack', size: MAX_CALL_FRAMES * MAX_BPF_STACK, access: 'read_write' });
    if (stack === undefined) throw new RangeError('guest memory is full');
    this.memory = memory;
    this.env = env;
    this.#linkage = linkage;
    this.#fuelPerRun = options.fuel ?? 100_000_000;
    this.#stack = stack;
  }

  /** What the running program runs over. */
  get context(): HookContext {
    if (this.#context === undefined) throw new RangeError('nothing runs');
    return this.#context;
  }

  /** Name of the running program. */
  get program(): string {
    return this.#program?.name ?? '';
  }

  /**
   * Runs `program` over `context` and gives r0.
   * @throws VmFault where it breaks a rule of memory, calls or fuel; NotSupportedError where it calls what has no body here.
   */
  run(program: Program, context: HookContext): bigint {
    this.#context = context;
    this.depth = 0;
    this.#floor = 0;
    this.#fuel = this.#fuelPerRun;
    this.#tailCalls = 0;
    this.registers.fill(0n);
    this.registers[1] = kernelPointer(context.address);
    this.memory.u8.fill(0, this.#stack.base, this.#stack.base + this.#stack.size);
    this.#begin(program);
    try {
      this.#loop(0);
    } catch (error) {
      throw error instanceof AccessRefusal ? this.#fault(error.reason, error.message, error.address) : error;
    }
    return this.registers[0]!;
  }

  runNumber(program: Program, context: HookContext, times = 1): number {
    for (let i = 0; i < times; i++) this.run(program, context);
    return this.halves[0]!;
  }

  callback(pointer: bigint, r1: bigint, r2: bigint, r3: bigint, r4: bigint): bigint {
    const target = linearAddress(pointer);
    if (pointerTag(pointer) !== POINTER_TAG.text || this.#operations[target] === undefined) {
      throw new AccessRefusal('bad_pointer', `callback ${this.memory.formatPointer(pointer)}: not a function`, pointer);
    }
    const caller = this.pc;
    const floor = this.#floor;
    this.enter(caller);
    this.#floor = this.depth;
    this.registers[1] = r1;
    this.registers[2] = r2;
    this.registers[3] = r3;
    this.registers[4] = r4;
    this.registers[5] = 0n;
    this.#loop(target);
    const result = this.registers[0]!;
    this.#floor = floor;
    this.#popFrame();
    this.pc = caller;
    return result;
  }

  enter(returnTo: number): void {
    if (this.depth + 1 >= MAX_CALL_FRAMES) {
      throw new AccessRefusal(
        'stack_depth',
        `the call stack of ${this.depth + 2} frames is too deep, ${MAX_CALL_FRAMES} are allowed`,
      );
    }
    this.#saved.set(this.registers, this.depth * REGISTERS);
    this.#frames[this.depth] = {
      program: this.#program!,
      operations: this.#operations,
      returnTo,
      mayGoto: this.#mayGoto,
    };
    this.depth++;
    this.#mayGoto = BPF_MAX_LOOPS;
    this.#openFrame();
  }

  leave(): number {
    return this.depth === this.#floor ? HALT : this.#popFrame();
  }

  replace(program: Program): void {
    const context = this.registers[1]!;
    this.registers.fill(0n, 0, REGISTERS - 1);
    this.registers[1] = context;
    this.#program = program;
    this.#operations = this.#compile(program);
    this.#mayGoto = BPF_MAX_LOOPS;
  }

  takeTailCall(): boolean {
    return this.#tailCalls++ < MAX_TAIL_CALL_CNT;
  }

  takeMayGoto(): boolean {
    return this.#mayGoto-- > 0;
  }

  [Symbol.dispose](): void {
    this.memory.release(this.#stack);
  }

  #begin(program: Program): void {
    this.#program = program;
    this.#operations = this.#compile(program);
    this.#mayGoto = BPF_MAX_LOOPS;
    this.#openFrame();
  }

  /** Points r10 at the running frame and opens the stack down to its end. */
  #openFrame(): void {
    const top = this.#stack.base + this.#stack.size - this.depth * MAX_BPF_STACK;
    this.registers[10] = kernelPointer(top);
    this.#stack.start = top - MAX_BPF_STACK;
  }

  /** Goes back to the caller's frame: its registers but r0; gives its next pc. */
  #popFrame(): number {
    const result = this.registers[0]!;
    const frame = this.#frames[--this.depth]!;
    this.registers.set(this.#saved.subarray(this.depth * REGISTERS, (this.depth + 1) * REGISTERS));
    this.registers[0] = result;
    this.#program = frame.program;
    this.#operations = frame.operations;
    this.#mayGoto = frame.mayGoto;
    this.#openFrame();
    return frame.returnTo;
  }

  /** Runs from `pc` until the function at the floor returns. */
  #loop(pc: number): void {
    this.pc = pc;
    while (this.pc !== HALT) {
      const operation = this.#operations[this.pc];
      if (operation === undefined) throw this.#fault('bad_jump', `jump to slot ${this.pc}, which is no instruction`);
      if (this.#fuel-- <= 0) {
        throw this.#fault('out_of_fuel', `still running after ${this.#fuelPerRun} instructions: an endless loop?`);
      }
      this.onStep?.(this);
      this.pc = operation(this);
    }
  }

  #compile(program: Program): readonly Operation[] {
    let operations = this.#compiled.get(program);
    if (operations === undefined) {
      const made: Operation[] = [];
      program.slots.forEach((slot, pc) => {
        if (slot !== undefined) made[pc] = compileOperation(slot.row, { insn: slot.insn, pc, linkage: this.#linkage });
      });
      operations = made;
      this.#compiled.set(program, operations);
    }
    return operations;
  }

  #fault(reason: FaultReason, detail: string, address?: bigint): VmFault {
    return new VmFault({ program: this.program, pc: this.pc, reason, detail, address });
  }
}
