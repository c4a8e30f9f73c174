/**
 * Makes a question smaller while it keeps what is interesting about it: instructions go in runs of halving length, jumps over them are
 * mended; then numbers become simple, the packet short and zero, the maps empty.
 */
import { encode } from '../asm/codec.ts';
import type { Instruction } from '../asm/insn.ts';
import { selectRow } from '../asm/match.ts';
import { instruction, type Line, layOut, linesOf, withoutLines } from './code.ts';
import type { Question, QuestionMap } from './question.ts';

/** Least bytes of a packet that Linux runs an XDP program on. */
const MIN_PACKET = 14;

/** Smaller variants of a question, the smallest first. */
type Pass = (question: Question) => Iterable<Question>;

function* withoutCode(question: Question): Iterable<Question> {
  const lines = linesOf(question.program);
  for (let count = lines.length >> 1; count > 0; count >>= 1) {
    for (let first = 0; first < lines.length; first += count) {
      yield* withLines(question, withoutLines(lines, first, Math.min(first + count, lines.length)));
    }
  }
}

/** The program ended early, with what one of its instructions wrote in r0: what was to go through memory to be seen. */
function* endedEarly(question: Question): Iterable<Question> {
  const lines = linesOf(question.program);
  const callees = lines.flatMap(({ insn, to }) => (to !== undefined && selectRow(insn)?.kind === 'call' ? [to] : []));
  const end = Math.min(lines.length, ...callees);
  for (let at = 1; at < end; at++) {
    const { insn } = lines[at - 1]!;
    const ending = [{ insn: instruction('mov64_x', { src: writtenBy(insn) }) }, { insn: instruction('exit') }];
    const upper = { insn: instruction('rsh64_k', { imm: 32 }) };
    for (const tail of [ending, ending.toSpliced(1, 0, upper)]) {
      if (at + tail.length >= end) continue;
      const without = withoutLines(lines, at, end - tail.length);
      yield* withLines(question, [...without.slice(0, at), ...tail, ...without.slice(at + tail.length)]);
    }
  }
}

/** The register that an instruction writes, as far as one may want to see it. */
function writtenBy(insn: Instruction): number {
  const row = selectRow(insn);
  if (row?.kind === 'call' || (row?.kind === 'atomic' && row.op === 'cmpxchg')) return 0;
  return row?.kind === 'atomic' ? insn.src : insn.dst;
}

/** The question with other instructions; none where they can not be written down. */
function* withLines(question: Question, lines: readonly Line[]): Iterable<Question> {
  if (lines.length === 0 || lines.some(({ to }) => to !== undefined && to >= lines.length)) return;
  yield { ...question, program: encode(layOut(lines)) };
}

/** Simpler variants of an instruction. */
function* simpler(insn: Instruction): Iterable<Instruction> {
  const row = selectRow(insn);
  if (row === undefined || row.kind === 'call' || row.kind === 'jump') return;
  if (row.kind === 'wide') {
    if (row.pseudo !== 'imm') return;
    for (const imm64 of [0n, 1n, (insn.imm64 ?? 0n) & 0xffffn]) {
      if (imm64 < (insn.imm64 ?? 0n)) yield { ...insn, imm: Number(BigInt.asIntN(32, imm64)), imm64 };
    }
    return;
  }
  if (row.fields.imm !== 'any') return;
  for (const imm of [0, 1, -1, insn.imm & 0xff, insn.imm >> 8]) {
    if (Math.abs(imm) < Math.abs(insn.imm)) yield { ...insn, imm };
  }
}

function* withSimplerOperands(question: Question): Iterable<Question> {
  const lines = linesOf(question.program);
  for (const [at, line] of lines.entries()) {
    for (const insn of simpler(line.insn)) yield* withLines(question, lines.with(at, { ...line, insn }));
  }
}

function* withLessPacket(question: Question): Iterable<Question> {
  const { packet } = question;
  for (const length of [MIN_PACKET, packet.length >> 1, packet.length - 8, packet.length - 1]) {
    if (length >= MIN_PACKET && length < packet.length) yield { ...question, packet: packet.slice(0, length) };
  }
  yield* zeroed(packet, changed => ({ ...question, packet: changed }));
}

/** Bytes with runs of them set to zero, the longest first. */
function* zeroed(bytes: Uint8Array, put: (bytes: Uint8Array) => Question): Iterable<Question> {
  for (let count = bytes.length; count > 0; count >>= 1) {
    for (let at = 0; at < bytes.length; at += count) {
      if (bytes.subarray(at, at + count).some(byte => byte !== 0)) yield put(bytes.slice().fill(0, at, at + count));
    }
  }
}

function* withLessMaps(question: Question): Iterable<Question> {
  const { maps } = question;
  for (const [index, map] of maps.entries()) {
    yield* withoutMap(question, index);
    const put = (changed: Partial<QuestionMap>): Question => ({
      ...question,
      maps: maps.with(index, { ...map, ...changed }),
    });
    if (map.entries.length > 0) yield put({ entries: [] });
    for (const [at, [key, value]] of map.entries.entries()) {
      yield put({ entries: map.entries.toSpliced(at, 1) });
      yield* zeroed(value, less => put({ entries: map.entries.with(at, [key, less]) }));
    }
    if (map.maxEntries > 1) yield put({ maxEntries: 1, entries: map.entries.slice(0, 1) });
  }
}

/** The question without a map that the program does not name. */
function* withoutMap(question: Question, index: number): Iterable<Question> {
  const lines = linesOf(question.program);
  if (lines.some(({ insn }) => mapIndex(insn) === index)) return;
  const renumbered = lines.map(({ insn, ...line }) => {
    const used = mapIndex(insn);
    if (used === undefined || used < index) return { ...line, insn };
    return { ...line, insn: { ...insn, imm: used - 1, imm64: (insn.imm64 ?? 0n) - 1n } };
  });
  yield* withLines({ ...question, maps: question.maps.toSpliced(index, 1) }, renumbered);
}

/** The place of the map that an instruction names. */
function mapIndex(insn: Instruction): number | undefined {
  const row = selectRow(insn);
  return row?.kind === 'wide' && row.pseudo.startsWith('map_idx') ? insn.imm : undefined;
}

const PASSES: readonly Pass[] = [endedEarly, withoutCode, withSimplerOperands, withLessPacket, withLessMaps];

/** The smallest question that can be had this way and still `isInteresting`. The question itself must be. */
export function shrink(question: Question, isInteresting: (question: Question) => boolean): Question {
  let best = question;
  for (let progress = true; progress; ) {
    progress = false;
    for (const pass of PASSES) {
      for (let smaller = firstOf(pass(best), isInteresting); smaller !== undefined; ) {
        best = smaller;
        progress = true;
        smaller = firstOf(pass(best), isInteresting);
      }
    }
  }
  return best;
}

function firstOf(candidates: Iterable<Question>, wanted: (question: Question) => boolean): Question | undefined {
  for (const candidate of candidates) if (wanted(candidate)) return candidate;
  return undefined;
}
