/** The engines of the bench: one row each. */
import { KernelSys } from '../src/kernel/kernel.ts';
import { bpfDenied } from '../src/linux/allowed.ts';
import { openLinux } from '../src/linux/linux.ts';
import type { Clock } from './clock.ts';
import type { Engine, Skipped } from './engine.ts';
import { openNative } from './native.ts';
import { TestRunEngine } from './test-run.ts';

interface EngineRow {
  /** What its runs pay for, beside the program. */
  readonly pays: string;
  open(clock: Clock): Engine | Skipped;
}

export const ENGINES = {
  jit: {
    pays: "WebAssembly's own bounds of memory, no other check (trust); a call from JavaScript for every run",
    open: clock => new TestRunEngine(new KernelSys({ engine: 'jit', trust: true }), clock),
  },
  checked: {
    pays: 'the same, a check of every access, and fuel for every instruction',
    open: clock => new TestRunEngine(new KernelSys({ engine: 'jit' }), clock),
  },
  interp: {
    pays: 'a check of every access, fuel for every instruction, a call from JavaScript for every run',
    open: clock => new TestRunEngine(new KernelSys({ engine: 'interp' }), clock),
  },
  linux: {
    pays: "the kernel's JIT with its mitigations, locks and per-CPU data for many CPUs, and about 26 ns of BPF_PROG_TEST_RUN's own for every run, which `empty` shows",
    open: openLiveKernel,
  },
  native: {
    pays: 'nothing: cc -O2, helpers are C functions, one thread, no check that the program does not make itself, one call through a pointer for every run',
    open: openNative,
  },
} as const satisfies Record<string, EngineRow>;

export type EngineName = keyof typeof ENGINES;

/** The names, in the order of the report. */
export const ENGINE_NAMES: readonly EngineName[] = Object.keys(ENGINES) as EngineName[]; // its keys are its keys

/** The engines that run unless others are named. */
export const DEFAULT_ENGINES: readonly EngineName[] = ENGINE_NAMES.filter(name => name !== 'checked');

/** Whether there is an engine of this name. */
export function isEngineName(name: string): name is EngineName {
  return Object.hasOwn(ENGINES, name);
}

function openLiveKernel(clock: Clock): Engine | Skipped {
  const denied = bpfDenied();
  return denied === undefined ? new TestRunEngine(openLinux(), clock) : { skipped: denied };
}
