/** All helpers of our kernel, as an engine calls them. */
import type { HelperFunction } from '../vm/call.ts';
import { bindHelpers, type HelperBodies, type HelperWorld } from './bind.ts';
import { csumHelpers } from './csum.ts';
import { lockHelpers } from './lock.ts';
import { loopHelpers } from './loop.ts';
import { mapHelpers } from './maps.ts';
import { printHelpers } from './print.ts';
import { probeHelpers } from './probe.ts';
import { stringHelpers } from './strings.ts';
import { timeRandomHelpers } from './time-random.ts';
import { xdpHelpers } from './xdp.ts';

const FAMILIES: readonly ((world: HelperWorld) => HelperBodies)[] = [
  mapHelpers,
  timeRandomHelpers,
  printHelpers,
  xdpHelpers,
  csumHelpers,
  stringHelpers,
  loopHelpers,
  lockHelpers,
  probeHelpers,
];

/** The helpers of one kernel by number; undefined for what it does not have. */
export function createHelpers(world: HelperWorld): (id: number) => HelperFunction | undefined {
  const bound = bindHelpers(
    world,
    FAMILIES.map(family => family(world)),
  );
  return id => bound.get(id);
}
