/**
 * One type of a BTF section from its bytes. Layout of each: name offset, info, size or type, then what its kind adds:
 *
 *     info  31: kind_flag   28..24: kind   15..0: vlen
 *
 * Source: include/uapi/linux/btf.h of Linux 6.18.
 */
import type { ByteReader } from '../util/bytes.ts';
import type { StringTable } from '../util/string-table.ts';
import { BtfError } from './error.ts';
import { type BtfMember, type BtfType, KINDS } from './types.ts';

/** Bytes of name, info and size, which every type starts with. */
export const TYPE_HEADER_SIZE = 12;

/** Type 0, which stands in no section. */
export const VOID: BtfType = { id: 0, kind: 'void', name: 'void' };

/** The row of the kind of the type at `at`. */
export function kindAt(reader: ByteReader, at: number): (typeof KINDS)[number] {
  const number = (reader.u32(at + 4) >>> 24) & 0x1f;
  const row = number === 0 ? undefined : KINDS[number];
  if (row === undefined) throw new BtfError(`kind ${number}, want 1..${KINDS.length - 1}`, { offset: at + 4 });
  return row;
}

/**
 * The type at `at`, which has number `id`.
 * @throws {BtfError} when a name is not in `strings`, or a size is none of its kind's.
 */
export function readType(reader: ByteReader, strings: StringTable, id: number, at: number): BtfType {
  const name = strings.at(reader.u32(at));
  const info = reader.u32(at + 4);
  const vlen = info & 0xffff;
  const flag = info >>> 31 === 1;
  const { kind } = kindAt(reader, at);
  // `size` of what has a size, `type` of what refers to another type.
  const size = reader.u32(at + 8);
  const type = size;
  const extra = at + TYPE_HEADER_SIZE;
  switch (kind) {
    case 'void':
      return VOID;
    case 'int': {
      const encoding = reader.u32(extra);
      const bits = encoding & 0xff;
      const bitOffset = (encoding >>> 16) & 0xff;
      const flags = (encoding >>> 24) & 0xf;
      if (size === 0 || size > 16 || bits === 0 || bitOffset + bits > size * 8) {
        throw new BtfError(`int ${name} has ${bits} bits from bit ${bitOffset} in ${size} bytes`, {
          typeId: id,
          offset: at,
        });
      }
      return {
        id,
        kind,
        name,
        size,
        bits,
        bitOffset,
        signed: (flags & 1) !== 0,
        char: (flags & 2) !== 0,
        bool: (flags & 4) !== 0,
      };
    }
    case 'float':
      return { id, kind, name, size };
    case 'ptr':
    case 'typedef':
    case 'volatile':
    case 'const':
    case 'restrict':
    case 'type_tag':
      return { id, kind, name, type };
    case 'array':
      return {
        id,
        kind,
        name,
        type: reader.u32(extra),
        indexType: reader.u32(extra + 4),
        count: reader.u32(extra + 8),
      };
    case 'struct':
    case 'union':
      return { id, kind, name, size, members: readMembers(reader, strings, extra, vlen, flag) };
    case 'enum':
    case 'enum64':
      // A declaration of an enum that the compiler never saw has size 0.
      if (![0, 1, 2, 4, 8].includes(size)) {
        throw new BtfError(`${kind} ${name} has size ${size}, want 1, 2, 4 or 8`, { typeId: id, offset: at + 8 });
      }
      return { id, kind, name, size, signed: flag, values: readEnumerators(reader, strings, kind, extra, vlen, flag) };
    case 'fwd':
      return { id, kind, name, of: flag ? 'union' : 'struct' };
    case 'func':
      return { id, kind, name, type, linkage: vlen };
    case 'func_proto':
      return {
        id,
        kind,
        name,
        type,
        params: Array.from({ length: vlen }, (_, i) => ({
          name: strings.at(reader.u32(extra + 8 * i)),
          type: reader.u32(extra + 8 * i + 4),
        })),
      };
    case 'var':
      return { id, kind, name, type, linkage: reader.u32(extra) };
    case 'datasec':
      return {
        id,
        kind,
        name,
        size,
        vars: Array.from({ length: vlen }, (_, i) => ({
          type: reader.u32(extra + 12 * i),
          offset: reader.u32(extra + 12 * i + 4),
          size: reader.u32(extra + 12 * i + 8),
        })),
      };
    case 'decl_tag':
      return { id, kind, name, type, component: reader.i32(extra) };
  }
}

function readMembers(
  reader: ByteReader,
  strings: StringTable,
  start: number,
  vlen: number,
  kindFlag: boolean,
): BtfMember[] {
  const members: BtfMember[] = [];
  for (let i = 0; i < vlen; i++) {
    const at = start + 12 * i;
    const offset = reader.u32(at + 8);
    members.push({
      name: strings.at(reader.u32(at)),
      type: reader.u32(at + 4),
      bitOffset: kindFlag ? offset & 0xffffff : offset,
      bits: kindFlag ? offset >>> 24 : 0,
    });
  }
  return members;
}

function readEnumerators(
  reader: ByteReader,
  strings: StringTable,
  kind: 'enum' | 'enum64',
  start: number,
  vlen: number,
  signed: boolean,
): { name: string; value: bigint }[] {
  const values: { name: string; value: bigint }[] = [];
  for (let i = 0; i < vlen; i++) {
    const at = start + (kind === 'enum' ? 8 : 12) * i;
    const low = reader.u32(at + 4);
    let value: bigint;
    if (kind === 'enum') value = BigInt(signed ? low | 0 : low);
    else {
      const raw = (BigInt(reader.u32(at + 8)) << 32n) | BigInt(low);
      value = signed ? BigInt.asIntN(64, raw) : raw;
    }
    values.push({ name: strings.at(reader.u32(at)), value });
  }
  return values;
}
