/**
 * The reader's side of a ring buffer: records are taken where they lie in the mapped pages. Follows libbpf's `ringbuf.c`; the layout is
 * the kernel's (consumer's page, producer's page, data that wraps into a second copy of itself).
 */
import { SyscallError } from '../sys/error.ts';
import type { Fd, Mapping, Sys } from '../sys/sys.ts';
import { RINGBUF_RECORD } from '../uapi/flags.ts';
import { alignUp } from '../util/bytes.ts';
import type { SampleSource } from './events.ts';
import { PAGE_SIZE } from './map-create.ts';

const { BPF_RINGBUF_BUSY_BIT, BPF_RINGBUF_DISCARD_BIT, BPF_RINGBUF_HDR_SZ } = RINGBUF_RECORD;
const LENGTH = ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

/** The bytes of a mapping, for wider reads. Made anew for every use. */
const viewOf = ({ bytes }: Mapping): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** Takes the records of one ring buffer, which no other reader may do at the same time. */
export class RingReader implements SampleSource {
  readonly #consumer: Mapping;
  readonly #producer: Mapping;
  readonly #size: number;

  /** @throws SyscallError where the kernel does not map the ring. */
  constructor(sys: Sys, fd: Fd, size: number) {
    this.#size = size;
    this.#consumer = map(sys, fd, PAGE_SIZE, { writable: true });
    this.#producer = map(sys, fd, PAGE_SIZE + 2 * size, { writable: false, offset: PAGE_SIZE });
  }

  *drain(): Generator<Uint8Array> {
    for (;;) {
      const position = viewOf(this.#consumer).getBigUint64(0, true);
      if (position >= viewOf(this.#producer).getBigUint64(0, true)) return;
      const at = PAGE_SIZE + Number(position & BigInt(this.#size - 1));
      const header = viewOf(this.#producer).getUint32(at, true);
      if ((header & BPF_RINGBUF_BUSY_BIT) !== 0) return;
      const length = header & LENGTH;
      const start = at + BPF_RINGBUF_HDR_SZ;
      const isSample = (header & BPF_RINGBUF_DISCARD_BIT) === 0;
      const sample = isSample ? this.#producer.bytes.slice(start, start + length) : undefined;
      const next = position + BigInt(alignUp(length + BPF_RINGBUF_HDR_SZ, 8));
      viewOf(this.#consumer).setBigUint64(0, next, true);
      if (sample !== undefined) yield sample;
    }
  }

  [Symbol.dispose](): void {
    this.#consumer.unmap();
    this.#producer.unmap();
  }
}

function map(sys: Sys, fd: Fd, length: number, options: { writable: boolean; offset?: number }): Mapping {
  const mapped = sys.mmap(fd, length, options);
  if (typeof mapped !== 'number') return mapped;
  throw new SyscallError('mmap', -mapped, `ring buffer of ${length} bytes${sys.why && `: ${sys.why}`}`);
}
