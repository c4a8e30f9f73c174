/** Compiles one BPF function: blocks in the order of its control flow. */
import { BPF_REG_FP } from '../asm/insn.ts';
import type { Program } from '../vm/program.ts';
import { BlockBuilder, type FunctionScope, type ModuleScope } from './block.ts';
import { Emitter } from './emitter.ts';
import type { BpfFunction } from './functions.ts';
import { lower } from './lower.ts';
import { registersIn } from './registers.ts';
import { type Ending, emitFlow } from './structure.ts';
import { OP } from './wasm/opcodes.ts';

/** The function's body, emitted. */
export function compileFunction(program: Program, fn: BpfFunction, module: ModuleScope): Emitter {
  const emitter = new Emitter([...registersIn(fn.parameters)]);
  const { body } = emitter;
  const fuel = module.options.fuel ? body.local('i32') : undefined;
  const scope: FunctionScope = { module, fn, emitter, fuel, mayGoto: undefined };
  const entry = new BlockBuilder(scope);
  entry.loadFuel();
  if (fn.liveness.writesFramePointer) {
    emitter.push(entry.framePointer());
    body.set(emitter.registerLocal(BPF_REG_FP));
  }
  emitFlow(fn.flow, body, (index, negate) => compileBlock(program, scope, index, negate));
  body.op(OP.unreachable);
  return emitter;
}

function compileBlock({ slots }: Program, scope: FunctionScope, index: number, negate: boolean): Ending {
  const { fn, emitter } = scope;
  const { flow, liveness } = fn;
  const flowBlock = flow.blocks[index]!;
  burnFuel(scope, index);
  const block = new BlockBuilder(scope);
  for (const pc of flowBlock.slots) {
    const { row, insn } = slots[pc]!;
    block.pc = pc;
    lower(row, insn, block);
  }
  block.emit(liveness.liveOut[index]!, negate);
  if (block.test !== undefined) return 'branch';
  if (flowBlock.successors.length > 0) return 'goto';
  if (flowBlock.slots.length === 0) {
    emitter.body.i32(flowBlock.start);
    emitter.body.call(scope.module.imported.functions.badJump);
  }
  emitter.body.op(OP.unreachable);
  return 'leave';
}

/** Counts the block's instructions; where a loop begins, or a function, an empty tank ends the run. */
function burnFuel({ fn, fuel, emitter, module }: FunctionScope, index: number): void {
  if (fuel === undefined) return;
  const { body } = emitter;
  const { flow } = fn;
  const block = flow.blocks[index]!;
  body.get(fuel);
  body.i32(block.slots.length);
  body.op(OP['i32.sub']);
  if (index > 0 && !block.isLoopHeader && flow.reducible) {
    body.set(fuel);
    return;
  }
  body.tee(fuel);
  body.i32(0);
  body.op(OP['i32.lt_s']);
  body.if();
  body.i32(block.start);
  body.call(module.imported.functions.outOfFuel);
  body.op(OP.unreachable);
  body.end();
}
