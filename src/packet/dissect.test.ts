import { describe, expect, test } from 'vitest';
import { Random } from '../util/random.ts';
import { eth, PacketBuilder } from './build.ts';
import { formatPacket } from './dissect.ts';
import { randomPacket } from './random-packet.ts';

const ip = eth().ipv4('10.0.0.1', '10.0.0.2');
const ip6 = eth().ipv6('2001:db8::1', 'ff02::1');
const v4 = 'IPv4 10.0.0.1 → 10.0.0.2';
const v6 = 'IPv6 2001:db8::1 → ff02::1';

describe('formatPacket', () => {
  test.each([
    [ip.tcp({ syn: true }), 'IPv4 10.0.0.1:40000 → 10.0.0.2:80 TCP SYN, 54 bytes'],
    [ip.tcp({ psh: true, ack: true }), 'IPv4 10.0.0.1:40000 → 10.0.0.2:80 TCP PSH ACK, 54 bytes'],
    [ip.udp().payload('hi'), 'IPv4 10.0.0.1:40000 → 10.0.0.2:53 UDP, 44 bytes'],
    [ip.icmp(), `${v4} ICMP echo request, 42 bytes`],
    [ip.icmp({ type: 77 }), `${v4} ICMP type 77, 42 bytes`],
    [eth().ipv4('10.0.0.1', '10.0.0.2', { protocol: 89 }), `${v4} protocol 89, 34 bytes`],
    [eth().ipv4('10.0.0.1', '10.0.0.2', { fragmentOffset: 1480 }).udp(), `${v4} UDP fragment at 1480, 42 bytes`],
    [
      eth()
        .ipv4('10.0.0.1', '10.0.0.2', { options: new Uint8Array(8) })
        .icmp(),
      `${v4} ICMP echo request, 50 bytes`,
    ],
    [ip6.tcp({ dport: 443, syn: true, ack: true }), 'IPv6 [2001:db8::1]:40000 → [ff02::1]:443 TCP SYN ACK, 74 bytes'],
    [ip6.icmpv6({ type: 135 }), `${v6} ICMPv6 neighbour solicitation, 62 bytes`],
    [
      eth()
        .ipv6('2001:db8::1', 'ff02::1', { nextHeader: 44 })
        .payload(Uint8Array.of(17, 0, 0, 16, 0, 0, 0, 1)),
      `${v6} UDP fragment at 16, 62 bytes`,
    ],
    [
      eth()
        .ipv6('2001:db8::1', 'ff02::1', { nextHeader: 0 })
        .payload(Uint8Array.of(60, 0, 0, 0, 0, 0, 0, 0, 58, 0, 0, 0, 0, 0, 0, 0, 128, 0, 0, 0)),
      `${v6} ICMPv6 echo request, 74 bytes`,
    ],
    [
      eth().vlan(7, { tpid: 0x88a8 }).vlan(100).ipv4('10.0.0.1', '10.0.0.2').icmp(),
      `VLAN 7 VLAN 100 ${v4} ICMP echo request, 50 bytes`,
    ],
    [eth().arp({ senderIp: '10.0.0.1', targetIp: '10.0.0.2' }), 'ARP who has 10.0.0.2? tell 10.0.0.1, 42 bytes'],
    [
      eth().arp({ op: 'reply', senderIp: '10.0.0.1', targetIp: '10.0.0.2' }),
      'ARP 10.0.0.1 is at 02:00:00:00:00:01, 42 bytes',
    ],
    [eth({ proto: 0x88cc }), 'ethertype 0x88cc, 14 bytes'],
    [eth({ proto: 38 }), '802.3 of length 38, 14 bytes'],
  ])('%o', (packet, text) => {
    expect(formatPacket(packet.bytes())).toBe(text);
  });

  test.each([
    [13, 'Ethernet, truncated'],
    [33, 'IPv4, truncated'],
    [53, `${v4} TCP, truncated`],
  ])('a packet of %i bytes', (length, text) => {
    expect(formatPacket(ip.tcp().bytes().subarray(0, length))).toBe(`${text}, ${length} bytes`);
  });

  test('other link types', () => {
    const bare = new PacketBuilder();
    expect(formatPacket(bare.ipv4('10.0.0.1', '10.0.0.2').icmp().bytes(), 101)).toBe(
      `${v4} ICMP echo request, 28 bytes`,
    );
    expect(formatPacket(bare.ipv6('2001:db8::1', 'ff02::1').icmpv6().bytes(), 101)).toBe(
      `${v6} ICMPv6 echo request, 48 bytes`,
    );
    expect(formatPacket(new Uint8Array(3), 113)).toBe('link type 113, 3 bytes');
    expect(formatPacket(new Uint8Array(0), 101)).toBe('IPv4, truncated, 0 bytes');
  });

  test('takes any bytes, long ones too', () => {
    const random = new Random(3);
    for (let i = 0; i < 2000; i++) {
      const packet = randomPacket(random, { minLength: 0 });
      expect(formatPacket(packet)).toMatch(new RegExp(`, ${packet.length} bytes$`));
    }
    const tags = new Uint8Array(1 << 18);
    for (let at = 12; at < tags.length; at += 4) tags.set([0x81, 0x00], at);
    expect(formatPacket(tags)).toMatch(/VLAN, truncated, 262144 bytes$/);
  });
});
