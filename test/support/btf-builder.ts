/** Builds `.BTF` sections for tests, type by type; what it is told it writes, right or wrong. */
import { type BtfKind, KINDS } from '../../src/btf/types.ts';
import { type ByteOrder, ByteWriter } from '../../src/util/bytes.ts';

/** A BTF section under construction: each method adds a type and returns its id. */
export class BtfBuilder {
  readonly #order: ByteOrder;
  readonly #types: ByteWriter;
  readonly #strings: number[] = [0];
  #count = 1;

  constructor(order: ByteOrder = 'little') {
    this.#order = order;
    this.#types = new ByteWriter(order);
  }

  /** String offset of `text`. */
  string(text: string): number {
    if (text === '') return 0;
    const offset = this.#strings.length;
    this.#strings.push(...new TextEncoder().encode(text), 0);
    return offset;
  }

  /** A type as its raw words behind the header. */
  type(kind: BtfKind, name: string, vlen: number, flag: boolean, sizeOrType: number, ...words: number[]): number {
    const number = KINDS.findIndex(row => row.kind === kind);
    const info = ((flag ? 0x80000000 : 0) | (number << 24) | vlen) >>> 0;
    for (const word of [this.string(name), info, sizeOrType, ...words]) this.#types.u32(word >>> 0);
    return this.#count++;
  }

  /** `encoding`: 1 signed, 2 char, 4 bool. */
  int(name: string, size: number, encoding = 0, bits = size * 8, bitOffset = 0): number {
    return this.type('int', name, 0, false, size, (encoding << 24) | (bitOffset << 16) | bits);
  }

  ref(kind: 'ptr' | 'typedef' | 'const' | 'volatile' | 'restrict' | 'type_tag', type: number, name = ''): number {
    return this.type(kind, name, 0, false, type);
  }

  array(type: number, count: number): number {
    return this.type('array', '', 0, false, 0, type, type, count);
  }

  /** Members as name, type, bit offset, and width of a bit field. */
  struct(
    name: string,
    size: number,
    members: [string, number, number, number?][],
    kind: 'struct' | 'union' = 'struct',
  ): number {
    const flag = members.some(([, , , bits]) => bits !== undefined);
    const words = members.flatMap(([member, type, offset, bits = 0]) => {
      return [this.string(member), type, flag ? (bits << 24) | offset : offset];
    });
    return this.type(kind, name, members.length, flag, size, ...words);
  }

  enum(name: string, size: number, values: [string, number][], signed = false): number {
    const words = values.flatMap(([value, number]) => [this.string(value), number]);
    return this.type('enum', name, values.length, signed, size, ...words);
  }

  enum64(name: string, values: [string, bigint][], signed = false): number {
    const words = values.flatMap(([value, number]) => {
      return [this.string(value), Number(number & 0xffffffffn), Number((number >> 32n) & 0xffffffffn)];
    });
    return this.type('enum64', name, values.length, signed, 8, ...words);
  }

  proto(returns: number, params: [string, number][]): number {
    const words = params.flatMap(([param, type]) => [this.string(param), type]);
    return this.type('func_proto', '', params.length, false, returns, ...words);
  }

  /** The section's bytes. */
  bytes(): Uint8Array {
    const types = this.#types.take();
    const header = new ByteWriter(this.#order).u16(0xeb9f).u8(1).u8(0);
    for (const word of [24, 0, types.length, types.length, this.#strings.length]) header.u32(word);
    return header.raw(types).raw(new Uint8Array(this.#strings)).take();
  }
}
