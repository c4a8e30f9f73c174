/** MAC, IPv4 and IPv6 addresses as text and as bytes in network order. IPv6 text is RFC 5952's canonical form. */
import { PacketError } from './error.ts';

/**
 * The six bytes of `02:00:00:00:00:01`.
 * @throws PacketError
 */
export function parseMac(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i.test(text)) {
    throw new PacketError(`parse MAC address '${text}': want six bytes in hex with colons between`);
  }
  return Uint8Array.from(text.split(':'), byte => Number.parseInt(byte, 16));
}

/** `02:00:00:00:00:01` for six bytes. */
export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join(':');
}

/**
 * The four bytes of `10.0.0.1`.
 * @throws PacketError
 */
export function parseIpv4(text: string): Uint8Array<ArrayBuffer> {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every(part => /^\d{1,3}$/.test(part) && Number(part) <= 255)) {
    throw new PacketError(`parse IPv4 address '${text}': want four numbers 0..255 with dots between`);
  }
  return Uint8Array.from(parts, Number);
}

/** `10.0.0.1` for four bytes. */
export function formatIpv4(bytes: Uint8Array): string {
  return bytes.join('.');
}

/**
 * The sixteen bytes of `2001:db8::1`, also with an IPv4 address at the end.
 * @throws PacketError
 */
export function parseIpv6(text: string): Uint8Array<ArrayBuffer> {
  const refuse = () =>
    new PacketError(`parse IPv6 address '${text}': want up to eight groups of hex with colons between`);
  const halves = text.split('::');
  if (halves.length > 2) throw refuse();
  const [head = [], tail] = halves.map(half => (half === '' ? [] : half.split(':').flatMap(ipv6Group)));
  const groups = [
    ...head,
    ...(tail === undefined ? [] : [...new Array(Math.max(0, 8 - head.length - tail.length)).fill(0), ...tail]),
  ];
  // `::` stands for one group or more.
  if (groups.length !== 8 || (tail !== undefined && head.length + tail.length > 7)) throw refuse();
  return Uint8Array.from(groups.flatMap(group => [group >> 8, group & 0xff]));

  function ipv6Group(part: string): number[] {
    if (part.includes('.')) {
      const [a = 0, b = 0, c = 0, d = 0] = parseIpv4(part);
      return [(a << 8) | b, (c << 8) | d];
    }
    if (!/^[0-9a-f]{1,4}$/i.test(part)) throw refuse();
    return [Number.parseInt(part, 16)];
  }
}

/** `2001:db8::1` for sixteen bytes: lower case, the longest run of two zero groups or more as `::`. */
export function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  let start = 0;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (groups[i + run] === '0') run++;
    if (run > length) [start, length] = [i, run];
  }
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}
