/**
 * What the commands of our kernel share: the machine, descriptors and ids, the maps that programs can reach, and the engine that runs
 * programs.
 */
import { createHelpers } from '../helpers/create.ts';
import { XdpHook } from '../hooks/xdp.ts';
import { Machine, type MachineOptions } from '../machine/machine.ts';
import { MapTable } from '../maps/map-table.ts';
import type { Fd } from '../sys/sys.ts';
import { type KernelProfile, kernelProfile } from '../uapi/profile.ts';
import { Interpreter, type InterpreterOptions } from '../vm/interpreter.ts';
import type { BtfKernelObject } from './btf-object.ts';
import type { MapKernelObject } from './map-object.ts';
import { FdTable, IdTable, type ObjectKind, type OpenFile } from './object.ts';
import type { ProgKernelObject } from './prog-object.ts';
import { slotReferences } from './references.ts';
import { refuse } from './refusal.ts';
import { tailCallTarget } from './tail-call.ts';

export interface KernelOptions extends MachineOptions, InterpreterOptions {
  /** Which Linux to be, `6.18` by default. */
  version?: string;
  /** Milliseconds of the host's clock, for the `duration` of test runs; `performance.now` by default. */
  hostClock?: () => number;
}

interface ObjectsByKind {
  map: MapKernelObject;
  prog: ProgKernelObject;
  btf: BtfKernelObject;
}

/** The state of one kernel. */
export class KernelCore implements Disposable {
  readonly profile: KernelProfile;
  readonly machine: Machine;
  readonly maps = new MapTable();
  readonly interpreter: Interpreter;
  readonly xdp: XdpHook;
  readonly fds = new FdTable();
  readonly references = slotReferences(this.fds);
  readonly ids: Readonly<Record<ObjectKind, IdTable>> = { map: new IdTable(), prog: new IdTable(), btf: new IdTable() };
  readonly hostClock: () => number;

  constructor(options: KernelOptions) {
    this.profile = kernelProfile(options.version);
    this.machine = new Machine(options);
    const linkage = {
      helper: createHelpers({ machine: this.machine, maps: this.maps }),
      tailCallTarget: (map: bigint, index: number) => tailCallTarget(this.maps, map, index),
    };
    this.interpreter = new Interpreter(this.machine.memory, this.machine.env, linkage, options);
    this.xdp = new XdpHook(this.machine.memory);
    this.hostClock = options.hostClock ?? (() => performance.now());
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
    this.interpreter[Symbol.dispose]();
    this.machine[Symbol.dispose]();
  }
}
