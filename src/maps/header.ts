/**
 * The header of a map in guest memory, as the runtime reads it (runtime/layout.ts), and behind it what the header points to:
 *
 *     header | fields: count, then offset and size of each | a key of a system call | keys of callbacks | what the family adds
 */
import {
  MAP_BLOCK,
  MAP_CPUS,
  MAP_FIELDS,
  MAP_HEADER_SIZE,
  MAP_KEY_SIZE,
  MAP_KIND,
  MAP_MAX_ENTRIES,
  MAP_STRIDE,
  MAP_TRAITS,
  MAP_VALUE_SIZE,
  MAP_VALUES,
  TRAIT_LOCK,
} from '../runtime/layout.ts';
import { alignUp } from '../util/bytes.ts';
import type { GuestMemory, Region } from '../vm/memory.ts';
import type { MapAttributes } from './map.ts';
import type { RegionRequest } from './regions.ts';

/** Callbacks that can stand inside each other: the frames of a program. */
export const MAX_NESTING = 8;

/** What a family says of its maps. */
export interface MapLayout {
  /** A `KIND_` number: how the runtime performs operations of programs. */
  readonly kind: number;
  /** Address of the first value. */
  readonly values?: number;
  /** Bytes from one value to the next. */
  readonly stride?: number;
  /** Bytes from one CPU's values to the next one's; 0 where all CPUs share them. */
  readonly block?: number;
  /** CPUs with values of their own. */
  readonly cpus?: number;
  /** `TRAIT_` bits, the lock's apart. */
  readonly traits?: number;
  /** Further words of the family, by their offset. */
  readonly words?: Readonly<Record<number, number>>;
}

const fieldsSize = (map: MapAttributes): number => alignUp(4 + 8 * (map.fields?.length ?? 0), 8);

/** Offset in the header's region of the key of a system call. */
export const keyOffset = (map: MapAttributes): number => MAP_HEADER_SIZE + fieldsSize(map);

/** Offset in the header's region of the key that the callback at a depth of nesting sees. */
export const callbackKeyOffset = (map: MapAttributes, depth: number): number =>
  keyOffset(map) + (1 + (depth % MAX_NESTING)) * alignUp(map.keySize, 8);

/** Offset in the header's region of what the family adds. */
export const extraOffset = (map: MapAttributes): number =>
  callbackKeyOffset(map, MAX_NESTING - 1) + alignUp(map.keySize, 8);

/** The region of a header with `extra` bytes of the family. Programs may read the keys of callbacks, and nothing else of it. */
export function headerRequest(map: MapAttributes, extra = 0): RegionRequest {
  return { size: extraOffset(map) + extra, access: 'read' };
}

/** Fills in the header of a new map. */
export function writeHeader(memory: GuestMemory, header: Region, map: MapAttributes, layout: MapLayout): void {
  const { view } = memory;
  const put = (offset: number, word: number): void => view.setUint32(header.base + offset, word, true);
  const fields = map.fields ?? [];
  const lock = fields.some(field => field.kind === 'spin_lock') ? TRAIT_LOCK : 0;
  put(MAP_KIND, layout.kind);
  put(MAP_KEY_SIZE, map.keySize);
  put(MAP_VALUE_SIZE, map.valueSize);
  put(MAP_MAX_ENTRIES, map.maxEntries);
  put(MAP_VALUES, layout.values ?? 0);
  put(MAP_STRIDE, layout.stride ?? 0);
  put(MAP_BLOCK, layout.block ?? 0);
  put(MAP_CPUS, layout.cpus ?? 1);
  put(MAP_TRAITS, (layout.traits ?? 0) | lock);
  for (const [offset, word] of Object.entries(layout.words ?? {})) put(Number(offset), word);
  if (fields.length > 0) {
    put(MAP_FIELDS, header.base + MAP_HEADER_SIZE);
    put(MAP_HEADER_SIZE, fields.length);
    for (const [i, { offset, size }] of fields.entries()) {
      put(MAP_HEADER_SIZE + 4 + 8 * i, offset);
      put(MAP_HEADER_SIZE + 8 + 8 * i, size);
    }
  }
  header.start = header.base + callbackKeyOffset(map, 0);
  header.end = header.base + extraOffset(map);
}
