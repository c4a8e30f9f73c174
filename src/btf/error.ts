/** The error of BPF type information that is malformed, or of a value that does not fit its type. */
import { BpfError } from '../util/error.ts';

/** Where something is wrong: in the bytes of a section (`offset` from its start), or at `path` of a value. */
export interface BtfPlace {
  section?: '.BTF' | '.BTF.ext';
  typeId?: number | undefined;
  offset?: number | undefined;
  path?: string;
}

/** BTF that cannot be read, or a value that its type cannot hold. */
export class BtfError extends BpfError {
  override readonly name = 'BtfError';
  readonly section: '.BTF' | '.BTF.ext';
  /** The type at fault, undefined where the fault lies outside the types. */
  readonly typeId: number | undefined;
  /** Byte offset in the section, undefined where the fault is not in the bytes. */
  readonly offset: number | undefined;
  /** The part of a value that does not fit (`config.limit`), undefined where the BTF itself is at fault. */
  readonly path: string | undefined;

  constructor(message: string, place: BtfPlace = {}) {
    const section = place.section ?? '.BTF';
    super('btf', `${place.path ?? formatPlace(section, place)}: ${message}`);
    this.section = section;
    this.typeId = place.typeId;
    this.offset = place.offset;
    this.path = place.path;
  }
}

function formatPlace(section: string, { typeId, offset }: BtfPlace): string {
  const at = offset === undefined ? '' : `+0x${offset.toString(16)}`;
  return `${section}${at}${typeId === undefined ? '' : ` type ${typeId}`}`;
}
