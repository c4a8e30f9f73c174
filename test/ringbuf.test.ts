/** Ring buffers on both kernels: what helpers answer, and what the reader finds in its pages, byte for byte. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelSys } from '../src/kernel/kernel.ts';
import { openLinux } from '../src/linux/linux.ts';
import type { Mapping, Sys } from '../src/sys/sys.ts';
import { errnoName } from '../src/uapi/errno.ts';
import { HELPERS } from '../src/uapi/helpers.ts';
import { mapTypeId } from '../src/uapi/map-types.ts';
import { progTypeId } from '../src/uapi/prog-types.ts';
import { toHex } from '../src/util/bytes.ts';
import { linuxSkip } from './support/kernels.ts';
import { programBytes, type Source } from './support/program.ts';
import { titled } from './support/tools.ts';

const PAGE = 4096;

/** One step: a program that does one thing, or the reader moving on; and what comes of it. */
type Step =
  | readonly ['output', size: number, flags: number, r0: number]
  | readonly ['reserve', size: number, then: 'submit' | 'discard', flags: number, r0: number]
  | readonly ['query', what: number, r0: number]
  | readonly ['consume', position: number];

interface Row {
  readonly name: string;
  /** Bytes of data; a page unless said. */
  readonly size?: number;
  readonly steps: readonly Step[];
  /** The producer's position, and records as `position: header, sample` (samples end at 8 bytes). */
  readonly producer: number;
  readonly records: readonly string[];
}

/** The bytes that programs write: 8 of them over and over. */
const WORD = 0x0807060504030201n;

const rows: readonly Row[] = [
  {
    name: 'output',
    steps: [
      ['output', 8, 0, 0],
      ['output', 5, 0, 0],
      ['output', 0, 0, 0],
    ],
    producer: 16 + 16 + 8,
    records: ['0: 08000000 03000000 0102030405060708', '16: 05000000 03000000 0102030405', '32: 00000000 03000000 '],
  },
  { name: 'an unknown flag', steps: [['output', 8, 4, -22]], producer: 0, records: [] },
  {
    name: 'reserve, then submit or discard',
    steps: [
      ['reserve', 8, 'submit', 0, 1],
      ['reserve', 16, 'discard', 0, 1],
      ['reserve', 8, 'submit', 2, 1],
    ],
    producer: 16 + 24 + 16,
    records: [
      '0: 08000000 03000000 0102030405060708',
      '16: 10000040 03000000 0102030405060708',
      '40: 08000000 03000000 0102030405060708',
    ],
  },
  {
    name: 'more than there is room for',
    steps: [
      ['output', 256, 0, 0],
      ['reserve', 4096, 'submit', 0, 0],
      ['reserve', 3832, 'submit', 0, 0],
      ['reserve', 3816, 'submit', 0, 1],
      ['output', 1, 0, -11],
      ['query', 0, 4088],
      ['consume', 264],
      ['output', 1, 0, 0],
    ],
    producer: 4088 + 16,
    records: ['264: e80e0000 03000000 0102030405060708', '4088: 01000000 03000000 01'],
  },
  {
    name: 'a record over the end lies in one piece',
    steps: [
      ['reserve', 4064, 'submit', 0, 1],
      ['consume', 4072],
      ['output', 32, 0, 0],
      ['output', 8, 0, 0],
    ],
    producer: 4072 + 40 + 16,
    records: ['4072: 20000000 03000000 0102030405060708', '4112: 08000000 03000000 0102030405060708'],
  },
  {
    name: 'a page further',
    size: 2 * PAGE,
    steps: [
      ['reserve', 4096, 'submit', 0, 1],
      ['output', 8, 1, 0],
    ],
    producer: 4104 + 16,
    records: ['0: 00100000 03000000 0102030405060708', '4104: 08000000 04000000 0102030405060708'],
  },
  {
    name: 'queries',
    steps: [
      ['output', 8, 0, 0],
      ['output', 8, 0, 0],
      ['consume', 16],
      ['query', 0, 16],
      ['query', 1, PAGE],
      ['query', 2, 16],
      ['query', 3, 32],
      ['query', 4, 0],
    ],
    producer: 32,
    records: ['16: 08000000 03000000 0102030405060708'],
  },
];

/** The program of a step; r0 is its verdict. */
function sourceOf(step: Exclude<Step, readonly ['consume', ...unknown[]]>, fd: number): Source {
  const map: Source = [['ld_map_fd', { dst: 1, imm64: BigInt(fd) }]];
  if (step[0] === 'query') {
    return [...map, ['mov64_k', { dst: 2, imm: step[1] }], ['call', { imm: HELPERS.ringbuf_query.id }], ['exit']];
  }
  if (step[0] === 'output') {
    const fill: Source = Array.from({ length: 32 }, (_, i) => ['stx_mem_dw', { dst: 10, src: 3, off: -256 + 8 * i }]);
    return [
      ['ld_imm64', { dst: 3, imm64: WORD }],
      ...fill,
      ...map,
      ['mov64_x', { dst: 2, src: 10 }],
      ['add64_k', { dst: 2, imm: -256 }],
      ['mov64_k', { dst: 3, imm: step[1] }],
      ['mov64_k', { dst: 4, imm: step[2] }],
      ['call', { imm: HELPERS.ringbuf_output.id }],
      ['exit'],
    ];
  }
  return [
    ...map,
    ['mov64_k', { dst: 2, imm: step[1] }],
    ['mov64_k', { dst: 3, imm: 0 }],
    ['call', { imm: HELPERS.ringbuf_reserve.id }],
    ['jeq64_k', { dst: 0, imm: 0, off: 7 }],
    ['ld_imm64', { dst: 3, imm64: WORD }],
    ['stx_mem_dw', { dst: 0, src: 3, off: 0 }],
    ['mov64_x', { dst: 1, src: 0 }],
    ['mov64_k', { dst: 2, imm: step[3] }],
    ['call', { imm: HELPERS[`ringbuf_${step[2]}`].id }],
    ['mov64_k', { dst: 0, imm: 1 }],
    ['exit'],
  ];
}

/** A ring with its reader's two mappings. */
class Ring {
  readonly #sys: Sys;
  readonly #fd: number;
  readonly #size: number;
  readonly #consumer: Mapping;
  readonly #producer: Mapping;

  constructor(sys: Sys, size: number) {
    this.#sys = sys;
    this.#size = size;
    this.#fd = this.#must(sys.bpf('map_create', { map_type: mapTypeId('ringbuf') ?? 0, max_entries: size }));
    const consumer = sys.mmap(this.#fd, PAGE, { writable: true });
    const producer = sys.mmap(this.#fd, PAGE + 2 * size, { writable: false, offset: PAGE });
    if (typeof consumer === 'number' || typeof producer === 'number') throw new Error('mmap refused');
    this.#consumer = consumer;
    this.#producer = producer;
  }

  run(step: Step): number | undefined {
    if (step[0] === 'consume') {
      new DataView(this.#consumer.bytes.buffer, this.#consumer.bytes.byteOffset).setBigUint64(0, BigInt(step[1]), true);
      return undefined;
    }
    const insns = programBytes(sourceOf(step, this.#fd));
    const load = { prog_type: progTypeId('xdp') ?? 0, insns, insn_cnt: insns.length / 8, license: 'GPL' };
    const prog_fd = this.#must(this.#sys.bpf('prog_load', load));
    const run = { prog_fd, data_in: new Uint8Array(64), data_size_in: 64, retval: 0 };
    this.#must(this.#sys.bpf('prog_test_run', run));
    this.#sys.close(prog_fd);
    return run.retval | 0;
  }

  get producer(): number {
    return Number(this.#view.getBigUint64(0, true));
  }

  get records(): string[] {
    const records: string[] = [];
    const { bytes } = this.#consumer;
    let at = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    while (at < this.producer) {
      const offset = PAGE + (at % this.#size);
      const header = this.#producer.bytes.subarray(offset, offset + 8);
      const length = this.#view.getUint32(offset, true) & 0x3fff_ffff;
      const sample = this.#producer.bytes.subarray(offset + 8, offset + 8 + Math.min(8, length));
      records.push(`${at}: ${toHex(header.subarray(0, 4))} ${toHex(header.subarray(4))} ${toHex(sample)}`);
      at += Math.ceil((length + 8) / 8) * 8;
    }
    return records;
  }

  close(): void {
    this.#consumer.unmap();
    this.#producer.unmap();
    this.#sys.close(this.#fd);
  }

  get #view(): DataView {
    const { bytes } = this.#producer;
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  #must(result: number): number {
    if (result < 0) throw new Error(`${errnoName(-result)} ${this.#sys.why}`);
    return result;
  }
}

const kernels: readonly [name: string, skip: string | undefined, open: () => Sys][] = [
  ['our kernel', undefined, () => new KernelSys()],
  ['the live kernel', linuxSkip, openLinux],
];

describe.each(kernels)('%s', (_name, skip, open) => {
  describe.skipIf(skip)(titled('ring buffers', skip), () => {
    let sys: Sys;
    beforeAll(() => {
      sys = open();
    });
    afterAll(() => sys[Symbol.dispose]());

    it.each(rows.map(row => [row.name, row] as const))('%s', (_row, { size = PAGE, steps, producer, records }) => {
      const ring = new Ring(sys, size);
      const expected = steps.map(step => (step[0] === 'consume' ? undefined : step.at(-1)));
      expect(steps.map(step => ring.run(step))).toEqual(expected);
      expect(ring.producer).toBe(producer);
      expect(ring.records).toEqual(records);
      ring.close();
    });

    it.each([
      ['the consumer page, written', PAGE, true, 0, 'ok'],
      ['both positions, read', 2 * PAGE, false, 0, 'ok'],
      ['everything, read', 4 * PAGE, false, 0, 'ok'],
      ['both positions, written', 2 * PAGE, true, 0, 'EPERM'],
      ['the producer page, written', PAGE, true, PAGE, 'EPERM'],
      ['beyond the end', 4 * PAGE, false, PAGE, 'EINVAL'],
      ['from within a page', 100, false, 100, 'EINVAL'],
    ] as const)('mmap of %s', (_what, length, writable, offset, outcome) => {
      const fd = sys.bpf('map_create', { map_type: mapTypeId('ringbuf') ?? 0, max_entries: PAGE });
      const mapped = sys.mmap(fd, length, { writable, offset });
      expect(typeof mapped === 'number' ? errnoName(-mapped) : 'ok').toBe(outcome);
      if (typeof mapped !== 'number') mapped.unmap();
      sys.close(fd);
    });
  });
});
