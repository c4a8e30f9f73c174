/**
 * `ringbuf`: records from programs to one reader. The map's header is the first of its pages; the reader maps the rest (see
 * runtime/layout.ts). Follows kernel/bpf/ringbuf.c.
 */
import {
  KIND_RING,
  RECORD_BUSY,
  RECORD_DISCARD,
  RECORD_HEADER,
  RING_CONSUMER,
  RING_DATA,
  RING_MASK,
} from '../runtime/layout.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import { GUEST_PAGE, type Region } from '../vm/memory.ts';
import { MapBase, type MapHost } from './base.ts';
import { checkFlags, checkSizes, refuseCreate } from './check.ts';
import { isRefusal, type MapAttributes, type MapMapping, type MapObject, type Refusal } from './map.ts';
import { allotRegions } from './regions.ts';

const isPowerOfTwo = (n: number): boolean => Number.isInteger(Math.log2(n));

/** What MAP_CREATE refuses. */
export function checkRingbuf(map: MapAttributes): Refusal | undefined {
  const is0 = (size: number): boolean => size === 0;
  const refused =
    checkFlags(map, MAP_FLAGS.BPF_F_NUMA_NODE) ??
    checkSizes(map, { key: is0, keyText: '0', value: is0, valueText: '0' });
  if (refused !== undefined) return refused;
  if (isPowerOfTwo(map.maxEntries) && map.maxEntries >= GUEST_PAGE) return undefined;
  return refuseCreate(
    map,
    'EINVAL',
    `max_entries ${map.maxEntries}, want bytes: a power of 2 of ${GUEST_PAGE} or more`,
  );
}

/** Creates a ring buffer that was checked. */
export function createRingbuf(host: MapHost, map: MapAttributes): MapObject | Refusal {
  const regions = allotRegions(host.machine.memory, map, {
    header: { size: RING_DATA + 2 * map.maxEntries, access: 'read_write' },
  });
  return isRefusal(regions) ? regions : new Ringbuf(host, map, regions.header);
}

/** A live ring buffer. */
class Ringbuf extends MapBase {
  readonly mapping: MapMapping;

  constructor(host: MapHost, map: MapAttributes, header: Region) {
    super(host, map, { header }, { kind: KIND_RING, words: { [RING_MASK]: map.maxEntries - 1 } });
    const address = header.base + RING_CONSUMER;
    this.mapping = { address, size: RING_DATA - RING_CONSUMER + 2 * map.maxEntries, writable: GUEST_PAGE };
    // Programs reach their records, and nothing in front of them.
    header.start = header.base + RING_DATA;
    header.end = header.base + header.size;
  }

  /** Linear address of room for a record, 0 where there is none. */
  reserve(size: bigint): number {
    return this.runtime.reserveRecord(this.address, size) >>> 0;
  }

  /** Gives the record whose sample lies at `sample` to the reader, or away; false where no record is being written there. */
  commit(sample: number, flags: bigint, discard: boolean): boolean {
    const { view } = this.memory;
    const record = sample - RECORD_HEADER;
    const offset = record - this.address;
    if (offset < RING_DATA || offset % RECORD_HEADER !== 0) return false;
    const isBusy = (view.getUint32(record, true) & RECORD_BUSY) !== 0;
    if (!isBusy || view.getUint32(record + 4, true) !== Math.floor(offset / GUEST_PAGE)) return false;
    this.runtime.commitRecord(sample, flags, discard ? RECORD_DISCARD : 0);
    return true;
  }

  /** Writes a copy of `size` bytes as a record: 0 or a negative errno. */
  output(from: number, size: number, flags: bigint): number {
    return this.runtime.outputRecord(this.address, from, BigInt(size), flags);
  }

  /** What BPF_RB_AVAIL_DATA and its like ask for. */
  query(what: bigint): bigint {
    return this.runtime.queryRing(this.address, what);
  }

  protected override copyOut(_key: Uint8Array, _value: Uint8Array): number {
    return this.#refuseElements();
  }

  userUpdate(_key: Uint8Array, _value: Uint8Array, flags: bigint): number {
    return this.checkLockFlag(flags) || this.#refuseElements();
  }

  userDelete(_key: Uint8Array): number {
    return this.#refuseElements();
  }

  userNextKey(_key: Uint8Array | undefined, _next: Uint8Array): number {
    return this.#refuseElements();
  }

  #refuseElements(): number {
    return this.refuse('ENOTSUPP', 'a ringbuf has records and no elements');
  }
}
