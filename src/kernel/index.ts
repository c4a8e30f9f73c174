/** Our own kernel behind the system call's interface. */
export type { KernelOptions } from './core.ts';
export { KernelSys } from './kernel.ts';
export type { ContextRun } from './run-context.ts';
