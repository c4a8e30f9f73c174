/** BPF_MAP_CREATE. */
import { createMap } from '../../maps/create.ts';
import type { MapAttributes } from '../../maps/map.ts';
import type { MapCreateAttr } from '../../sys/attr.gen.ts';
import { MAP_FLAGS } from '../../uapi/flags.ts';
import { mapTypeName } from '../../uapi/map-types.ts';
import type { BtfKernelObject } from '../btf-object.ts';
import type { KernelCore } from '../core.ts';
import { MapKernelObject } from '../map-object.ts';
import { checkObjectName } from '../name.ts';
import { CommandRefusal, refuse } from '../refusal.ts';
import { typedValueFields } from '../value-fields.ts';

/** Creates a map and gives a descriptor. */
export function mapCreate(kernel: KernelCore, attr: MapCreateAttr): number {
  const flags = attr.map_flags ?? 0;
  const readable = (flags & MAP_FLAGS.BPF_F_WRONLY) === 0;
  const writable = (flags & MAP_FLAGS.BPF_F_RDONLY) === 0;
  if (!readable && !writable) {
    return refuse('EINVAL', 'BPF_F_RDONLY and BPF_F_WRONLY together');
  }
  checkObjectName('map_name', attr.map_name);
  const hasTypes = (attr.btf_key_type_id ?? 0) !== 0 || (attr.btf_value_type_id ?? 0) !== 0;
  const btf = hasTypes ? kernel.object(attr.btf_fd, 'btf') : undefined;
  const attributes: MapAttributes = {
    type: mapTypeName(attr.map_type ?? 0),
    name: attr.map_name ?? '',
    keySize: attr.key_size ?? 0,
    valueSize: attr.value_size ?? 0,
    maxEntries: attr.max_entries ?? 0,
    flags,
    extra: attr.map_extra ?? 0n,
    numaNode: attr.numa_node,
    ...(btf === undefined ? { btf: undefined } : typed(btf, attr)),
  };
  const map = createMap(kernel.machine, attributes, kernel.references);
  if ('errno' in map) throw new CommandRefusal(map.errno, map.why);
  const object = new MapKernelObject(kernel.ids.map, kernel.maps, map, btf);
  return kernel.fds.open(object, { readable, writable });
}

/** The attributes that follow from the types of key and value. */
function typed(object: BtfKernelObject, attr: MapCreateAttr): Pick<MapAttributes, 'btf' | 'fields'> {
  const btf = { id: object.id, keyTypeId: attr.btf_key_type_id ?? 0, valueTypeId: attr.btf_value_type_id ?? 0 };
  if (btf.valueTypeId === 0) return refuse('EINVAL', 'btf_key_type_id without btf_value_type_id');
  return { btf, fields: typedValueFields(object.btf, btf, attr.key_size ?? 0, attr.value_size ?? 0) };
}
