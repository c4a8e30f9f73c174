import { describe, expect, test } from 'vitest';
import { parseHex } from '../util/bytes.ts';
import { CaptureError } from './error.ts';
import { CaptureReader, parseCapture } from './reader.ts';

const hex = (text: string): Uint8Array => {
  const bytes = parseHex(text);
  if (bytes === undefined) throw new Error(`not hex: ${text}`);
  return bytes;
};

/** Two packets of 4 and 2 bytes, the second cut from 60, in every dialect of pcap. */
const dialects = [
  {
    name: 'little-endian, microseconds',
    file: 'd4c3b2a1 02000400 00000000 00000000 00000400 01000000',
    records: ['01000000 02000000 04000000 04000000 aabbccdd', '03000000 3f420f00 02000000 3c000000 0102'],
    nanoseconds: [2_000, 999_999_000],
  },
  {
    name: 'big-endian, microseconds',
    file: 'a1b2c3d4 00020004 00000000 00000000 00040000 00000001',
    records: ['00000001 00000002 00000004 00000004 aabbccdd', '00000003 000f423f 00000002 0000003c 0102'],
    nanoseconds: [2_000, 999_999_000],
  },
  {
    name: 'little-endian, nanoseconds',
    file: '4d3cb2a1 02000400 00000000 00000000 00000400 01000000',
    records: ['01000000 02000000 04000000 04000000 aabbccdd', '03000000 ffc99a3b 02000000 3c000000 0102'],
    nanoseconds: [2, 999_999_999],
  },
  {
    name: 'big-endian, nanoseconds',
    file: 'a1b23c4d 00020004 00000000 00000000 00040000 00000001',
    records: ['00000001 00000002 00000004 00000004 aabbccdd', '00000003 3b9ac9ff 00000002 0000003c 0102'],
    nanoseconds: [2, 999_999_999],
  },
];

describe('pcap', () => {
  test.each(dialects)('reads $name', ({ file, records, nanoseconds }) => {
    const packets = parseCapture(hex([file, ...records].join('')));
    expect(packets.map(packet => [...packet.data])).toEqual([
      [0xaa, 0xbb, 0xcc, 0xdd],
      [1, 2],
    ]);
    expect(packets.map(packet => packet.originalLength)).toEqual([4, 60]);
    expect(packets.map(packet => packet.seconds)).toEqual([1, 3]);
    expect(packets.map(packet => packet.nanoseconds)).toEqual(nanoseconds);
    expect(packets[0]?.interface).toEqual({ linkType: 1, snapLength: 262_144 });
    expect(packets[1]?.interface).toBe(packets[0]?.interface);
  });

  const [{ file, records: [record = ''] = [] } = { file: '', records: [] }] = dialects;

  test('counts time in nanoseconds', () => {
    expect(parseCapture(hex(file + record))[0]?.timestampNs).toBe(1_000_002_000n);
  });

  test('carries a fraction of more than a second over', () => {
    const packet = parseCapture(hex(`${file} 01000000 80841e00 00000000 00000000`))[0];
    expect([packet?.seconds, packet?.nanoseconds]).toEqual([3, 0]);
  });

  test('takes the FCS length from the link type field', () => {
    const withFcs = 'd4c3b2a1 02000400 00000000 00000000 00000400 01000024';
    expect(parseCapture(hex(withFcs + record))[0]?.interface).toMatchObject({ linkType: 1, fcsLength: 32 });
  });

  test('accepts a capture without packets', () => {
    expect(parseCapture(hex(file))).toEqual([]);
  });

  test.each([
    { name: 'nothing', bytes: '', offset: 0, message: /empty/ },
    {
      name: 'three bytes',
      bytes: 'd4c3b2',
      offset: 0,
      message: /ends after 0 packets, inside a record: 3 bytes, want 4/,
    },
    { name: 'half a file header', bytes: 'd4c3b2a1 02000400', offset: 0, message: /8 bytes, want 24/ },
    {
      name: 'version 3',
      bytes: 'd4c3b2a1 03000400 00000000 00000000 00000400 01000000',
      offset: 4,
      message: /version 3\.4, want 2\.x/,
    },
    {
      name: 'half a record header',
      bytes: `${file} ${record} 01000000`,
      offset: 44,
      message: /after 1 packets.*4 bytes, want 16/,
    },
    { name: 'a cut packet', bytes: `${file} ${record.slice(0, -2)}`, offset: 24, message: /19 bytes, want 20/ },
    {
      name: 'an endless packet',
      bytes: `${file} 00000000 00000000 ffffffff ffffffff`,
      offset: 24,
      message: /captured length 4294967295, want at most 16777216/,
    },
    { name: 'gzip', bytes: '1f8b0800', offset: 0, message: /gzip compressed data: decompress it first/ },
    { name: 'zstd', bytes: '28b52ffd', offset: 0, message: /zstd/ },
    { name: 'snoop', bytes: '736e6f6f70000000', offset: 0, message: /snoop/ },
    { name: 'modified pcap', bytes: '34cdb2a1', offset: 0, message: /'modified' pcap/ },
    { name: 'an ELF file', bytes: '7f454c46', offset: 0, message: /ELF/ },
    { name: 'anything else', bytes: 'cafebabe', offset: 0, message: /begins with 0xcafebabe/ },
  ])('refuses $name', ({ bytes, offset, message }) => {
    const read = () => {
      const reader = new CaptureReader();
      reader.push(hex(bytes));
      reader.end();
    };
    expect(read).toThrow(CaptureError);
    expect(read).toThrow(message);
    expect(read).toThrow(expect.objectContaining({ offset, code: 'capture' }));
  });

  test('hands over the packets before a malformed one, then throws at every call', () => {
    const reader = new CaptureReader({ maxRecordBytes: 16 });
    const bytes = hex(`${file} ${record} ${record} 00000000 00000000 11000000 11000000`);
    expect(reader.push(bytes)).toHaveLength(2);
    expect(() => reader.push(new Uint8Array(0))).toThrow(/captured length 17, want at most 16/);
    expect(() => reader.end()).toThrow(/captured length 17/);
  });
});
