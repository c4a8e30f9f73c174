/**
 * Random XDP programs that a verifier would take: every register is written before it is read, every loop is counted, packets are
 * looked at behind a check of their end, map values behind one for NULL. They end with all that they computed in a map, so that no
 * difference stays inside.
 */
import { encode } from '../asm/codec.ts';
import { memoryBits } from '../asm/insn.ts';
import { randomPacket } from '../packet/random-packet.ts';
import type { Random } from '../util/random.ts';
import { Emitter, type Label } from './emitter.ts';
import { Frame, type Pointer, STACK_BOTTOM, STACK_DATA } from './frame.ts';
import { HELPER_STEPS, lookUp, tailCall } from './helper-steps.ts';
import {
  ATOMIC_ROWS,
  CONDITION_ROWS,
  LOAD_ROWS,
  PLAIN_LOAD_ROWS,
  randomImm,
  randomImm64,
  STORE_ROWS,
  takesRegister,
} from './operands.ts';
import type { Question, QuestionMap } from './question.ts';
import { randomMaps, TAIL_CALLS } from './random-maps.ts';

/** Longest packet: what programs look at lies in front. */
const MAX_PACKET = 160;
/** Two ways lead out of each loop. */
const MAX_EXITS = 4;
/** Offsets in `struct xdp_md`. */
const XDP_MD = { data: 0, dataEnd: 4, ingressIfindex: 12, rxQueueIndex: 16 } as const;

/** A question about a random program. The same generator state gives the same question. */
export function verifiableQuestion(random: Random): Question {
  const maps = randomMaps(random);
  const hasTailCalls = random.oneIn(3);
  const program = encode(new Writer(random, maps, hasTailCalls).write());
  return {
    program,
    maps: hasTailCalls ? [...maps, TAIL_CALLS] : maps,
    packet: randomPacket(random, { maxLength: MAX_PACKET }),
  };
}

/** A subprogram that is to be written. */
interface Subprogram {
  readonly label: Label;
  /** Numbers that it takes, from r2 on. */
  readonly numbers: number;
  /** Bytes of its caller's stack that r5 points to, 0 for none. */
  readonly memory: number;
  /** Verifiers refuse functions that nobody calls. */
  isCalled: boolean;
}

class Writer {
  readonly #random: Random;
  readonly #maps: readonly QuestionMap[];
  /** Whether a prog array follows the maps. */
  readonly #hasTailCalls: boolean;
  readonly #code = new Emitter();
  /** The subprograms that the function being written may call: those behind it. */
  #callees: readonly Subprogram[];
  /** Steps that may still be written in the function. */
  #budget = 0;

  constructor(random: Random, maps: readonly QuestionMap[], hasTailCalls: boolean) {
    this.#random = random;
    this.#maps = maps;
    this.#hasTailCalls = hasTailCalls;
    this.#callees = Array.from({ length: random.pick([0, 0, 1, 2]) }, () => ({
      label: this.#code.label(),
      numbers: random.below(4),
      memory: 8 * random.pick([0, 1, 3]),
      isCalled: false,
    }));
  }

  write() {
    const subprograms = this.#callees;
    const entry = this.#function(undefined);
    this.#report(entry);
    subprograms.forEach((subprogram, i) => {
      if (!subprogram.isCalled) return;
      this.#callees = subprograms.slice(i + 1);
      const frame = this.#function(subprogram);
      this.#return(frame);
    });
    return this.#code.instructions();
  }

  #function(subprogram: Subprogram | undefined): Frame {
    const frame = new Frame(this.#random, this.#code, subprogram === undefined);
    if (subprogram !== undefined) this.#code.place(subprogram.label);
    frame.open(subprogram?.numbers ?? 0, subprogram?.memory ?? 0);
    this.#budget = this.#random.between(4, subprogram !== undefined ? 15 : this.#random.oneIn(10) ? 150 : 40);
    while (this.#budget > 0) this.#step(frame);
    return frame;
  }

  #steps(frame: Frame, most: number): void {
    for (let i = this.#random.between(1, most); i > 0 && this.#budget > 0; i--) this.#step(frame);
  }

  #step(frame: Frame): void {
    this.#budget--;
    const kind = this.#random.below(100);
    if (kind < 38) frame.compute();
    else if (kind < 55) this.#load(frame);
    else if (kind < 66) this.#store(frame);
    else if (kind < 72) this.#atomic(frame);
    else if (kind < 74) this.#constant(frame);
    else if (kind < 75) this.#length(frame);
    else if (kind < 81) this.#branch(frame);
    else if (kind < 82) this.#leave(frame);
    else if (kind < 85) this.#loop(frame);
    else if (kind < 89) this.#packet(frame);
    else if (kind < 93) this.#value(frame);
    else if (kind < 97) this.#random.pick(HELPER_STEPS)(frame, this.#maps);
    else if (kind < 98 && this.#hasTailCalls) tailCall(frame, this.#maps.length);
    else if (this.#callees.length > 0 && frame.exits.length < MAX_EXITS) this.#call(frame);
  }

  #constant(frame: Frame): void {
    const dst = frame.target();
    frame.emit('ld_imm64', { dst, imm64: randomImm64(this.#random) });
    frame.scalars.add(dst);
  }

  #load(frame: Frame): void {
    const dst = frame.target();
    if (this.#random.oneIn(10)) {
      const off = this.#random.pick([XDP_MD.ingressIfindex, XDP_MD.rxQueueIndex]);
      frame.loadContext(dst);
      frame.emit('ldx_mem_w', { dst, src: dst, off });
    } else {
      const row = this.#random.pick(LOAD_ROWS);
      const { base, off } = frame.place(row.bits / 8, { aligned: row.acquire, packet: !row.acquire });
      if (this.#random.oneIn(4)) {
        const delta = this.#random.below(64) - 32;
        frame.emit('mov64_x', { dst, src: base });
        frame.emit('add64_k', { dst, imm: delta });
        frame.emit(row.name, { dst, src: dst, off: off - delta });
      } else {
        frame.emit(row.name, { dst, src: base, off });
      }
    }
    frame.scalars.add(dst);
  }

  #store(frame: Frame): void {
    const row = this.#random.pick(STORE_ROWS);
    const value = takesRegister(row) ? { src: frame.number() } : { imm: randomImm(this.#random) };
    const { base, off } = frame.place(row.bits / 8, { aligned: row.release, packet: !row.release });
    frame.emit(row.name, { dst: base, off, ...value });
  }

  #atomic(frame: Frame): void {
    const row = this.#random.pick(ATOMIC_ROWS);
    if (row.op === 'cmpxchg' && !frame.scalars.has(0)) frame.writeNumber(0);
    const src = frame.number();
    const { base, off } = frame.place(memoryBits(row.opcode) / 8, { aligned: true, packet: false });
    frame.emit(row.name, { dst: base, off, src });
  }

  /** Writes a jump on numbers. */
  #condition(frame: Frame, to: Label): void {
    const row = this.#random.pick(CONDITION_ROWS);
    const dst = frame.number();
    const operand = takesRegister(row) ? { src: frame.number() } : { imm: randomImm(this.#random) };
    frame.emit(row.name, { dst, ...operand }, to);
  }

  /** Steps that a condition leaves out, or has others in their place; they may end the function. */
  #branch(frame: Frame): void {
    const otherwise = this.#code.label();
    const end = this.#code.label();
    this.#condition(frame, otherwise);
    const before = new Set(frame.scalars);
    this.#steps(frame, 5);
    const hasElse = this.#random.oneIn(2);
    const isLast = !hasElse && this.#random.oneIn(5);
    if (isLast) this.#return(frame);
    if (hasElse) frame.emit(this.#random.oneIn(2) ? 'ja' : 'gotol', {}, end);
    this.#code.place(otherwise);
    const after = isLast ? before : frame.scalars;
    frame.scalars = new Set(before);
    if (hasElse) this.#steps(frame, 4);
    this.#code.place(end);
    frame.keep(after);
  }

  #return(frame: Frame): void {
    frame.emit('mov64_x', { dst: 0, src: frame.number() });
    frame.emit('exit');
  }

  /** A jump out of a loop around, or to its next turn. */
  #leave(frame: Frame): void {
    const exit = frame.exits[this.#random.below(frame.exits.length)];
    if (exit === undefined) return;
    this.#condition(frame, exit.label);
    exit.numbers.push(new Set(frame.scalars));
  }

  /** Steps that run a number of times that is known, or fewer. */
  #loop(frame: Frame): void {
    if (frame.exits.length >= MAX_EXITS) return;
    const counter = frame.pin(undefined);
    if (counter === undefined) return;
    const start = this.#code.label();
    const next = { label: this.#code.label(), numbers: [] };
    const end = { label: this.#code.label(), numbers: [] };
    frame.emit('mov64_k', { dst: counter, imm: this.#random.between(1, 5) });
    this.#code.place(start);
    const before = new Set(frame.scalars);
    if (this.#random.oneIn(4)) frame.emit('may_goto', {}, end.label);
    frame.exits.push(end, next);
    this.#steps(frame, 6);
    frame.exits.length -= 2;
    this.#code.place(next.label);
    frame.land(next);
    for (const register of before) if (!frame.scalars.has(register)) frame.writeNumber(register);
    frame.emit('add64_k', { dst: counter, imm: -1 });
    frame.emit(this.#random.pick(['jne64_k', 'jne32_k', 'jsgt64_k', 'jgt64_k'] as const), { dst: counter }, start);
    this.#code.place(end.label);
    frame.unpin(counter);
    frame.scalars = before;
    frame.land(end);
    frame.scalars.add(counter);
  }

  /** Steps with a pointer in a register that calls leave alone; afterwards the register holds a number. */
  #with(frame: Frame, pointer: Pointer, open: (register: number, end: Label) => void): void {
    const register = frame.pin(pointer);
    if (register === undefined) return;
    const end = this.#code.label();
    open(register, end);
    const before = new Set(frame.scalars);
    this.#steps(frame, 6);
    if (this.#random.oneIn(2)) this.#atVariable(frame, register, pointer);
    this.#code.place(end);
    frame.unpin(register);
    frame.keep(before);
    frame.writeNumber(register);
  }

  /** Steps with the packet's first bytes. */
  #packet(frame: Frame): void {
    const size = this.#random.between(1, 64);
    this.#with(frame, { kind: 'packet', size }, (register, end) => {
      frame.take(3, 4, 5);
      frame.loadContext(3);
      frame.emit('ldx_mem_w', { dst: register, src: 3, off: XDP_MD.data });
      frame.emit('ldx_mem_w', { dst: 4, src: 3, off: XDP_MD.dataEnd });
      frame.emit('mov64_x', { dst: 5, src: register });
      frame.emit('add64_k', { dst: 5, imm: size });
      if (this.#random.oneIn(2)) frame.emit('jgt64_x', { dst: 5, src: 4 }, end);
      else frame.emit('jlt64_x', { dst: 4, src: 5 }, end);
    });
  }

  /** The packet's length: a number made of two pointers. */
  #length(frame: Frame): void {
    const dst = frame.target();
    frame.take(3);
    if (dst === 3) return;
    frame.loadContext(dst);
    frame.emit('ldx_mem_w', { dst: 3, src: dst, off: XDP_MD.data });
    frame.emit('ldx_mem_w', { dst, src: dst, off: XDP_MD.dataEnd });
    frame.emit('sub64_x', { dst, src: 3 });
    frame.scalars.add(dst);
  }

  /** Steps with a value of a map. */
  #value(frame: Frame): void {
    const index = this.#random.below(this.#maps.length);
    const map = this.#maps[index]!;
    this.#with(frame, { kind: 'value', size: map.valueSize }, (register, end) => {
      if (map.type === 'array' && map.maxEntries === 1 && this.#random.oneIn(2)) {
        frame.emit('ld_map_idx_value', { dst: register, imm64: BigInt(index) });
        return;
      }
      lookUp(frame, index, map);
      frame.take(0);
      frame.emit('jeq64_k', { dst: 0 }, end);
      frame.emit('mov64_x', { dst: register, src: 0 });
    });
  }

  /** A load from, or a store to, where a number says. */
  #atVariable(frame: Frame, register: number, { kind, size }: Pointer): void {
    const room = 8 << this.#random.below(3);
    const index = frame.number();
    frame.take(3, 4, 5);
    if (index <= 5 || (kind === 'value' && size < room + 7)) return;
    const end = this.#code.label();
    frame.emit('and64_k', { dst: index, imm: room - 1 });
    frame.emit('mov64_x', { dst: 5, src: register });
    frame.emit('add64_x', { dst: 5, src: index });
    if (kind === 'packet') {
      frame.loadContext(4);
      frame.emit('ldx_mem_w', { dst: 4, src: 4, off: XDP_MD.dataEnd });
      frame.emit('mov64_x', { dst: 3, src: 5 });
      frame.emit('add64_k', { dst: 3, imm: 8 });
      frame.emit('jgt64_x', { dst: 3, src: 4 }, end);
    }
    const before = new Set(frame.scalars);
    if (this.#random.oneIn(3)) {
      frame.emit('stx_mem_dw', { dst: 5, src: index });
    } else {
      const dst = frame.target();
      frame.emit(this.#random.pick(PLAIN_LOAD_ROWS).name, { dst, src: 5 });
      frame.scalars.add(dst);
    }
    this.#code.place(end);
    frame.keep(before);
  }

  #call(frame: Frame): void {
    const callee = this.#callees[this.#random.below(this.#callees.length)]!;
    const { label, numbers, memory } = callee;
    callee.isCalled = true;
    for (let register = 2; register < 2 + numbers; register++) {
      if (frame.scalars.has(register)) continue;
      frame.emit('mov64_x', { dst: register, src: frame.number() });
      frame.scalars.add(register);
    }
    if (memory > 0) {
      frame.emit('mov64_x', { dst: 5, src: 10 });
      frame.emit('add64_k', { dst: 5, imm: frame.stackOff(memory, 8) });
    }
    frame.loadContext(1);
    frame.emit('call_subprog', {}, label);
    frame.called();
  }

  /** Writes the end of the program: what registers and stack hold goes to the first map, a mixture of it to r0. */
  #report(frame: Frame): void {
    const end = this.#code.label();
    let off = STACK_BOTTOM;
    for (const register of frame.scalars) {
      frame.emit('stx_mem_dw', { dst: 10, src: register, off });
      off = off + 8 < STACK_BOTTOM + STACK_DATA ? off + 8 : STACK_BOTTOM;
    }
    // the key goes where the context was
    frame.emit('st_mem_w', { dst: 10, off: -8, imm: 0 });
    frame.emit('ld_map_idx', { dst: 1, imm64: 0n });
    frame.emit('mov64_x', { dst: 2, src: 10 });
    frame.emit('add64_k', { dst: 2, imm: -8 });
    frame.emit('call', { imm: 1 });
    frame.emit('jeq64_k', { dst: 0 }, end);
    for (let at = 0; at < STACK_DATA; at += 8) {
      frame.emit('ldx_mem_dw', { dst: 1, src: 10, off: STACK_BOTTOM + at });
      frame.emit('stx_mem_dw', { dst: 0, src: 1, off: at });
    }
    this.#code.place(end);
    frame.emit('ldx_mem_dw', { dst: 0, src: 10, off: STACK_BOTTOM });
    frame.emit('exit');
  }
}
