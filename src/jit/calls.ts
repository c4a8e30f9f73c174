/** Calls of subprograms, helpers and programs, and what else leaves the compiled code. */
import type { Instruction } from '../asm/insn.ts';
import type { PacketRow } from '../asm/row.ts';
import { exchangeOffset, KERNEL_TAG, MAX_BPF_STACK, MAX_CALL_FRAMES } from './abi.ts';
import { type BlockBuilder, highHalf } from './block.ts';
import { forgetStack } from './checks.ts';
import type { ImportedHelper } from './hot.ts';
import type { InlineArray, InlineProgArray } from './options.ts';
import { helperArguments, registersIn } from './registers.ts';
import {
  binary,
  compare,
  const32,
  const64,
  effectValue,
  isConst,
  unary,
  type Value,
  wrap,
  zeroExtend,
} from './value.ts';
import { OP } from './wasm/opcodes.ts';

const MAP_LOOKUP_ELEM = 1;
const MAX_TAIL_CALL_CNT = 33;

const use = (v: Value): Value => {
  v.uses++;
  return v;
};

/** A register's value, computed before what follows: needed where that branches. */
function forced(block: BlockBuilder, value: Value): Value {
  block.force(value);
  return use(value);
}

/** Calls the function that begins at `entry`, with the registers that it reads. */
export function callSubprogram(entry: number, block: BlockBuilder): void {
  const { emitter, scope } = block;
  const { module, fn } = scope;
  const { body, frame } = emitter;
  const { pc } = block;
  const callee = module.functions.get(entry)!;
  const index = module.indices.get(entry)!;
  const args = [...registersIn(callee.parameters)].map(register => use(block.get(register)));
  const result = effectValue('i64');
  block.set(0, result);
  const isChecked = module.options.isChecked(pc);
  block.effect(() => {
    if (isChecked || fn.height > MAX_CALL_FRAMES) {
      body.get(frame);
      body.i32(module.stack);
      body.op(OP['i32.le_u']);
      body.if();
      body.i32(pc);
      body.get(frame);
      body.call(module.imported.functions.tooDeep);
      body.end();
    }
    for (const arg of args) emitter.push(arg);
    body.get(frame);
    body.i32(MAX_BPF_STACK);
    body.op(OP['i32.sub']);
    block.saveFuel();
    if (isChecked) forgetStack(body, module.checkTable, module.stack);
    body.call(index);
    if (isChecked) forgetStack(body, module.checkTable, module.stack);
    emitter.bind(result);
    block.loadFuel();
  });
}

/** Calls a helper: compiled in place, in WebAssembly, or through the engine. */
export function callHelper(id: number, block: BlockBuilder): void {
  const { hotHelpers, options } = block.scope.module;
  const map = constantMap(block, 1);
  const inline = id === MAP_LOOKUP_ELEM && map !== undefined ? options.inlineMap(map) : undefined;
  const hot = hotHelpers.find(id, map);
  if (inline?.kind === 'array') lookUp(inline, block);
  else if (hot !== undefined) callHot(hot, block);
  else callEngine(id, block);
}

/** The linear address that a register holds as a constant. */
function constantMap(block: BlockBuilder, register: number): number | undefined {
  const map = block.get(register);
  return isConst(map) && map.hi === KERNEL_TAG ? map.lo >>> 0 : undefined;
}

function callHot({ parameters, result, accesses, index }: ImportedHelper, block: BlockBuilder): void {
  const { emitter } = block;
  for (const { register, bytes, write } of accesses) block.access(block.get(register), 0, bytes, write);
  const args = parameters.map((type, i) => use(type === 'i64' ? block.get(i + 1) : block.low(i + 1)));
  const answer = effectValue(result === 'i64' ? 'i64' : 'i32');
  block.effect(() => {
    for (const arg of args) emitter.push(arg);
    emitter.body.call(index);
    emitter.bind(answer);
  });
  if (result === 'i64') block.set(0, answer);
  else if (result === 'int') block.set(0, unary('i64.extend_i32_s', answer));
  else block.set(0, block.select(answer, binary('i64.or', zeroExtend(answer), const64(0, KERNEL_TAG)), const64(0, 0)));
}

/** Calls a helper in JavaScript: registers go and come through the exchange area. */
function callEngine(id: number, block: BlockBuilder): void {
  const { emitter, scope, pc } = block;
  const { exchange, imported } = scope.module;
  const { body } = emitter;
  const args = [...registersIn(helperArguments(id))].map(register => ({ register, value: use(block.get(register)) }));
  const result = effectValue('i64');
  block.set(0, result);
  block.effect(() => {
    for (const { register, value } of args) {
      body.i32(exchange);
      emitter.push(value);
      body.memory(OP['i64.store'], exchangeOffset(register));
    }
    block.saveFuel();
    body.i32(id);
    body.i32(pc);
    body.get(emitter.frame);
    body.call(imported.functions.helper);
    body.i32(exchange);
    body.memory(OP['i64.load'], exchangeOffset(0));
    emitter.bind(result);
    block.loadFuel();
  });
}

/** Looks a value up in an array: the index against the bound, then arithmetic. */
function lookUp(map: InlineArray, block: BlockBuilder): void {
  const index = block.load(OP['i32.load'], block.access(block.get(2), 0, 4, false), 'i32');
  const inside = compare('i32.lt_u', index, const32(map.maxEntries));
  const offset = scaled(index, map.stride);
  const { cpuStride } = map;
  const own = cpuStride === undefined ? offset : binary('i32.add', offset, scaled(currentCpu(block), cpuStride));
  const pointer = binary('i64.add', zeroExtend(own), const64(map.values, KERNEL_TAG));
  block.set(0, block.select(inside, pointer, const64(0, 0)));
}

const scaled = (index: Value, size: number): Value => (size === 1 ? index : binary('i32.mul', index, const32(size)));

function currentCpu(block: BlockBuilder): Value {
  const cpu = effectValue('i32');
  block.effect(() => {
    block.emitter.body.index(OP['global.get'], block.scope.module.imported.globals.cpu);
    block.emitter.bind(cpu);
  });
  return cpu;
}

/** Goes over to another program in the same frame, or on where there is none or one too many. */
export function tailCall(block: BlockBuilder): void {
  const { emitter, scope } = block;
  const { module } = scope;
  const { body } = emitter;
  const { globals } = module.imported;
  const address = constantMap(block, 2);
  const map = address === undefined ? undefined : module.options.inlineMap(address);
  const context = forced(block, block.get(1));
  const pushTarget = map?.kind === 'prog_array' ? slotTarget(map, block) : engineTarget(block);
  block.effect(() => {
    const place = emitter.temporary('i32');
    pushTarget();
    body.tee(place);
    body.if();
    body.index(OP['global.get'], globals.tailCalls);
    body.i32(MAX_TAIL_CALL_CNT);
    body.op(OP['i32.lt_u']);
    body.if();
    // Only a call that finds a program counts.
    body.index(OP['global.get'], globals.tailCalls);
    body.i32(1);
    body.op(OP['i32.add']);
    body.index(OP['global.set'], globals.tailCalls);
    emitter.push(context);
    body.get(emitter.frame);
    block.saveFuel();
    body.get(place);
    body.callIndirect(OP.return_call_indirect, module.programType);
    body.end();
    body.end();
  });
}

/** Pushes the place of the program that r3 selects in a prog array, 0 where there is none. */
function slotTarget({ slots, maxEntries }: InlineProgArray, block: BlockBuilder): () => void {
  const { emitter } = block;
  const { body } = emitter;
  const index = forced(block, block.low(3));
  const inside = forced(block, compare('i32.lt_u', index, const32(maxEntries)));
  const address = forced(block, binary('i32.add', binary('i32.shl', index, const32(2)), const32(slots)));
  return () => {
    emitter.push(inside);
    body.if('i32');
    emitter.push(address);
    body.memory(OP['i32.load'], 0);
    body.else();
    body.i32(0);
    body.end();
  };
}

/** Asks the engine for the same. */
function engineTarget(block: BlockBuilder): () => void {
  const { emitter, scope, pc } = block;
  const map = block.get(2);
  const operands = [wrap(map), highHalf(map), block.low(3)].map(operand => forced(block, operand));
  return () => {
    for (const operand of operands) emitter.push(operand);
    emitter.body.i32(pc);
    emitter.body.call(scope.module.imported.functions.tailCall);
  };
}

/** A legacy packet load. Where the packet does not have it the function returns 0. */
export function loadPacket(row: PacketRow, insn: Instruction, block: BlockBuilder): void {
  const { emitter, scope } = block;
  const { module } = scope;
  const { body } = emitter;
  const { pc } = block;
  const immediate = const32(insn.imm);
  const offset = use(row.mode === 'ind' ? binary('i32.add', block.low(insn.src), immediate) : immediate);
  const result = effectValue('i32');
  block.set(0, zeroExtend(result));
  block.effect(() => {
    emitter.push(offset);
    body.i32(row.bits / 8);
    body.i32(pc);
    body.call(module.imported.functions.packet);
    body.op(OP['i32.eqz']);
    body.if();
    body.i64(0, 0);
    block.saveFuel();
    body.op(OP.return);
    body.end();
    body.i32(module.exchange);
    body.memory(OP['i32.load'], exchangeOffset(0));
    emitter.bind(result);
  });
}

/** An instruction that cannot be run: the engine says why when it is reached. */
export function refuse(block: BlockBuilder): void {
  const { emitter, scope } = block;
  const { pc } = block;
  block.effect(() => {
    emitter.body.i32(pc);
    emitter.body.get(emitter.frame);
    emitter.body.call(scope.module.imported.functions.refuse);
    emitter.body.op(OP.unreachable);
  });
}
