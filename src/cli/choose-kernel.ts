/** `--kernel`: which kernel a command speaks to. */
import type { Kernel } from '../loader/kernel.ts';
import { openKernel } from '../node/open-kernel.ts';
import { SimKernel } from '../sim/sim-kernel.ts';
import { parseKernelVersion } from '../uapi/profile.ts';
import type { Options } from './commands.ts';
import { UsageError } from './invocation.ts';

/**
 * Opens the kernel that the options ask for; ours unless they ask for another.
 * @throws {UsageError} for a word that names none; BpfError where the kernel cannot be had.
 */
export async function chooseKernel({ kernel = 'sim', engine, packet, trust, seed, cpus }: Options): Promise<Kernel> {
  if (kernel === 'linux') {
    for (const [name, value] of Object.entries({ engine, trust, seed, cpus })) {
      if (value !== undefined)
        throw new UsageError(`option --${name} ${value}: --kernel linux is what it is, want --kernel sim`);
    }
    return openKernel('linux');
  }
  const version = kernel === 'sim' ? undefined : parseKernelVersion(kernel);
  if (kernel !== 'sim' && version === undefined) {
    throw new UsageError(`option --kernel ${kernel}: want sim, linux or a release such as 6.18`);
  }
  if (engine !== undefined && engine !== 'jit' && engine !== 'interp') {
    throw new UsageError(`option --engine ${engine}: want jit or interp`);
  }
  return new SimKernel({
    ...(version && { version }),
    engine: engine ?? (packet === undefined ? 'jit' : 'interp'),
    ...(trust && { trust }),
    ...(seed && { seed }),
    ...(cpus && { cpus }),
  });
}

/** What a kernel calls itself: `sim 6.18`, `linux 6.18.44`. */
export function describeKernel(kernel: Kernel): string {
  return [kernel.kind, kernel.facts.version].filter(Boolean).join(' ');
}
