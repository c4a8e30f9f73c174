/**
 * Case files in the form of the public suite bpf_conformance: sections that begin with `-- NAME`.
 *
 *     -- asm                  the program, in that suite's assembly
 *     -- raw                  the program, as 64-bit words: instead of asm
 *     -- mem                  bytes in hex; r1 points to them, r2 is their length
 *     -- map                  name, type, key size, value size, entries; a line each
 *     -- result               what r0 is at the end
 *     -- error                text of the error that it ends with, whatever `result` says; any error where there is no text
 *     -- no register offset   a remark for assemblers that rename registers: nothing here
 *
 * A file is one case there. Ours hold several, each begun by `-- case NAME`.
 */
import { assembleConformance } from '../../src/asm/conformance-syntax.ts';
import type { ConformanceMap } from '../../src/cli/conformance-machine.ts';
import { u64 } from '../../src/util/int64.ts';

/** One program with its memory and what must come of it. */
export interface ConformanceCase {
  readonly name: string;
  /** The bytes, once the descriptors of its maps are known. */
  readonly program: (maps: Readonly<Record<string, number>>) => Uint8Array;
  readonly memory: Uint8Array;
  readonly maps: Readonly<Record<string, ConformanceMap>>;
  /** r0, or a part of the error's message. */
  readonly expected: { readonly result: bigint } | { readonly error: string };
}

/** A file that is not in the form. */
export class CaseFileError extends Error {}

const SECTION = /^--\s*(.*?)\s*$/;

/** The cases of a file. */
export function parseCases(file: string, text: string): ConformanceCase[] {
  const parts: { name: string; sections: Map<string, string[]> }[] = [];
  let section: string[] | undefined;
  for (const line of text.split(/\r?\n/)) {
    const title = SECTION.exec(line)?.[1];
    if (title === undefined) {
      section?.push(line);
      continue;
    }
    const name = /^case (.*)$/.exec(title)?.[1];
    if (parts.length === 0 || name !== undefined) parts.push({ name: name ?? file, sections: new Map() });
    if (name !== undefined) continue;
    section = [];
    parts.at(-1)?.sections.set(title, section);
  }
  return parts.map(({ name, sections }) => toCase(name === file ? file : `${file}: ${name}`, sections));
}

function toCase(name: string, sections: ReadonlyMap<string, readonly string[]>): ConformanceCase {
  const lines = (title: string): string[] =>
    (sections.get(title) ?? []).map(line => line.replace(/#.*/, '').trim()).filter(line => line !== '');
  const words = (title: string): string[] => lines(title).flatMap(line => line.split(/\s+/));
  const memory = Uint8Array.from(words('mem'), word => toByte(name, word));
  const raw = words('raw').map(word => toNumber(name, word));
  const maps = lines('map').map(line => toMap(name, line));
  const error = sections.has('error') ? lines('error').join(' ') : undefined;
  const result = lines('result').at(-1);
  const asm = sections.get('asm')?.join('\n') ?? '';
  return {
    name,
    memory,
    maps: Object.fromEntries(maps),
    program: maps => (raw.length > 0 ? wordsToBytes(raw) : assembleConformance(asm, { maps }).bytes),
    expected: error === undefined ? { result: toResult(name, result) } : { error },
  };
}

function toResult(name: string, word: string | undefined): bigint {
  if (word === undefined) throw new CaseFileError(`${name}: neither result nor error`);
  return toNumber(name, word);
}

function toByte(name: string, word: string): number {
  if (!/^(?:0[xX])?[0-9a-fA-F]{1,2}$/.test(word)) throw new CaseFileError(`${name}: mem ${word}, want a byte in hex`);
  return Number.parseInt(word, 16);
}

function toNumber(name: string, word: string): bigint {
  if (!/^-?(?:0[xX][0-9a-fA-F]+|\d+)$/.test(word)) throw new CaseFileError(`${name}: ${word}, want a number`);
  return u64(word.startsWith('-') ? -BigInt(word.slice(1)) : BigInt(word));
}

function toMap(name: string, line: string): [string, ConformanceMap] {
  const [map = '', ...numbers] = line.split(/\s+/);
  const [type, keySize, valueSize, maxEntries, more] = numbers.map(word => Number(toNumber(name, word)));
  if (
    type === undefined ||
    keySize === undefined ||
    valueSize === undefined ||
    maxEntries === undefined ||
    more !== undefined
  )
    throw new CaseFileError(`${name}: map ${line}, want name, type, key size, value size, entries`);
  return [map, { type, keySize, valueSize, maxEntries }];
}

function wordsToBytes(words: readonly bigint[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * words.length));
  words.forEach((word, i) => {
    view.setBigUint64(8 * i, word, true);
  });
  return new Uint8Array(view.buffer);
}
