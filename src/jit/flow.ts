/**
 * The control flow of one BPF function: basic blocks in reverse postorder, who dominates whom, where loops begin. A function is whatever its
 * first instruction reaches by jumps; two functions that share code each have it.
 *
 * Dominators: Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm".
 */
import { slotCount } from '../asm/insn.ts';
import { targetOf } from '../asm/target.ts';
import type { Program, Slot } from '../vm/program.ts';

/** A run of instructions that is entered at its begin and left at its end. */
export interface Block {
  /** Slot of its first instruction. */
  readonly start: number;
  /** Slots of its instructions; empty where `start` is no instruction. */
  readonly slots: number[];
  /** Where it goes: the taken way before the way on. Indices into {@link Flow.blocks}. */
  successors: number[];
  predecessors: number[];
  /** The closest block that every way from the entry leads through; the entry's is itself. */
  dominator: number;
  /** Whether a jump leads back to it from what it dominates. */
  isLoopHeader: boolean;
}

/** One function's control flow. Block 0 is the entry; along every edge but those that close a loop numbers ascend. */
export interface Flow {
  readonly blocks: readonly Block[];
  /** Whether every jump back goes to a block that dominates it. */
  readonly reducible: boolean;
}

/** Where an instruction may go, or undefined where it only goes on. */
function targets({ row, insn }: Slot, pc: number): number[] | undefined {
  switch (row.kind) {
    case 'condition':
    case 'may_goto':
      return [targetOf(row, insn, pc)!, pc + 1];
    case 'jump':
      return [targetOf(row, insn, pc)!];
    case 'exit':
    case 'internal':
      return [];
    default:
      return undefined;
  }
}

/** The control flow of the function that begins at slot `entry`. */
export function readFlow(program: Program, entry: number): Flow {
  const blocks = orderBlocks(cutBlocks(program, entry), entry);
  blocks.forEach((block, i) => {
    for (const to of block.successors) blocks[to]!.predecessors.push(i);
  });
  findDominators(blocks);
  return { blocks, reducible: findLoops(blocks) };
}

interface Cut {
  readonly slots: number[];
  readonly to: number[];
}

/** Blocks by their first slot; `to` are slots. */
function cutBlocks({ slots }: Program, entry: number): Map<number, Cut> {
  const leaders = new Set([entry]);
  const seen = new Set<number>();
  const work = [entry];
  for (let pc = work.pop(); pc !== undefined; pc = work.pop()) {
    while (!seen.has(pc)) {
      seen.add(pc);
      const slot = slots[pc];
      if (slot === undefined) break;
      const to = targets(slot, pc);
      if (to === undefined) {
        pc += slotCount(slot.insn);
        continue;
      }
      for (const target of to) {
        leaders.add(target);
        work.push(target);
      }
      break;
    }
  }
  const cuts = new Map<number, Cut>();
  for (const start of leaders) cuts.set(start, cutBlock(slots, start, leaders));
  return cuts;
}

function cutBlock(slots: Program['slots'], start: number, leaders: ReadonlySet<number>): Cut {
  const inside: number[] = [];
  let pc = start;
  for (let slot = slots[pc]; slot !== undefined; slot = slots[pc]) {
    inside.push(pc);
    const to = targets(slot, pc);
    if (to !== undefined) return { slots: inside, to };
    pc += slotCount(slot.insn);
    if (leaders.has(pc)) return { slots: inside, to: [pc] };
  }
  // Ran off the program, or began outside of it: what comes next is a block without instructions.
  return { slots: inside, to: inside.length === 0 ? [] : [pc] };
}

/** Numbers blocks in reverse postorder of a walk that does not recurse. */
function orderBlocks(cuts: Map<number, Cut>, entry: number): Block[] {
  const postorder: number[] = [];
  const visited = new Set([entry]);
  const stack: { start: number; next: number }[] = [{ start: entry, next: 0 }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const to = cutAt(cuts, top.start).to[top.next++];
    if (to === undefined) {
      postorder.push(top.start);
      stack.pop();
    } else if (!visited.has(to)) {
      visited.add(to);
      stack.push({ start: to, next: 0 });
    }
  }
  const order = postorder.reverse();
  const numbers = new Map(order.map((start, i) => [start, i]));
  return order.map(start => {
    const { slots, to } = cutAt(cuts, start);
    const successors = to.map(target => numbers.get(target)!);
    return { start, slots, successors, predecessors: [], dominator: -1, isLoopHeader: false };
  });
}

/** A block that begins where no instruction is was not cut before something ran into it. */
function cutAt(cuts: Map<number, Cut>, start: number): Cut {
  let cut = cuts.get(start);
  if (cut === undefined) {
    cut = { slots: [], to: [] };
    cuts.set(start, cut);
  }
  return cut;
}

function findDominators(blocks: readonly Block[]): void {
  blocks[0]!.dominator = 0;
  const meet = (one: number, other: number): number => {
    let a = one;
    let b = other;
    while (a !== b) {
      while (a > b) a = blocks[a]!.dominator;
      while (b > a) b = blocks[b]!.dominator;
    }
    return a;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (let i = 1; i < blocks.length; i++) {
      const block = blocks[i]!;
      let dominator = -1;
      for (const from of block.predecessors) {
        if (blocks[from]!.dominator < 0) continue;
        dominator = dominator < 0 ? from : meet(from, dominator);
      }
      if (block.dominator !== dominator) {
        block.dominator = dominator;
        changed = true;
      }
    }
  }
}

/** Marks loop headers; tells whether there is no loop with two entries. */
function findLoops(blocks: readonly Block[]): boolean {
  let reducible = true;
  blocks.forEach(({ predecessors }, to) => {
    for (const from of predecessors) {
      if (from < to) continue;
      if (dominates(blocks, to, from)) blocks[to]!.isLoopHeader = true;
      else reducible = false;
    }
  });
  return reducible;
}

/** Whether every way from the entry to block `below` leads through block `above`. */
function dominates(blocks: readonly Block[], above: number, below: number): boolean {
  let at = below;
  while (at > above) at = blocks[at]!.dominator;
  return at === above;
}
