/**
 * `skep conformance-plugin`: the program that the runner of the public suite bpf_conformance starts for each of its tests. The memory
 * comes as an argument and the program on standard input, both as hex bytes with blanks between; r0 goes to standard output in hex.
 * What cannot be run is said on standard error, with an exit status other than 0.
 */
import { text } from 'node:stream/consumers';
import { decode } from '../asm/codec.ts';
import { formatInstruction } from '../asm/disasm.ts';
import { SOURCE_TEXT } from '../asm/source-text.ts';
import { SHF, SHT } from '../elf/constants.ts';
import type { ElfSection } from '../elf/elf-file.ts';
import { parseElf } from '../elf/parse.ts';
import { parseHex, toHex } from '../util/bytes.ts';
import { BpfError } from '../util/error.ts';
import { CONFORMANCE_ENGINES, type ConformanceEngine, ConformanceMachine, type Entry } from './conformance-machine.ts';
import { EXIT, type Handler, UsageError } from './invocation.ts';

/** What the runner asks for. */
export interface PluginRequest {
  /** Hex bytes; absent for none. */
  readonly memory?: string | undefined;
  /** Hex bytes: instructions, or an ELF file. */
  readonly program: string;
  /** `program` is an ELF file. Its section `.text` or `xdp` is run; in the latter r1 points to an `xdp_md`. */
  readonly elf?: boolean | undefined;
  readonly engine?: ConformanceEngine | undefined;
  /** Takes a listing of the program. */
  readonly debug?: ((line: string) => void) | undefined;
}

/**
 * Runs a program of the suite and gives r0 in hex.
 * @throws BpfError where it cannot be run, or does not run to its end.
 */
export function runPlugin({ memory = '', program, elf, engine = 'jit', debug }: PluginRequest): string {
  const bytes = bytesOf('program', program);
  const section = elf === true ? codeOf(bytes) : undefined;
  const run: { program: Uint8Array; memory: Uint8Array; entry: Entry } = {
    program: section?.contents ?? bytes,
    memory: bytesOf('memory', memory),
    entry: section?.name === 'xdp' ? 'xdp_md' : 'memory',
  };
  debug?.(`engine: ${engine}, r1: ${run.entry}, memory: ${toHex(run.memory, ' ')}`);
  if (debug !== undefined) {
    for (const insn of decode(run.program)) debug(`${insn.slot}: ${formatInstruction(insn, SOURCE_TEXT)}`);
  }
  using machine = new ConformanceMachine(engine);
  return machine.run(run).toString(16);
}

function bytesOf(what: string, hex: string): Uint8Array {
  const bytes = parseHex(hex);
  if (bytes === undefined) throw new BpfError('bad_argument', `${what} ${hex.trim()}, want bytes in hex`);
  return bytes;
}

/** The section of a file that holds the program: the first with instructions in it. */
function codeOf(file: Uint8Array): ElfSection {
  const section = parseElf(file).sections.find(
    ({ type, flags, contents }) => type === SHT.PROGBITS && (flags & SHF.EXECINSTR) !== 0 && contents.length > 0,
  );
  if (section === undefined)
    throw new BpfError('bad_argument', 'program: no section of the ELF file holds instructions');
  return section;
}

/** The options that the command takes. */
interface PluginOptions {
  readonly program?: string;
  readonly elf?: true;
  readonly engine?: string;
  readonly debug?: true;
}

/** Runs a program of the suite bpf_conformance. */
export const conformancePlugin: Handler = async ({ operands, options: given, path }, terminal) => {
  const options: PluginOptions = given;
  const engine = CONFORMANCE_ENGINES.find(name => name === (options.engine ?? 'jit'));
  if (engine === undefined) {
    throw new UsageError(`engine ${options.engine}, want ${CONFORMANCE_ENGINES.join(' or ')}`, path.join(' '));
  }
  const request: PluginRequest = {
    memory: operands[0],
    program: options.program ?? (await text(process.stdin)),
    elf: options.elf,
    engine,
    debug: options.debug === true ? line => terminal.warn(`${line}\n`) : undefined,
  };
  terminal.print(`${runPlugin(request)}\n`);
  return EXIT.ok;
};
