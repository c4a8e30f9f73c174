/**
 * Runs bare bytecode over bare memory, as the suite bpf_conformance wants it: r1 points to the memory (0 where there is none), r2 is
 * its length, r0 is the answer. No verifier is asked; maps and helpers are those of our kernel.
 */
import { decode, encode, type PlacedInstruction } from '../asm/codec.ts';
import { AsmError } from '../asm/error.ts';
import type { Instruction } from '../asm/insn.ts';
import { INSTRUCTIONS, type InstructionName } from '../asm/instructions.ts';
import { selectRow } from '../asm/match.ts';
import { createHelpers } from '../helpers/create.ts';
import { JitEngine } from '../jit/engine.ts';
import { mapCreate } from '../kernel/cmd/map-create.ts';
import { KernelCore } from '../kernel/core.ts';
import { isProgramRefusal, resolveProgram } from '../kernel/resolve.ts';
import { tailCallTarget } from '../kernel/tail-call.ts';
import type { Fd } from '../sys/sys.ts';
import { ByteWriter } from '../util/bytes.ts';
import { NotSupportedError } from '../util/error.ts';
import type { HookContext } from '../vm/env.ts';
import { VmFault } from '../vm/fault.ts';
import { Interpreter } from '../vm/interpreter.ts';
import type { Linkage, Program } from '../vm/program.ts';

/** Engines that can be measured, by name. */
export const CONFORMANCE_ENGINES = ['interp', 'jit'] as const;

/** The name of an engine. */
export type ConformanceEngine = (typeof CONFORMANCE_ENGINES)[number];

/** A map that a program uses. */
export interface ConformanceMap {
  /** `map_type`, as the kernel numbers it. */
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

/** What r1 and r2 tell a program of its memory. */
export type Entry = 'memory' | 'xdp_md';

/** A program and what it runs over. */
export interface ConformanceRun {
  readonly program: Uint8Array;
  readonly memory: Uint8Array;
  /** `xdp_md`: r1 points to a context whose `data` and `data_end` are the ends of the memory; `memory` unless said. */
  readonly entry?: Entry;
  /** Descriptors for `map_by_idx`, in order. */
  readonly maps?: readonly Fd[];
}

/** Most instructions that a case takes. */
const FUEL = 20_000_000;
/** sizeof(struct xdp_md). */
const XDP_MD_SIZE = 24;

const NO_FIELDS = { dst: 0, src: 0, off: 0, imm: 0 };

/** A kernel with one engine. */
export class ConformanceMachine implements Disposable {
  readonly #kernel = new KernelCore({});
  readonly #engine: Interpreter | JitEngine;
  readonly #counts: boolean;
  /** Rows whose instructions have run. */
  readonly executed = new Set<InstructionName>();

  /** `counts`: whether the interpreter fills `executed`. */
  constructor(engine: ConformanceEngine, { counts = false }: { counts?: boolean } = {}) {
    this.#counts = counts;
    const { machine, maps } = this.#kernel;
    const linkage: Linkage = {
      helper: createHelpers({ machine, maps }),
      tailCallTarget: (map, index) => tailCallTarget(maps, map, index),
    };
    if (engine === 'jit') {
      this.#engine = new JitEngine(machine.memory, machine.env, linkage, { fuelPerRun: FUEL });
    } else {
      this.#engine = new Interpreter(machine.memory, machine.env, linkage, { fuel: FUEL });
    }
  }

  /** Creates a map and gives its descriptor. */
  createMap({ type, keySize, valueSize, maxEntries }: ConformanceMap): Fd {
    return mapCreate(this.#kernel, {
      map_type: type,
      key_size: keySize,
      value_size: valueSize,
      max_entries: maxEntries,
    }) as Fd; // a command gives a descriptor or throws
  }

  /**
   * Runs a program and gives r0.
   * @throws AsmError where the bytes are no instructions; NotSupportedError where they cannot be run; VmFault where they do what no
   * verifier would let them do.
   */
  run({ program: bytes, memory: given, entry = 'memory', maps = [] }: ConformanceRun): bigint {
    const insns = decode(bytes);
    const { memory } = this.#kernel.machine;
    const region = memory.allot({ name: 'memory', size: given.length, access: 'read_write' });
    const context = memory.allot({ name: 'xdp_md', size: XDP_MD_SIZE, access: 'read' });
    if (region === undefined || context === undefined) throw new RangeError('guest memory is full');
    memory.write(region.base, given);
    memory.view.setUint32(context.base, region.base, true);
    memory.view.setUint32(context.base + 4, region.base + given.length, true);
    const start = given.length === 0 ? 0 : region.base;
    try {
      const hook = entry === 'xdp_md' ? { kind: 'xdp_md', address: context.base } : memoryContext(given, start);
      return this.#execute(insns, entry === 'xdp_md' ? 0 : given.length, maps, hook);
    } finally {
      memory.release(region);
      memory.release(context);
    }
  }

  [Symbol.dispose](): void {
    this.#engine[Symbol.dispose]();
    this.#kernel[Symbol.dispose]();
  }

  #execute(insns: readonly PlacedInstruction[], length: number, maps: readonly Fd[], context: HookContext): bigint {
    const fdArray = new ByteWriter();
    for (const fd of maps) fdArray.u32(fd);
    this.#load(insns, fdArray.take());
    // an engine starts with a pointer in r1 and no more: one instruction in front says the rest
    const entry = { ...NO_FIELDS, opcode: INSTRUCTIONS.mov64_k.opcode };
    const set = context.address === 0 ? { ...entry, dst: 1 } : { ...entry, dst: 2, imm: length };
    const program = this.#load([set, ...insns], fdArray.take());
    const engine = this.#engine;
    if (engine instanceof JitEngine) {
      const compiled = engine.compile(program);
      if (compiled.engine !== 'jit') throw new NotSupportedError('jit', compiled.why);
    } else if (this.#counts) {
      const names = new Map(insns.map(insn => [insn.slot + 1, selectRow(insn)?.name]));
      engine.onStep = ({ pc }) => {
        const name = names.get(pc);
        if (name !== undefined) this.executed.add(name);
      };
    }
    try {
      return engine.run(program, context);
    } catch (error) {
      if (!(error instanceof VmFault)) throw error;
      const { program, pc, reason, detail, address } = error;
      throw new VmFault({ program, pc: pc - 1, reason, detail, address });
    }
  }

  #load(insns: readonly Instruction[], fdArray: Uint8Array): Program {
    const resolved = resolveProgram(this.#kernel, { name: 'conformance', bytes: encode(insns), fdArray });
    if (isProgramRefusal(resolved)) throw new AsmError(undefined, 'bytes', resolved.why);
    return resolved.program;
  }
}

/** The memory as the program's context; legacy packet loads read it as a packet. */
function memoryContext(packet: Uint8Array, address: number): HookContext {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  return {
    kind: 'memory',
    address,
    readPacket: (offset, size) => {
      if (offset < 0 || offset + size > packet.length) return undefined;
      if (size === 1) return view.getUint8(offset);
      return size === 2 ? view.getUint16(offset) : view.getUint32(offset);
    },
  };
}
