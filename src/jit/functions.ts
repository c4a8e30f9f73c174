/** The functions of a program: where they begin, their control flow, what they take, how deep they call. */
import { BPF_REG_FP } from '../asm/insn.ts';
import { linearAddress, POINTER_TAG, pointerTag } from '../vm/pointer.ts';
import type { Program } from '../vm/program.ts';
import { type Flow, readFlow } from './flow.ts';
import { type Liveness, type RegisterSet, readLiveness } from './registers.ts';

/** One BPF function. */
export interface BpfFunction {
  /** Slot of its first instruction. */
  readonly entry: number;
  readonly flow: Flow;
  /** Entries of the functions that it calls. */
  readonly callees: ReadonlySet<number>;
  liveness: Liveness;
  /** Registers it reads before it writes them: what a call passes. */
  parameters: RegisterSet;
  /** Frames that a call of it takes at most, its own included; Infinity where it may recurse. */
  height: number;
}

const ALL_BUT_FP = (1 << BPF_REG_FP) - 1;

/** The functions that a program's execution may reach, by entry, and those of them that helpers may call back. */
export interface ProgramFunctions {
  readonly functions: ReadonlyMap<number, BpfFunction>;
  readonly callbacks: Set<number>;
}

/** Finds the functions of a program that begins at slot `entry`. */
export function readFunctions(program: Program, entry: number): ProgramFunctions {
  const functions = new Map<number, BpfFunction>();
  const callbacks = new Set<number>();
  const work = [entry];
  for (let start = work.pop(); start !== undefined; start = work.pop()) {
    if (functions.has(start)) continue;
    const flow = readFlow(program, start);
    const callees = new Set<number>();
    for (const { slots } of flow.blocks) {
      for (const pc of slots) {
        const { row, insn } = program.slots[pc]!;
        if (row.kind === 'call' && row.callee === 'subprogram') callees.add(pc + 1 + insn.imm);
        else if (row.kind === 'wide') addCallback(program, insn.imm64!, callbacks);
      }
    }
    work.push(...callees, ...callbacks);
    const liveness = { liveIn: new Uint16Array(0), liveOut: new Uint16Array(0), writesFramePointer: false };
    functions.set(start, { entry: start, flow, callees, liveness, parameters: 0, height: 0 });
  }
  findParameters(program, functions);
  for (const fn of functions.values()) findHeight(functions, fn, new Set());
  return { functions, callbacks };
}

function addCallback({ slots }: Program, value: bigint, callbacks: Set<number>): void {
  if (pointerTag(value) === POINTER_TAG.text && slots[linearAddress(value)] !== undefined)
    callbacks.add(linearAddress(value));
}

/** A callee's parameters are read by its callers, so sets grow until they agree. */
function findParameters(program: Program, functions: ReadonlyMap<number, BpfFunction>): void {
  const parameters = (start: number): RegisterSet => functions.get(start)?.parameters ?? 0;
  for (let changed = true; changed; ) {
    changed = false;
    for (const fn of functions.values()) {
      fn.liveness = readLiveness(program, fn.flow, parameters);
      const found = fn.liveness.liveIn[0]! & ALL_BUT_FP;
      if (found === fn.parameters) continue;
      fn.parameters = found;
      changed = true;
    }
  }
}

function findHeight(functions: ReadonlyMap<number, BpfFunction>, fn: BpfFunction, above: Set<BpfFunction>): number {
  if (above.has(fn)) return Number.POSITIVE_INFINITY;
  if (fn.height > 0) return fn.height;
  above.add(fn);
  let deepest = 0;
  for (const callee of fn.callees) {
    const below = functions.get(callee);
    if (below !== undefined) deepest = Math.max(deepest, findHeight(functions, below, above));
  }
  above.delete(fn);
  fn.height = deepest + 1;
  return fn.height;
}
