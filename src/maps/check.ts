/** What MAP_CREATE looks at for more than one map type. Limits are those of x86-64 with pages of 4 KiB. */
import { ERRNO, type ErrnoName } from '../uapi/errno.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import { formatMapFlags } from './flags.ts';
import { type MapAttributes, type Refusal, refusal } from './map.ts';

/** Most bytes of a kmalloc. */
export const KMALLOC_MAX_SIZE = 1 << 22;
/** Most bytes of a per-CPU value. */
export const PCPU_MIN_UNIT_SIZE = 32 << 10;

/** A refusal of MAP_CREATE: the map's name in front. */
export function refuseCreate(map: MapAttributes, errno: ErrnoName, why: string): Refusal {
  return refusal(ERRNO[errno], `map ${map.name === '' ? map.type : map.name}: ${why}`);
}

/** Refuses sizes out of range: `want` gives for each what is allowed, in words for the message and as a test. */
export function checkSizes(
  map: MapAttributes,
  want: {
    readonly key: (size: number) => boolean;
    readonly keyText: string;
    readonly value?: (size: number) => boolean;
    readonly valueText?: string;
  },
): Refusal | undefined {
  if (!want.key(map.keySize)) return refuseCreate(map, 'EINVAL', `key_size ${map.keySize}, want ${want.keyText}`);
  const value = want.value ?? (size => size > 0);
  if (!value(map.valueSize)) {
    return refuseCreate(map, 'EINVAL', `value_size ${map.valueSize}, want ${want.valueText ?? '1 or more'}`);
  }
  if (map.maxEntries === 0) return refuseCreate(map, 'EINVAL', 'max_entries 0, want 1 or more');
  return undefined;
}

/** Refuses flags outside of `known`, and a map that programs may neither read nor write as they please. */
export function checkFlags(map: MapAttributes, known: number): Refusal | undefined {
  const unknown = (map.flags & ~known) >>> 0;
  if (unknown !== 0) {
    return refuseCreate(map, 'EINVAL', `map_flags ${formatMapFlags(unknown)} unknown to ${map.type}`);
  }
  const both = MAP_FLAGS.BPF_F_RDONLY_PROG | MAP_FLAGS.BPF_F_WRONLY_PROG;
  if ((map.flags & both) === both)
    return refuseCreate(map, 'EINVAL', `map_flags ${formatMapFlags(both)} exclude each other`);
  return undefined;
}

/** Refuses what no map type takes, before its own check. */
export function checkCommon(map: MapAttributes): Refusal | undefined {
  const both = MAP_FLAGS.BPF_F_RDONLY | MAP_FLAGS.BPF_F_WRONLY;
  if ((map.flags & both) === both)
    return refuseCreate(map, 'EINVAL', `map_flags ${formatMapFlags(both)} exclude each other`);
  if (hasFlag(map, 'BPF_F_NUMA_NODE') && (map.numaNode ?? 0) !== 0) {
    return refuseCreate(map, 'EINVAL', `numa_node ${map.numaNode}, want 0`);
  }
  return undefined;
}

/** Whether `map_flags` has a bit. */
export function hasFlag(map: MapAttributes, flag: keyof typeof MAP_FLAGS): boolean {
  return (map.flags & MAP_FLAGS[flag]) !== 0;
}

/** How programs may access values: no store through a pointer where the map is read-only to them. */
export function programAccess(map: MapAttributes): 'read' | 'read_write' {
  return hasFlag(map, 'BPF_F_RDONLY_PROG') ? 'read' : 'read_write';
}

/** The flags that every map of plain values takes. */
export const PLAIN_FLAGS =
  MAP_FLAGS.BPF_F_NUMA_NODE |
  MAP_FLAGS.BPF_F_RDONLY |
  MAP_FLAGS.BPF_F_WRONLY |
  MAP_FLAGS.BPF_F_RDONLY_PROG |
  MAP_FLAGS.BPF_F_WRONLY_PROG;
