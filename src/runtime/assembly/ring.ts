/**
 * Ring buffer to user space, in the layout that a reader maps: the consumer's page, the producer's page, the data. Follows
 * kernel/bpf/ringbuf.c. Linux maps the data twice so that a record never wraps; here the second half of the data takes what runs over
 * the end, so that a record lies in one piece where its position, modulo the size, says.
 */
import {
  RECORD_BUSY,
  RECORD_DISCARD,
  RECORD_HEADER,
  RING_CONSUMER,
  RING_DATA,
  RING_MASK,
  RING_PENDING,
  RING_PRODUCER,
  RING_WAKEUPS,
} from '../layout.ts';
import { copyBytes } from './bytes.ts';
import { EAGAIN, EINVAL } from './errno.ts';

const MAX_RECORD: u64 = 0xffffffff / 4;
const NO_WAKEUP: u64 = 1;
const FORCE_WAKEUP: u64 = 2;
const PAGE_SHIFT: u32 = 12;

/** Bytes that a record of `size` takes. */
function recordSpace(size: u32): u32 {
  return (size + RECORD_HEADER + 7) & ~7;
}

/** Address of room for a record of `size` bytes, 0 where there is none. */
export function reserveRecord(map: usize, size: u64): usize {
  if (size > MAX_RECORD) return 0;
  const mask = load<u32>(map, RING_MASK);
  const space = recordSpace(<u32>size);
  if (space > mask + 1) return 0;
  const consumer = load<u64>(map, RING_CONSUMER);
  const producer = load<u64>(map, RING_PRODUCER);
  let pending = load<u64>(map, RING_PENDING);
  while (pending < producer) {
    const header = load<u32>(map + (<u32>pending & mask), RING_DATA);
    if (header & RECORD_BUSY) break;
    pending += recordSpace(header & ~RECORD_DISCARD);
  }
  store<u64>(map, pending, RING_PENDING);
  const next = producer + space;
  if (next - consumer > mask || next - pending > mask) return 0;
  const offset: u32 = RING_DATA + (<u32>producer & mask);
  const record = map + offset;
  store<u32>(record, <u32>size | RECORD_BUSY);
  store<u32>(record, offset >> PAGE_SHIFT, 4);
  store<u64>(map, next, RING_PRODUCER);
  return record + RECORD_HEADER;
}

/** Lets the reader have a record, or makes it skip it, and notes whether it is to be woken. */
export function commitRecord(sample: usize, flags: u64, discard: u32): void {
  const record = sample - RECORD_HEADER;
  store<u32>(record, (load<u32>(record) ^ RECORD_BUSY) | discard);
  const map = ((record >> PAGE_SHIFT) - load<u32>(record, 4)) << PAGE_SHIFT;
  const caughtUp = (load<u32>(map, RING_CONSUMER) & load<u32>(map, RING_MASK)) === record - map - RING_DATA;
  if (flags & FORCE_WAKEUP || (caughtUp && (flags & NO_WAKEUP) === 0)) {
    store<u32>(map, load<u32>(map, RING_WAKEUPS) + 1, RING_WAKEUPS);
  }
}

/** Copies a record in. */
export function outputRecord(map: usize, from: usize, size: u64, flags: u64): i32 {
  if (flags & ~(NO_WAKEUP | FORCE_WAKEUP)) return EINVAL;
  const sample = reserveRecord(map, size);
  if (sample === 0) return EAGAIN;
  copyBytes(sample, from, <usize>size);
  commitRecord(sample, flags, 0);
  return 0;
}

/** What is known of the ring: bytes not read, size, the consumer's position, the producer's. */
export function queryRing(map: usize, what: u64): u64 {
  const consumer = load<u64>(map, RING_CONSUMER);
  const producer = load<u64>(map, RING_PRODUCER);
  if (what === 0) return producer - consumer;
  if (what === 1) return load<u32>(map, RING_MASK) + 1;
  if (what === 2) return consumer;
  return what === 3 ? producer : 0;
}
