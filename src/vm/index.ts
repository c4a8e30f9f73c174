/** Guest memory and the interpreter: what runs a program, whatever it is attached to. */
export type { HelperCall, HelperFunction } from './call.ts';
export type { Env, HookContext } from './env.ts';
export { AccessRefusal, type FaultReason, VmFault } from './fault.ts';
export { Interpreter, type InterpreterOptions, MAX_BPF_STACK, MAX_CALL_FRAMES } from './interpreter.ts';
export { GUEST_PAGE, GuestMemory, type Region, type RegionSpec } from './memory.ts';
export { kernelPointer, linearAddress, POINTER_TAG, pointerTag, textPointer } from './pointer.ts';
export type { Linkage, Program, Slot } from './program.ts';
