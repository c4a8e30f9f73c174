/** `mmap` of a kernel's descriptors: arrays created with BPF_F_MMAPABLE, ring buffers, perf events. */
import type { MapMapping } from '../maps/map.ts';
import type { Fd, Mapping } from '../sys/sys.ts';
import { GUEST_PAGE } from '../vm/memory.ts';
import type { KernelCore } from './core.ts';
import type { MapKernelObject } from './map-object.ts';
import type { KernelObject } from './object.ts';
import { refuse } from './refusal.ts';

interface MmapOptions {
  readonly writable: boolean;
  readonly offset?: number;
}

/** Maps what a descriptor lets its user see: the mapping reads and writes the guest memory itself. */
export function mapMemory(kernel: KernelCore, fd: Fd, length: number, options: MmapOptions): Mapping {
  if (kernel.fds.get(fd)?.object.kind === 'perf_event') {
    const object = kernel.object(fd, 'perf_event');
    return mapped(kernel, object, checkRange(object.mapping(length), length, options), length, () => {});
  }
  const object = kernel.object(fd, 'map');
  const { mapping, attributes } = object.map;
  if (mapping === undefined) return refuse('EINVAL', `map ${attributes.name}: its type and flags give nothing to map`);
  const address = checkRange(mapping, length, options);
  return mapped(kernel, object, address, length, options.writable ? holdWritable(object) : () => {});
}

/** The linear address where a mapping begins, if it lies inside of what there is. */
function checkRange(mapping: MapMapping, length: number, { writable, offset = 0 }: MmapOptions): number {
  const what = `mmap of ${length} bytes at ${offset}`;
  if (writable && mapping.writable < mapping.size && offset + length > mapping.writable) {
    return refuse('EPERM', `${what} to be written: only the first ${mapping.writable} are`);
  }
  if (length <= 0 || offset % GUEST_PAGE !== 0 || offset + length > mapping.size) {
    return refuse('EINVAL', `${what}: there are ${mapping.size}, offsets are whole pages`);
  }
  return mapping.address + offset;
}

/** Counts a writable mapping of a map, which keeps it from being frozen; gives what ends that. */
function holdWritable(object: MapKernelObject): () => void {
  if (object.frozen) return refuse('EPERM', 'the map is frozen');
  object.writableMappings++;
  return () => {
    object.writableMappings--;
  };
}

function mapped(kernel: KernelCore, object: KernelObject, address: number, length: number, ended: () => void): Mapping {
  object.hold();
  let isMapped = true;
  return {
    get bytes() {
      if (!isMapped) throw new RangeError('the mapping was unmapped');
      return kernel.machine.memory.u8.subarray(address, address + length);
    },
    unmap() {
      if (!isMapped) return;
      isMapped = false;
      ended();
      object.release();
    },
  };
}
