/** The errors of this folder: malformed capture files, and packets that cannot be built. */
import { BpfError } from '../util/error.ts';

/** Capture bytes that do not follow their format; `offset` is the file offset of the record (or the field) at fault. */
export class CaptureError extends BpfError {
  override readonly name = 'CaptureError';
  readonly offset: number;

  constructor(offset: number, message: string) {
    super('capture', `${message} (at byte ${offset})`);
    this.offset = offset;
  }
}

/** A packet that cannot be built as asked: an address that is none, a field out of range. */
export class PacketError extends BpfError {
  override readonly name = 'PacketError';

  constructor(message: string) {
    super('packet', message);
  }
}
