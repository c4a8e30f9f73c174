/** BPF programs as WebAssembly: the compiling engine. */
export { type CompiledModule, compileProgram, type Layout } from './compile.ts';
export { type Burst, type Compiled, JitEngine, type JitOptions } from './engine.ts';
export type { CompileOptions, HotHelper, InlineArray, InlineMap, InlineProgArray } from './options.ts';
