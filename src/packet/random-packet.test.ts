import { expect, test } from 'vitest';
import { Random } from '../util/random.ts';
import { formatPacket } from './dissect.ts';
import { randomPacket } from './random-packet.ts';

const packets = (seed: number, count: number): Uint8Array[] => {
  const random = new Random(seed);
  return Array.from({ length: count }, () => randomPacket(random));
};

test('the same seed gives the same packets', () => {
  expect(packets(5, 50)).toEqual(packets(5, 50));
  expect(packets(5, 50)).not.toEqual(packets(6, 50));
});

test('lengths stay within the bounds', () => {
  for (const { length } of packets(1, 2000)) {
    expect(length).toBeGreaterThanOrEqual(14);
    expect(length).toBeLessThanOrEqual(1514);
  }
  const random = new Random(2);
  for (let i = 0; i < 200; i++)
    expect(randomPacket(random, { minLength: 40, maxLength: 44 }).length).toBeOneOf([40, 41, 42, 43, 44]);
});

test('every kind of packet comes up', () => {
  const texts = packets(1, 3000).map(packet => formatPacket(packet));
  for (const kind of [
    / TCP SYN/,
    / TCP.* ACK/,
    / UDP, /,
    / ICMP echo request/,
    /^IPv6 .* UDP, /,
    / ICMPv6 echo/,
    /^ARP who has/,
    /^ARP .* is at/,
    /^VLAN \d+ IPv4/,
    /^VLAN \d+ VLAN \d+ /,
    / fragment at \d+/,
    / protocol 89/,
    /^ethertype 0x88cc/,
    /^802\.3/,
    /IPv4, truncated/,
    /IPv4, malformed/,
    / TCP, truncated/,
  ]) {
    expect(texts.filter(text => kind.test(text)).length, String(kind)).toBeGreaterThan(0);
  }
});
