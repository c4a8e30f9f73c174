/** Objects that others wrote: every one that Debian's packages hold is read, decoded and written as text. */
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../src/asm/codec.ts';
import { formatInstruction } from '../src/asm/disasm.ts';
import { parseBtf } from '../src/btf/btf.ts';
import { readObject } from '../src/object/read.ts';
import { equalBytes } from '../src/util/bytes.ts';
import { exampleObjects, fetchedObjects, fetchedObjectsSkip, type ObjectFile } from './support/objects.ts';
import { titled } from './support/tools.ts';

/** What reading an object must give, whatever the object: programs of whole instructions, maps that make sense, BTF that parses. */
function examine(file: ObjectFile): void {
  const spec = readObject(file.read());
  expect(Object.keys(spec.programs).length, 'programs').toBeGreaterThan(0);
  for (const program of Object.values(spec.programs)) {
    const insns = decode(program.instructions, spec.byteOrder);
    expect(equalBytes(encode(insns, spec.byteOrder), program.instructions), program.name).toBe(true);
    const texts = insns.map(insn => formatInstruction(insn));
    expect(
      texts.filter(text => !/^\([0-9a-f]{2}\) \S/.test(text)),
      program.name,
    ).toEqual([]);
    expect(program.functions[0]).toMatchObject({ insn: 0, name: program.name });
    const slots = new Set(insns.map(insn => insn.slot));
    for (const { insn } of [
      ...program.references,
      ...program.lines,
      ...program.functions,
      ...program.coreRelocations,
    ]) {
      expect(slots.has(insn), `${program.name}: slot ${insn}`).toBe(true);
    }
    for (const reference of program.references) {
      if (reference.kind === 'map' || reference.kind === 'map_value')
        expect(Object.keys(spec.maps)).toContain(reference.map);
      if (reference.kind === 'extern' || reference.kind === 'kfunc')
        expect(Object.keys(spec.externs)).toContain(reference.extern);
    }
  }
  for (const variable of Object.values(spec.variables)) {
    const { section, valueSize } = spec.maps[variable.map]!;
    expect(section?.name, variable.name).toBe(variable.section);
    expect(variable.offset + variable.size, variable.name).toBeLessThanOrEqual(valueSize);
  }
  if (spec.btf !== undefined) expect(parseBtf(spec.btf).typeCount).toBeGreaterThan(0);
  expect(structuredClone(spec)).toEqual(spec);
}

const rows = (files: ObjectFile[]): [string, ObjectFile][] => files.map(file => [file.name, file]);
const skip = fetchedObjectsSkip();

describe('our examples', () => {
  it.each(rows(exampleObjects()))('%s', (_name, file) => examine(file));
});

describe.skipIf(skip)(titled("objects of Debian's packages", skip), () => {
  const files = fetchedObjects();

  it('are those of libbpf-tools, xdp-tools and libxdp', () => {
    const packages = new Set(files.map(file => file.name.split(/[/.]/, 1)[0]));
    expect([...packages]).toEqual(expect.arrayContaining(['libbpf-tools', 'libxdp1', 'xdp-tools']));
    expect(files.length).toBeGreaterThan(60);
  });

  it.each(rows(files))('%s', (_name, file) => examine(file));
});
