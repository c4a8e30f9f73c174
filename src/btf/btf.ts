/**
 * A parsed BTF section, compact: one offset per type, objects made when a type is asked for. Nothing that a type refers
 * to is trusted: every access checks ids and string offsets, every walk is bounded, so that hostile BTF gives a
 * `BtfError` and no hang. Source: Documentation/bpf/btf.rst of Linux 6.18.
 */
import { type ByteOrder, ByteReader, plainBytes } from '../util/bytes.ts';
import { StringTable } from '../util/string-table.ts';
import { BtfError } from './error.ts';
import { kindAt, readType, TYPE_HEADER_SIZE, VOID } from './read-type.ts';
import { type BtfKind, type BtfType, isModifier } from './types.ts';

const MAGIC = 0xeb9f;
const HEADER_SIZE = 24;
/** Modifiers, or arrays, in a row; libbpf's bound. */
const MAX_DEPTH = 32;
const POINTER_SIZE = 8;

/** The types of one object file, program or kernel, by id. */
export class Btf {
  /** The whole section. */
  readonly bytes: Uint8Array;
  readonly byteOrder: ByteOrder;
  /** Where the types start in `bytes`, and how many bytes they take. */
  readonly typesOffset: number;
  readonly typesLength: number;
  readonly stringsOffset: number;
  readonly stringsLength: number;
  readonly #reader: ByteReader;
  readonly #strings: StringTable;
  /** Offset in `bytes` of each type; entry 0 (void) is unused. */
  readonly #offsets: Uint32Array;
  readonly #made = new Map<number, BtfType>();
  readonly #aligns = new Map<number, number>();
  #byName: Map<string, number[]> | undefined;

  /** Use {@link parseBtf}. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.byteOrder = byteOrderOf(bytes);
    const reader = new ByteReader(
      bytes,
      this.byteOrder,
      (offset, size) => new BtfError(`${size} bytes wanted, the section has ${bytes.length}`, { offset }),
    );
    this.#reader = reader;
    const version = reader.u8(2);
    if (version !== 1) throw new BtfError(`version ${version}, want 1`, { offset: 2 });
    const headerLength = reader.u32(4);
    if (headerLength < HEADER_SIZE)
      throw new BtfError(`header length ${headerLength}, want ${HEADER_SIZE}..`, { offset: 4 });
    this.typesOffset = headerLength + reader.u32(8);
    this.typesLength = reader.u32(12);
    this.stringsOffset = headerLength + reader.u32(16);
    this.stringsLength = reader.u32(20);
    reader.check(this.typesOffset, this.typesLength);
    reader.check(this.stringsOffset, this.stringsLength);
    if (this.typesOffset % 4 !== 0)
      throw new BtfError(`types start at ${this.typesOffset}, want a multiple of 4`, { offset: 8 });
    this.#strings = new StringTable(
      reader.slice(this.stringsOffset, this.stringsLength),
      (offset, problem) => new BtfError(problem, { offset: this.stringsOffset + offset }),
    );
    this.#offsets = indexTypes(reader, this.typesOffset, this.typesLength);
  }

  /** Number of types, void included: ids are below it. */
  get typeCount(): number {
    return this.#offsets.length;
  }

  /** Where type `id` starts in `bytes`. */
  offsetOf(id: number): number {
    const offset = id === 0 ? undefined : this.#offsets[id];
    if (offset === undefined)
      throw new BtfError(`there is no type ${id}, want 1..${this.typeCount - 1}`, { typeId: id });
    return offset;
  }

  /** The kind of type `id`, without making the type. */
  kindOf(id: number): BtfKind {
    return id === 0 ? 'void' : kindAt(this.#reader, this.offsetOf(id)).kind;
  }

  /** The name of type `id`, without making the type; empty for an anonymous one. */
  nameOf(id: number): string {
    return id === 0 ? VOID.name : this.#strings.at(this.#reader.u32(this.offsetOf(id)));
  }

  /** The string at `offset` of the string section. */
  string(offset: number): string {
    return this.#strings.at(offset);
  }

  /**
   * Type `id`.
   * @throws {BtfError} when there is none, or its name is not in the string section.
   */
  type(id: number): BtfType {
    if (id === 0) return VOID;
    let type = this.#made.get(id);
    if (type === undefined) {
      type = readType(this.#reader, this.#strings, id, this.offsetOf(id));
      this.#made.set(id, type);
    }
    return type;
  }

  /** Type `id` behind typedefs and qualifiers. */
  resolve(id: number): BtfType {
    let type = this.type(id);
    for (let depth = 0; isModifier(type); depth++) {
      if (depth === MAX_DEPTH)
        throw new BtfError(`more than ${MAX_DEPTH} typedefs and qualifiers in a row`, { typeId: id });
      type = this.type(type.type);
    }
    return type;
  }

  /**
   * Size in bytes of a value of type `id`.
   * @throws {BtfError} when its type has none (void, functions, forward declarations) or it exceeds 32 bits.
   */
  sizeOf(id: number): number {
    let count = 1;
    let at = id;
    for (let depth = 0; depth <= MAX_DEPTH; depth++) {
      const type = this.resolve(at);
      switch (type.kind) {
        case 'array':
          count *= type.count;
          at = type.type;
          break;
        case 'var':
          at = type.type;
          break;
        case 'ptr':
          return checkedSize(id, count * POINTER_SIZE);
        case 'int':
        case 'float':
        case 'struct':
        case 'union':
        case 'enum':
        case 'enum64':
        case 'datasec':
          return checkedSize(id, count * type.size);
        default:
          throw new BtfError(`a ${type.kind} has no size`, { typeId: at });
      }
    }
    throw new BtfError(`arrays nested deeper than ${MAX_DEPTH}`, { typeId: id });
  }

  /** Alignment in bytes of a value of type `id`; 1 for a packed struct. */
  alignOf(id: number): number {
    return this.#alignOf(id, 0);
  }

  /** Ids of the types named `name`, ascending. */
  idsByName(name: string): readonly number[] {
    if (this.#byName === undefined) {
      this.#byName = new Map();
      for (let id = 1; id < this.typeCount; id++) {
        const key = this.nameOf(id);
        const ids = this.#byName.get(key);
        if (ids === undefined) this.#byName.set(key, [id]);
        else ids.push(id);
      }
    }
    return this.#byName.get(name) ?? [];
  }

  /** The first type of that name and kind, as libbpf looks it up. */
  idByName(name: string, kind: BtfKind): number | undefined {
    return this.idsByName(name).find(id => this.kindOf(id) === kind);
  }

  #alignOf(id: number, depth: number): number {
    let align = this.#aligns.get(id);
    if (align === undefined) {
      align = this.#findAlign(id, depth);
      this.#aligns.set(id, align);
    }
    return align;
  }

  #findAlign(id: number, depth: number): number {
    if (depth > MAX_DEPTH) throw new BtfError(`types nested deeper than ${MAX_DEPTH}`, { typeId: id });
    const type = this.resolve(id);
    switch (type.kind) {
      case 'int':
      case 'float':
      case 'enum':
      case 'enum64':
        return Math.min(POINTER_SIZE, type.size);
      case 'ptr':
        return POINTER_SIZE;
      case 'array':
      case 'var':
        return this.#alignOf(type.type, depth + 1);
      case 'struct':
      case 'union': {
        let largest = 1;
        for (const member of type.members) {
          const align = this.#alignOf(member.type, depth + 1);
          largest = Math.max(largest, align);
          if (member.bits === 0 && member.bitOffset % (8 * align) !== 0) return 1;
        }
        return type.size % largest === 0 ? largest : 1;
      }
      default:
        throw new BtfError(`a ${type.kind} has no alignment`, { typeId: id });
    }
  }
}

/**
 * Parses a `.BTF` section, either byte order.
 * @throws {BtfError} when the header, the sizes or the kinds are not those of BTF; what a type refers to is checked
 * when it is used.
 */
export function parseBtf(bytes: Uint8Array): Btf {
  return new Btf(plainBytes(bytes));
}

function byteOrderOf(bytes: Uint8Array): ByteOrder {
  if (bytes.length < HEADER_SIZE)
    throw new BtfError(`${bytes.length} bytes, want a header of ${HEADER_SIZE}`, { offset: 0 });
  const magic = ((bytes[0] as number) << 8) | (bytes[1] as number);
  if (magic === MAGIC) return 'big';
  if (magic === 0x9feb) return 'little';
  throw new BtfError(
    `magic 0x${magic.toString(16).padStart(4, '0')}, want 0x${MAGIC.toString(16)} in either byte order`,
    { offset: 0 },
  );
}

function indexTypes(reader: ByteReader, start: number, length: number): Uint32Array {
  const offsets = new Uint32Array(Math.floor(length / TYPE_HEADER_SIZE) + 1);
  const end = start + length;
  let count = 1;
  for (let at = start; at < end; ) {
    if (at + TYPE_HEADER_SIZE > end) throw new BtfError('the last type is cut off', { typeId: count, offset: at });
    const { extra, element } = kindAt(reader, at);
    const vlen = reader.u32(at + 4) & 0xffff;
    const next = at + TYPE_HEADER_SIZE + extra + (element === 0 ? 0 : element * vlen);
    if (next > end) throw new BtfError('the last type is cut off', { typeId: count, offset: at });
    offsets[count++] = at;
    at = next;
  }
  return offsets.slice(0, count);
}

function checkedSize(id: number, size: number): number {
  if (size > 0xffffffff) throw new BtfError(`its size, ${size} bytes, exceeds 32 bits`, { typeId: id });
  return size;
}
