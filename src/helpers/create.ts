/** All helpers of our kernel, as an engine calls them. */
import type { HelperFunction } from '../vm/call.ts';
import { bindHelpers, type HelperFamily, type HelperWorld } from './bind.ts';
import { cgroupHelpers } from './cgroups.ts';
import { csumHelpers } from './csum.ts';
import { flowDissectorHelpers } from './flow-dissector.ts';
import { lockHelpers } from './lock.ts';
import { loopHelpers } from './loop.ts';
import { mapHelpers } from './maps.ts';
import { perfOutputHelpers } from './perf-output.ts';
import { printHelpers } from './print.ts';
import { probeHelpers } from './probe.ts';
import { ringbufHelpers } from './ringbuf.ts';
import { routeHelpers } from './routes.ts';
import { skbBytesHelpers } from './skb-bytes.ts';
import { skbCsumHelpers } from './skb-csum.ts';
import { skbHeaderHelpers } from './skb-headers.ts';
import { skbMetaHelpers } from './skb-meta.ts';
import { sockOpsHelpers } from './sock-ops.ts';
import { socketHelpers } from './sockets.ts';
import { stringHelpers } from './strings.ts';
import { taskHelpers } from './task.ts';
import { timeRandomHelpers } from './time-random.ts';
import { tracingHelpers } from './tracing.ts';
import { xdpHelpers } from './xdp.ts';

/** Bodies for every context first, then those of one kind of context. */
const FAMILIES: readonly HelperFamily[] = [
  { bodies: mapHelpers },
  { bodies: timeRandomHelpers },
  { bodies: printHelpers },
  { bodies: csumHelpers },
  { bodies: stringHelpers },
  { bodies: loopHelpers },
  { bodies: lockHelpers },
  { bodies: probeHelpers },
  { bodies: perfOutputHelpers },
  { bodies: ringbufHelpers },
  { bodies: taskHelpers },
  { bodies: socketHelpers },
  { bodies: cgroupHelpers },
  { bodies: routeHelpers },
  { bodies: tracingHelpers },
  { context: 'xdp_md', bodies: xdpHelpers },
  { context: '__sk_buff', bodies: skbBytesHelpers },
  { context: '__sk_buff', bodies: skbHeaderHelpers },
  { context: '__sk_buff', bodies: skbCsumHelpers },
  { context: '__sk_buff', bodies: skbMetaHelpers },
  { context: 'bpf_sock_ops', bodies: sockOpsHelpers },
  { context: 'flow_dissector', bodies: flowDissectorHelpers },
];

/** The helpers of one kernel by number; undefined for what it does not have. */
export function createHelpers(world: HelperWorld): (id: number) => HelperFunction | undefined {
  const bound = bindHelpers(world, FAMILIES);
  return id => bound.get(id);
}
