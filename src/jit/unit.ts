/** One program compiled and instantiated, and what its code asks the engine for. */
import { BPF_REG_FP } from '../asm/insn.ts';
import { InternalError, NotSupportedError } from '../util/error.ts';
import type { Program } from '../vm/program.ts';
import type { EngineImports } from './abi.ts';
import { type CompiledModule, compileProgram, type Layout } from './compile.ts';
import type { CompileOptions } from './options.ts';

/** V8 compiles no function that is larger. */
const MAX_FUNCTION_SIZE = 7_654_321;

/** A program that can be run. */
export interface Unit {
  readonly program: Program;
  readonly module: CompiledModule;
  /** The exported function that the program begins with. */
  readonly main: WebAssembly.ExportValue;
  /** Runs the function at a slot on the exchange area's registers; undefined where no function of the unit begins. */
  callback(slot: number): ((frame: number) => void) | undefined;
}

/** What every module of an engine shares. */
export interface Shared extends Record<string, WebAssembly.ImportValue> {
  readonly memory: WebAssembly.Memory;
  readonly programs: WebAssembly.Table;
  readonly fuel: WebAssembly.Global;
  readonly tailCalls: WebAssembly.Global;
  readonly cpu: WebAssembly.Global;
}

/** Why a program was not compiled. */
export class CompileRefusal extends Error {}

/**
 * Compiles and instantiates the function of `program` that begins at `entry`, and all that it calls.
 * @throws CompileRefusal where this host does not take the module.
 */
export function createUnit(
  program: Program,
  entry: number,
  setup: { options: CompileOptions; layout: Layout; shared: Shared; imports: (unit: () => Unit) => EngineImports },
): Unit {
  checkRegisters(program);
  const module = compileProgram(program, setup.options, setup.layout, entry);
  if (module.largest > MAX_FUNCTION_SIZE) {
    throw new CompileRefusal(`a function of ${module.largest} bytes of WebAssembly, at most ${MAX_FUNCTION_SIZE}`);
  }
  let unit: Unit | undefined;
  const functions = setup.imports(() => unit!);
  const instance = instantiate(module.bytes, {
    ...setup.shared,
    ...functions,
    ...module.imports,
  });
  const { exports } = instance;
  // as compile.ts exports them
  const callback = (slot: number) => exports[`callback${slot}`] as ((frame: number) => void) | undefined;
  unit = { program, module, main: exports['program']!, callback };
  return unit;
}

/**
 * Instantiates a module.
 * @throws CompileRefusal where this host does not take it.
 */
export function instantiate(bytes: Uint8Array<ArrayBuffer>, env: WebAssembly.ModuleImports): WebAssembly.Instance {
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env });
  } catch (error) {
    if (!WebAssembly.validate(bytes)) throw new InternalError(`module is not valid: ${error}`, { cause: error });
    // A page may forbid compilation, or bound what is compiled at once.
    throw new CompileRefusal(String(error), { cause: error });
  }
}

function checkRegisters({ slots }: Program): void {
  slots.forEach((slot, pc) => {
    if (slot === undefined || (slot.insn.dst <= BPF_REG_FP && slot.insn.src <= BPF_REG_FP)) return;
    throw new NotSupportedError('register', `insn ${pc}: register beyond r10`);
  });
}
