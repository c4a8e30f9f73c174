/**
 * The `.BTF.ext` section: which function, source line and CO-RE record belongs to which instruction. Offsets are bytes
 * in the code section; records longer than what is known here keep their known front. Source: Documentation/bpf/btf.rst
 * of Linux 6.18.
 */
import { ByteReader } from '../util/bytes.ts';
import type { Btf } from './btf.ts';
import { BtfError } from './error.ts';

const MAGIC = 0xeb9f;
const HEADER_SIZE = 24;
const HEADER_WITH_CORE_SIZE = 32;

/** The function whose code starts at `offset`. */
export interface FuncRecord {
  offset: number;
  typeId: number;
}

/** The source line of the instructions from `offset` to the next record. */
export interface LineRecord {
  offset: number;
  file: string;
  text: string;
  line: number;
  column: number;
  fileNameOff: number;
  lineOff: number;
}

/** What the instruction at `offset` takes from a type of the running kernel; `kind` is `enum bpf_core_relo_kind`. */
export interface CoreRecord {
  offset: number;
  typeId: number;
  accessSpec: string;
  kind: number;
}

/** Records by code section, in the order of the file. */
export interface BtfExt {
  funcs: Map<string, FuncRecord[]>;
  lines: Map<string, LineRecord[]>;
  core: Map<string, CoreRecord[]>;
}

/**
 * Parses a `.BTF.ext` section whose strings and types are those of `btf`.
 * @throws {BtfError} on a wrong header, a size that exceeds the section, or a string or type that `btf` lacks.
 */
export function parseBtfExt(bytes: Uint8Array, btf: Btf): BtfExt {
  const reader = new ByteReader(bytes, btf.byteOrder, (offset, size) =>
    bad(`${size} bytes wanted, the section has ${bytes.length}`, offset),
  );
  const magic = reader.u16(0);
  if (magic !== MAGIC)
    throw bad(`magic 0x${magic.toString(16)}, want 0x${MAGIC.toString(16)} in the byte order of .BTF`, 0);
  if (reader.u8(2) !== 1) throw bad(`version ${reader.u8(2)}, want 1`, 2);
  const headerLength = reader.u32(4);
  if (headerLength < HEADER_SIZE) throw bad(`header length ${headerLength}, want ${HEADER_SIZE}..`, 4);
  reader.check(0, headerLength);

  const funcs = readRecords(reader, headerLength, 8, 8, btf, at => ({
    offset: reader.u32(at),
    typeId: typeIn(btf, reader.u32(at + 4), at + 4),
  }));
  const lines = readRecords(reader, headerLength, 16, 16, btf, at => {
    const fileNameOff = reader.u32(at + 4);
    const lineOff = reader.u32(at + 8);
    const lineColumn = reader.u32(at + 12);
    return {
      offset: reader.u32(at),
      file: btf.string(fileNameOff),
      text: btf.string(lineOff),
      line: lineColumn >>> 10,
      column: lineColumn & 0x3ff,
      fileNameOff,
      lineOff,
    };
  });
  const core =
    headerLength < HEADER_WITH_CORE_SIZE
      ? new Map<string, CoreRecord[]>()
      : readRecords(reader, headerLength, 24, 16, btf, at => ({
          offset: reader.u32(at),
          typeId: typeIn(btf, reader.u32(at + 4), at + 4),
          accessSpec: btf.string(reader.u32(at + 8)),
          kind: reader.u32(at + 12),
        }));
  return { funcs, lines, core };
}

/** Reads the records of the part whose offset and length stand at `field` of the header. */
function readRecords<T>(
  reader: ByteReader,
  headerLength: number,
  field: number,
  leastSize: number,
  btf: Btf,
  read: (at: number) => T,
): Map<string, T[]> {
  const sections = new Map<string, T[]>();
  const start = headerLength + reader.u32(field);
  const length = reader.u32(field + 4);
  if (length === 0) return sections;
  reader.check(start, length);
  const recordSize = reader.u32(start);
  if (recordSize < leastSize || recordSize % 4 !== 0) {
    throw bad(`record size ${recordSize}, want a multiple of 4 from ${leastSize}`, start);
  }
  const end = start + length;
  for (let at = start + 4; at < end; ) {
    if (at + 8 > end) throw bad('the last section of records is cut off', at);
    const name = btf.string(reader.u32(at));
    const count = reader.u32(at + 4);
    if (at + 8 + count * recordSize > end)
      throw bad(`${count} records for ${name} exceed the ${length} bytes there are`, at + 4);
    at += 8;
    const records = sections.get(name) ?? [];
    sections.set(name, records);
    for (let i = 0; i < count; i++, at += recordSize) records.push(read(at));
  }
  return sections;
}

function typeIn(btf: Btf, id: number, offset: number): number {
  if (id >= btf.typeCount) throw bad(`there is no type ${id}, want 0..${btf.typeCount - 1}`, offset);
  return id;
}

function bad(message: string, offset: number): BtfError {
  return new BtfError(message, { section: '.BTF.ext', offset });
}
