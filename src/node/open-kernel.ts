/** Choosing a kernel at run time: the real one, or ours. */
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { gunzipSync } from 'node:zlib';
import type { KernelFacts } from '../loader/kconfig.ts';
import { Kernel } from '../loader/kernel.ts';
import { SimKernel, type SimKernelOptions } from '../sim/sim-kernel.ts';

/** Which kernel to open: ours, the real one, or `auto`: the real one where bpf(2) may be used, else ours. */
export type KernelChoice = 'auto' | 'sim' | 'linux';

/**
 * Opens a kernel; `options` are those of ours.
 * @example const kernel = await openKernel('auto'); // kernel.kind tells which it is
 * @throws {BpfError} when `linux` is asked for and this machine or process cannot reach it.
 */
export async function openKernel(choice: 'sim', options?: SimKernelOptions): Promise<SimKernel>;
export async function openKernel(choice?: KernelChoice, options?: SimKernelOptions): Promise<Kernel>;
export async function openKernel(choice: KernelChoice = 'auto', options: SimKernelOptions = {}): Promise<Kernel> {
  if (choice === 'sim') return new SimKernel(options);
  // Loaded only where it is wanted: it brings the native module.
  const [{ bpfDenied }, { openLinux }] = await Promise.all([
    import('../linux/allowed.ts'),
    import('../linux/linux.ts'),
  ]);
  if (choice === 'auto' && bpfDenied() !== undefined) return new SimKernel(options);
  return new Kernel(openLinux(), linuxFacts());
}

/** What Linux says of itself; the configuration is read when somebody asks. */
function linuxFacts(): KernelFacts {
  return {
    version: release(),
    get kconfig() {
      return readKconfig();
    },
  };
}

function readKconfig(): string | undefined {
  try {
    return gunzipSync(readFileSync('/proc/config.gz')).toString();
  } catch {
    // Not every kernel carries its configuration; distributions install it beside the image.
  }
  try {
    return readFileSync(`/boot/config-${release()}`, 'utf8');
  } catch {
    return undefined;
  }
}
