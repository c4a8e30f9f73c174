/**
 * A perf event that programs write to (PERF_COUNT_SW_BPF_OUTPUT) and its ring: a page of positions, then records, as a reader maps them.
 * Follows kernel/events/ring_buffer.c and the layout of `struct perf_event_mmap_page`.
 *
 *     sample   u32 type 9, u16 misc, u16 size | u32 bytes that follow | the bytes, padded to 8 with the four in front
 *     lost     u32 type 2, u16 misc, u16 size | u64 id | u64 samples
 */
import { ERRNO } from '../uapi/errno.ts';
import { PERF_PAGE, PERF_RECORD } from '../uapi/perf.ts';
import { alignUp } from '../util/bytes.ts';
import { GUEST_PAGE, type GuestMemory, type Region } from '../vm/memory.ts';

/** A piece of a sample in guest memory. */
export interface SamplePart {
  readonly address: number;
  readonly size: number;
}

const HEADER_SIZE = 8;
const LOST_SIZE = HEADER_SIZE + 16;
/** A record's size is 16 bits. */
const MAX_RECORD = 0xffff;
const MISC_KERNEL = 1;

/** One event on one CPU. */
export class PerfEvent implements Disposable {
  readonly cpu: number;
  readonly #memory: GuestMemory;
  #ring: Region | undefined;
  /** Samples that found no room since the last record. */
  #lost = 0;

  constructor(memory: GuestMemory, cpu: number) {
    this.#memory = memory;
    this.cpu = cpu;
  }

  /** The ring of `size` bytes in all, made when first asked for; a negative errno where it cannot be. */
  ring(size: number): Region | number {
    const data = size - GUEST_PAGE;
    if (data <= 0 || data % GUEST_PAGE !== 0 || !Number.isInteger(Math.log2(data / GUEST_PAGE))) return -ERRNO.EINVAL;
    if (this.#ring !== undefined) return this.#ring.size === size ? this.#ring : -ERRNO.EINVAL;
    this.#ring = this.#memory.allot({ name: `perf event of CPU ${this.cpu}`, size, access: 'none' });
    if (this.#ring === undefined) return -ERRNO.ENOMEM;
    this.#setPosition(PERF_PAGE.data_offset, GUEST_PAGE);
    this.#setPosition(PERF_PAGE.data_size, data);
    return this.#ring;
  }

  /** Writes a sample of the parts one behind the other: 0, -ENOENT where nobody mapped the ring, -ENOSPC where it is lost. */
  output(parts: readonly SamplePart[]): number {
    if (this.#ring === undefined) return -ERRNO.ENOENT;
    const bytes = parts.reduce((sum, part) => sum + part.size, 0);
    const raw = alignUp(bytes + 4, 8) - 4;
    const size = HEADER_SIZE + 4 + raw;
    if (size > MAX_RECORD) return -ERRNO.E2BIG;
    const lost = this.#lost > 0 ? LOST_SIZE : 0;
    const head = this.#position(PERF_PAGE.data_head);
    const capacity = this.#ring.size - GUEST_PAGE;
    // One byte stays free, so that a full ring and an empty one differ.
    if (size + lost > capacity - 1 - (head - this.#position(PERF_PAGE.data_tail))) {
      this.#lost++;
      return -ERRNO.ENOSPC;
    }
    let at = head;
    const put = (words: readonly number[]): void => {
      for (const word of words) {
        this.#memory.view.setUint32(this.#address(at), word, true);
        at += 4;
      }
    };
    if (lost > 0) put([PERF_RECORD.lost, (LOST_SIZE << 16) >>> 0, 0, 0, this.#lost, 0]);
    this.#lost = 0;
    put([PERF_RECORD.sample, ((size << 16) | MISC_KERNEL) >>> 0, raw]);
    for (const part of parts) {
      this.#copy(at, part);
      at += part.size;
    }
    this.#setPosition(PERF_PAGE.data_head, head + lost + size);
    return 0;
  }

  [Symbol.dispose](): void {
    if (this.#ring !== undefined) this.#memory.release(this.#ring);
    this.#ring = undefined;
  }

  /** Copies to a position of the ring, round its end. */
  #copy(position: number, { address, size }: SamplePart): void {
    const to = this.#address(position);
    const first = Math.min(size, this.#ring!.end - to);
    this.#memory.u8.copyWithin(to, address, address + first);
    this.#memory.u8.copyWithin(this.#ring!.base + GUEST_PAGE, address + first, address + size);
  }

  #address(position: number): number {
    const ring = this.#ring!;
    return ring.base + GUEST_PAGE + (position % (ring.size - GUEST_PAGE));
  }

  #position(field: number): number {
    return Number(this.#memory.view.getBigUint64(this.#ring!.base + field, true));
  }

  #setPosition(field: number, value: number): void {
    this.#memory.view.setBigUint64(this.#ring!.base + field, BigInt(value), true);
  }
}
