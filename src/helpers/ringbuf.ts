/** Helpers over ring buffers. Follows kernel/bpf/ringbuf.c. */
import type { MapObject } from '../maps/map.ts';
import type { HelperCall } from '../vm/call.ts';
import { AccessRefusal } from '../vm/fault.ts';
import { linearAddress } from '../vm/pointer.ts';
import type { HelperBodies, HelperWorld } from './bind.ts';

/** An operation of ring buffers; a verified program names no other map. */
function ring<T>(map: MapObject, helper: string, method: T | undefined): T {
  if (method !== undefined) return method;
  const { name, type } = map.attributes;
  throw new AccessRefusal('bad_argument', `bpf_${helper}: not for map ${name} of type ${type}`);
}

/** The helpers over ring buffers. */
export function ringbufHelpers({ maps }: HelperWorld): HelperBodies {
  const commit = (
    { memory }: HelperCall,
    helper: string,
    sample: bigint,
    flags: bigint,
    discard: boolean,
  ): undefined => {
    const address = linearAddress(sample);
    const map = maps.get(memory.regionAt(address)?.base ?? 0);
    if (map?.commit?.(address, flags, discard) === true) return undefined;
    const where = memory.formatPointer(sample);
    throw new AccessRefusal('bad_argument', `bpf_${helper}: argument 1: ${where} is no reserved record`, sample);
  };
  return {
    ringbuf_output: (_call, map, data, size, flags) =>
      ring(map, 'ringbuf_output', map.output).call(map, data, size, flags),
    ringbuf_reserve: (_call, map, size, flags) =>
      flags === 0n ? ring(map, 'ringbuf_reserve', map.reserve).call(map, BigInt(size)) : 0,
    ringbuf_submit: (call, sample, flags) => commit(call, 'ringbuf_submit', sample, flags, false),
    ringbuf_discard: (call, sample, flags) => commit(call, 'ringbuf_discard', sample, flags, true),
    ringbuf_query: (_call, map, what) => ring(map, 'ringbuf_query', map.query).call(map, what),
  };
}
