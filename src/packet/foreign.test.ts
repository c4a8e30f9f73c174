/** Captures that Wireshark's tools wrote, and what they say of those that we write. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Random } from '../util/random.ts';
import { eth } from './build.ts';
import { PcapWriter } from './pcap-writer.ts';
import { PcapngWriter } from './pcapng-writer.ts';
import { randomPacket } from './random-packet.ts';
import { parseCapture } from './reader.ts';
import { type CaptureWriter, encodeCapture } from './writer.ts';

const fixture = (name: string) => new URL(`../../test/data/packet/${name}`, import.meta.url);

/** A time as tshark prints it. */
const epoch = (seconds: number, nanoseconds: number) => `${seconds}.${String(nanoseconds).padStart(9, '0')}`;

test.each(['cut.pcap', 'nanoseconds.pcap', 'merged.pcapng'])('reads %s as tshark does', name => {
  const read = parseCapture(readFileSync(fixture(name))).map(packet =>
    [
      epoch(packet.seconds, packet.nanoseconds),
      packet.data.length,
      packet.originalLength,
      packet.interface.name ?? (name.endsWith('pcapng') ? 'unknown' : ''),
      packet.options.comments?.join(' ') ?? '',
    ].join(','),
  );
  expect(read).toEqual(
    readFileSync(fixture(`${name}.csv`), 'utf8')
      .trim()
      .split('\n'),
  );
});

const tshark = (args: readonly string[]): string[] =>
  execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    .trimEnd()
    .split('\n');

const withoutTshark = spawnSync('tshark', ['--version']).error !== undefined;

describe.skipIf(withoutTshark)(`tshark reads what we write${withoutTshark ? ' (skipped: no tshark)' : ''}`, () => {
  const random = new Random(11);
  const eth7 = { linkType: 1, snapLength: 262_144, name: 'eth7' };
  const packets = Array.from({ length: 40 }, (_, i) => ({
    data: randomPacket(random),
    seconds: 1_700_000_000 + i,
    nanoseconds: 1_000_000 * i,
    interface: eth7,
    options: {
      comments: [`packet ${i}`],
      queue: i % 4,
      packetId: BigInt(i) + 2n ** 40n,
      verdicts: [{ kind: 'xdp' as const, action: BigInt(i % 5) }],
    },
  }));

  /** What tshark prints of the fields of a capture, a line per packet. */
  const fieldsOf = (bytes: Uint8Array, fields: readonly string[], settings: readonly string[] = []): string[] => {
    const folder = mkdtempSync(join(tmpdir(), 'packet-'));
    try {
      const file = join(folder, 'capture');
      writeFileSync(file, bytes);
      const wanted = fields.flatMap(field => ['-e', field]);
      const set = settings.flatMap(setting => ['-o', setting]);
      return tshark(['-r', file, ...set, '-T', 'fields', '-E', 'separator=,', '-E', 'occurrence=f', ...wanted]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test.each<{ name: string; make: () => CaptureWriter }>([
    { name: 'little-endian pcap', make: () => new PcapWriter() },
    { name: 'big-endian pcap', make: () => new PcapWriter({ order: 'big', resolution: 'us' }) },
    { name: 'little-endian pcapng', make: () => new PcapngWriter() },
    { name: 'big-endian pcapng', make: () => new PcapngWriter({ order: 'big' }) },
  ])('times and lengths in $name', ({ make }) => {
    expect(fieldsOf(encodeCapture(make(), packets), ['frame.time_epoch', 'frame.len'])).toEqual(
      packets.map(packet => `${epoch(packet.seconds, packet.nanoseconds)},${packet.data.length}`),
    );
  });

  test.each(['little', 'big'] as const)('verdict, queue, id, interface and comment in %s-endian pcapng', order => {
    const fields = ['ebpf_xdp', 'queue', 'id', 'name', 'comment'];
    const names = ['verdict.ebpf_xdp', 'interface_queue', 'packet_id', 'interface_name', 'comment'];
    expect(names).toHaveLength(fields.length);
    expect(
      fieldsOf(
        encodeCapture(new PcapngWriter({ order }), packets),
        names.map(name => `frame.${name}`),
      ),
    ).toEqual(
      packets.map(
        ({ options }, i) => `${options.verdicts[0]?.action},${options.queue},${options.packetId},eth7,packet ${i}`,
      ),
    );
  });

  test('checksums are right', () => {
    const ip4 = eth().ipv4('10.0.0.1', '10.0.0.2');
    const ip6 = eth().ipv6('2001:db8::1', '2001:db8::2');
    const odd = 'odd';
    const built = [ip4.tcp(), ip4.udp(), ip4.icmp(), ip6.tcp(), ip6.udp(), ip6.icmpv6()].map(packet => ({
      data: packet.payload(odd).bytes(),
    }));
    const layers = ['tcp', 'udp', 'icmp', 'icmpv6'];
    const fields = layers.map(layer => `${layer}.checksum.status`);
    // The others are checked unasked.
    const settings = ['tcp.check_checksum:TRUE', 'udp.check_checksum:TRUE'];
    const lines = fieldsOf(encodeCapture(new PcapngWriter(), built), fields, settings);
    // 1 is tshark's word for right.
    expect(lines.map(line => line.replaceAll(',', ''))).toEqual(built.map(() => '1'));
  });
});
