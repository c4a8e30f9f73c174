/** ELF64 object files: the reader. */
export { EM, ET, SHF, SHN, SHT, STB, STT, STV } from './constants.ts';
export type { ElfFile, ElfRelocation, ElfSection, ElfSymbol } from './elf-file.ts';
export { ElfError, type ElfPlace } from './error.ts';
export { parseElf, readRelocations } from './parse.ts';
