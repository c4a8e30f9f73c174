/**
 * The compiling engine: programs of one kernel as WebAssembly over its guest memory, one instance each, joined by a table for tail
 * calls. It gives the interpreter's results and the interpreter's faults; where WebAssembly may not be compiled, or a function is too
 * large for it, the interpreter runs instead.
 */
import { NotSupportedError } from '../util/error.ts';
import { u64 } from '../util/int64.ts';
import type { HelperCall, HelperFunction } from '../vm/call.ts';
import type { Env, HookContext } from '../vm/env.ts';
import { AccessRefusal, type FaultReason, VmFault } from '../vm/fault.ts';
import { Interpreter } from '../vm/interpreter.ts';
import type { GuestMemory, Region } from '../vm/memory.ts';
import { type Cpu, compileOperation } from '../vm/operations.ts';
import { linearAddress, POINTER_TAG, pointerTag } from '../vm/pointer.ts';
import type { Linkage, Program } from '../vm/program.ts';
import {
  type EngineImports,
  EXCHANGE_SIZE,
  exchangeOffset,
  firstFrame,
  MAX_BPF_STACK,
  MAX_CALL_FRAMES,
  STACK_SIZE,
} from './abi.ts';
import { CHECK_TABLE_SIZE, CheckTable } from './checks.ts';
import type { Layout } from './compile.ts';
import { type Driver, encodeDriver } from './driver.ts';
import type { CompileOptions } from './options.ts';
import { findTrap } from './trap.ts';
import { CompileRefusal, createUnit, instantiate, type Shared, type Unit } from './unit.ts';

/** What a caller may choose about a {@link JitEngine}. */
export interface JitOptions extends Partial<Omit<CompileOptions, 'isChecked'>> {
  /** Whether the access of the instruction at a slot of a program is checked at run time; every access is by default. */
  readonly isChecked?: (program: Program, pc: number) => boolean;
  /** Instructions that one run may take before it ends with a fault; 100 million by default. */
  readonly fuelPerRun?: number;
}

interface CompiledUnit {
  readonly engine: 'jit';
  readonly unit: Unit;
  readonly place: number;
}

/** How a program is run, and why not as WebAssembly where it is not. */
export type Compiled = CompiledUnit | { readonly engine: 'interp'; readonly why: string };

/** Contexts that lie in guest memory one behind the other, for {@link JitEngine.runBurst}. */
export interface Burst {
  /** Linear address of the first context. */
  readonly address: number;
  /** Bytes from one context to the next. */
  readonly stride: number;
  readonly count: number;
  /** Linear address where the low half of each r0 goes, 4 bytes each. */
  readonly verdicts: number;
}

/** Runs programs of one kernel, one at a time. */
export class JitEngine implements HelperCall, Disposable {
  readonly memory: GuestMemory;
  readonly env: Env;
  readonly #linkage: Linkage;
  readonly #options: Omit<CompileOptions, 'isChecked'>;
  readonly #isChecked: (program: Program, pc: number) => boolean;
  readonly #fuelPerRun: number;
  readonly #stack: Region;
  readonly #exchange: Region;
  readonly #checkRegion: Region;
  readonly #checks: CheckTable;
  readonly #shared: Shared;
  readonly #compiled = new WeakMap<Program, Compiled>();
  /** Places in the table that programs have left, and how many there are in all. */
  readonly #freePlaces: number[] = [];
  #places = 0;
  #driver: Driver | undefined;
  /** Functions that were compiled because a helper called them by a pointer that the program computed. */
  readonly #late = new WeakMap<Program, Map<number, Unit>>();
  readonly #units: WeakRef<Unit>[] = [];
  #interpreter: Interpreter | undefined;

  // the run
  #context: HookContext | undefined;
  /** The program that called out last, where it stands, and its frame. */
  #unit: Unit | undefined;
  #pc = 0;
  #frame = 0;
  /** The frame that the run, or the callback, began in. */
  #floor = 0;
  /** The CPU that compiled code knows of. */
  #cpu = 0;

  constructor(memory: GuestMemory, env: Env, linkage: Linkage, options: JitOptions = {}) {
    const exchange = memory.allot({ name: 'registers', size: EXCHANGE_SIZE, access: 'none' });
    const checks = memory.allot({ name: 'checked pages', size: CHECK_TABLE_SIZE, access: 'none' });
    const stack = memory.allot({ name: 'stack', size: STACK_SIZE, access: 'read_write' });
    if (stack === undefined || exchange === undefined || checks === undefined)
      throw new RangeError('guest memory is full');
    this.memory = memory;
    this.env = env;
    this.#linkage = linkage;
    this.#stack = stack;
    this.#exchange = exchange;
    this.#checkRegion = checks;
    this.#checks = new CheckTable(memory, checks);
    this.#fuelPerRun = options.fuelPerRun ?? 100_000_000;
    this.#isChecked = options.isChecked ?? (() => true);
    this.#options = {
      fuel: options.fuel ?? true,
      inlineMap: options.inlineMap ?? (() => undefined),
      hotHelper: options.hotHelper ?? (() => undefined),
    };
    this.#shared = {
      memory: memory.memory,
      programs: new WebAssembly.Table({ element: 'anyfunc', initial: 0 }),
      fuel: new WebAssembly.Global({ value: 'i32', mutable: true }, 0),
      tailCalls: new WebAssembly.Global({ value: 'i32', mutable: true }, 0),
      cpu: new WebAssembly.Global({ value: 'i32', mutable: true }, 0),
    };
  }

  /** What the running program runs over. */
  get context(): HookContext {
    if (this.#context === undefined) throw new RangeError('nothing runs');
    return this.#context;
  }

  /** Name of the running program. */
  get program(): string {
    return this.#unit?.program.name ?? '';
  }

  /** Compiles a program, once; a program that cannot be compiled is left to the interpreter. */
  compile(program: Program): Compiled {
    let compiled = this.#compiled.get(program);
    if (compiled === undefined) {
      try {
        this.#driver ??= this.#createDriver();
        const unit = this.#createUnit(program, 0);
        compiled = { engine: 'jit', unit, place: this.#settle(unit) };
      } catch (error) {
        if (!(error instanceof CompileRefusal)) throw error;
        compiled = { engine: 'interp', why: `${program.name}: ${error.message}` };
      }
      this.#compiled.set(program, compiled);
    }
    return compiled;
  }

  /**
   * Runs `program` over `context` and gives r0.
   * @throws VmFault where it breaks a rule of memory, calls or fuel; NotSupportedError where it calls what has no body here.
   */
  run(program: Program, context: HookContext): bigint {
    const compiled = this.compile(program);
    if (compiled.engine === 'interp') return this.#fallback().run(program, context);
    this.#start(compiled, context, 1);
    return this.memory.view.getBigUint64(this.#exchange.base, true);
  }

  /** The same `times` times in a row; gives the low half of the last r0, unsigned. No 64-bit integer is made. */
  runNumber(program: Program, context: HookContext, times = 1): number {
    const compiled = this.compile(program);
    if (compiled.engine === 'interp') return this.#fallback().runNumber(program, context, times);
    return this.#start(compiled, context, times) >>> 0;
  }

  /**
   * Runs `program` once for each context of a burst, in one call of compiled code. Helpers see `context`, which stands for all of them.
   * @throws NotSupportedError where the program is left to the interpreter.
   */
  runBurst(program: Program, context: HookContext, { address, count, stride, verdicts }: Burst): void {
    const compiled = this.compile(program);
    if (compiled.engine === 'interp') {
      const interpreter = this.#fallback();
      const readPacket = context.readPacket?.bind(context);
      for (let i = 0; i < count; i++) {
        const one = { kind: context.kind, address: address + i * stride, ...(readPacket && { readPacket }) };
        this.memory.view.setUint32(verdicts + 4 * i, Number(BigInt.asUintN(32, interpreter.run(program, one))), true);
      }
      return;
    }
    const { unit, place } = compiled;
    this.#begin(unit, context);
    try {
      this.#driver!.burst(place, address, unit.module.stackUse, count, stride, verdicts);
    } catch (error) {
      throw this.#explain(error, unit);
    }
  }

  /**
   * The place of a program in the table that tail calls go through, above 0.
   * @throws NotSupportedError where the program is left to the interpreter.
   */
  place(program: Program): number {
    const compiled = this.compile(program);
    if (compiled.engine === 'interp') throw new NotSupportedError('tail_call', `tail call: ${compiled.why}`);
    return compiled.place;
  }

  /** Forgets a program: its place in the table is free for another. */
  release(program: Program): void {
    const compiled = this.#compiled.get(program);
    this.#compiled.delete(program);
    if (compiled?.engine !== 'jit') return;
    this.#shared.programs.set(compiled.place, null);
    this.#freePlaces.push(compiled.place);
  }

  callback(pointer: bigint, r1: bigint, r2: bigint, r3: bigint, r4: bigint): bigint {
    const caller = { unit: this.#unit!, pc: this.#pc, frame: this.#frame, floor: this.#floor };
    const slot = linearAddress(pointer);
    if (pointerTag(pointer) !== POINTER_TAG.text || caller.unit.program.slots[slot] === undefined) {
      throw new AccessRefusal('bad_pointer', `callback ${this.memory.formatPointer(pointer)}: not a function`, pointer);
    }
    if (caller.frame <= this.#stack.base) throw tooDeep();
    const run = caller.unit.callback(slot) ?? this.#lateCallback(caller.unit.program, slot);
    const { view } = this.memory;
    [r1, r2, r3, r4, 0n].forEach((value, i) => {
      view.setBigUint64(this.#exchange.base + exchangeOffset(i + 1), value, true);
    });
    this.#floor = caller.frame - MAX_BPF_STACK;
    run(this.#floor);
    const result = this.memory.view.getBigUint64(this.#exchange.base, true);
    this.#unit = caller.unit;
    this.#pc = caller.pc;
    this.#frame = caller.frame;
    this.#floor = caller.floor;
    return result;
  }

  [Symbol.dispose](): void {
    this.memory.release(this.#stack);
    this.memory.release(this.#exchange);
    this.memory.release(this.#checkRegion);
    this.#interpreter?.[Symbol.dispose]();
  }

  /** Runs compiled code `times` times; the low half of the last r0. */
  #start({ unit, place }: CompiledUnit, context: HookContext, times: number): number {
    this.#begin(unit, context);
    try {
      return this.#driver!.run(place, context.address, unit.module.stackUse, times);
    } catch (error) {
      throw this.#explain(error, unit);
    }
  }

  /** Makes everything ready for compiled code. */
  #begin(unit: Unit, context: HookContext): void {
    this.#context = context;
    this.#unit = unit;
    this.#floor = firstFrame(this.#stack.base);
    this.#checks.clear();
    if (this.#cpu !== this.env.cpu) {
      this.#cpu = this.env.cpu;
      this.#shared.cpu.value = this.#cpu;
    }
  }

  /** What compiled code ended with, a trap as the fault that it stands for. */
  #explain(error: unknown, unit: Unit): unknown {
    return error instanceof WebAssembly.RuntimeError ? this.#trapped(error, unit) : error;
  }

  #fallback(): Interpreter {
    this.#interpreter ??= new Interpreter(this.memory, this.env, this.#linkage, { fuel: this.#fuelPerRun });
    return this.#interpreter;
  }

  #createUnit(program: Program, entry: number): Unit {
    const layout: Layout = {
      name: `bpf${this.#units.length}`,
      exchange: this.#exchange.base,
      stack: this.#stack.base,
      checkTable: this.#checkRegion.base,
    };
    const options = { ...this.#options, isChecked: (pc: number) => this.#isChecked(program, pc) };
    const imports = (unit: () => Unit): EngineImports => this.#importsOf(program, unit);
    const unit = createUnit(program, entry, { options, layout, shared: this.#shared, imports });
    this.#units.push(new WeakRef(unit));
    return unit;
  }

  #importsOf(program: Program, unit: () => Unit): EngineImports {
    const { memory } = this;
    const checks = this.#checks;
    const exchange = this.#exchange.base;
    const stack = this.#stack;
    const helpers = new Map<number, HelperFunction | undefined>();
    const fault = (pc: number, why: AccessRefusal): VmFault =>
      faultAt(program, pc, why.reason, why.message, why.address);
    return {
      check: (address, high, site, frame) => {
        const { pc, off, bytes, write } = unit().module.sites[site]!;
        stack.start = frame;
        const low = (address - off) >>> 0;
        const at = low + off;
        const found = at >= 0 ? memory.access(at, high >>> 0, bytes, write) : -1;
        if (found < 0)
          throw fault(pc, memory.refusal(u64((BigInt(high) << 32n) + BigInt(low) + BigInt(off)), bytes, write));
        checks.fill(found);
        return found;
      },
      helper: (id, pc, frame) => {
        let body = helpers.get(id);
        if (body === undefined) {
          body = this.#linkage.helper(id);
          if (body === undefined) return this.#refuse(program, pc);
          helpers.set(id, body);
        }
        this.#unit = unit();
        this.#pc = pc;
        this.#frame = frame;
        stack.start = frame;
        checks.clear();
        const { view } = memory;
        const register = (n: number): bigint => view.getBigUint64(exchange + exchangeOffset(n), true);
        try {
          const result = body(this, register(1), register(2), register(3), register(4), register(5));
          memory.view.setBigUint64(exchange, result, true);
        } catch (error) {
          throw error instanceof AccessRefusal ? fault(pc, error) : error;
        }
        checks.clear();
        return 0;
      },
      tailCall: (low, high, index) => {
        const map = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
        const target = this.#linkage.tailCallTarget(map, index >>> 0);
        return target === undefined ? 0 : this.place(target);
      },
      packet: (offset, size, pc) => {
        const { context } = this;
        if (context.readPacket === undefined) {
          const why = `legacy packet load: a ${context.kind} context holds no socket buffer`;
          throw faultAt(program, pc, 'bad_argument', why);
        }
        const value = context.readPacket(offset, size);
        if (value === undefined) return 0;
        memory.view.setUint32(exchange, value, true);
        return 1;
      },
      refuse: pc => this.#refuse(program, pc),
      badJump: pc => {
        throw faultAt(program, pc, 'bad_jump', `jump to slot ${pc}, which is no instruction`);
      },
      tooDeep: pc => {
        throw fault(pc, tooDeep());
      },
      outOfFuel: pc => {
        const why = `still running after ${this.#fuelPerRun} instructions: an endless loop?`;
        throw faultAt(program, pc, 'out_of_fuel', why);
      },
    };
  }

  /** Lets the interpreter's operation say why an instruction cannot be run. */
  #refuse({ slots }: Program, pc: number): never {
    const { row, insn } = slots[pc]!;
    const operation = compileOperation(row, { insn, pc, linkage: this.#linkage });
    operation(this as unknown as Cpu); // it throws before it looks at anything
    throw new TypeError(`insn ${pc}: ${row.kind} was not compiled`);
  }

  #createDriver(): Driver {
    const layout = {
      exchange: this.#exchange.base,
      stack: this.#stack.base,
      fuel: Math.min(this.#fuelPerRun, 0x7fff_ffff),
    };
    return instantiate(encodeDriver(layout), this.#shared).exports as unknown as Driver; // as driver.ts exports it
  }

  /** Puts a program into the table; 0 is nobody's place. */
  #settle({ main }: Unit): number {
    const place = this.#freePlaces.pop() ?? ++this.#places;
    const { programs } = this.#shared;
    if (place >= programs.length) programs.grow(Math.max(16, programs.length));
    programs.set(place, main);
    return place;
  }

  /** A function that is called by a pointer which the program does not hold as a constant. */
  #lateCallback(program: Program, slot: number): (frame: number) => void {
    let units = this.#late.get(program);
    if (units === undefined) {
      units = new Map();
      this.#late.set(program, units);
    }
    let unit = units.get(slot);
    if (unit === undefined) {
      unit = this.#createUnit(program, slot);
      units.set(slot, unit);
    }
    return unit.callback(slot)!;
  }

  #trapped(error: WebAssembly.RuntimeError, entered: Unit): VmFault {
    const trap = findTrap(error.stack ?? '');
    const unit = this.#units[trap?.unit ?? -1]?.deref() ?? entered;
    const pc = trap === undefined ? 0 : slotAt(unit, trap.offset);
    return faultAt(unit.program, pc, 'out_of_bounds', `access outside of guest memory: ${error.message}`);
  }
}

function faultAt(program: Program, pc: number, reason: FaultReason, detail: string, address?: bigint): VmFault {
  return new VmFault({ program: program.name, pc, reason, detail, address });
}

function tooDeep(): AccessRefusal {
  const why = `the call stack of ${MAX_CALL_FRAMES + 1} frames is too deep, ${MAX_CALL_FRAMES} are allowed`;
  return new AccessRefusal('stack_depth', why);
}

/** The slot whose load or store stands at an offset of the unit's module. */
function slotAt({ module }: Unit, offset: number): number {
  return module.positions.findLast(position => position.offset <= offset)?.pc ?? 0;
}
