/** MAP_CREATE: the table of map types that there are, and what of the attributes each of them refuses. */
import type { Machine } from '../machine/machine.ts';
import { ERRNO } from '../uapi/errno.ts';
import { MAP_TYPES, type MapTypeName } from '../uapi/map-types.ts';
import { compareVersions, REFERENCE_VERSION } from '../uapi/profile.ts';
import { NotSupportedError } from '../util/error.ts';
import { checkArray, createArray } from './array.ts';
import type { MapHost } from './base.ts';
import { checkCommon, refuseCreate } from './check.ts';
import { createDevmapHash } from './devmap-hash.ts';
import { checkFdArray, createFdArray } from './fd-array.ts';
import { checkHash, createHash } from './hash.ts';
import { checkLpmTrie, createLpmTrie } from './lpm-trie.ts';
import { type MapAttributes, type MapObject, type References, type Refusal, refusal } from './map.ts';
import { checkQueue, createQueue } from './queue.ts';
import { checkRingbuf, createRingbuf } from './ringbuf.ts';
import { CPUS, DEVICES, SOCKETS } from './target.ts';
import { createTargetArray } from './target-array.ts';

/** How maps of a type come to be. */
interface MapTypeRow {
  /** What is wrong with the attributes, if anything. */
  check(map: MapAttributes): Refusal | undefined;
  /** Makes a map of attributes that passed. */
  create(host: MapHost, map: MapAttributes): MapObject | Refusal;
}

const ARRAY: MapTypeRow = { check: checkArray, create: createArray };
const HASH: MapTypeRow = { check: checkHash, create: createHash };
const QUEUE: MapTypeRow = { check: checkQueue, create: createQueue };

const ROWS: Readonly<Partial<Record<MapTypeName, MapTypeRow>>> = {
  array: ARRAY,
  percpu_array: ARRAY,
  hash: HASH,
  percpu_hash: HASH,
  lru_hash: HASH,
  lru_percpu_hash: HASH,
  lpm_trie: { check: checkLpmTrie, create: createLpmTrie },
  queue: QUEUE,
  stack: QUEUE,
  ringbuf: { check: checkRingbuf, create: createRingbuf },
  prog_array: { check: checkFdArray, create: createFdArray('prog_array') },
  perf_event_array: { check: checkFdArray, create: createFdArray('perf_event_array') },
  cgroup_array: { check: checkFdArray, create: createFdArray('cgroup_array') },
  devmap: { check: DEVICES.check, create: createTargetArray(DEVICES) },
  devmap_hash: { check: DEVICES.check, create: createDevmapHash },
  cpumap: { check: CPUS.check, create: createTargetArray(CPUS) },
  xskmap: { check: SOCKETS.check, create: createTargetArray(SOCKETS) },
};

/** Map types with `map_extra`. */
const WITH_EXTRA: ReadonlySet<MapTypeName> = new Set<MapTypeName>(['bloom_filter', 'arena']);

/** References on a machine with a loopback device and nothing that descriptors could name. */
export const LOOPBACK_ONLY: References = {
  resolve: (_kind, fd) => refusal(ERRNO.EBADF, `no descriptor ${fd}`),
  hasDevice: ifindex => ifindex === 1,
};

/** Whether maps of a type can be created. */
export function isMapTypeSupported(type: MapTypeName): boolean {
  return ROWS[type] !== undefined;
}

/**
 * Creates a map, or says why not.
 *
 * @throws NotSupportedError for a type that the reference kernel has and this one does not.
 */
export function createMap(
  machine: Machine,
  attributes: MapAttributes,
  references: References = LOOPBACK_ONLY,
): MapObject | Refusal {
  const { type } = attributes;
  const row = ROWS[type];
  if (row === undefined) return refuseType(attributes);
  if (attributes.extra !== 0n && !WITH_EXTRA.has(type)) {
    return refuseCreate(attributes, 'EINVAL', `map_extra ${attributes.extra}, want 0`);
  }
  return checkCommon(attributes) ?? row.check(attributes) ?? row.create({ machine, references }, attributes);
}

function refuseType(map: MapAttributes): Refusal {
  const known = Object.entries(MAP_TYPES).find(([name]) => name === map.type)?.[1];
  if (known === undefined || known.id === 0 || compareVersions(known.since, REFERENCE_VERSION) > 0) {
    return refuseCreate(map, 'EINVAL', `no map type ${map.type}`);
  }
  throw new NotSupportedError(
    `map type ${map.type}`,
    `map ${map.name}: maps of type ${map.type} are not supported`,
    known.since,
  );
}
