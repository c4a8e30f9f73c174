/** Which registers each instruction reads and writes, and which of them are alive where: bit sets of r0 to r10. */
import { BPF_REG_FP } from '../asm/insn.ts';
import { helperById } from '../uapi/helpers.ts';
import type { Program, Slot } from '../vm/program.ts';
import type { Flow } from './flow.ts';

/** Number of bpf_tail_call: it answers nothing where it returns. */
export const TAIL_CALL = 12;

/** r1 to r5. */
export const ARGUMENTS = 0b111110;

/** bpf_trace_printk: what its format asks for follows the arguments of its prototype. */
const TRACE_PRINTK = 6;

/** The registers that a helper takes: those of its prototype, all where it is not known. */
export function helperArguments(id: number): RegisterSet {
  const helper = id === TRACE_PRINTK ? undefined : helperById(id);
  return helper === undefined ? ARGUMENTS : ARGUMENTS & ((2 << helper.args.length) - 1);
}

/** Bit `n` is rn. */
export type RegisterSet = number;

/** Which registers the function that begins at a slot reads before it writes them. */
export type Parameters = (entry: number) => RegisterSet;

/** The registers of a set, ascending. */
export function* registersIn(set: RegisterSet): Generator<number> {
  for (let n = 0; n <= BPF_REG_FP; n++) if ((set >> n) & 1) yield n;
}

interface Effect {
  readonly reads: RegisterSet;
  readonly writes: RegisterSet;
}

function effectOf({ row, insn }: Slot, pc: number, parameters: Parameters): Effect {
  const dst = 1 << insn.dst;
  const src = 1 << insn.src;
  switch (row.kind) {
    case 'alu': {
      const source = row.source === 'x' ? src : 0;
      return { reads: row.op === 'mov' || row.op === 'movsx' ? source : source | dst, writes: dst };
    }
    case 'endian':
      return { reads: dst, writes: dst };
    case 'condition':
      return { reads: row.source === 'x' ? src | dst : dst, writes: 0 };
    case 'load':
      return { reads: src, writes: dst };
    case 'store':
      return { reads: row.source === 'x' ? src | dst : dst, writes: 0 };
    case 'atomic': {
      const exchange = row.op === 'cmpxchg';
      return { reads: dst | src | (exchange ? 1 : 0), writes: row.fetch ? (exchange ? 1 : src) : 0 };
    }
    case 'packet':
      return { reads: row.mode === 'ind' ? src : 0, writes: 1 };
    case 'wide':
      return { reads: 0, writes: dst };
    case 'exit':
      return { reads: 1, writes: 0 };
    case 'call':
      if (row.callee === 'subprogram') return { reads: parameters(pc + 1 + insn.imm), writes: 1 };
      if (row.callee !== 'helper') return { reads: 0, writes: 0 };
      return { reads: helperArguments(insn.imm), writes: insn.imm === TAIL_CALL ? 0 : 1 };
    default:
      return { reads: 0, writes: 0 };
  }
}

/** What is alive at the ends of each block of a function. */
export interface Liveness {
  readonly liveIn: Uint16Array;
  readonly liveOut: Uint16Array;
  /** Whether the function writes its frame pointer, which no verifier lets through. */
  readonly writesFramePointer: boolean;
}

/** Finds what is alive in a function. */
export function readLiveness({ slots }: Program, { blocks }: Flow, parameters: Parameters): Liveness {
  const reads = new Uint16Array(blocks.length);
  const writes = new Uint16Array(blocks.length);
  let allWrites = 0;
  blocks.forEach((block, i) => {
    for (let at = block.slots.length - 1; at >= 0; at--) {
      const pc = block.slots[at]!;
      const effect = effectOf(slots[pc]!, pc, parameters);
      reads[i] = (reads[i]! & ~effect.writes) | effect.reads;
      writes[i] = writes[i]! | effect.writes;
    }
    allWrites |= writes[i]!;
  });
  const liveIn = new Uint16Array(blocks.length);
  const liveOut = new Uint16Array(blocks.length);
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = blocks.length - 1; i >= 0; i--) {
      let out = 0;
      for (const to of blocks[i]!.successors) out |= liveIn[to]!;
      const into = (out & ~writes[i]!) | reads[i]!;
      if (out === liveOut[i] && into === liveIn[i]) continue;
      liveOut[i] = out;
      liveIn[i] = into;
      changed = true;
    }
  }
  return { liveIn, liveOut, writesFramePointer: ((allWrites >> BPF_REG_FP) & 1) === 1 };
}
