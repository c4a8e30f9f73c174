/** One basic block while it is compiled: what each register holds, and the effects so far in their order. */
import type { Imported } from './abi.ts';
import { KERNEL_TAG, MAX_BPF_STACK } from './abi.ts';
import { type CheckFunctions, MAX_QUICK_CHECK } from './checks.ts';
import type { Emitter } from './emitter.ts';
import type { BpfFunction } from './functions.ts';
import type { HotHelpers } from './hot.ts';
import type { CompileOptions } from './options.ts';
import {
  type Address,
  addressOf,
  binary,
  const32,
  const64,
  effectValue,
  isConst,
  linearOf,
  localValue,
  type Value,
  wrap,
  zeroExtend,
} from './value.ts';
import { OP } from './wasm/opcodes.ts';

/** An access that is checked at run time. */
export interface CheckSite {
  readonly pc: number;
  readonly off: number;
  readonly bytes: number;
  readonly write: boolean;
}

/** What the functions of one module share while they are compiled. */
export interface ModuleScope {
  readonly options: CompileOptions;
  readonly imported: Imported;
  /** Indices of the functions that check accesses. */
  readonly checks: CheckFunctions;
  /** Linear address of the table of checked pages. */
  readonly checkTable: number;
  readonly hotHelpers: HotHelpers;
  /** Indices of the program's functions by entry. */
  readonly indices: ReadonlyMap<number, number>;
  readonly functions: ReadonlyMap<number, BpfFunction>;
  /** Index of the type that programs call each other by. */
  readonly programType: number;
  /** Linear address of the exchange area. */
  readonly exchange: number;
  /** Linear address of the stack's first byte. */
  readonly stack: number;
  /** Collects the checked accesses. */
  readonly sites: CheckSite[];
}

/** One function while it is compiled. */
export interface FunctionScope {
  readonly module: ModuleScope;
  readonly fn: BpfFunction;
  readonly emitter: Emitter;
  /** The local that counts fuel down, undefined where nothing is counted. */
  readonly fuel: number | undefined;
  /** The local that counts may_goto down, made by the first. */
  mayGoto: number | undefined;
}

/** Deeper trees are cut by a local, so that emitting them needs little stack. */
const MAX_DEPTH = 100;

export class BlockBuilder {
  readonly scope: FunctionScope;
  readonly effects: (() => void)[] = [];
  /** Slot of the instruction that is compiled. */
  pc = 0;
  /** Set by an instruction that decides where the block goes on. */
  test: Value | undefined;
  readonly #registers: (Value | undefined)[] = new Array<Value | undefined>(16).fill(undefined);
  /** Registers that hold something else than at the block's begin. */
  #written = 0;

  constructor(scope: FunctionScope) {
    this.scope = scope;
  }

  get(register: number): Value {
    let value = this.#registers[register];
    if (value === undefined) {
      value =
        register === 10 && !this.scope.fn.liveness.writesFramePointer
          ? this.framePointer()
          : this.emitter.registerValue(register);
      this.#registers[register] = value;
    }
    return value;
  }

  set(register: number, value: Value): void {
    this.#registers[register] = value;
    this.#written |= 1 << register;
    if (value.depth > MAX_DEPTH) this.force(value);
  }

  /** The low half of a register. */
  low(register: number): Value {
    return wrap(this.get(register));
  }

  get emitter(): Emitter {
    return this.scope.emitter;
  }

  /** Adds something that happens, in order. */
  effect(emit: () => void): void {
    this.effects.push(emit);
  }

  /** Computes a value before the next effect, so that what follows it finds it in a local. */
  force(value: Value): void {
    value.uses++;
    this.effect(() => this.emitter.force(value));
  }

  /** The frame pointer: kernel memory at the end of the frame. */
  framePointer(): Value {
    const frame = localValue(this.emitter.frame, 'i32');
    return binary('i64.add', zeroExtend(frame), const64(MAX_BPF_STACK, KERNEL_TAG));
  }

  /** The linear address of an access of `bytes`, checked where it must be. */
  access(pointer: Value, off: number, bytes: number, write: boolean): Address {
    const address = addressOf(pointer, off);
    if (!this.scope.module.options.isChecked(this.pc) || this.#isInFrame(pointer, address, bytes)) return address;
    const { sites, checks, imported } = this.scope.module;
    const site = sites.push({ pc: this.pc, off, bytes, write }) - 1;
    const linear = linearOf(address);
    const high = highHalf(pointer);
    linear.uses++;
    high.uses++;
    const base = effectValue('i32');
    base.uses = 1; // a check is never left out
    this.effect(() => {
      const { emitter } = this;
      const { body } = emitter;
      emitter.push(linear);
      emitter.push(high);
      if (bytes <= MAX_QUICK_CHECK) body.i32(bytes);
      body.i32(site);
      body.get(emitter.frame);
      body.call(bytes > MAX_QUICK_CHECK ? imported.functions.check : write ? checks.write : checks.read);
      emitter.bind(base);
    });
    return { base, offset: 0 };
  }

  /** Whether a pointer is the frame pointer plus a constant that stays inside the frame: allowed in every run. */
  #isInFrame(pointer: Value, { base, offset }: Address, bytes: number): boolean {
    return (
      !this.scope.fn.liveness.writesFramePointer &&
      base.op === OP['local.get'] &&
      base.lo === this.emitter.frame &&
      pointer.b?.hi === KERNEL_TAG &&
      offset >= 0 &&
      offset + bytes <= MAX_BPF_STACK
    );
  }

  /** Loads with the operator `op`, whose result is `type`. */
  load(op: number, { base, offset }: Address, type: 'i32' | 'i64'): Value {
    const { pc } = this;
    base.uses++;
    const result = effectValue(type);
    this.effect(() => {
      const { emitter } = this;
      emitter.push(base);
      emitter.mark(pc);
      emitter.body.memory(op, offset);
      emitter.bind(result);
    });
    return result;
  }

  /** Stores `value` with the operator `op`. */
  store(op: number, { base, offset }: Address, value: Value): void {
    const { pc } = this;
    base.uses++;
    value.uses++;
    this.effect(() => {
      const { emitter } = this;
      emitter.push(base);
      emitter.push(value);
      emitter.mark(pc);
      emitter.body.memory(op, offset);
    });
  }

  /** One value or another, by a 32-bit truth value. */
  select(test: Value, then: Value, otherwise: Value): Value {
    const result = effectValue(then.type);
    result.uses = 1;
    for (const each of [test, then, otherwise]) each.uses++;
    this.effect(() => {
      const { emitter } = this;
      for (const each of [then, otherwise, test]) emitter.push(each);
      emitter.body.op(OP.select);
      emitter.bind(result);
    });
    return result;
  }

  /** Lets the engine and other functions see the fuel that is left. */
  saveFuel(): void {
    const { fuel, module } = this.scope;
    if (fuel === undefined) return;
    this.emitter.body.get(fuel);
    this.emitter.body.index(OP['global.set'], module.imported.globals.fuel);
  }

  /** Takes over the fuel that a call has left. */
  loadFuel(): void {
    const { fuel, module } = this.scope;
    if (fuel === undefined) return;
    this.emitter.body.index(OP['global.get'], module.imported.globals.fuel);
    this.emitter.body.set(fuel);
  }

  /**
   * Emits the block's effects, then the condition it ends with if there is one, then moves what is alive behind it into the registers'
   * locals, all at once.
   */
  emit(liveOut: number, negate: boolean): void {
    const moves: { local: number; value: Value }[] = [];
    for (let register = 0; register <= 10; register++) {
      if ((((this.#written & liveOut) >> register) & 1) === 0) continue;
      const value = this.#registers[register]!;
      const local = this.emitter.registerLocal(register);
      if (value.op === OP['local.get'] && value.lo === local) continue;
      value.uses++;
      moves.push({ local, value });
    }
    if (this.test !== undefined) this.test.uses++;
    for (const emit of this.effects) emit();
    if (this.test !== undefined) {
      if (negate) this.emitter.pushNegated(this.test);
      else this.emitter.push(this.test);
    }
    for (const { value } of moves) this.emitter.push(value);
    for (const { local } of moves.reverse()) this.emitter.body.set(local);
    this.emitter.endBlock();
  }
}

/** The high half of a value, as 32 bits. */
export function highHalf(v: Value): Value {
  if (isConst(v)) return const32(v.hi);
  if (v.op === OP['i64.extend_i32_u']) return const32(0);
  return wrap(binary('i64.shr_u', v, const64(32, 0)));
}
