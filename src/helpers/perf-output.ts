/** bpf_perf_event_output (kernel/trace/bpf_trace.c; of packets: net/core/filter.c). */
import { isPacketContext } from '../machine/packet-context.ts';
import { PerfEvent, type SamplePart } from '../machine/perf-event.ts';
import { ERRNO } from '../uapi/errno.ts';
import { PERF_FLAGS } from '../uapi/flags.ts';
import type { HelperBodies, HelperWorld } from './bind.ts';

const { BPF_F_CTXLEN_MASK, BPF_F_INDEX_MASK, BPF_F_CURRENT_CPU } = PERF_FLAGS;

/** The helper that writes to perf events. */
export function perfOutputHelpers({ machine: { env } }: HelperWorld): HelperBodies {
  return {
    perf_event_output({ context: running }, _context, map, flags, data, size) {
      const packet = isPacketContext(running) ? running : undefined;
      if ((flags & ~(packet === undefined ? BPF_F_INDEX_MASK : BPF_F_CTXLEN_MASK | BPF_F_INDEX_MASK)) !== 0n)
        return -ERRNO.EINVAL;
      const packetBytes = Number((flags & BPF_F_CTXLEN_MASK) >> 32n);
      if (packet !== undefined && packetBytes > packet.length) return -ERRNO.EFAULT;
      const index = flags & BPF_F_INDEX_MASK;
      const slot = index === BPF_F_CURRENT_CPU ? env.cpu : Number(index);
      if (slot >= map.attributes.maxEntries) return -ERRNO.E2BIG;
      const event = map.slot?.(slot)?.object;
      if (!(event instanceof PerfEvent)) return -ERRNO.ENOENT;
      if (event.cpu !== env.cpu) return -ERRNO.EOPNOTSUPP;
      const parts: SamplePart[] = [{ address: data, size }];
      packet?.pieces(0, packetBytes, (address, length) => parts.push({ address, size: length }));
      return event.output(parts);
    },
  };
}
