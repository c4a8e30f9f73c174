/** What an ELF file holds, as data. Byte arrays are views of the file. */
import type { ByteOrder } from '../util/bytes.ts';

/** A parsed ELF64 file. */
export interface ElfFile {
  byteOrder: ByteOrder;
  /** `e_type`: `ET.REL` for an object file. */
  type: number;
  /** `e_machine`. */
  machine: number;
  /** By section index; entry 0 is the null section. */
  sections: ElfSection[];
  /** By symbol index; empty where the file has no symbol table. */
  symbols: ElfSymbol[];
}

export interface ElfSection {
  index: number;
  name: string;
  /** `SHT.…` */
  type: number;
  /** `SHF.…`; the low 53 bits. */
  flags: number;
  link: number;
  info: number;
  entrySize: number;
  /** Where the contents start in the file. */
  offset: number;
  /** Bytes in memory: for `SHT.NOBITS` they are not in the file. */
  size: number;
  /** The bytes in the file, empty for `SHT.NOBITS`. */
  contents: Uint8Array;
}

export interface ElfSymbol {
  index: number;
  name: string;
  /** For an object file the offset in its section. Beyond 2^53 rounded: nothing so large lies inside a file. */
  value: number;
  size: number;
  /** `STT.…` */
  type: number;
  /** `STB.…` */
  binding: number;
  /** `STV.…` */
  visibility: number;
  /** Section index, or `SHN.…`. */
  section: number;
}

export interface ElfRelocation {
  /** Byte offset in the section that the relocation changes. */
  offset: number;
  /** Symbol index, known to be inside the symbol table. */
  symbol: number;
  type: number;
  /** The explicit addend of an `SHT.RELA` entry; undefined where it stands in the section. */
  addend: bigint | undefined;
}
