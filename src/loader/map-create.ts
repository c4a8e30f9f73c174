/**
 * From a `MapSpec` to the attributes of MAP_CREATE. Follows libbpf's `bpf_object__create_map`: which map types take BTF, sizes of
 * ring buffers, slots of perf event arrays.
 */
import type { MapSpec } from '../object/spec.ts';
import type { MapCreateAttr } from '../sys/attr.gen.ts';
import { SyscallError } from '../sys/error.ts';
import type { Fd, Sys } from '../sys/sys.ts';
import { type MapTypeName, mapTypeId } from '../uapi/map-types.ts';
import { NotSupportedError } from '../util/error.ts';
import { RelocationError } from './errors.ts';
import { kernelName } from './names.ts';

/** Bytes of a page, the unit of ring buffers and mappings. */
export const PAGE_SIZE = 4096;

/** What a loader does differently for a map type. */
interface MapTypeTraits {
  /** MAP_CREATE takes no BTF ids of key and value. */
  readonly noBtf?: true;
  /** `max_entries` is a size in bytes: a power of two of whole pages. */
  readonly sizedInPages?: true;
  /** `max_entries` 0 means one slot for each possible CPU. */
  readonly slotPerCpu?: true;
}

const TRAITS: Partial<Record<MapTypeName, MapTypeTraits>> = {
  perf_event_array: { noBtf: true, slotPerCpu: true },
  cgroup_array: { noBtf: true },
  stack_trace: { noBtf: true },
  array_of_maps: { noBtf: true },
  hash_of_maps: { noBtf: true },
  devmap: { noBtf: true },
  devmap_hash: { noBtf: true },
  cpumap: { noBtf: true },
  xskmap: { noBtf: true },
  sockmap: { noBtf: true },
  sockhash: { noBtf: true },
  queue: { noBtf: true },
  stack: { noBtf: true },
  arena: { noBtf: true },
  ringbuf: { sizedInPages: true },
  user_ringbuf: { sizedInPages: true },
};

/** What MAP_CREATE needs beside the spec. */
export interface MapCreateContext {
  /** The name that the kernel is to keep; the spec's unless given. */
  readonly name?: string;
  /** The object's BTF in the kernel. */
  readonly btfFd?: Fd | undefined;
  readonly innerMapFd?: Fd | undefined;
  readonly possibleCpus: number;
}

/**
 * The attributes that create a map.
 * @throws RelocationError when the map's type is unknown.
 */
export function mapCreateAttr(spec: MapSpec, context: MapCreateContext): MapCreateAttr {
  const type = mapTypeId(spec.type);
  if (type === undefined) throw new RelocationError(`map ${spec.name}`, `type ${spec.type}, want one the kernel knows`);
  const traits = TRAITS[spec.type] ?? {};
  const attr: MapCreateAttr = {
    map_type: type,
    key_size: spec.keySize,
    value_size: spec.valueSize,
    max_entries: maxEntries(spec, traits, context.possibleCpus),
    map_flags: spec.flags,
    map_name: kernelName(context.name ?? spec.name),
  };
  if (spec.extra !== 0n) attr.map_extra = spec.extra;
  if (spec.numaNode !== undefined) attr.numa_node = spec.numaNode;
  if (context.innerMapFd !== undefined) attr.inner_map_fd = context.innerMapFd;
  const hasTypes = spec.keyTypeId !== undefined || spec.valueTypeId !== undefined;
  if (context.btfFd !== undefined && hasTypes && traits.noBtf !== true) {
    attr.btf_fd = context.btfFd;
    attr.btf_key_type_id = spec.keyTypeId ?? 0;
    attr.btf_value_type_id = spec.valueTypeId ?? 0;
  }
  return attr;
}

/** Bytes of data of a ring buffer: what the definition says, made a size that the kernel takes. */
export function ringSize(spec: MapSpec): number {
  return maxEntries(spec, { sizedInPages: true }, 1);
}

function maxEntries(spec: MapSpec, traits: MapTypeTraits, possibleCpus: number): number {
  if (traits.slotPerCpu && spec.maxEntries === 0) return possibleCpus;
  if (!traits.sizedInPages || spec.maxEntries === 0) return spec.maxEntries;
  let size = PAGE_SIZE;
  while (size < spec.maxEntries && size < 2 ** 31) size *= 2;
  return size;
}

function describe({ name, type, keySize, valueSize, maxEntries, flags }: MapSpec): string {
  return `map ${name} (${type}, key_size ${keySize}, value_size ${valueSize}, max_entries ${maxEntries}, map_flags 0x${flags.toString(16)})`;
}

/**
 * Creates a map, inner template included, and gives its descriptor. Types that the kernel does not take as a map's BTF cost the
 * map its BTF only, as with libbpf.
 * @throws {SyscallError | RelocationError | NotSupportedError}
 */
export function createMap(sys: Sys, spec: MapSpec, context: MapCreateContext): Fd {
  if (spec.type === 'struct_ops') {
    throw new NotSupportedError('struct_ops', `map ${spec.name}: struct_ops maps are not loaded yet`, '5.6');
  }
  const innerMapFd =
    spec.inner === undefined ? undefined : createMap(sys, spec.inner, { ...context, name: spec.inner.name });
  try {
    const attr = mapCreateAttr(spec, { ...context, innerMapFd });
    let result = sys.bpf('map_create', attr);
    if (result < 0 && attr.btf_fd !== undefined) {
      result = sys.bpf('map_create', { ...attr, btf_fd: 0, btf_key_type_id: 0, btf_value_type_id: 0 });
    }
    if (result < 0) throw new SyscallError('map_create', -result, `${describe(spec)}${sys.why && `: ${sys.why}`}`);
    return result;
  } finally {
    if (innerMapFd !== undefined) sys.close(innerMapFd);
  }
}
