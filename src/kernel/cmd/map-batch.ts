/** The batch commands of bpf(2): many elements by one call. */
import { type BatchCommand, runBatch } from '../../maps/batch.ts';
import type { MapBatchAttr } from '../../sys/attr.gen.ts';
import type { KernelCore } from '../core.ts';
import { CommandRefusal, refuse } from '../refusal.ts';
import { accessibleMap } from './map-elem.ts';

/** What each command does to the map. */
const ACCESS = {
  map_lookup_batch: 'read',
  map_lookup_and_delete_batch: 'read_write',
  map_update_batch: 'write',
  map_delete_batch: 'write',
} as const satisfies Record<BatchCommand, string>;

/** The function of a batch command; `count` is written back where the kernel writes it. */
export function mapBatch(command: BatchCommand): (kernel: KernelCore, attr: MapBatchAttr) => number {
  return (kernel, attr) => {
    const { map } = accessibleMap(kernel, attr.map_fd, ACCESS[command]);
    const count = attr.count ?? 0;
    const keys = attr.keys ?? new Uint8Array(0);
    const values = attr.values ?? new Uint8Array(0);
    if (keys.length < count * map.attributes.keySize)
      return refuse('EFAULT', `keys: ${keys.length} bytes, too few for ${count}`);
    if (command !== 'map_delete_batch' && values.length < count * map.userValueSize) {
      return refuse('EFAULT', `values: ${values.length} bytes, too few for ${count}`);
    }
    const { result, count: done } = runBatch(map, command, {
      inBatch: attr.in_batch,
      outBatch: attr.out_batch,
      keys,
      values,
      count,
      elemFlags: attr.elem_flags ?? 0n,
      flags: attr.flags ?? 0n,
    });
    if (done !== undefined) attr.count = done;
    if (result < 0) throw new CommandRefusal(-result, map.why);
    return result;
  };
}
