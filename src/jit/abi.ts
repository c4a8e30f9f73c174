/**
 * What compiled programs and the engine agree on: imports, the cells of guest memory through which 64-bit values pass (a BigInt at the
 * boundary to JavaScript costs more than the call), frames.
 *
 * Every BPF function becomes a WebAssembly function `(registers it reads: i64 …, frame: i32) → i64`, where `frame` is the linear address of
 * the lowest byte of its stack.
 */
import { MAX_BPF_STACK, MAX_CALL_FRAMES } from '../vm/interpreter.ts';
import { POINTER_TAG } from '../vm/pointer.ts';
import type { FunctionType, ModuleBuilder } from './wasm/module.ts';
import type { ValueType } from './wasm/opcodes.ts';

export { MAX_BPF_STACK, MAX_CALL_FRAMES };

/** Bytes of stack of a whole run. */
export const STACK_SIZE = MAX_CALL_FRAMES * MAX_BPF_STACK;

/** The lowest address of the first frame of a run, given that of the stack. */
export const firstFrame = (stack: number): number => stack + STACK_SIZE - MAX_BPF_STACK;

/** High half of pointers to kernel memory, as a signed number. */
export const KERNEL_TAG = POINTER_TAG.kernel | 0;

/** Offsets in the exchange area: r0 to r5, where calls out find their arguments and leave their result. */
export const exchangeOffset = (register: number): number => 8 * register;

/** Bytes of the exchange area. */
export const EXCHANGE_SIZE = 6 * 8;

/** Pages of guest memory that every module may rely on. */
export const MEMORY_LIMITS = { min: 1, max: 65536 };

const type = (parameters: number, results: readonly ValueType[] = []): FunctionType => ({
  parameters: Array.from({ length: parameters }, () => 'i32' as const),
  results,
});

/** Functions that the engine gives to a module. All end the run by throwing where they find a fault. */
const IMPORTS = {
  /** (linear address, high half of the pointer, site, frame) → linear address: an access that must be checked. */
  check: type(4, ['i32']),
  /** (id, pc, frame): calls a helper on the exchange area's r1 to r5; its answer is in r0. */
  helper: type(3),
  /** (map low, map high, index) → place in the table of programs, 0 where there is none. */
  tailCall: type(4, ['i32']),
  /** (offset, size, pc) → whether the packet has it; the value is in r0. A miss ends the function with 0. */
  packet: type(3, ['i32']),
  /** (pc): an instruction that only says why it cannot be run. */
  refuse: type(2),
  /** (pc): control came to where no instruction is. */
  badJump: type(1),
  /** (pc, frame): a call too many. */
  tooDeep: type(2),
  /** (pc): the fuel is used up. */
  outOfFuel: type(1),
} as const satisfies Record<string, FunctionType>;

/** What {@link IMPORTS} are in JavaScript. */
export type EngineImports = {
  readonly [Name in keyof typeof IMPORTS]: (a: number, b: number, c: number, d: number) => number;
};

/** Indices of what a module has imported. */
export interface Imported {
  readonly functions: { readonly [Name in keyof typeof IMPORTS]: number };
  readonly globals: {
    /** Instructions that the run may still take. */
    readonly fuel: number;
    /** Tail calls so far. */
    readonly tailCalls: number;
    /** The CPU that runs. */
    readonly cpu: number;
  };
}

/** How programs call each other: r1 and the frame. */
export const PROGRAM_TYPE: FunctionType = { parameters: ['i64', 'i32'], results: ['i64'] };

/** Imports what every module works on: memory, the table of programs, the counters of the run. */
export function importShared(module: ModuleBuilder): Imported['globals'] {
  module.importMemory('env', 'memory', MEMORY_LIMITS);
  module.importTable('env', 'programs', { min: 0 });
  return {
    fuel: module.importGlobal('env', 'fuel', 'i32', true),
    tailCalls: module.importGlobal('env', 'tailCalls', 'i32', true),
    cpu: module.importGlobal('env', 'cpu', 'i32', true),
  };
}

/** Imports everything that a program's module needs. */
export function importAll(module: ModuleBuilder): Imported {
  const globals = importShared(module);
  const functions = Object.entries(IMPORTS).map(([name, fn]) => [name, module.importFunction('env', name, fn)]);
  return { functions: Object.fromEntries(functions) as Imported['functions'], globals }; // the keys are those of IMPORTS
}
