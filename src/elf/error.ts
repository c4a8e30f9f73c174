/** The error of an object file that is not what its format asks for. */
import { BpfError } from '../util/error.ts';

/**
 * Where in an ELF file something is wrong; `offset` is relative to the section, or to the file where no section is
 * named.
 */
export interface ElfPlace {
  section?: string | undefined;
  offset?: number | undefined;
}

/** An ELF file, or the BPF object in it, that cannot be read. */
export class ElfError extends BpfError {
  override readonly name = 'ElfError';
  /** The section's name, undefined where the fault is in the file's own headers. */
  readonly section: string | undefined;
  /** Byte offset in the section, or in the file where `section` is undefined. */
  readonly offset: number | undefined;

  constructor(message: string, place: ElfPlace = {}) {
    const at = place.offset === undefined ? '' : `+0x${place.offset.toString(16)}`;
    super('elf', `${place.section ?? 'elf'}${at}: ${message}`);
    this.section = place.section;
    this.offset = place.offset;
  }
}
