/** The guest memory of a map: regions by role. */
import { ERRNO } from '../uapi/errno.ts';
import type { GuestMemory, Region, RegionSpec } from '../vm/memory.ts';
import { type MapAttributes, type Refusal, refusal } from './map.ts';

/** What a map type needs of guest memory, by role; `name` is made from it. */
export type RegionRequest = Omit<RegionSpec, 'name'>;

/**
 * Allots the regions of a map, all or none. The name of one is that of the map and its role, the role `values` apart.
 */
export function allotRegions<Role extends string>(
  memory: GuestMemory,
  map: MapAttributes,
  requests: Readonly<Record<Role, RegionRequest>>,
): Readonly<Record<Role, Region>> | Refusal {
  const regions: Partial<Record<Role, Region>> = {};
  const label = `map ${map.name === '' ? map.type : map.name}`;
  for (const role in requests) {
    const name = role === 'values' ? label : `${label} ${role}`;
    const region = memory.allot({ name, ...requests[role] });
    if (region === undefined) {
      for (const done in regions) memory.release(regions[done] as Region);
      return refusal(ERRNO.ENOMEM, `${label}: no room for ${requests[role].size} bytes of ${role}`);
    }
    regions[role] = region;
  }
  return regions as Record<Role, Region>; // every role has been visited
}
