/**
 * The reader's side of a perf event array: an event on each CPU, whose ring the programs on that CPU write to. Follows libbpf's
 * `perf_buffer`.
 */
import { SyscallError } from '../sys/error.ts';
import type { Fd, Mapping, Sys } from '../sys/sys.ts';
import { ERRNO } from '../uapi/errno.ts';
import { PERF_BPF_OUTPUT, PERF_PAGE, PERF_RECORD } from '../uapi/perf.ts';
import { NotSupportedError } from '../util/error.ts';
import type { ReadOptions, SampleSource } from './events.ts';
import { PAGE_SIZE } from './map-create.ts';

/** Bytes of data of one CPU's ring. */
const DATA_SIZE = 64 * PAGE_SIZE;
const HEADER_SIZE = 8;

interface Ring {
  readonly cpu: number;
  readonly fd: Fd;
  readonly mapping: Mapping;
}

/** Takes the samples of all CPUs. While it lives, the array's slots are its events. */
export class PerfReader implements SampleSource {
  readonly #sys: Sys;
  readonly #fd: Fd;
  readonly #onLost: ReadOptions['onLost'];
  readonly #rings: Ring[] = [];

  /** @throws {SyscallError | NotSupportedError} where the kernel opens or maps no events. */
  constructor(sys: Sys, fd: Fd, onLost: ReadOptions['onLost']) {
    this.#sys = sys;
    this.#fd = fd;
    this.#onLost = onLost;
    try {
      for (let cpu = 0; cpu < sys.possibleCpus; cpu++) this.#open(cpu);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  *drain(): Generator<Uint8Array> {
    for (const ring of this.#rings) yield* this.#drainRing(ring);
  }

  [Symbol.dispose](): void {
    for (const { cpu, fd, mapping } of this.#rings) {
      this.#sys.bpf('map_delete_elem', { map_fd: this.#fd, key: slotKey(cpu) });
      mapping.unmap();
      this.#sys.close(fd);
    }
    this.#rings.length = 0;
  }

  #open(cpu: number): void {
    if (this.#sys.perfEventOpen === undefined) {
      throw new NotSupportedError(
        'perf events',
        `perf_event_array: a kernel of kind ${this.#sys.kind} has no perf events`,
      );
    }
    const fd = this.#sys.perfEventOpen({ ...PERF_BPF_OUTPUT, samplePeriod: 1n }, cpu);
    if (fd === -ERRNO.ENODEV) return; // possible, not there
    this.#must('perf_event_open', fd);
    const mapping = this.#sys.mmap(fd, PAGE_SIZE + DATA_SIZE, { writable: true });
    if (typeof mapping === 'number') {
      const { why } = this.#sys;
      this.#sys.close(fd);
      throw new SyscallError('mmap', -mapping, `perf event of CPU ${cpu}${why && `: ${why}`}`);
    }
    this.#rings.push({ cpu, fd, mapping });
    const value = new Uint8Array(4);
    new DataView(value.buffer).setUint32(0, fd, true);
    this.#must('map_update_elem', this.#sys.bpf('map_update_elem', { map_fd: this.#fd, key: slotKey(cpu), value }));
  }

  *#drainRing({ cpu, mapping }: Ring): Generator<Uint8Array> {
    for (;;) {
      const { bytes } = mapping;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      const tail = view.getBigUint64(PERF_PAGE.data_tail, true);
      if (tail >= view.getBigUint64(PERF_PAGE.data_head, true)) return;
      const at = Number(tail % BigInt(DATA_SIZE));
      // Records are multiples of 8 bytes, so a header never wraps.
      const type = view.getUint32(PAGE_SIZE + at, true);
      const size = view.getUint16(PAGE_SIZE + at + 6, true);
      const record = copyOut(bytes, at, size);
      view.setBigUint64(PERF_PAGE.data_tail, tail + BigInt(size), true);
      const fields = new DataView(record.buffer, HEADER_SIZE);
      if (type === PERF_RECORD.lost) this.#onLost?.(Number(fields.getBigUint64(8, true)), cpu);
      if (type !== PERF_RECORD.sample) continue;
      const length = fields.getUint32(0, true);
      yield record.subarray(HEADER_SIZE + 4, HEADER_SIZE + 4 + length);
    }
  }

  #must(command: string, result: number): void {
    const { why } = this.#sys;
    if (result < 0) throw new SyscallError(command, -result, `perf event array${why && `: ${why}`}`);
  }
}

/** The key of a CPU's slot. */
function slotKey(cpu: number): Uint8Array<ArrayBuffer> {
  const key = new Uint8Array(4);
  new DataView(key.buffer).setUint32(0, cpu, true);
  return key;
}

/** A copy of `size` bytes of a ring's data, round its end. */
function copyOut(bytes: Uint8Array, at: number, size: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(size);
  const first = bytes.subarray(PAGE_SIZE + at, PAGE_SIZE + Math.min(DATA_SIZE, at + size));
  copy.set(first);
  copy.set(bytes.subarray(PAGE_SIZE, PAGE_SIZE + size - first.length), first.length);
  return copy;
}
