/**
 * Where a hash lies in guest memory. Behind a value that all CPUs share comes the rest of its element, so that one cache line has both
 * and a program's pointer stays inside the value; values per CPU lie apart, one block for each CPU:
 *
 *     shared    values     value | next, hash, … key ‖ value | …
 *     per CPU   elements           next, hash, … key ‖ …
 *               values     CPU 0: value ‖ value ‖ … CPU 1: …
 */
import {
  ELEMENT_KEY,
  HASH_BUCKETS,
  HASH_ELEMENTS,
  HASH_END,
  HASH_HAND,
  HASH_MASK,
  HASH_SEED,
  HASH_SPARES,
  HASH_STRIDE,
  KIND_HASH,
  KIND_HASH_4,
  KIND_HASH_8,
  KIND_HASH_16,
  KIND_HASH_INDEX,
  MAP_FRESH,
} from '../runtime/layout.ts';
import { alignUp } from '../util/bytes.ts';
import type { GuestMemory, Region } from '../vm/memory.ts';
import { extraOffset, headerRequest, type MapLayout } from './header.ts';
import { isRefusal, type MapAttributes, type Refusal } from './map.ts';
import { allotRegions, type RegionRequest } from './regions.ts';

/** What a hash is to be. */
export interface HashPlan {
  /** Elements there is room for, spares included. */
  readonly entries: number;
  /** Most elements that are ever in buckets: as many buckets, to the next power of two. */
  readonly maxEntries: number;
  /** How programs may access values. */
  readonly access: RegionRequest['access'];
  /** CPUs with values of their own; undefined where all share them. */
  readonly cpus: number | undefined;
  /** CPUs with a spare element. */
  readonly spares: number;
  readonly seed: number;
  readonly traits: number;
  /** Whether keys come in the kernel's order: its hash function, its buckets. */
  readonly isKernelOrder: boolean;
  /** A `KIND_` number, by the key's size unless given. */
  readonly kind?: number;
}

/** What {@link allotHash} gives. */
export interface HashPlace {
  readonly regions: { readonly header: Region; readonly buckets: Region; readonly values: Region };
  readonly layout: MapLayout;
  /** Number of buckets, and the address of the first. */
  readonly buckets: { readonly count: number; readonly address: number };
}

const KINDS: Readonly<Record<number, number>> = { 4: KIND_HASH_4, 8: KIND_HASH_8, 16: KIND_HASH_16 };

/** Times the kernel's number of buckets where their order does not matter: a chain of two costs one more cache miss. */
const SPARSE = 4;

/** The number of buckets that the kernel gives a hash of `maxEntries`. */
function bucketCount(maxEntries: number): number {
  return maxEntries <= 1 ? 1 : 2 ** (32 - Math.clz32(maxEntries - 1));
}

/** Allots the memory of a hash. */
export function allotHash(memory: GuestMemory, map: MapAttributes, plan: HashPlan): HashPlace | Refusal {
  const { entries, access, cpus } = plan;
  const valueStride = alignUp(map.valueSize, 8);
  const front = cpus === undefined ? valueStride : 0;
  const stride = alignUp(front + ELEMENT_KEY + map.keySize, 8);
  const kind = plan.kind ?? (plan.isKernelOrder ? KIND_HASH : (KINDS[map.keySize] ?? KIND_HASH));
  const count = bucketCount(plan.maxEntries) * (kind === KIND_HASH || kind === KIND_HASH_INDEX ? 1 : SPARSE);
  const own = {
    header: headerRequest(map, plan.spares * 4),
    buckets: { size: count * 4, access: 'none' },
  } as const;
  const elements = { stride: cpus === undefined ? stride : valueStride, size: map.valueSize };
  const regions =
    cpus === undefined
      ? allotRegions(memory, map, { ...own, values: { size: entries * stride, access, elements } })
      : allotRegions(memory, map, {
          ...own,
          elements: { size: entries * stride, access: 'none' },
          values: { size: cpus * entries * valueStride, access, elements },
        });
  if (isRefusal(regions)) return regions;
  const first = ('elements' in regions ? (regions.elements as Region) : regions.values).base + front;
  return {
    regions,
    layout: {
      kind,
      traits: plan.traits,
      values: regions.values.base,
      stride: elements.stride,
      block: cpus === undefined ? 0 : entries * valueStride,
      cpus: cpus ?? 1,
      words: {
        [MAP_FRESH]: first,
        [HASH_SEED]: plan.seed,
        [HASH_BUCKETS]: regions.buckets.base,
        [HASH_MASK]: count - 1,
        [HASH_STRIDE]: stride,
        [HASH_SPARES]: regions.header.base + extraOffset(map),
        [HASH_ELEMENTS]: first,
        [HASH_HAND]: first,
        [HASH_END]: first + entries * stride,
      },
    },
    buckets: { count, address: regions.buckets.base },
  };
}
