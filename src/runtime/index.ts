/** The runtime in WebAssembly: maps, ring buffers and hot helpers over guest memory. */
export { RUNTIME_HELPERS, type RuntimeHelper } from './helpers.ts';
export { isError, Runtime, type RuntimeFunctions } from './runtime.ts';
