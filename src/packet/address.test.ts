import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatIpv4, formatIpv6, formatMac, parseIpv4, parseIpv6, parseMac } from './address.ts';
import { PacketError } from './error.ts';

describe('addresses', () => {
  test('parse what was formatted', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    fc.assert(fc.property(bytes(6), mac => void expect(parseMac(formatMac(mac))).toEqual(mac)));
    fc.assert(fc.property(bytes(4), ip => void expect(parseIpv4(formatIpv4(ip))).toEqual(ip)));
    fc.assert(fc.property(bytes(16), ip => void expect(parseIpv6(formatIpv6(ip))).toEqual(ip)));
    // Few values make runs of zeros.
    const sparse = fc
      .array(fc.constantFrom(0, 0, 0, 1), { minLength: 16, maxLength: 16 })
      .map(list => Uint8Array.from(list));
    fc.assert(fc.property(sparse, ip => void expect(parseIpv6(formatIpv6(ip))).toEqual(ip)));
  });

  test.each([
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ])('%s is %s in canonical form', (text, canonical) => {
    expect(formatIpv6(parseIpv6(text))).toBe(canonical);
  });

  test.each([
    [parseMac, '02:00:00:00:00'],
    [parseMac, '02:00:00:00:00:0g'],
    [parseIpv4, '10.0.0'],
    [parseIpv4, '10.0.0.256'],
    [parseIpv4, '10.0.0.1 '],
    [parseIpv4, '10.0..1'],
    [parseIpv6, ''],
    [parseIpv6, ':::'],
    [parseIpv6, '1::2::3'],
    [parseIpv6, '1:2:3:4:5:6:7'],
    [parseIpv6, '1:2:3:4:5:6:7:8:9'],
    [parseIpv6, '1:2:3:4::5:6:7:8'],
    [parseIpv6, '12345::'],
    [parseIpv6, '::1.2.3'],
  ])('%o refuses %j', (parse, text) => {
    expect(() => parse(text)).toThrow(PacketError);
    expect(() => parse(text)).toThrow(/^parse .* address '.*': want /);
  });
});
