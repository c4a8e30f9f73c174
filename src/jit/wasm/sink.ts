/** A growing run of bytes, with the integers of WebAssembly's binary format (LEB128). */

const encoder = new TextEncoder();

/** Takes bytes one after the other. */
export class ByteSink {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Bytes taken so far. */
  get length(): number {
    return this.#length;
  }

  /** What was taken: a view of it until the next byte comes. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  u8(value: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Unsigned LEB128 of 32 bits. */
  u32(value: number): void {
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.u8(rest);
  }

  /** Signed LEB128 of 32 bits. */
  s32(value: number): void {
    let rest = value | 0;
    while (rest < -0x40 || rest > 0x3f) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.u8(rest & 0x7f);
  }

  /** Signed LEB128 of the 64 bits whose halves are given. */
  s64(low: number, high: number): void {
    let lo = low | 0;
    let hi = high | 0;
    while (hi !== lo >> 31) {
      this.u8((lo & 0x7f) | 0x80);
      lo = (lo >>> 7) | (hi << 25);
      hi >>= 7;
    }
    // what is left is the sign extension of its low half, and 32 bits' encoding is that of the same value in 64
    this.s32(lo);
  }

  /** Bytes as they are. */
  raw(bytes: ArrayLike<number>): void {
    if (this.#length + bytes.length > this.#bytes.length) this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Bytes behind their number. */
  sized(bytes: ArrayLike<number>): void {
    this.u32(bytes.length);
    this.raw(bytes);
  }

  /** A name: UTF-8 behind its length. */
  name(text: string): void {
    this.sized(encoder.encode(text));
  }

  #reserve(more: number): void {
    const bigger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + more));
    bigger.set(this.bytes);
    this.#bytes = bigger;
  }
}
