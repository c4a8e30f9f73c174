/**
 * Randomness that is the same on every machine for the same seed. The generator is sfc32 (Chris Doty-Humphrey's small fast
 * counting generator, 128 bits of state); not for secrets.
 */

/** A seeded source of random numbers. */
export class Random {
  readonly #state: Uint32Array;

  /** `seed` is taken modulo 2^32; nearby seeds give unrelated sequences. */
  constructor(seed: number) {
    this.#state = Uint32Array.of(seed, 0x9e3779b9, 0x243f6a88, 1);
    // Mixes the seed into the whole state.
    for (let i = 0; i < 12; i++) this.u32();
  }

  /** 0 … 2^32 - 1. */
  u32(): number {
    const [a = 0, b = 0, c = 0, counter = 0] = this.#state;
    const result = (a + b + counter) >>> 0;
    this.#state[3] = counter + 1;
    this.#state[0] = b ^ (b >>> 9);
    this.#state[1] = c + (c << 3);
    this.#state[2] = ((c << 21) | (c >>> 11)) + result;
    return result;
  }

  /** 0 … 2^64 - 1. */
  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }

  /** 0 … `limit` - 1, for a limit of at most 2^32. */
  below(limit: number): number {
    return Math.floor((this.u32() / 2 ** 32) * limit);
  }

  /** `least` … `most`, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** True once in `n` times on average. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  /** `length` random bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.u32() & 0xff);
  }

  /** One of `choices`, of which there must be some. */
  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }
}
