/**
 * A section of NUL-terminated strings, as ELF and BTF have them. Invariant: whatever offsets hostile input names, the
 * memory that decoded strings take stays linear in the table (a string inside another shares it).
 */

/** Makes the error for a string that is not there: `offset` is relative to the table, `problem` says what is wrong. */
export type BadString = (offset: number, problem: string) => Error;

const UTF8 = new TextDecoder();

/** Strings by their offset in a table; each is decoded once, when it is first asked for. */
export class StringTable {
  readonly #bytes: Uint8Array;
  readonly #bad: BadString;
  readonly #strings = new Map<number, string>();
  /** Offsets of the NULs, ascending; made at the first lookup. */
  #ends: Uint32Array | undefined;

  constructor(bytes: Uint8Array, bad: BadString) {
    this.#bytes = bytes;
    this.#bad = bad;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /**
   * The string that starts at `offset`.
   * @throws the caller's error when `offset` is outside the table or the string does not end in it.
   */
  at(offset: number): string {
    const known = this.#strings.get(offset);
    if (known !== undefined) return known;
    const text = this.#decode(offset);
    this.#strings.set(offset, text);
    return text;
  }

  #decode(offset: number): string {
    if (!(offset >= 0 && offset < this.#bytes.length)) {
      throw this.#bad(offset, `string offset ${offset} is outside the string table of ${this.#bytes.length} bytes`);
    }
    this.#ends ??= findNuls(this.#bytes);
    const index = firstAtLeast(this.#ends, offset);
    const end = this.#ends[index];
    if (end === undefined) throw this.#bad(offset, `the string at offset ${offset} has no terminating NUL`);
    const start = index === 0 ? 0 : (this.#ends[index - 1] as number) + 1;
    if (start === offset) return UTF8.decode(this.#bytes.subarray(offset, end));
    const whole = this.at(start);
    if (whole.length !== end - start) throw this.#bad(offset, `string offset ${offset} lies inside a non-ASCII string`);
    return whole.slice(offset - start);
  }
}

function findNuls(bytes: Uint8Array): Uint32Array {
  let count = 0;
  for (let i = bytes.indexOf(0); i >= 0; i = bytes.indexOf(0, i + 1)) count++;
  const ends = new Uint32Array(count);
  for (let i = bytes.indexOf(0), n = 0; i >= 0; i = bytes.indexOf(0, i + 1)) ends[n++] = i;
  return ends;
}

/** Index of the first element of ascending `values` that is at least `wanted`. */
function firstAtLeast(values: Uint32Array, wanted: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
