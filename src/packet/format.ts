/**
 * What the reader needs to know of a file format: how long the next record is, and what it says. A format holds the state that
 * carries over from record to record (byte order, interfaces), never bytes.
 */
import type { CaptureSection, Packet } from './capture.ts';

/** One capture file being read. */
export interface CaptureFormat {
  readonly name: 'pcap' | 'pcapng';
  /** The section that the last record belongs to. */
  readonly section: CaptureSection;
  /**
   * Length of the record at `at`, of which `available` bytes are there; where these do not tell yet, how many would.
   * @throws CaptureError when the length is impossible or out of bounds; `offset` is the file offset of the record.
   */
  recordSize(view: DataView, at: number, available: number, offset: number): number;
  /**
   * Reads the whole record at `at` and appends the packet in it, if any.
   * @throws CaptureError
   */
  readRecord(bytes: Uint8Array, view: DataView, at: number, size: number, offset: number, packets: Packet[]): void;
}
