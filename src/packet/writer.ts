/**
 * Writing captures: a writer encodes packets into bytes that its caller takes away whenever enough have gathered, so a capture
 * of any length needs little memory.
 */
import type { PacketRecord } from './capture.ts';
import { CaptureError } from './error.ts';

/** A capture file being written. */
export interface CaptureWriter {
  /** Bytes that {@link take} would give now; the file header counts. */
  readonly pendingBytes: number;
  /**
   * Appends a packet.
   * @throws CaptureError when the format cannot hold it; the packet is not written then.
   */
  write(packet: PacketRecord): void;
  /** The bytes written since the last call: the next part of the file. */
  take(): Uint8Array<ArrayBuffer>;
}

/** Throws unless the time is one the format can hold: 0 … `limitSeconds`, exclusive. */
export function wantTime(seconds: number, nanoseconds: number, limitSeconds: number, offset: number): void {
  if (!(Number.isInteger(seconds) && seconds >= 0 && seconds < limitSeconds)) {
    throw new CaptureError(offset, `write packet at ${seconds} s, want a whole number from 0 to ${limitSeconds - 1}`);
  }
  if (!(Number.isInteger(nanoseconds) && nanoseconds >= 0 && nanoseconds < 1e9)) {
    throw new CaptureError(offset, `write packet at ${nanoseconds} ns, want a whole number from 0 to 999999999`);
  }
}

/**
 * A whole capture in memory.
 * @example encodeCapture(new PcapngWriter(), packets)
 */
export function encodeCapture(writer: CaptureWriter, packets: Iterable<PacketRecord>): Uint8Array<ArrayBuffer> {
  for (const packet of packets) writer.write(packet);
  return writer.take();
}
