/** The two kernels of differential tests: ours, and the live one where bpf(2) may be used. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { KernelSys } from '../../src/kernel/kernel.ts';
import { bpfDenied } from '../../src/linux/allowed.ts';
import { openLinux } from '../../src/linux/linux.ts';
import { Kernel } from '../../src/loader/kernel.ts';

/** Why the live kernel cannot be asked, if it cannot. */
export const linuxSkip: string | undefined = bpfDenied();

/** The CPUs that this process may run on, in taskset's notation. */
function affinity(): string {
  const status = readFileSync('/proc/self/status', 'utf8');
  return /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '0';
}

/**
 * Keeps every thread of this process on CPU 0 until disposed: what a program sees of its CPU, and which slot of per-CPU data it
 * touches, is then the same on both kernels.
 */
export function onCpu0(): Disposable {
  const before = affinity();
  const pin = (cpus: string): void => {
    execFileSync('taskset', ['-acp', cpus, String(process.pid)], { stdio: 'ignore' });
  };
  pin('0');
  return { [Symbol.dispose]: () => pin(before) };
}

/** Ours, with as many CPUs as the live one can have, and the live one. */
export function bothKernels(): { sim: Kernel; linux: Kernel } & Disposable {
  const linux = new Kernel(openLinux());
  const sim = new Kernel(new KernelSys({ cpus: linux.sys.possibleCpus }));
  return {
    sim,
    linux,
    [Symbol.dispose]() {
      sim[Symbol.dispose]();
      linux[Symbol.dispose]();
    },
  };
}
