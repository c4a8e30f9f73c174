/** The body of one WebAssembly function: its locals and its instructions, in the order in which they are emitted. */
import { alignmentOf, BLOCK_TYPE, type BlockType, BULK, OP, VALUE_TYPE, type ValueType } from './opcodes.ts';
import { ByteSink } from './sink.ts';

/** Emits a function's body. Locals may be added at any time; the parameters are the first of them. */
export class FunctionBody {
  readonly #code = new ByteSink();
  readonly #parameters: number;
  readonly #locals: ValueType[] = [];

  /** @param parameters how many locals the function's type gives it. */
  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  /** Bytes of instructions so far: where the next one will stand. */
  get offset(): number {
    return this.#code.length;
  }

  /** Adds a local, which begins as zero; gives its index. */
  local(type: ValueType): number {
    return this.#parameters + this.#locals.push(type) - 1;
  }

  /** An instruction without immediates. */
  op(opcode: number): void {
    this.#code.u8(opcode);
  }

  /** An instruction with an index: a local, a global, a function, a label. */
  index(opcode: number, index: number): void {
    this.#code.u8(opcode);
    this.#code.u32(index);
  }

  get(local: number): void {
    this.index(OP['local.get'], local);
  }

  set(local: number): void {
    this.index(OP['local.set'], local);
  }

  tee(local: number): void {
    this.index(OP['local.tee'], local);
  }

  i32(value: number): void {
    this.#code.u8(OP['i32.const']);
    this.#code.s32(value);
  }

  /** A 64-bit constant by its halves. */
  i64(low: number, high: number): void {
    this.#code.u8(OP['i64.const']);
    this.#code.s64(low, high);
  }

  /** A load or store at its address operand plus `offset` (u32), of natural alignment as far as hints go. */
  memory(opcode: number, offset: number): void {
    this.#code.u8(opcode);
    this.#code.u32(alignmentOf(opcode));
    this.#code.u32(offset);
  }

  /** Fills memory: address, byte and length are on the stack. */
  fill(): void {
    this.#code.raw([BULK.prefix, BULK['memory.fill'], 0]);
  }

  block(type: BlockType = 'void'): void {
    this.#code.raw([OP.block, BLOCK_TYPE[type]]);
  }

  loop(type: BlockType = 'void'): void {
    this.#code.raw([OP.loop, BLOCK_TYPE[type]]);
  }

  if(type: BlockType = 'void'): void {
    this.#code.raw([OP.if, BLOCK_TYPE[type]]);
  }

  else(): void {
    this.#code.u8(OP.else);
  }

  end(): void {
    this.#code.u8(OP.end);
  }

  br(depth: number): void {
    this.index(OP.br, depth);
  }

  brIf(depth: number): void {
    this.index(OP.br_if, depth);
  }

  /** Branches to the label that the operand selects, or to `otherwise`. */
  brTable(depths: readonly number[], otherwise: number): void {
    this.#code.u8(OP.br_table);
    this.#code.u32(depths.length);
    for (const depth of depths) this.#code.u32(depth);
    this.#code.u32(otherwise);
  }

  call(func: number): void {
    this.index(OP.call, func);
  }

  /** `call_indirect` or `return_call_indirect` through table 0. */
  callIndirect(opcode: typeof OP.call_indirect | typeof OP.return_call_indirect, type: number): void {
    this.index(opcode, type);
    this.#code.u32(0);
  }

  /** The encoded body: locals as runs of one type, the instructions, `end`. */
  encode(): { readonly bytes: Uint8Array; readonly codeOffset: number } {
    const sink = new ByteSink(this.#code.length + 16);
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.#locals) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    sink.u32(runs.length);
    for (const { type, count } of runs) {
      sink.u32(count);
      sink.u8(VALUE_TYPE[type]);
    }
    const codeOffset = sink.length;
    sink.raw(this.#code.bytes);
    sink.u8(OP.end);
    return { bytes: sink.bytes, codeOffset };
  }
}
