/** Questions as JSON, to be asked again; and as text for people. */
import { decode } from '../asm/codec.ts';
import { formatInstruction } from '../asm/disasm.ts';
import { SOURCE_TEXT } from '../asm/source-text.ts';
import { mapTypeId, mapTypeName } from '../uapi/map-types.ts';
import { parseHex, toHex } from '../util/bytes.ts';
import { BpfError } from '../util/error.ts';
import type { Answer, Question, QuestionMap } from './question.ts';

/** What a replay file holds; bytes in hex. `text` and `answers` are for readers. */
export interface Replay {
  readonly engines: readonly string[];
  readonly program: string;
  readonly packet: string;
  readonly maps: readonly ReplayMap[];
  readonly text: readonly string[];
  readonly answers: { readonly [engine: string]: Answer };
}

/** A map of a replay file, members as the kernel calls them. */
export interface ReplayMap {
  readonly type: string;
  readonly key_size: number;
  readonly value_size: number;
  readonly max_entries: number;
  readonly map_flags: number;
  readonly entries: readonly (readonly [key: string, value: string])[];
}

/** A program's listing: what the assembler takes. */
export function listing({ program }: Question): string[] {
  return decode(program).map(insn => `${insn.slot}: ${formatInstruction(insn, { ...SOURCE_TEXT, opcode: false })}`);
}

/** A question and what was answered, for a replay file. */
export function toReplay(question: Question, answers: Replay['answers']): Replay {
  return {
    engines: Object.keys(answers),
    program: toHex(question.program),
    packet: toHex(question.packet),
    maps: question.maps.map(toReplayMap),
    text: listing(question),
    answers,
  };
}

function toReplayMap({ type, keySize, valueSize, maxEntries, flags, entries }: QuestionMap): ReplayMap {
  return {
    type,
    key_size: keySize,
    value_size: valueSize,
    max_entries: maxEntries,
    map_flags: flags,
    entries: entries.map(([key, value]) => [toHex(key), toHex(value)] as const),
  };
}

/**
 * The question of a replay file, and who was asked.
 * @throws BpfError where the text is none.
 */
export function parseReplay(text: string): { readonly question: Question; readonly engines: readonly string[] } {
  let replay: unknown;
  try {
    replay = JSON.parse(text);
  } catch (error) {
    throw new BpfError('bad_replay', `replay file: ${(error as Error).message}`, { cause: error }); // JSON.parse throws no other
  }
  const file = new Member(replay, 'replay file');
  return {
    question: {
      program: file.at('program').bytes(),
      packet: file.at('packet').bytes(),
      maps: file.at('maps').list().map(parseMap),
    },
    engines: file
      .at('engines')
      .list()
      .map(engine => engine.text()),
  };
}

function parseMap(map: Member): QuestionMap {
  const name = map.at('type').text();
  const id = mapTypeId(name);
  if (id === undefined) throw new BpfError('bad_replay', `replay file: map type ${name}, want the name of one`);
  return {
    type: mapTypeName(id),
    keySize: map.at('key_size').number(),
    valueSize: map.at('value_size').number(),
    maxEntries: map.at('max_entries').number(),
    flags: map.at('map_flags').number(),
    entries: map
      .at('entries')
      .list()
      .map(entry => [entry.at(0).bytes(), entry.at(1).bytes()] as const),
  };
}

/** A value of a JSON text, of which nothing is known. */
class Member {
  readonly #value: unknown;
  readonly #path: string;

  constructor(value: unknown, path: string) {
    this.#value = value;
    this.#path = path;
  }

  at(key: string | number): Member {
    const value = this.#value;
    if (typeof value !== 'object' || value === null) throw this.#refusal('an object');
    const members: Readonly<Record<string, unknown>> = { ...value };
    return new Member(members[key], `${this.#path}: ${key}`);
  }

  list(): Member[] {
    if (!Array.isArray(this.#value)) throw this.#refusal('an array');
    return this.#value.map((value, i) => new Member(value, `${this.#path}: ${i}`));
  }

  text(): string {
    if (typeof this.#value !== 'string') throw this.#refusal('a text');
    return this.#value;
  }

  number(): number {
    if (typeof this.#value !== 'number') throw this.#refusal('a number');
    return this.#value;
  }

  bytes(): Uint8Array {
    const bytes = parseHex(this.text());
    if (bytes === undefined) throw this.#refusal('bytes in hex');
    return bytes;
  }

  #refusal(want: string): BpfError {
    return new BpfError('bad_replay', `${this.#path} is ${JSON.stringify(this.#value)?.slice(0, 40)}, want ${want}`);
  }
}
