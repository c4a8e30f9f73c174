import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../util/bytes.ts';
import { eth, PacketBuilder } from './build.ts';
import { formatPacket } from './dissect.ts';
import { PacketError } from './error.ts';
import { internetChecksum } from './protocols.ts';

describe('PacketBuilder', () => {
  test.each([
    {
      name: 'a TCP SYN',
      packet: eth()
        .ipv4('10.0.0.1', '10.0.0.2', { id: 0x1234 })
        .tcp({ sport: 40_000, dport: 80, seq: 0x11223344, syn: true, options: Uint8Array.of(2, 4, 5, 0xb4) }),
      bytes:
        '020000000002 020000000001 0800' +
        '45000 02c 12344000 4006 1496 0a000001 0a000002' +
        '9c40 0050 11223344 00000000 6002 ffff a32d 0000 020405b4',
    },
    {
      name: 'a UDP datagram of odd length',
      packet: eth()
        .ipv4('192.168.1.10', '8.8.8.8', { dontFragment: false, ttl: 1, tos: 0x2e })
        .udp({ dport: 53 })
        .payload('a'),
      bytes: '020000000002 020000000001 0800 452e 001d 0000 0000 0111 e7e0 c0a8010a 08080808 9c40 0035 0009 30a4 61',
    },
    {
      name: 'a ping',
      packet: eth().ipv4('10.0.0.1', '10.0.0.2').icmp({ id: 0x0102, sequence: 3 }).payload(Uint8Array.of(0xff)),
      bytes: '020000000002 020000000001 0800 4500 001d 0000 4000 4001 26de 0a000001 0a000002 0800 f7f9 0102 0003 ff',
    },
    {
      name: 'a tagged packet in a tagged packet',
      packet: eth().vlan(5, { tpid: 0x88a8 }).vlan(100, { priority: 3, dropEligible: true }).payload(Uint8Array.of(1)),
      bytes: '020000000002 020000000001 88a8 0005 8100 7064 0000 01',
    },
    {
      name: 'an ARP request',
      packet: eth({ dest: 'ff:ff:ff:ff:ff:ff' }).arp({ senderIp: '10.0.0.1', targetIp: '10.0.0.2' }),
      bytes: 'ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002',
    },
    {
      name: 'IPv6 over nothing, with TCP inside',
      packet: new PacketBuilder()
        .ipv6('2001:db8::1', '2001:db8::2', { flowLabel: 0xabcde, trafficClass: 0x12 })
        .tcp({ ack: true }),
      bytes:
        '612abcde 0014 06 40 20010db8000000000000000000000001 20010db8000000000000000000000002' +
        '9c40 0050 00000000 00000000 5010 ffff b7cf 0000',
    },
  ])('builds $name', ({ packet, bytes }) => {
    expect(toHex(packet.bytes())).toBe(bytes.replaceAll(' ', ''));
  });

  test('checksums are right for every payload', () => {
    const payload = fc.uint8Array({ maxLength: 60 });
    fc.assert(
      fc.property(payload, fc.nat(0xffff), fc.nat(0xffff), (data, sport, dport) => {
        const ip = eth().ipv4('10.0.0.1', '10.0.0.2');
        for (const [protocol, packet] of [
          [6, ip.tcp({ sport, dport })],
          [17, ip.udp({ sport, dport })],
        ] as const) {
          const bytes = packet.payload(data).bytes();
          const segment = bytes.subarray(34);
          const pseudo = Uint8Array.of(
            ...bytes.subarray(26, 34),
            0,
            protocol,
            segment.length >> 8,
            segment.length & 0xff,
          );
          expect(internetChecksum(bytes.subarray(14, 34))).toBe(0);
          expect(internetChecksum(pseudo, segment)).toBe(0);
        }
      }),
    );
  });

  test('a UDP checksum that comes out as zero is sent as all ones', () => {
    const with0 = (payload: Uint8Array) => eth().ipv4('10.0.0.1', '10.0.0.2').udp().payload(payload).bytes();
    const sum = with0(Uint8Array.of(0, 0)).subarray(40, 42);
    expect([...with0(sum).subarray(40, 42)]).toEqual([0xff, 0xff]);
  });

  test('takes fields as they are given, however wrong', () => {
    const bytes = eth({ proto: 0x1234 })
      .ipv4('10.0.0.1', '10.0.0.2', { totalLength: 9, check: 0xdead, protocol: 99 })
      .udp({ len: 1, check: 0 })
      .bytes();
    expect(toHex(bytes)).toMatch(/^.{24}123445000009.{10}63dead.{16}9c40003500010000$/);
  });

  test('is immutable', () => {
    const ip = eth().ipv4('10.0.0.1', '10.0.0.2');
    const before = ip.bytes();
    ip.tcp().payload('x');
    expect(ip.bytes()).toEqual(before);
    expect(formatPacket(ip.udp().bytes())).toContain('UDP');
  });

  test.each([
    { name: 'an address', build: () => eth().ipv4('10.0.0', '10.0.0.1'), message: /IPv4 address '10\.0\.0'/ },
    {
      name: 'a port',
      build: () => eth().tcp({ dport: 70_000 }),
      message: /destination port is 70000, want 0\.\.65535/,
    },
    { name: 'a port', build: () => eth().udp({ sport: -1 }), message: /source port is -1/ },
    { name: 'a VLAN id', build: () => eth().vlan(4096), message: /VLAN id is 4096, want 0\.\.4095/ },
    {
      name: 'options',
      build: () => eth().tcp({ options: new Uint8Array(41) }),
      message: /TCP options is 44, want 0\.\.40/,
    },
  ])('refuses $name that is none', ({ build, message }) => {
    expect(build).toThrow(PacketError);
    expect(build).toThrow(message);
  });
});
