/**
 * The options of pcapng blocks. A block's options are a table of rows (`name`, code, kind); parsing, encoding and the
 * TypeScript type of the values all come from the same table.
 *
 * Follows draft-ietf-opsawg-pcapng §3.5:
 *
 *     | code u16 | length u16 | value, padded with zeros to 4 bytes |  …  | 0 | 0 |
 */
import type { ByteWriter } from '../util/bytes.ts';
import { CaptureError } from './error.ts';

/** What was decided about a packet: an XDP or TC action, or whatever bytes a piece of hardware (or an unknown framework) reports. */
export type Verdict =
  | { readonly kind: 'xdp' | 'tc'; readonly action: bigint }
  | { readonly kind: 'hardware' | `type_${number}`; readonly data: Uint8Array };

interface Values {
  string: string;
  bytes: Uint8Array;
  u8: number;
  u32: number;
  u64: bigint;
  i64: bigint;
  verdict: Verdict;
}

/** One option of a block: its code, how its value is encoded, and whether it may occur several times. */
export interface OptionRow {
  readonly code: number;
  readonly kind: keyof Values;
  readonly repeated?: true;
}

/** The options of one kind of block, by the name of the value. */
export type OptionTable = Readonly<Record<string, OptionRow>>;

/** The values that a table describes: each may be absent, repeated ones are lists. */
export type OptionValues<T extends OptionTable> = {
  readonly [K in keyof T]?: T[K] extends { repeated: true } ? readonly Values[T[K]['kind']][] : Values[T[K]['kind']];
};

interface Codec<T> {
  /** Length of every value, where the kind has one length only. */
  readonly size?: number;
  /** The value, or undefined when the bytes are none. */
  parse(view: DataView, littleEndian: boolean): T | undefined;
  encode(value: T, littleEndian: boolean): Uint8Array;
}

const viewBytes = (view: DataView, from = 0): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset + from, view.byteLength - from).slice();

// A byte-order mark is part of the text.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const toUtf8 = new TextEncoder();

/** Verdict types of epb_verdict; the value of the last two is a 64-bit action in the byte order of the section. */
const verdictKinds = ['hardware', 'tc', 'xdp'] as const;

const verdictCodec: Codec<Verdict> = {
  parse(view, littleEndian) {
    if (view.byteLength < 1) return undefined;
    const type = view.getUint8(0);
    const kind = verdictKinds[type] ?? (`type_${type}` as const);
    if (kind !== 'tc' && kind !== 'xdp') return { kind, data: viewBytes(view, 1) };
    return view.byteLength === 9 ? { kind, action: view.getBigUint64(1, littleEndian) } : undefined;
  },
  encode(verdict, littleEndian) {
    // Widened, since `type_N` is none of them.
    const known = (verdictKinds as readonly string[]).indexOf(verdict.kind);
    const type = known >= 0 ? known : Number(verdict.kind.slice('type_'.length));
    const bytes = new Uint8Array('data' in verdict ? 1 + verdict.data.length : 9);
    bytes[0] = type;
    if ('data' in verdict) bytes.set(verdict.data, 1);
    else new DataView(bytes.buffer).setBigUint64(1, verdict.action, littleEndian);
    return bytes;
  },
};

function pack(size: number, fill: (view: DataView) => void): Uint8Array {
  const view = new DataView(new ArrayBuffer(size));
  fill(view);
  return new Uint8Array(view.buffer);
}

const codecs: { readonly [K in keyof Values]: Codec<Values[K]> } = {
  string: { parse: view => utf8.decode(view), encode: text => toUtf8.encode(text) },
  bytes: { parse: view => viewBytes(view), encode: bytes => bytes },
  u8: { size: 1, parse: view => view.getUint8(0), encode: value => Uint8Array.of(value) },
  u32: {
    size: 4,
    parse: (view, littleEndian) => view.getUint32(0, littleEndian),
    encode: (value, littleEndian) => pack(4, view => view.setUint32(0, value, littleEndian)),
  },
  u64: {
    size: 8,
    parse: (view, littleEndian) => view.getBigUint64(0, littleEndian),
    encode: (value, littleEndian) => pack(8, view => view.setBigUint64(0, value, littleEndian)),
  },
  i64: {
    size: 8,
    parse: (view, littleEndian) => view.getBigInt64(0, littleEndian),
    encode: (value, littleEndian) => pack(8, view => view.setBigInt64(0, value, littleEndian)),
  },
  verdict: verdictCodec,
};

const END_OF_OPTIONS = 0;

/**
 * The options in `[at, end)` of `view` that the table knows; others are passed over. Of an option that may occur once, the
 * first counts. `offset` is the file offset of `at`.
 */
export function parseOptions<T extends OptionTable>(
  table: T,
  view: DataView,
  at: number,
  end: number,
  littleEndian: boolean,
  offset: number,
): OptionValues<T> {
  const values: Record<string, unknown> = {};
  for (let next = at; next < end; ) {
    const where = offset + next - at;
    if (end - next < 4) throw new CaptureError(where, `option header of ${end - next} bytes, want 4`);
    const code = view.getUint16(next, littleEndian);
    const length = view.getUint16(next + 2, littleEndian);
    if (code === END_OF_OPTIONS) break;
    if (length > end - next - 4) {
      throw new CaptureError(
        where,
        `option ${code}: length ${length}, want at most ${end - next - 4} to stay in its block`,
      );
    }
    for (const name in table) {
      const row = table[name];
      if (row?.code !== code) continue;
      const value = parseValue(row, new DataView(view.buffer, view.byteOffset + next + 4, length), littleEndian);
      if (value === undefined) throw new CaptureError(where, `option ${name}: malformed value of ${length} bytes`);
      // The table says which names hold lists.
      if (row.repeated) ((values[name] ??= []) as unknown[]).push(value);
      else values[name] ??= value;
    }
    next += 4 + length + (-length & 3);
  }
  // Built row by row from the table whose type this is.
  return values as OptionValues<T>;
}

function parseValue(row: OptionRow, view: DataView, littleEndian: boolean): unknown {
  const codec = codecs[row.kind];
  if (codec.size !== undefined && codec.size !== view.byteLength) return undefined;
  return codec.parse(view, littleEndian);
}

/** Writes the options of `values` that the table knows, and the end mark when there are any. `offset` is for errors. */
export function encodeOptions<T extends OptionTable>(
  table: T,
  values: OptionValues<T>,
  writer: ByteWriter,
  offset: number,
): void {
  const before = writer.length;
  for (const name in values) {
    const row = table[name];
    const value = values[name];
    if (row === undefined || value === undefined) continue;
    for (const one of row.repeated ? (value as readonly unknown[]) : [value]) {
      // `OptionValues` ties the value's type to the kind of its row.
      const bytes = (codecs[row.kind] as Codec<unknown>).encode(one, writer.littleEndian);
      if (bytes.length > 0xffff)
        throw new CaptureError(offset, `option ${name}: ${bytes.length} bytes, want at most 65535`);
      writer.u16(row.code).u16(bytes.length).raw(bytes).align(4);
    }
  }
  if (writer.length > before) writer.u16(END_OF_OPTIONS).u16(0);
}
