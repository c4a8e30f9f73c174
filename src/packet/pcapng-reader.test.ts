import { describe, expect, test } from 'vitest';
import { type ByteOrder, ByteWriter } from '../util/bytes.ts';
import type { Packet } from './capture.ts';
import { CaptureError } from './error.ts';
import { parseCapture } from './reader.ts';

type Fill = (writer: ByteWriter) => void;

/** Makes blocks by hand, knowing nothing of the code under test. */
function blocks(order: ByteOrder) {
  const block = (type: number, fill: Fill): Uint8Array => {
    const body = new ByteWriter(order);
    fill(body);
    body.align(4);
    const size = body.length + 12;
    return new ByteWriter(order).u32(type).u32(size).raw(body.take()).u32(size).take();
  };
  const option = (code: number, fill: Fill): Fill => {
    const value = new ByteWriter(order);
    fill(value);
    return writer => writer.u16(code).u16(value.length).raw(value.take()).align(4);
  };
  const all = (writer: ByteWriter, fills: readonly Fill[]) => {
    for (const fill of fills) fill(writer);
  };
  return {
    block,
    option,
    section: (...options: Fill[]) =>
      block(0x0a0d0d0a, w =>
        all(
          w
            .u32(0x1a2b3c4d)
            .u16(1)
            .u16(0)
            .u64(2n ** 64n - 1n),
          options,
        ),
      ),
    interface: (linkType: number, snapLength: number, ...options: Fill[]) =>
      block(1, w => all(w.u16(linkType).u16(0).u32(snapLength), options)),
    packet: (id: number, ticks: bigint, data: readonly number[], ...options: Fill[]) =>
      block(6, w => {
        w.u32(id)
          .u32(Number(ticks >> 32n))
          .u32(Number(ticks & 0xffffffffn))
          .u32(data.length)
          .u32(data.length);
        all(w.raw(Uint8Array.from(data)).align(4), options);
      }),
  };
}

const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap(part => [...part]));
const ascii =
  (text: string): Fill =>
  writer =>
    writer.raw(new TextEncoder().encode(text));
const data = (packets: readonly Packet[]): number[][] => packets.map(packet => [...packet.data]);

describe.each<ByteOrder>(['little', 'big'])('pcapng, %s-endian', order => {
  const make = blocks(order);
  const { option } = make;

  test('reads packets of several interfaces with their options', () => {
    const verdict = (type: number, value: bigint): Fill => option(7, w => w.u8(type).u64(value));
    const packets = parseCapture(
      join(
        make.section(option(4, ascii('tester'))),
        make.interface(1, 0, option(2, ascii('eth0'))),
        make.interface(
          101,
          64,
          option(2, ascii('tun0')),
          option(9, w => w.u8(9)),
        ),
        make.packet(
          1,
          1_500_000_000_000_000_007n,
          [1, 2, 3],
          option(1, ascii('one')),
          option(1, ascii('two')),
          option(2, w => w.u32(2)),
          option(5, w => w.u64(0x1122334455667788n)),
          option(6, w => w.u32(3)),
          verdict(2, 1n),
          verdict(1, 2n),
          option(7, w => w.u8(0).u8(0xab)),
          option(2988, ascii('custom')),
          w => w.u16(0).u16(0),
        ),
        make.packet(0, 1_500_000_000_000_007n, []),
      ),
    );
    expect(data(packets)).toEqual([[1, 2, 3], []]);
    expect(packets.map(packet => packet.timestampNs)).toEqual([1_500_000_000_000_000_007n, 1_500_000_000_000_007_000n]);
    expect(packets.map(packet => packet.interface)).toEqual([
      { linkType: 101, snapLength: 64, name: 'tun0' },
      { linkType: 1, snapLength: 0, name: 'eth0' },
    ]);
    expect(packets[0]?.options).toEqual({
      comments: ['one', 'two'],
      flags: 2,
      packetId: 0x1122334455667788n,
      queue: 3,
      verdicts: [
        { kind: 'xdp', action: 1n },
        { kind: 'tc', action: 2n },
        { kind: 'hardware', data: Uint8Array.of(0xab) },
      ],
    });
    expect(packets[1]?.options).toEqual({});
  });

  test('passes over blocks that hold no packet', () => {
    const packets = parseCapture(
      join(
        make.section(),
        make.block(4, w => w.u32(0)),
        make.interface(1, 0),
        make.block(5, w => w.u32(0).u64(0n)),
        make.block(0xbad, w => w.u32(32473).u32(7)),
        make.packet(0, 0n, [9]),
        make.block(0x7777, w => w),
      ),
    );
    expect(data(packets)).toEqual([[9]]);
  });

  test('cuts a simple packet at the snap length', () => {
    const simple = (length: number, kept: number): Uint8Array =>
      make.block(3, w => w.u32(length).raw(new Uint8Array(kept)));
    const packets = parseCapture(join(make.section(), make.interface(1, 6), simple(100, 6), simple(3, 3)));
    expect(packets.map(packet => [packet.data.length, packet.originalLength])).toEqual([
      [6, 100],
      [3, 3],
    ]);
  });

  test('reads the obsolete packet block', () => {
    const obsolete = make.block(2, w =>
      w.u16(0).u16(5).u32(0).u32(1_000_001).u32(2).u32(70).raw(Uint8Array.of(7, 8)).align(4).u16(2).u16(4).u32(1),
    );
    const [packet] = parseCapture(join(make.section(), make.interface(1, 0), obsolete));
    expect(packet).toMatchObject({ originalLength: 70, seconds: 1, nanoseconds: 1000, options: { flags: 1 } });
    expect([...(packet?.data ?? [])]).toEqual([7, 8]);
  });

  test.each([
    { name: 'seconds', resolution: 0, ticks: 0x1_2345_6789n, ns: 0x1_2345_6789n * 1_000_000_000n },
    { name: 'milliseconds', resolution: 3, ticks: 1_700_000_000_123n, ns: 1_700_000_000_123_000_000n },
    { name: 'microseconds', resolution: 6, ticks: 1_700_000_000_123_456n, ns: 1_700_000_000_123_456_000n },
    { name: 'nanoseconds', resolution: 9, ticks: 1_700_000_000_123_456_789n, ns: 1_700_000_000_123_456_789n },
    { name: 'nanoseconds at the limit', resolution: 9, ticks: 2n ** 64n - 1n, ns: 2n ** 64n - 1n },
    { name: 'picoseconds', resolution: 12, ticks: 1_700_123_456_789_999n, ns: 1_700_123_456_789n },
    { name: 'halves', resolution: 0x81, ticks: 5n, ns: 2_500_000_000n },
    { name: '2^-32 s', resolution: 0xa0, ticks: (7n << 32n) | 0x8000_0000n, ns: 7_500_000_000n },
    { name: '10^-127 s', resolution: 127, ticks: 2n ** 64n - 1n, ns: 0n },
  ])('counts ticks of $name', ({ resolution, ticks, ns }) => {
    const described = make.interface(
      1,
      0,
      option(9, w => w.u8(resolution)),
    );
    const [packet] = parseCapture(join(make.section(), described, make.packet(0, ticks, [])));
    expect(packet?.timestampNs).toBe(ns);
  });

  test('adds if_tsoffset, which may be negative', () => {
    const described = make.interface(
      1,
      0,
      option(14, w => w.u64(BigInt.asUintN(64, -10n))),
    );
    const [packet] = parseCapture(join(make.section(), described, make.packet(0, 12_000_001n, [])));
    expect(packet?.timestampNs).toBe(2_000_001_000n);
  });

  test('begins anew at every section, in its byte order', () => {
    const other = blocks(order === 'little' ? 'big' : 'little');
    const packets = parseCapture(
      join(
        make.section(),
        make.interface(1, 11),
        make.packet(0, 1_000_000n, [1]),
        other.section(),
        other.interface(1, 22),
        other.packet(0, 2_000_000n, [2]),
      ),
    );
    expect(packets.map(packet => [packet.interface.snapLength, packet.seconds])).toEqual([
      [11, 1],
      [22, 2],
    ]);
    expect(() =>
      parseCapture(join(make.section(), make.interface(1, 0), other.section(), other.packet(0, 0n, []))),
    ).toThrow(/packet of interface 0, the section describes 0/);
  });

  const start = join(make.section(), make.interface(1, 0));
  const at = start.length;
  const patched = (block: Uint8Array, offset: number, value: number): Uint8Array => {
    new DataView(block.buffer).setUint32(offset, value, order === 'little');
    return block;
  };
  test.each([
    {
      name: 'version 2',
      bytes: patched(make.section(), 12, 0x00020002),
      offset: 12,
      message: /version 2\.2, want 1\.x/,
    },
    { name: 'no byte-order magic', bytes: patched(make.section(), 8, 1), offset: 8, message: /byte-order magic/ },
    {
      name: 'a section too short',
      bytes: make.block(0x0a0d0d0a, w => w.u32(0x1a2b3c4d)),
      offset: 4,
      message: /section header block of length 16, want at least 28/,
    },
    {
      name: 'a block too short',
      bytes: join(start, patched(make.packet(0, 0n, []), 4, 8)),
      offset: at + 4,
      message: /length 8, want a multiple of 4 from 12/,
    },
    {
      name: 'an odd length',
      bytes: join(start, patched(make.packet(0, 0n, []), 4, 33)),
      offset: at + 4,
      message: /length 33, want a multiple of 4/,
    },
    {
      name: 'a huge block',
      bytes: join(start, patched(make.packet(0, 0n, []), 4, 0xfffffffc)),
      offset: at + 4,
      message: /4294967292, want at most 16777216/,
    },
    {
      name: 'two lengths',
      bytes: join(start, patched(make.packet(0, 0n, []), 28, 36)),
      offset: at + 28,
      message: /ends with length 36, want 32/,
    },
    {
      name: 'a packet longer than its block',
      bytes: join(start, patched(make.packet(0, 0n, [1]), 20, 5)),
      offset: at + 20,
      message: /captured length 5, want at most 4/,
    },
    {
      name: 'a simple packet longer than its block',
      bytes: join(
        start,
        make.block(3, w => w.u32(9).u32(0)),
      ),
      offset: at + 8,
      message: /captured length 9, want at most 4/,
    },
    {
      name: 'an unknown interface',
      bytes: join(start, make.packet(3, 0n, [])),
      offset: at + 8,
      message: /interface 3, the section describes 1/,
    },
    {
      name: 'an option longer than its block',
      bytes: join(
        start,
        make.packet(0, 0n, [], w => w.u16(1).u16(9)),
      ),
      offset: at + 28,
      message: /option 1: length 9, want at most 0/,
    },
    {
      name: 'a queue of two bytes',
      bytes: join(
        start,
        make.packet(
          0,
          0n,
          [],
          option(6, w => w.u16(1)),
        ),
      ),
      offset: at + 28,
      message: /option queue: malformed value of 2 bytes/,
    },
    {
      name: 'an XDP verdict of one byte',
      bytes: join(
        start,
        make.packet(
          0,
          0n,
          [],
          option(7, w => w.u8(2)),
        ),
      ),
      offset: at + 28,
      message: /option verdicts: malformed value of 1 bytes/,
    },
    {
      name: 'a cut block',
      bytes: join(start, make.packet(0, 0n, [1]).subarray(0, 35)),
      offset: at,
      message: /ends after 0 packets, inside a record: 35 bytes, want 36/,
    },
  ])('refuses $name', ({ bytes, offset, message }) => {
    const read = () => parseCapture(bytes);
    expect(read).toThrow(CaptureError);
    expect(read).toThrow(message);
    expect(read).toThrow(expect.objectContaining({ offset }));
  });
});
