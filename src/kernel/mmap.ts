/** `mmap` of a kernel's descriptors: arrays created with BPF_F_MMAPABLE. */
import type { Fd, Mapping } from '../sys/sys.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import { GUEST_PAGE } from '../vm/memory.ts';
import type { KernelCore } from './core.ts';
import { refuse } from './refusal.ts';

/** Maps a map's values: the mapping reads and writes the guest memory itself. */
export function mapMemory(
  kernel: KernelCore,
  fd: Fd,
  length: number,
  options: { writable: boolean; offset?: number },
): Mapping {
  const { object } = kernel.file(fd, 'map');
  const region = object.map.values;
  if (region === undefined || (object.map.attributes.flags & MAP_FLAGS.BPF_F_MMAPABLE) === 0)
    return refuse('EINVAL', `map ${object.map.attributes.name}: not created with BPF_F_MMAPABLE`);
  const offset = options.offset ?? 0;
  if (length <= 0 || offset % GUEST_PAGE !== 0 || offset + length > Math.ceil(region.size / GUEST_PAGE) * GUEST_PAGE) {
    return refuse(
      'EINVAL',
      `mmap of ${length} bytes at ${offset}: the map has ${region.size}, offsets are whole pages`,
    );
  }
  if (options.writable && object.frozen) return refuse('EPERM', 'the map is frozen');
  if (options.writable) object.writableMappings++;
  object.hold();
  let mapped = true;
  return {
    get bytes() {
      if (!mapped) throw new RangeError('the mapping was unmapped');
      const start = region.base + offset;
      return kernel.machine.memory.u8.subarray(start, start + length);
    },
    unmap() {
      if (!mapped) return;
      mapped = false;
      if (options.writable) object.writableMappings--;
      object.release();
    },
  };
}
