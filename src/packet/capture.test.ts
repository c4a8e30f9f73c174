/** Both formats together: what was written is read again, however the bytes are cut; bytes that are none give CaptureError only. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CaptureInterface, Packet, PacketOptions, PacketRecord } from './capture.ts';
import { CaptureError } from './error.ts';
import type { Verdict } from './options.ts';
import { PcapWriter } from './pcap-writer.ts';
import { PcapngWriter } from './pcapng-writer.ts';
import { CaptureReader, parseCapture, readCapture, readCaptureBatches } from './reader.ts';
import { encodeCapture } from './writer.ts';

/** Leaves out what is undefined: an absent option is not a key. */
const present = <T extends object>(value: T): T =>
  // Only keys that hold undefined go.
  Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as T;

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const u32 = fc.nat(0xffff_ffff);
const text = fc.string({ unit: 'binary', maxLength: 20 });
const someBytes = fc.uint8Array({ maxLength: 20 });

const verdict: fc.Arbitrary<Verdict> = fc.oneof(
  fc.record({ kind: fc.constantFrom('xdp' as const, 'tc' as const), action: u64 }),
  fc.record({ kind: fc.constantFrom('hardware' as const, 'type_3' as const, 'type_255' as const), data: someBytes }),
);

// The types differ from `PacketOptions` only in that absent values are undefined until `present` drops them.
const options = fc
  .record({
    comments: optional(fc.array(text, { minLength: 1, maxLength: 3 })),
    flags: optional(u32),
    hashes: optional(fc.array(someBytes, { minLength: 1, maxLength: 2 })),
    dropCount: optional(u64),
    packetId: optional(u64),
    queue: optional(u32),
    verdicts: optional(fc.array(verdict, { minLength: 1, maxLength: 2 })),
  })
  .map(values => present(values) as PacketOptions);

const interfaces = fc.array(
  fc
    .record({
      linkType: fc.nat(0xffff),
      snapLength: u32,
      name: optional(text),
      description: optional(text),
      macAddress: optional(fc.uint8Array({ minLength: 6, maxLength: 6 })),
      speed: optional(u64),
      fcsLength: optional(fc.nat(255)),
    })
    .map(values => present(values) as CaptureInterface),
  { minLength: 1, maxLength: 3 },
);

const record = fc.record({
  data: fc.uint8Array({ maxLength: 100 }),
  originalLength: u32,
  seconds: fc.nat(0xffff_ffff),
  nanoseconds: fc.nat(999_999_999),
});

const pcapngCapture = interfaces.chain(list =>
  fc.record({
    interfaces: fc.constant(list),
    packets: fc.array(
      fc
        .tuple(record, options, fc.nat(list.length - 1))
        .map(([fields, values, id]): PacketRecord => ({ ...fields, options: values, interface: list[id]! })),
      { maxLength: 10 },
    ),
  }),
);

const order = fc.constantFrom('little' as const, 'big' as const);

/** Plain data of a packet, for comparison. */
const plain = ({ data, originalLength, seconds, nanoseconds, interface: from, options: values }: Packet) => ({
  data: Uint8Array.from(data),
  originalLength,
  seconds,
  nanoseconds,
  interface: from,
  options: values,
});

describe('write, then read', () => {
  test('pcapng keeps everything', () => {
    fc.assert(
      fc.property(pcapngCapture, order, fc.boolean(), (capture, byteOrder, atOnce) => {
        const writer = new PcapngWriter({ order: byteOrder, ...(atOnce && { interfaces: capture.interfaces }) });
        const packets = parseCapture(encodeCapture(writer, capture.packets));
        expect(packets.map(plain)).toEqual(capture.packets);
      }),
    );
  });

  test('pcapng keeps what the section header says', () => {
    const section = { comments: ['a', 'b'], hardware: 'h', os: 'o', application: 'p' };
    const reader = new CaptureReader();
    reader.push(new PcapngWriter({ ...section, order: 'big' }).take());
    expect(reader.section).toEqual({ ...section, littleEndian: false });
    expect(reader.format).toBe('pcapng');
  });

  test('pcap keeps bytes, lengths and times to its resolution', () => {
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 10 }),
        order,
        fc.constantFrom('us', 'ns'),
        (records, byteOrder, unit) => {
          const writer = new PcapWriter({ order: byteOrder, resolution: unit });
          const packets = parseCapture(encodeCapture(writer, records));
          const kept = (ns: number) => (unit === 'ns' ? ns : ns - (ns % 1000));
          const from = { linkType: 1, snapLength: 262_144 };
          expect(packets.map(plain)).toEqual(
            records.map(r => ({ ...r, nanoseconds: kept(r.nanoseconds), interface: from, options: {} })),
          );
        },
      ),
    );
  });

  test('a reader’s packets pass through a writer as they are', () => {
    const eth0 = { linkType: 1, snapLength: 0, name: 'eth0' };
    const first = encodeCapture(new PcapngWriter(), [{ data: Uint8Array.of(1, 2, 3), seconds: 5, interface: eth0 }]);
    expect(encodeCapture(new PcapngWriter(), parseCapture(first))).toEqual(first);
  });
});

describe('chunks', () => {
  const packets: PacketRecord[] = Array.from({ length: 8 }, (_, i) => ({
    data: new Uint8Array(i * 7).fill(i),
    seconds: i,
    options: { comments: [`packet ${i}`] },
  }));
  const captures = [
    { name: 'pcap', bytes: encodeCapture(new PcapWriter(), packets) },
    { name: 'pcapng', bytes: encodeCapture(new PcapngWriter(), packets) },
  ];

  test.each(captures)('$name reads the same wherever it is cut', ({ bytes }) => {
    const whole = parseCapture(bytes).map(plain);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), cuts => {
        const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const reader = new CaptureReader();
        const read = edges.slice(1).flatMap((end, i) => reader.push(bytes.slice(edges[i], end)));
        reader.end();
        expect(read.map(plain)).toEqual(whole);
      }),
    );
  });

  test.each(captures)('$name reads byte by byte', async ({ bytes }) => {
    async function* single() {
      for (const byte of bytes) yield Uint8Array.of(byte);
    }
    const read: unknown[] = [];
    for await (const packet of readCapture(single())) read.push(plain(packet));
    expect(read).toEqual(parseCapture(bytes).map(plain));
  });

  test.each(captures)('$name cut short anywhere names the record that is cut', ({ bytes }) => {
    for (let length = 1; length < bytes.length; length++) {
      const reader = new CaptureReader();
      const read = reader.push(bytes.subarray(0, length));
      try {
        reader.end();
      } catch (error) {
        expect(error).toBeInstanceOf(CaptureError);
        expect((error as CaptureError).offset).toBeLessThan(length);
        expect((error as CaptureError).message).toContain(`ends after ${read.length} packets, inside a record`);
        continue;
      }
      // Between two records a shorter file is whole.
      expect(parseCapture(bytes.subarray(0, length)).length).toBe(read.length);
    }
  });

  test('batches come one per chunk that completes a packet', async () => {
    const bytes = encodeCapture(new PcapWriter(), packets);
    const sizes: number[] = [];
    for await (const batch of readCaptureBatches([bytes.subarray(0, 30), bytes.subarray(30, 70), bytes.subarray(70)])) {
      sizes.push(batch.length);
    }
    expect(sizes).toEqual([2, 6]);
  });

  test('packets of a chunk are views of it; a record across chunks has room of its own', () => {
    const bytes = encodeCapture(new PcapWriter(), [{ data: new Uint8Array(10) }, { data: new Uint8Array(10).fill(5) }]);
    const reader = new CaptureReader();
    const chunk = bytes.slice(0, 60);
    const [first] = reader.push(chunk);
    expect(first?.data.buffer).toBe(chunk.buffer);
    const [second] = reader.push(bytes.slice(60));
    chunk.fill(0xff);
    expect([...(second?.data ?? [])]).toEqual(new Array(10).fill(5));
  });
});

describe('malformed input', () => {
  const seed = encodeCapture(new PcapngWriter(), [
    {
      data: Uint8Array.of(1, 2, 3),
      seconds: 1,
      options: { comments: ['c'], queue: 1, verdicts: [{ kind: 'xdp', action: 1n }] },
    },
    { data: Uint8Array.of(4), interface: { linkType: 101, snapLength: 3, name: 'tun' } },
  ]);
  const seeds = [
    { name: 'pcapng', bytes: seed },
    { name: 'pcap', bytes: encodeCapture(new PcapWriter(), parseCapture(seed).slice(0, 1)) },
  ];

  const readOrRefuse = (bytes: Uint8Array) => {
    try {
      const packets = parseCapture(bytes);
      for (const packet of packets) expect(typeof packet.timestampNs).toBe('bigint');
    } catch (error) {
      expect(error).toBeInstanceOf(CaptureError);
    }
  };

  test.each(seeds)('a damaged $name gives packets or a CaptureError', ({ bytes }) => {
    const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, changes => {
        const copy = bytes.slice();
        for (const [at, value] of changes) copy[at] = value;
        readOrRefuse(copy);
      }),
      { numRuns: 2000 },
    );
  });

  test.each(seeds)('random bytes after the magic of $name give packets or a CaptureError', ({ bytes }) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), tail =>
        readOrRefuse(Uint8Array.of(...bytes.subarray(0, 12), ...tail)),
      ),
      { numRuns: 1000 },
    );
  });
});

describe('writers refuse', () => {
  const data = new Uint8Array(1);
  const long = 'x'.repeat(70_000);
  test.each([
    { name: 'a time before 1970', writer: new PcapngWriter(), packet: { data, seconds: -1 }, message: /at -1 s/ },
    {
      name: 'a time that is no number',
      writer: new PcapWriter(),
      packet: { data, seconds: Number.NaN },
      message: /at NaN s/,
    },
    {
      name: 'a second past 32 bits in pcap',
      writer: new PcapWriter(),
      packet: { data, seconds: 2 ** 32 },
      message: /want a whole number from 0 to 4294967295/,
    },
    {
      name: 'a second of nanoseconds',
      writer: new PcapWriter(),
      packet: { data, nanoseconds: 1e9 },
      message: /1000000000 ns/,
    },
    {
      name: 'a long comment',
      writer: new PcapngWriter(),
      packet: { data, options: { comments: [long] } },
      message: /option comments: 70000 bytes, want at most 65535/,
    },
    {
      name: 'a second link type in pcap',
      writer: new PcapWriter(),
      packet: { data, interface: { linkType: 101, snapLength: 0 } },
      message: /link type 101: pcap holds one link type, here 1/,
    },
    {
      name: 'a link type past 16 bits in pcapng',
      writer: new PcapngWriter(),
      packet: { data, interface: { linkType: 70_000, snapLength: 0 } },
      message: /link type 70000/,
    },
  ])('$name, and go on', ({ writer, packet, message }) => {
    expect(() => writer.write(packet)).toThrow(message);
    expect(() => writer.write(packet)).toThrow(CaptureError);
    writer.write({ data });
    expect(parseCapture(writer.take()).map(p => p.data.length)).toEqual([1]);
  });
});
