/**
 * What the commands of our kernel share: the machine, descriptors and ids, the maps that programs can reach, and the engine that runs
 * programs.
 */
import { createHelpers } from '../helpers/create.ts';
import { FlowDissectorHook } from '../hooks/flow-dissector.ts';
import { SkbHook } from '../hooks/skb.ts';
import { XdpHook } from '../hooks/xdp.ts';
import type { JitEngine } from '../jit/engine.ts';
import { Machine, type MachineOptions } from '../machine/machine.ts';
import { MapTable } from '../maps/map-table.ts';
import type { Fd } from '../sys/sys.ts';
import { type KernelProfile, kernelProfile } from '../uapi/profile.ts';
import type { Engine } from '../vm/engine.ts';
import type { HookContext } from '../vm/env.ts';
import { Interpreter } from '../vm/interpreter.ts';
import type { Program } from '../vm/program.ts';
import type { BtfKernelObject } from './btf-object.ts';
import { createJit, type EngineOptions } from './engine.ts';
import type { MapKernelObject } from './map-object.ts';
import { FdTable, IdTable, type ObjectKind, type OpenFile } from './object.ts';
import type { PerfEventKernelObject } from './perf-event-object.ts';
import type { ProgKernelObject } from './prog-object.ts';
import { slotReferences } from './references.ts';
import { refuse } from './refusal.ts';
import { tailCallTarget } from './tail-call.ts';

export interface KernelOptions extends MachineOptions, EngineOptions {
  /** Which Linux to be, `6.18` by default. */
  version?: string;
  /** Milliseconds of the host's clock, for the `duration` of test runs; `performance.now` by default. */
  hostClock?: () => number;
}

interface ObjectsByKind {
  map: MapKernelObject;
  prog: ProgKernelObject;
  btf: BtfKernelObject;
  perf_event: PerfEventKernelObject;
}

/** The state of one kernel. */
export class KernelCore implements Disposable {
  readonly profile: KernelProfile;
  readonly machine: Machine;
  readonly maps = new MapTable();
  readonly interpreter: Interpreter;
  readonly #jit: JitEngine | undefined;
  readonly xdp: XdpHook;
  readonly skb: SkbHook;
  readonly flowDissector: FlowDissectorHook;
  readonly fds = new FdTable();
  readonly references = slotReferences(this.fds, program => this.place(program));
  readonly ids: Readonly<Record<ObjectKind, IdTable>> = {
    map: new IdTable(),
    prog: new IdTable(),
    btf: new IdTable(),
    perf_event: new IdTable(),
  };
  readonly hostClock: () => number;

  constructor(options: KernelOptions) {
    this.profile = kernelProfile(options.version);
    this.machine = new Machine(options);
    const linkage = {
      helper: createHelpers({ machine: this.machine, maps: this.maps }),
      tailCallTarget: (map: bigint, index: number) => tailCallTarget(this.maps, map, index),
    };
    this.interpreter = new Interpreter(this.machine.memory, this.machine.env, linkage, options);
    this.#jit = options.engine === 'interp' ? undefined : createJit(this.machine, this.maps, linkage, options);
    this.xdp = new XdpHook(this.machine);
    this.skb = new SkbHook(this.machine.memory);
    this.flowDissector = new FlowDissectorHook(this.machine.memory);
    this.hostClock = options.hostClock ?? (() => performance.now());
  }

  /** Runs a program over a context `times` times in a row; gives the low half of the last r0, unsigned. @throws VmFault. */
  runNumber(program: Program, context: HookContext, times = 1): number {
    return this.#engine.runNumber(program, context, times);
  }

  /** Number of a program in the table that compiled code tail-calls through, 0 where programs are interpreted. */
  place(program: Program): number {
    return this.#jit?.place(program) ?? 0;
  }

  /** Forgets what an engine made of a program. */
  forget(program: Program): void {
    this.#jit?.release(program);
  }

  /** Whether the next run is the interpreter's: by choice, or because somebody watches single steps. */
  get interprets(): boolean {
    return this.#jit === undefined || this.interpreter.onStep !== undefined;
  }

  get #engine(): Engine {
    return this.#jit === undefined || this.interpreter.onStep !== undefined ? this.interpreter : this.#jit;
  }

  /** The open file behind a descriptor that must be of one kind: EBADF where nothing is open, EINVAL where it is something else. */
  file<K extends ObjectKind>(fd: Fd | undefined, kind: K): OpenFile & { readonly object: ObjectsByKind[K] } {
    const file = this.fds.get(fd ?? 0);
    if (file === undefined) return refuse('EBADF', `file descriptor ${fd ?? 0} is not open`);
    if (file.object.kind !== kind)
      return refuse('EINVAL', `file descriptor ${fd} is a ${file.object.kind}, not a ${kind}`);
    return file as OpenFile & { readonly object: ObjectsByKind[K] }; // `kind` tells the class
  }

  /** The object behind a descriptor. */
  object<K extends ObjectKind>(fd: Fd | undefined, kind: K): ObjectsByKind[K] {
    return this.file(fd, kind).object;
  }

  [Symbol.dispose](): void {
    this.fds.closeAll();
    this.xdp[Symbol.dispose]();
    this.skb[Symbol.dispose]();
    this.flowDissector[Symbol.dispose]();
    this.#jit?.[Symbol.dispose]();
    this.interpreter[Symbol.dispose]();
    this.machine[Symbol.dispose]();
  }
}
