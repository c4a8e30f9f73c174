/**
 * Formats of bpf_trace_printk, bpf_trace_vprintk and bpf_snprintf: what they may hold (`bpf_bprintf_prepare`, kernel/bpf/helpers.c)
 * and what comes out (`bstr_printf`, lib/vsprintf.c). Text is a string of bytes, one character each.
 */
import { ERRNO } from '../uapi/errno.ts';
import { u64 } from '../util/int64.ts';
import type { GuestMemory } from '../vm/memory.ts';
import { linearAddress, pointerTag } from '../vm/pointer.ts';

/** Bytes that the kernel keeps of all arguments of one call. */
const MAX_ARGUMENT_BYTES = 512;

/** What a conversion prints. */
type Conversion =
  | { readonly kind: 'integer'; readonly bytes: 4 | 8; readonly format: 'd' | 'u' | 'x' | 'X' }
  | { readonly kind: 'pointer' }
  | { readonly kind: 'symbol' }
  | { readonly kind: 'address'; readonly family: 4 | 6; readonly separated: boolean }
  | { readonly kind: 'string' }
  | { readonly kind: 'char' };

/** A conversion with its flags and width. */
interface Directive {
  readonly flags: string;
  readonly width: number;
  readonly conversion: Conversion;
}

/** Plain text and conversions in order. */
type Piece = string | Directive;

/** Longest spellings first. `%p` and `%pK` hide addresses by a hash in Linux; here they print as `%px` does. */
const CONVERSIONS: readonly (readonly [pattern: RegExp, conversion: Conversion])[] = [
  [/^p[ku]s/, { kind: 'string' }],
  [/^p[Kx]/, { kind: 'pointer' }],
  [/^p[sSB]/, { kind: 'symbol' }],
  [/^pI4/, { kind: 'address', family: 4, separated: true }],
  [/^pi4/, { kind: 'address', family: 4, separated: false }],
  [/^pI6/, { kind: 'address', family: 6, separated: true }],
  [/^pi6/, { kind: 'address', family: 6, separated: false }],
  [/^p(?=$|[\s!-/:-@[-`{-~])/, { kind: 'pointer' }],
  [/^s/, { kind: 'string' }],
  [/^c/, { kind: 'char' }],
  [/^[di]/, { kind: 'integer', bytes: 4, format: 'd' }],
  [/^u/, { kind: 'integer', bytes: 4, format: 'u' }],
  [/^x/, { kind: 'integer', bytes: 4, format: 'x' }],
  [/^X/, { kind: 'integer', bytes: 4, format: 'X' }],
  [/^ll?[di]/, { kind: 'integer', bytes: 8, format: 'd' }],
  [/^ll?u/, { kind: 'integer', bytes: 8, format: 'u' }],
  [/^ll?x/, { kind: 'integer', bytes: 8, format: 'x' }],
  [/^ll?X/, { kind: 'integer', bytes: 8, format: 'X' }],
];

/** Nothing but white space, punctuation or the end may follow a string conversion. */
const AFTER_STRING = /^($|[\s!-/:-@[-`{-~])/;

/** Takes a format apart, or gives the negative errno that the kernel refuses it with. */
function parseFormat(format: string, argumentCount: number): Piece[] | number {
  const pieces: Piece[] = [];
  let directives = 0;
  for (let rest = format; rest !== ''; ) {
    const plain = /^(?:[^%]|%%)+/.exec(rest)?.[0];
    if (plain !== undefined) {
      if (/[^ -~\s\x80-\xff]/.test(plain)) return -ERRNO.EINVAL;
      pieces.push(plain.replaceAll('%%', '%'));
      rest = rest.slice(plain.length);
      continue;
    }
    if (directives++ >= argumentCount) return -ERRNO.EINVAL;
    const [head, flags = '', width = ''] = /^%([0+\- ]*)([1-9][0-9]*)?/.exec(rest)!;
    rest = rest.slice(head.length);
    const found = CONVERSIONS.find(([pattern]) => pattern.test(rest));
    if (found === undefined) return -ERRNO.EINVAL;
    const [pattern, conversion] = found;
    const spelling = pattern.exec(rest)![0];
    rest = rest.slice(spelling.length);
    if (conversion.kind === 'string' && !AFTER_STRING.test(rest)) return -ERRNO.EINVAL;
    // What follows a pointer's conversion without a break belongs to it, and prints nothing.
    if (spelling.startsWith('p')) rest = rest.replace(/^[0-9A-Za-z]+/, '');
    // Text that stands in place of its argument before the printing begins gets no width.
    pieces.push({ flags, width: /^p[kuBiI]/.test(spelling) ? 0 : Number(width), conversion });
  }
  return pieces;
}

/**
 * The text of a format and its arguments, or a negative errno.
 *
 * Bytes above 0x7f pass in plain text.
 */
export function formatText(memory: GuestMemory, format: Uint8Array, args: readonly bigint[]): string | number {
  const pieces = parseFormat(String.fromCharCode(...format), args.length);
  if (typeof pieces === 'number') return pieces;
  const room = { left: MAX_ARGUMENT_BYTES };
  let text = '';
  let next = 0;
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      text += piece;
      continue;
    }
    const formatted = formatOne(memory, piece, args[next++]!, room);
    if (formatted === undefined) return -ERRNO.ENOSPC;
    text += formatted;
  }
  return text;
}

/** One conversion; undefined where the kernel has no room left for its argument. */
function formatOne(
  memory: GuestMemory,
  directive: Directive,
  argument: bigint,
  room: { left: number },
): string | undefined {
  const { conversion } = directive;
  switch (conversion.kind) {
    case 'integer':
      if (!reserve(room, conversion.bytes, 4)) return undefined;
      return formatInteger(directive, argument, conversion.bytes * 8, conversion.format);
    case 'pointer':
      if (!reserve(room, 8, 4)) return undefined;
      return formatInteger(
        directive.width === 0 ? { ...directive, flags: `${directive.flags}0`, width: 16 } : directive,
        argument,
        64,
        'x',
      );
    case 'symbol':
      return pad(directive, `0x${u64(argument).toString(16)}`);
    case 'address': {
      const text = formatAddress(memory, argument, conversion.family, conversion.separated);
      room.left -= text.length + 1;
      return room.left < 0 ? undefined : pad(directive, text);
    }
    case 'string': {
      if (room.left === 0) return undefined;
      const text = readString(memory, argument, room.left);
      room.left -= text.length + 1;
      return pad(directive, text);
    }
    case 'char':
      if (!reserve(room, 1, 1)) return undefined;
      return pad(directive, String.fromCharCode(Number(argument & 0xffn)));
  }
}

/** Sets room for an argument aside. */
function reserve(room: { left: number }, bytes: number, alignment: number): boolean {
  const left = room.left - (room.left % alignment) - bytes;
  if (left < 0) return false;
  room.left = left;
  return true;
}

function formatInteger(directive: Directive, argument: bigint, bits: number, format: 'd' | 'u' | 'x' | 'X'): string {
  const { flags, width } = directive;
  const value = format === 'd' ? BigInt.asIntN(bits, argument) : BigInt.asUintN(bits, argument);
  const isNegative = value < 0n;
  let digits = (isNegative ? -value : value).toString(format === 'x' || format === 'X' ? 16 : 10);
  if (format === 'X') digits = digits.toUpperCase();
  let sign = '';
  if (format === 'd') sign = isNegative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  if (flags.includes('0') && !flags.includes('-')) digits = digits.padStart(width - sign.length, '0');
  return pad(directive, sign + digits);
}

/** Blanks up to the width, on the side that the flags say. */
function pad({ flags, width }: Directive, text: string): string {
  return flags.includes('-') ? text.padEnd(width) : text.padStart(width);
}

/** The IP address behind a pointer; zeros where nothing can be read. */
function formatAddress(memory: GuestMemory, pointer: bigint, family: 4 | 6, separated: boolean): string {
  const size = family === 4 ? 4 : 16;
  const from = memory.access(linearAddress(pointer), pointerTag(pointer), size, false);
  const bytes = from < 0 ? new Uint8Array(size) : memory.read(from, size);
  if (family === 4) return Array.from(bytes, byte => (separated ? `${byte}` : `${byte}`.padStart(3, '0'))).join('.');
  const hex = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
  return separated ? hex.match(/.{4}/g)!.join(':') : hex;
}

/** The string behind a pointer, cut to `room` with its NUL; empty where nothing can be read. */
function readString(memory: GuestMemory, pointer: bigint, room: number): string {
  const low = linearAddress(pointer);
  const tag = pointerTag(pointer);
  let text = '';
  for (let i = 0; i < room - 1; i++) {
    const at = memory.access(low + i, tag, 1, false);
    if (at < 0) return '';
    const byte = memory.u8[at]!;
    if (byte === 0) break;
    text += String.fromCharCode(byte);
  }
  return text;
}
