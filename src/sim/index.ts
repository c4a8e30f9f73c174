/** The core of skep: read an object, load it into a kernel in user space, run its programs, read its maps. Runs in a browser too. */
export { BtfError } from '../btf/error.ts';
export type { BtfValue } from '../btf/value.ts';
export { ElfError } from '../elf/error.ts';
export { Collection } from '../loader/collection.ts';
export { RelocationError, VerifierError } from '../loader/errors.ts';
export { Kernel } from '../loader/kernel.ts';
export type { LoadOptions } from '../loader/load.ts';
export { BpfMap, type EntriesOptions, type UpdateMode } from '../loader/map.ts';
export { Program, type RunOptions, type RunResult } from '../loader/program.ts';
export type { ProgramRunner, RunnerOptions } from '../loader/runner.ts';
export { readObject } from '../object/read.ts';
export type { CollectionSpec, ExternSpec, MapSpec, ProgramSpec, VariableSpec } from '../object/spec.ts';
export { SyscallError } from '../sys/error.ts';
export type { Fd, Mapping, Sys } from '../sys/sys.ts';
export { BpfError, InternalError, NotSupportedError } from '../util/error.ts';
export { VmFault } from '../vm/fault.ts';
export { SimClock } from './clock.ts';
export { SimKernel, type SimKernelOptions, type Step } from './sim-kernel.ts';
