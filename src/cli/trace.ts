/** `--trace`: each C line when it changes, each instruction, and the registers that it changed. */
import type { SimKernel, Step } from '../sim/sim-kernel.ts';
import { hex64 } from '../util/int64.ts';
import { formatPlace } from './listing.ts';
import type { Programs } from './programs.ts';
import type { Terminal } from './terminal.ts';

/** Column that changed registers start in. */
const REGISTERS_AT = 56;

/** Prints the runs of a kernel while they happen. */
export class Tracer {
  readonly #kernel: SimKernel;
  readonly #programs: Programs;
  readonly #terminal: Terminal;
  readonly #before = new BigUint64Array(11);
  /** The instruction under way: what it changes shows when the next one starts. */
  #pending: { program: string; pc: number; depth: number } | undefined;
  #place = '';

  constructor(kernel: SimKernel, programs: Programs, terminal: Terminal) {
    this.#kernel = kernel;
    this.#programs = programs;
    this.#terminal = terminal;
    kernel.onStep = step => this.#step(step);
  }

  /** Says that a run starts. */
  begin(heading: string): void {
    this.#place = '';
    this.#terminal.print(`${this.#terminal.style('bold', heading)}\n`);
  }

  /** Says that the run has ended: shows what its last instruction did, and what came of it. */
  end(outcome: string): void {
    this.#flush(this.#kernel.registers ?? new BigUint64Array(0));
    this.#terminal.print(`${this.#terminal.style('bold', `→ ${outcome}`)}\n\n`);
  }

  #step({ program, pc, depth, registers }: Step): void {
    this.#flush(registers);
    this.#showPlace(program, pc);
    this.#before.set(registers);
    this.#pending = { program, pc, depth };
  }

  #showPlace(program: string, pc: number): void {
    const listing = this.#programs.loaded(program);
    const line = listing?.lineOf(pc);
    if (line === undefined) return;
    const place = `${formatPlace(line)}: ${line.text.trim()}`;
    if (place === this.#place) return;
    this.#place = place;
    this.#terminal.print(`${this.#terminal.style('cyan', place)}\n`);
  }

  #flush(registers: BigUint64Array): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    const text = this.#programs.loaded(pending.program)?.at(pending.pc) ?? pending.program;
    const head = `${' '.repeat(2 * pending.depth)}${String(pending.pc).padStart(6)}: ${text}`;
    const changed: string[] = [];
    for (let i = 0; i < registers.length; i++) {
      const value = registers[i] as bigint;
      if (value !== this.#before[i]) changed.push(`r${i}=${hex64(value)}`);
    }
    const tail = changed.length === 0 ? '' : this.#terminal.style('green', changed.join(' '));
    this.#terminal.print(`${tail === '' ? head : `${head.padEnd(REGISTERS_AT)} ${tail}`}\n`);
  }
}
