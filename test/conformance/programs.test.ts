/** Programs that compilers made: the text of each assembles to its bytes, and so does the text that LLVM prints. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { assemble } from '../../src/asm/assemble.ts';
import { decode } from '../../src/asm/codec.ts';
import { formatInstruction } from '../../src/asm/disasm.ts';
import { SOURCE_TEXT } from '../../src/asm/source-text.ts';
import { parseElf } from '../../src/elf/parse.ts';
import { readObject } from '../../src/object/read.ts';
import { exampleObjects, fetchedObjects, fetchedObjectsSkip } from '../support/objects.ts';
import { titled, tool } from '../support/tools.ts';

const data = join(import.meta.dirname, '../data');

function checkPrograms(object: Uint8Array): void {
  const { programs, byteOrder } = readObject(object);
  for (const { name, instructions } of Object.values(programs)) {
    const lines = decode(instructions, byteOrder).map(insn => `${insn.slot}: ${formatInstruction(insn, SOURCE_TEXT)}`);
    const { bytes } = assemble(lines.join('\n'), { order: byteOrder });
    expect({ name, bytes }).toEqual({ name, bytes: new Uint8Array(instructions) });
  }
}

const ownObjects = readdirSync(data, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.bpf.o'));

test.each(ownObjects)('what is disassembled assembles to the same: %s', name => {
  checkPrograms(new Uint8Array(readFileSync(join(data, name))));
});

test.each(exampleObjects())('what is disassembled assembles to the same: $name', file => {
  checkPrograms(file.read());
});

const noObjects = fetchedObjectsSkip();
describe.skipIf(noObjects !== undefined)(titled('fetched objects', noObjects), () => {
  test.each(fetchedObjects())('what is disassembled assembles to the same: $name', file => {
    checkPrograms(file.read());
  });
});

const clang = tool('clang');
describe.skipIf(clang.skip !== undefined)(titled('LLVM', clang.skip), () => {
  const compile = (...options: string[]): Buffer =>
    execFileSync(clang.path!, [
      ...['-target', 'bpf', '-O2', '-o', '-', ...options],
      join(import.meta.dirname, 'llvm.c'),
    ]);

  test.each(['v1', 'v2', 'v3', 'v4'])('what it prints assembles to what it encodes: -mcpu=%s', cpu => {
    // directives are not instructions; local labels begin with a dot, too, but end with a colon
    const text = compile('-S', `-mcpu=${cpu}`)
      .toString()
      .replaceAll(/^\s*\.(?!.*:).*$/gm, '');
    const code = parseElf(compile('-c', `-mcpu=${cpu}`)).sections.find(({ name }) => name === '.text');
    expect(assemble(text).bytes).toEqual(new Uint8Array(code!.contents));
  });
});
