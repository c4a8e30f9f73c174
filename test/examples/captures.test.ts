/** The captures under `examples/` are what their script makes, and hold what the examples are to show. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { annotatedTraffic, mixedTraffic } from '../../examples/captures/traffic.ts';
import { encodeCapture, formatPacket, PcapngWriter, PcapWriter, parseCapture } from '../../src/packet/index.ts';

const committed = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../examples/captures/${name}`, import.meta.url)));

describe('example captures', () => {
  test.each([
    { name: 'mixed.pcap', made: () => encodeCapture(new PcapWriter({ resolution: 'us' }), mixedTraffic()) },
    { name: 'annotated.pcapng', made: () => encodeCapture(new PcapngWriter(), annotatedTraffic()) },
  ])('$name is what make.ts makes', ({ name, made }) => {
    expect(Buffer.from(committed(name)).equals(made())).toBe(true);
  });

  test('mixed.pcap holds traffic of every kind', () => {
    const packets = parseCapture(committed('mixed.pcap'));
    const texts = packets.map(packet => formatPacket(packet.data));
    const count = (pattern: RegExp) => texts.filter(text => pattern.test(text)).length;
    expect(packets).toHaveLength(1950);
    expect(count(/^IPv4 203\.0\.113\.7:54321 → .* TCP SYN,/)).toBe(250);
    expect(count(/:53 UDP/)).toBe(130);
    for (const kind of [
      /^ARP/,
      /^VLAN \d+ IPv4/,
      /^VLAN \d+ VLAN/,
      /^IPv6 .* TCP SYN/,
      /echo request/,
      /fragment/,
      /truncated/,
      /malformed/,
    ]) {
      expect(count(kind), String(kind)).toBeGreaterThan(0);
    }
  });
});
