/** `skep disasm`: the instructions of an object's programs. */

import { SLOT_BYTES } from '../asm/insn.ts';
import type { CollectionSpec, LineInfo, ProgramSpec } from '../object/spec.ts';
import { EXIT, type Handler } from './invocation.ts';
import { formatJson, type Json, wantsJson } from './json.ts';
import { formatPlace, ProgramListing } from './listing.ts';
import { readSpec } from './read.ts';
import { programNamed } from './select.ts';
import type { Terminal } from './terminal.ts';

/** Prints the programs of an object, or one of them. */
export const disasm: Handler = async ({ operands, options }, terminal) => {
  const path = operands[0] as string; // the grammar wants it
  const spec = await readSpec(path);
  const programs = options.prog === undefined ? Object.values(spec.programs) : [programNamed(spec, options.prog)];
  if (wantsJson(options)) {
    const listed = programs.map(program => programToJson(program, spec));
    terminal.print(formatJson({ object: path, license: spec.license, programs: listed }, options));
    return EXIT.ok;
  }
  for (const [i, program] of programs.entries()) {
    if (i > 0) terminal.print('\n');
    printProgram(program, spec, options.source === true, terminal);
  }
  return EXIT.ok;
};

function printProgram(program: ProgramSpec, spec: CollectionSpec, source: boolean, terminal: Terminal): void {
  const listing = new ProgramListing(program, spec.byteOrder);
  const slots = program.instructions.length / SLOT_BYTES;
  terminal.print(
    `${terminal.style('bold', program.name)}: SEC("${program.section}"), ${program.type}, ${slots} slots\n`,
  );
  let place = '';
  for (const { slot, text } of listing.instructions()) {
    const entered = listing.functionAt(slot);
    if (entered !== undefined) terminal.print(`${terminal.style('cyan', `${entered.name}:`)}\n`);
    const line = source ? listing.lineAt(slot) : undefined;
    if (line !== undefined && formatPlace(line) !== place) {
      place = formatPlace(line);
      terminal.print(`${terminal.style('dim', `; ${line.text.trim()} @ ${place}`)}\n`);
    }
    terminal.print(`${String(slot).padStart(4)}: ${text}\n`);
  }
}

function programToJson(program: ProgramSpec, spec: CollectionSpec): Json {
  const listing = new ProgramListing(program, spec.byteOrder);
  return {
    name: program.name,
    section: program.section,
    type: program.type,
    attach_type: program.attachType,
    functions: program.functions.map(({ name, insn }) => ({ name, insn })),
    instructions: [...listing.instructions()].map(({ slot, text }) => ({
      insn: slot,
      text,
      source: sourceToJson(listing.lineAt(slot)),
    })),
  };
}

function sourceToJson(line: LineInfo | undefined): Json | undefined {
  return line && { file: line.file, line: line.line, column: line.column, text: line.text.trim() };
}
