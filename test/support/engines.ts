/** The engines that run programs, behind one face: every case of `test/engines.test.ts` runs on each of them. */
import { JitEngine } from '../../src/jit/engine.ts';
import type { HelperFunction } from '../../src/vm/call.ts';
import type { Env, HookContext } from '../../src/vm/env.ts';
import { Interpreter } from '../../src/vm/interpreter.ts';
import { GuestMemory } from '../../src/vm/memory.ts';
import type { Linkage, Program } from '../../src/vm/program.ts';

/** What runs programs. */
export interface Engine {
  run(program: Program, context: HookContext): bigint;
}

type CreateEngine = (memory: GuestMemory, env: Env, linkage: Linkage, fuel: number | undefined) => Engine;

export const ENGINES = {
  interp: (memory, env, linkage, fuel) => new Interpreter(memory, env, linkage, fuel === undefined ? {} : { fuel }),
  jit: (memory, env, linkage, fuel) =>
    new JitEngine(memory, env, linkage, fuel === undefined ? {} : { fuelPerRun: fuel }),
  'jit, unchecked': (memory, env, linkage) =>
    new JitEngine(memory, env, linkage, { isChecked: () => false, fuel: false }),
} as const satisfies Record<string, CreateEngine>;

export type EngineName = keyof typeof ENGINES;

export const ENGINE_NAMES = Object.keys(ENGINES) as EngineName[]; // a literal: no other keys

const ENV: Env = { cpus: 1, cpu: 0, monotonicNs: 0n, bootTimeNs: 0n, random: () => 4 };

/** What surrounds a program under test. */
export interface Bench {
  readonly helpers?: Readonly<Record<number, HelperFunction>>;
  readonly tailCalls?: Readonly<Record<number, Program>>;
  readonly fuel?: number;
  readonly context?: Partial<HookContext>;
  /** Bytes of the context, which can be written. */
  readonly bytes?: Uint8Array;
}

/** A kernel's worth of surroundings with one engine. The context is 16 bytes unless `bytes` says otherwise, 0xcafe the first four. */
export class TestBench {
  readonly memory = new GuestMemory();
  readonly context: HookContext;
  readonly engine: Engine;
  readonly #size: number;

  constructor(name: EngineName, { helpers, tailCalls, fuel, context, bytes }: Bench = {}) {
    this.#size = bytes?.length ?? 16;
    const region = this.memory.allot({ name: 'ctx', size: this.#size, access: 'read_write' })!;
    if (bytes === undefined) this.memory.view.setUint32(region.base, 0xcafe, true);
    else this.memory.write(region.base, bytes);
    this.context = { kind: 'test', address: region.base, ...context };
    const linkage: Linkage = { helper: id => helpers?.[id], tailCallTarget: (_map, index) => tailCalls?.[index] };
    this.engine = ENGINES[name](this.memory, ENV, linkage, fuel);
  }

  /** @throws Error where an engine that compiles would leave the program to the interpreter. */
  run(program: Program): bigint {
    if (this.engine instanceof JitEngine) {
      const compiled = this.engine.compile(program);
      if (compiled.engine !== 'jit') throw new Error(compiled.why);
    }
    return this.engine.run(program, this.context);
  }

  /** The context's bytes as runs have left them. */
  contextBytes(): Uint8Array {
    return this.memory.read(this.context.address, this.#size);
  }
}
