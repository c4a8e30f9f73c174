/**
 * Control flow graphs as WebAssembly's structured control. A reducible graph needs no dispatcher: its dominator tree says where blocks and
 * loops go (Norman Ramsey, "Beyond Relooper", 2022). An irreducible one runs through a table in a loop.
 */
import type { Flow } from './flow.ts';
import type { FunctionBody } from './wasm/code.ts';

/**
 * How a block goes on: `branch` leaves a 32-bit condition on the stack (taken where it is not zero), `goto` has one successor, `leave`
 * does not come back.
 */
export type Ending = 'branch' | 'goto' | 'leave';

/** Emits the code of block `index` up to its end; `negate` asks for the opposite of a branch's condition. */
export type EmitBlock = (index: number, negate: boolean) => Ending;

/** Emits a whole function's control flow; control does not run off its end. */
export function emitFlow(flow: Flow, body: FunctionBody, emitBlock: EmitBlock): void {
  if (flow.reducible) new Structurer(flow, body, emitBlock).emit();
  else emitDispatcher(flow, body, emitBlock);
}

/** A task: a block's dominator subtree, or the end of the innermost construct. */
const END = -1;

/** Emits along the dominator tree with a stack of its own: the tree may be deep. */
class Structurer {
  readonly #flow: Flow;
  readonly #body: FunctionBody;
  readonly #emitBlock: EmitBlock;
  /** Blocks that more than one forward edge leads to: each gets a label that ends just before its code. */
  readonly #isMerge: boolean[];
  /** The merge blocks that each block dominates immediately, the last in order first. */
  readonly #merges: number[][];
  /** Where the label of a block's begin, and that of its loop, stands: constructs around it. */
  readonly #labelAt: Int32Array;
  readonly #loopAt: Int32Array;
  readonly #tasks: number[] = [0];
  #depth = 0;

  constructor(flow: Flow, body: FunctionBody, emitBlock: EmitBlock) {
    const { blocks } = flow;
    this.#flow = flow;
    this.#body = body;
    this.#emitBlock = emitBlock;
    this.#isMerge = blocks.map(({ predecessors }, i) => predecessors.filter(from => from < i).length > 1);
    this.#merges = blocks.map(() => []);
    for (let i = blocks.length - 1; i > 0; i--) if (this.#isMerge[i]) this.#merges[blocks[i]!.dominator]!.push(i);
    this.#labelAt = new Int32Array(blocks.length);
    this.#loopAt = new Int32Array(blocks.length);
  }

  emit(): void {
    for (let task = this.#tasks.pop(); task !== undefined; task = this.#tasks.pop()) {
      if (task === END) {
        this.#body.end();
        this.#depth--;
      } else {
        this.#tree(task);
      }
    }
  }

  #tree(index: number): void {
    const block = this.#flow.blocks[index]!;
    if (block.isLoopHeader) {
      this.#body.loop();
      this.#loopAt[index] = this.#depth++;
      this.#tasks.push(END);
    }
    for (const merge of this.#merges[index]!) {
      this.#body.block();
      this.#labelAt[merge] = this.#depth++;
      this.#tasks.push(merge, END);
    }
    const [to, otherwise] = block.successors as [number, number]; // as many as the ending says
    const negate = block.successors.length === 2 && this.#isInline(index, to) && !this.#isInline(index, otherwise);
    switch (this.#emitBlock(index, negate)) {
      case 'leave':
        return;
      case 'goto':
        if (this.#isInline(index, to)) this.#tasks.push(to);
        else this.#body.br(this.#label(index, to));
        return;
      case 'branch':
        this.#branch(index, ...(negate ? ([otherwise, to] as const) : ([to, otherwise] as const)));
    }
  }

  /** Goes to `to` where the condition on the stack holds. */
  #branch(from: number, to: number, otherwise: number): void {
    if (this.#isInline(from, to)) {
      this.#body.if();
      this.#depth++;
      this.#tasks.push(otherwise, END, to);
      return;
    }
    this.#body.brIf(this.#label(from, to));
    if (this.#isInline(from, otherwise)) this.#tasks.push(otherwise);
    else this.#body.br(this.#label(from, otherwise));
  }

  /** Whether the code of `to` stands right where `from` goes there. */
  #isInline(from: number, to: number): boolean {
    return to > from && !this.#isMerge[to];
  }

  #label(from: number, to: number): number {
    const at = to > from ? this.#labelAt[to]! : this.#loopAt[to]!;
    return this.#depth - 1 - at;
  }
}

/**
 *     loop
 *       block … block  br_table state  end  block 0  end  block 1 …
 */
function emitDispatcher({ blocks }: Flow, body: FunctionBody, emitBlock: EmitBlock): void {
  const state = body.local('i32');
  const last = blocks.length - 1;
  body.loop();
  for (const _ of blocks) body.block();
  body.get(state);
  body.brTable(
    blocks.map((_, i) => i),
    last,
  );
  blocks.forEach(({ successors }, i) => {
    const goto = (to: number, depth: number): void => {
      body.i32(to);
      body.set(state);
      body.br(last - i + depth);
    };
    body.end();
    const ending = emitBlock(i, false);
    if (ending === 'leave') return;
    if (ending === 'branch') {
      body.if();
      goto(successors[0]!, 1);
      body.end();
    }
    goto(successors.at(-1)!, 0);
  });
  body.end();
}
