/**
 * A BPF program as one WebAssembly module: its functions, and the ways in.
 *
 *     program(r1: i64, frame: i32) → i64   the function that the program begins with
 *     callback<slot>(frame: i32)           a function that helpers call; registers in the exchange area
 */
import { BPF_REG_FP } from '../asm/insn.ts';
import type { Program, Slot } from '../vm/program.ts';
import { exchangeOffset, importAll, MAX_BPF_STACK, MAX_CALL_FRAMES, PROGRAM_TYPE } from './abi.ts';
import type { CheckSite, ModuleScope } from './block.ts';
import { addChecks } from './checks.ts';
import type { CodePosition } from './emitter.ts';
import { compileFunction } from './function.ts';
import { type BpfFunction, type ProgramFunctions, readFunctions } from './functions.ts';
import { HotHelpers } from './hot.ts';
import type { CompileOptions } from './options.ts';
import { ARGUMENTS, type RegisterSet, registersIn } from './registers.ts';
import { FunctionBody } from './wasm/code.ts';
import { ModuleBuilder } from './wasm/module.ts';
import { OP } from './wasm/opcodes.ts';

/** Where in guest memory compiled code finds what it shares with the engine. */
export interface Layout {
  /** The module's name, for stack traces. */
  readonly name: string;
  /** Linear address of the exchange area. */
  readonly exchange: number;
  /** Linear address of the stack's first byte. */
  readonly stack: number;
  /** Linear address of the table of checked pages. */
  readonly checkTable: number;
}

/** A compiled program before it is instantiated. */
export interface CompiledModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The accesses that `check` is asked about, by number. */
  readonly sites: readonly CheckSite[];
  /** The slot of each load and store by its offset in the module, ascending. */
  readonly positions: readonly CodePosition[];
  /** The hot helpers that it imports beside what the engine gives, by name. */
  readonly imports: Readonly<Record<string, WebAssembly.ImportValue>>;
  /** Bytes at the end of the stack that must be zero when a run begins. */
  readonly stackUse: number;
  /** Bytes of the largest function body. */
  readonly largest: number;
}

/** Compiles a program that begins at slot `entry`. */
export function compileProgram(program: Program, options: CompileOptions, layout: Layout, entry = 0): CompiledModule {
  const { functions, callbacks } = readFunctions(program, entry);
  const module = new ModuleBuilder();
  module.name(layout.name);
  const imported = importAll(module);
  const hotHelpers = new HotHelpers(module, program, options.hotHelper);
  if (entry !== 0) callbacks.add(entry);
  const main = functions.get(entry)!;
  // The way in for tail calls takes r1 whether it is read or not.
  main.parameters |= 0b10;
  const indices = new Map<number, number>();
  for (const fn of functions.values()) {
    const parameters = [...registersIn(fn.parameters)].map(() => 'i64' as const);
    indices.set(fn.entry, module.function({ parameters: [...parameters, 'i32'], results: ['i64'] }));
  }
  const scope: ModuleScope = {
    options,
    imported,
    checks: addChecks(module, imported, layout.checkTable),
    hotHelpers,
    indices,
    functions,
    programType: module.type(PROGRAM_TYPE),
    sites: [],
    ...layout,
  };
  const compiled = [...functions.values()].map(fn => {
    const emitter = compileFunction(program, fn, scope);
    module.define(indices.get(fn.entry)!, emitter.body);
    return emitter;
  });
  addEntries(module, main, { functions, callbacks }, scope, layout);
  const { bytes, codeOffsets } = module.encode();
  return {
    bytes,
    sites: scope.sites,
    positions: compiled.flatMap(({ positions }, i) =>
      positions.map(({ offset, pc }) => ({ offset: offset + codeOffsets[i]!, pc })),
    ),
    imports: hotHelpers.imports,
    stackUse: stackUse(program, [...functions.values()], main, options.fuel),
    largest: Math.max(...compiled.map(({ body }) => body.offset)),
  };
}

/** Adds and exports the ways in. */
function addEntries(
  module: ModuleBuilder,
  main: BpfFunction,
  { functions, callbacks }: ProgramFunctions,
  scope: ModuleScope,
  layout: Layout,
): void {
  const mainIndex = scope.indices.get(main.entry)!;
  if (main.parameters === 0b10) {
    module.exportFunction('program', mainIndex);
  } else {
    const entry = module.function(PROGRAM_TYPE);
    const body = new FunctionBody(2);
    pushParameters(body, main, 0b10, () => body.get(0));
    body.get(1);
    body.call(mainIndex);
    module.define(entry, body);
    module.exportFunction('program', entry);
  }
  for (const slot of callbacks) {
    const fn = functions.get(slot)!;
    const callback = module.function({ parameters: ['i32'], results: [] });
    module.define(callback, callbackBody(fn, scope, layout));
    module.exportFunction(`callback${slot}`, callback);
  }
}

/** Pushes what a function takes: registers in `given` as `push` does it, zero for any other. */
function pushParameters(
  body: FunctionBody,
  fn: BpfFunction,
  given: RegisterSet,
  push: (register: number) => void,
): void {
  for (const register of registersIn(fn.parameters)) {
    if (((given >> register) & 1) === 1) push(register);
    else body.i64(0, 0);
  }
}

/**
 * Bytes at the end of the stack that a run of the program may look at: it must find them zero. A program that nobody vouches for may go
 * anywhere in a frame; any other is taken to stay above the lowest offset that it names.
 */
function stackUse(
  { slots }: Program,
  functions: readonly BpfFunction[],
  main: BpfFunction,
  wholeFrame: boolean,
): number {
  let lowest = 0;
  for (const { flow } of functions) {
    for (const block of flow.blocks) {
      for (const pc of block.slots) lowest = Math.min(lowest, lowestOffset(slots[pc]!));
    }
  }
  if (lowest === 0) return 0;
  const frames = Math.min(main.height, MAX_CALL_FRAMES);
  return (frames - 1) * MAX_BPF_STACK + (wholeFrame ? MAX_BPF_STACK : (Math.min(-lowest, MAX_BPF_STACK) + 7) & ~7);
}

/** The lowest offset below the frame pointer that an instruction may be about; 0 where it is about none. */
function lowestOffset({ row, insn }: Slot): number {
  if (row.kind === 'alu' && row.op === 'add' && row.source === 'k')
    return insn.imm >= -MAX_BPF_STACK ? Math.min(insn.imm, 0) : 0;
  const base = row.kind === 'load' ? insn.src : row.kind === 'store' || row.kind === 'atomic' ? insn.dst : undefined;
  return base === BPF_REG_FP ? Math.min(insn.off, 0) : 0;
}

function callbackBody(fn: BpfFunction, { indices }: ModuleScope, { exchange }: Layout): FunctionBody {
  const body = new FunctionBody(1);
  body.i32(exchange);
  pushParameters(body, fn, ARGUMENTS, register => {
    body.i32(exchange);
    body.memory(OP['i64.load'], exchangeOffset(register));
  });
  body.get(0);
  body.call(indices.get(fn.entry)!);
  body.memory(OP['i64.store'], exchangeOffset(0));
  return body;
}
