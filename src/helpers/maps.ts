/** Helpers over maps: lookup, update, delete, push, pop, peek, another CPU's value. */
import type { MapObject } from '../maps/map.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import { AccessRefusal } from '../vm/fault.ts';
import type { HelperBodies, HelperWorld } from './bind.ts';

/** Refuses what the verifier refuses where programs may only read a map. */
function checkWritable(map: MapObject, helper: string): void {
  const { flags, name } = map.attributes;
  if ((flags & MAP_FLAGS.BPF_F_RDONLY_PROG) === 0) return;
  throw new AccessRefusal('read_only', `bpf_${helper}: map ${name} is read-only for programs`);
}

/** An operation that the map's type has; a verified program calls no other. */
function operation<T>(map: MapObject, helper: string, method: T | undefined): T {
  if (method !== undefined) return method;
  throw new AccessRefusal(
    'bad_argument',
    `bpf_${helper}: not for map ${map.attributes.name} of type ${map.attributes.type}`,
  );
}

/** The helpers over maps. */
export function mapHelpers(world: HelperWorld): HelperBodies {
  const { env } = world.machine;
  return {
    map_lookup_elem: (_call, map, key) => map.lookup(key),
    map_update_elem(_call, map, key, value, flags) {
      checkWritable(map, 'map_update_elem');
      return map.update(key, value, flags);
    },
    map_delete_elem(_call, map, key) {
      checkWritable(map, 'map_delete_elem');
      return map.delete(key);
    },
    map_push_elem(_call, map, value, flags) {
      checkWritable(map, 'map_push_elem');
      return operation(map, 'map_push_elem', map.push).call(map, value, flags);
    },
    map_pop_elem(_call, map, value) {
      checkWritable(map, 'map_pop_elem');
      return operation(map, 'map_pop_elem', map.pop).call(map, value);
    },
    map_peek_elem: (_call, map, value) => operation(map, 'map_peek_elem', map.peek).call(map, value),
    map_lookup_percpu_elem(_call, map, key, cpu) {
      const lookup = operation(map, 'map_lookup_percpu_elem', map.lookupOnCpu);
      const wanted = Number(cpu & 0xffff_ffffn);
      return wanted < env.cpus ? lookup.call(map, key, wanted) : 0;
    },
  };
}
