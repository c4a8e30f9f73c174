/**
 * Engines behind a `Sys`: programs run by BPF_PROG_TEST_RUN with `repeat`, so that what one call costs is spread over many runs. The live
 * kernel and ours are measured by the same code.
 */
import type { Collection } from '../src/loader/collection.ts';
import { loadCollection } from '../src/loader/load.ts';
import type { BpfMap } from '../src/loader/map.ts';
import { readObject } from '../src/object/read.ts';
import { must, SyscallError } from '../src/sys/error.ts';
import type { Fd, Mapping, Sys } from '../src/sys/sys.ts';
import type { Clock } from './clock.ts';
import { type Engine, fnv1a, type Loaded, type Outcome } from './engine.ts';
import type { Bench } from './suite.ts';

/** Records that the ring buffers of the suite hold at least; nobody reads them during a run. */
const RUNS_BETWEEN_READS = 100_000;
const PAGE = 4096;
/** Bytes that a packet may come out with. */
const PACKET_ROOM = 4096;

/** An engine that is a kernel. */
export class TestRunEngine implements Engine {
  readonly #sys: Sys;
  readonly #clock: Clock;

  constructor(sys: Sys, clock: Clock) {
    this.#sys = sys;
    this.#clock = clock;
  }

  get clock(): Clock['kind'] {
    return this.#clock.kind;
  }

  load(bench: Bench): Loaded {
    const start = performance.now();
    const collection = loadCollection(this.#sys, readObject(bench.object), { name: bench.name });
    const loadMs = performance.now() - start;
    fillMaps(collection, bench);
    return new TestRun({ sys: this.#sys, clock: this.#clock, collection, packet: bench.input.packet, loadMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sys[Symbol.dispose]();
  }
}

/** Puts a program's contents into its maps, and programs called `stage_N` into slot N of its prog array. */
function fillMaps(collection: Collection, { input }: Bench): void {
  for (const [name, contents] of Object.entries(input.maps)) {
    const { raw } = collection.map(name);
    const bytes = contents();
    const step = raw.keySize + raw.valueSize;
    for (let at = 0; at < bytes.length; at += step) {
      raw.set(bytes.subarray(at, at + raw.keySize), bytes.subarray(at + raw.keySize, at + step));
    }
  }
  const slots = Object.values(collection.maps).find(map => map.spec.type === 'prog_array');
  for (const { name, fd } of Object.values(collection.programs)) {
    const index = /^stage_(\d+)$/.exec(name)?.[1];
    if (index !== undefined) slots?.raw.set(littleU32(Number(index)), littleU32(fd));
  }
}

function littleU32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

class TestRun implements Loaded {
  readonly loadMs: number;
  readonly #sys: Sys;
  readonly #clock: Clock;
  readonly #fd: Fd;
  readonly #packet: Uint8Array;
  readonly #out = new Uint8Array(PACKET_ROOM);
  readonly #rings: readonly Ring[];

  constructor(parts: { sys: Sys; clock: Clock; collection: Collection; packet: Uint8Array; loadMs: number }) {
    const { sys, collection } = parts;
    this.#sys = sys;
    this.#clock = parts.clock;
    this.#fd = collection.program('prog').fd;
    this.#packet = parts.packet;
    this.loadMs = parts.loadMs;
    const ringMaps = Object.values(collection.maps).filter(map => map.spec.type === 'ringbuf');
    this.#rings = ringMaps.map(map => new Ring(sys, map));
  }

  run(count: number): Outcome {
    const attr = {
      prog_fd: this.#fd,
      data_in: this.#packet,
      data_size_in: this.#packet.length,
      data_out: this.#out,
      data_size_out: PACKET_ROOM,
      repeat: 0,
      retval: 0,
    };
    const most = this.#rings.length > 0 ? RUNS_BETWEEN_READS : count;
    let ns = 0;
    for (let left = count; left > 0; left -= attr.repeat) {
      attr.repeat = Math.min(left, most);
      attr.data_size_out = PACKET_ROOM;
      const start = this.#clock.now();
      must(this.#sys, 'prog_test_run', attr);
      ns += this.#clock.now() - start;
      for (const ring of this.#rings) ring.consume();
    }
    return { ns, retval: attr.retval >>> 0, packetHash: fnv1a(this.#out.subarray(0, attr.data_size_out)) };
  }
}

/** The user's end of a ring buffer, which takes every record unseen. */
class Ring {
  readonly #consumer: Mapping;
  readonly #producer: Mapping;

  constructor(sys: Sys, { fd }: BpfMap) {
    const page = (writable: boolean, offset: number): Mapping => {
      const mapping = sys.mmap(fd, PAGE, { writable, offset });
      if (typeof mapping === 'number') throw new SyscallError('mmap', -mapping, sys.why);
      return mapping;
    };
    this.#consumer = page(true, 0);
    this.#producer = page(false, PAGE);
  }

  consume(): void {
    this.#consumer.bytes.set(this.#producer.bytes.subarray(0, 8));
  }
}
