/**
 * The module that begins runs, one for each engine. It calls programs through the table, so that V8 compiles them by themselves: inlined into the
 * loop over a burst, a program's own loops would not be unrolled.
 *
 *     run(program, context, stack, count) → i32                `count` runs, at least one; the last r0 is in the exchange area, whole
 *     burst(program, context, stack, count, stride, verdicts)  a run for each of `count` contexts, the low half of each r0 to `verdicts`
 *
 * `program` is an index in the table, `context` a linear address, `stack` the bytes at the stack's end that the program looks at.
 */
import { exchangeOffset, firstFrame, importShared, KERNEL_TAG, PROGRAM_TYPE, STACK_SIZE } from './abi.ts';
import { FunctionBody } from './wasm/code.ts';
import { ModuleBuilder } from './wasm/module.ts';
import { OP } from './wasm/opcodes.ts';

/** The functions of the driver. */
export interface Driver {
  run(program: number, context: number, stack: number, count: number): number;
  burst(program: number, context: number, stack: number, count: number, stride: number, verdicts: number): void;
}

/** Where the driver finds its memory, and what a run may take. */
export interface DriverLayout {
  /** Linear addresses of the exchange area and of the stack's first byte. */
  readonly exchange: number;
  readonly stack: number;
  /** Instructions that a run may take. */
  readonly fuel: number;
}

/** Parameters that `run` and `burst` begin with. */
const [PROGRAM, CONTEXT, STACK] = [0, 1, 2];

/** The driver's module. */
export function encodeDriver(layout: DriverLayout): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  const globals = importShared(module);
  const programType = module.type(PROGRAM_TYPE);

  /** Begins a run and leaves r0 on the stack. */
  const begin = (body: FunctionBody): void => {
    body.i32(0);
    body.index(OP['global.set'], globals.tailCalls);
    body.i32(layout.fuel);
    body.index(OP['global.set'], globals.fuel);
    clearStack(body, layout.stack + STACK_SIZE);
    body.get(CONTEXT);
    body.op(OP['i64.extend_i32_u']);
    body.i64(0, KERNEL_TAG);
    body.op(OP['i64.or']);
    body.i32(firstFrame(layout.stack));
    body.get(PROGRAM);
    body.callIndirect(OP.call_indirect, programType);
  };

  const run = module.function({ parameters: ['i32', 'i32', 'i32', 'i32'], results: ['i32'] });
  module.define(run, runBody(begin, layout));
  module.exportFunction('run', run);
  const burst = module.function({ parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], results: [] });
  module.define(burst, burstBody(begin));
  module.exportFunction('burst', burst);
  return module.encode().bytes;
}

function runBody(begin: (body: FunctionBody) => void, { exchange }: DriverLayout): FunctionBody {
  const count = 3;
  const body = new FunctionBody(4);
  const result = body.local('i64');
  body.loop();
  begin(body);
  body.set(result);
  body.get(count);
  body.i32(-1);
  body.op(OP['i32.add']);
  body.tee(count);
  body.brIf(0);
  body.end();
  body.i32(exchange);
  body.get(result);
  body.memory(OP['i64.store'], exchangeOffset(0));
  body.get(result);
  body.op(OP['i32.wrap_i64']);
  return body;
}

function burstBody(begin: (body: FunctionBody) => void): FunctionBody {
  const [count, stride, verdicts] = [3, 4, 5];
  const body = new FunctionBody(6);
  const advance = (local: number, push: () => void): void => {
    body.get(local);
    push();
    body.op(OP['i32.add']);
    body.set(local);
  };
  body.block();
  body.loop();
  body.get(count);
  body.op(OP['i32.eqz']);
  body.brIf(1);
  body.get(verdicts);
  begin(body);
  body.memory(OP['i64.store32'], 0);
  advance(CONTEXT, () => body.get(stride));
  advance(verdicts, () => body.i32(4));
  advance(count, () => body.i32(-1));
  body.br(0);
  body.end();
  body.end();
  return body;
}

/** Clears the bytes below `end` that the program looks at: few by hand, many by the instruction for it. */
function clearStack(body: FunctionBody, end: number): void {
  const FEW = 64;
  body.get(STACK);
  body.if();
  body.get(STACK);
  body.i32(FEW);
  body.op(OP['i32.le_u']);
  body.if();
  for (let at = 0; at < FEW; at += 8) {
    body.i32(end - FEW);
    body.i64(0, 0);
    body.memory(OP['i64.store'], at);
  }
  body.else();
  body.i32(end);
  body.get(STACK);
  body.op(OP['i32.sub']);
  body.i32(0);
  body.get(STACK);
  body.fill();
  body.end();
  body.end();
}
