/** Time as a capture tells it. */
import type { Packet } from '../packet/capture.ts';

/** Nanoseconds since a capture's first packet; stands still where the capture goes back in time. */
export class CaptureTime {
  #first: Packet | undefined;
  #elapsed = 0;

  /** When a packet came. */
  at(packet: Packet): number {
    this.#first ??= packet;
    const { seconds, nanoseconds } = this.#first;
    this.#elapsed = Math.max(this.#elapsed, (packet.seconds - seconds) * 1e9 + (packet.nanoseconds - nanoseconds));
    return this.#elapsed;
  }
}
