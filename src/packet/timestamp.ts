/**
 * Timestamps of pcapng: a 64-bit count of ticks in two halves, the length of a tick being the interface's. Times inside skep are
 * whole seconds and nanoseconds, both numbers, so that no bigint is made per packet.
 */
const NS_PER_SECOND = 1_000_000_000;

/** Turns ticks into seconds and nanoseconds; the result lies in the two fields until the next call. */
export class TickScale {
  seconds = 0;
  nanoseconds = 0;
  readonly #offsetSeconds: number;
  readonly #ticksPerSecond: bigint;
  /** Nanoseconds per tick where that is whole, else 0. */
  readonly #nsPerTick: number;

  /** `resolution` is if_tsresol, `offsetSeconds` if_tsoffset. */
  constructor(resolution: number, offsetSeconds: bigint) {
    const exponent = resolution & 0x7f;
    const decimal = resolution < 0x80;
    this.#ticksPerSecond = (decimal ? 10n : 2n) ** BigInt(exponent);
    this.#nsPerTick = decimal && exponent <= 9 ? 10 ** (9 - exponent) : 0;
    this.#offsetSeconds = Number(offsetSeconds);
  }

  convert(high: number, low: number): void {
    if (this.#nsPerTick === 0) {
      const ticks = (BigInt(high) << 32n) | BigInt(low);
      this.seconds = Number(ticks / this.#ticksPerSecond) + this.#offsetSeconds;
      this.nanoseconds = Number(((ticks % this.#ticksPerSecond) * BigInt(NS_PER_SECOND)) / this.#ticksPerSecond);
      return;
    }
    // Long division by up to 10^9 in steps of 16 bits: every remainder with a step behind it stays below 2^46.
    const unit = NS_PER_SECOND / this.#nsPerTick;
    const upper = (high % unit) * 0x10000 + (low >>> 16);
    const lower = (upper % unit) * 0x10000 + (low & 0xffff);
    const quotient =
      Math.floor(high / unit) * 0x1_0000_0000 + Math.floor(upper / unit) * 0x10000 + Math.floor(lower / unit);
    this.seconds = quotient + this.#offsetSeconds;
    this.nanoseconds = (lower % unit) * this.#nsPerTick;
  }
}

/** The two halves of `seconds`·10^9 + `nanoseconds`, which is below 2^64 for seconds below {@link MAX_NS_SECONDS}. */
export function nanosecondTicks(seconds: number, nanoseconds: number): { high: number; low: number } {
  const upper = Math.floor(seconds / 0x10000) * NS_PER_SECOND;
  const lower = (upper % 0x10000) * 0x10000 + (seconds % 0x10000) * NS_PER_SECOND + nanoseconds;
  return { high: Math.floor(upper / 0x10000) + Math.floor(lower / 0x1_0000_0000), low: lower >>> 0 };
}

/** The first second that a 64-bit count of nanoseconds does not reach. */
export const MAX_NS_SECONDS = 18_446_744_073;
