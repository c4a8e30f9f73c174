/**
 * Whether the answer to a question is the program's own: one that a register or stack byte decides which was never written, or an address,
 * is the engine's affair. It is asked again of the interpreter, with all memory in other places and, for Linux's sake, other bytes where nothing
 * was written (in our engines there are zeros); answers that differ are none. What is run then is:
 *
 *     r6 = r1;  call soil;  r1 = r6;  r0, r2 … r9 = garbage;  call the program;  exit
 *     soil:  the 512 bytes of the stack that the program will have = garbage;  exit
 */
import { encode } from '../asm/codec.ts';
import { KernelSys } from '../kernel/kernel.ts';
import { MAX_BPF_STACK } from '../vm/interpreter.ts';
import { instruction, type Line, layOut, linesOf } from './code.ts';
import { kernelResponder } from './kernel-responder.ts';
import { contradicts, type Question, type QuestionMap, type Responder } from './question.ts';

/** Bytes of the map that takes the place of those of a question. */
const BALLAST = 3 * 4096;
const BPF_MAP_TYPE_ARRAY = 2;
const GARBAGE = [0x5a5a_1234, -0x3c0f_7654] as const;

/** `garbage` fills what a program did not write. */
function soiled({ program, maps, packet }: Question, garbage: number): Question {
  const entry: Line[] = [{ insn: instruction('mov64_x', { dst: 6, src: 1 }) }];
  const soil: Line[] = [];
  for (let off = -MAX_BPF_STACK; off < 0; off += 8) {
    soil.push({ insn: instruction('st_mem_dw', { dst: 10, off, imm: garbage }) });
  }
  const registers = [0, 2, 3, 4, 5, 6, 7, 8, 9];
  // the call, `r1 = r6`, the garbage, the other call, `exit`
  const soilStart = entry.length + 2 + registers.length + 2;
  const start = soilStart + soil.length + 1;
  entry.push(
    { insn: instruction('call_subprog'), to: soilStart },
    { insn: instruction('mov64_x', { dst: 1, src: 6 }) },
    ...registers.map(dst => ({ insn: instruction('mov64_k', { dst, imm: garbage }) })),
    { insn: instruction('call_subprog'), to: start },
    { insn: instruction('exit') },
  );
  const lines = linesOf(program).map(({ insn, to }) => (to === undefined ? { insn } : { insn, to: to + start }));
  return {
    packet,
    maps: maps.map(map => withTarget(map, program)),
    program: encode(layOut([...entry, ...soil, { insn: instruction('exit') }, ...lines])),
  };
}

/** A prog array whose program is `program` itself, not the one that soils for it. */
function withTarget(map: QuestionMap, program: Uint8Array): QuestionMap {
  return map.type === 'prog_array' ? { ...map, entries: map.entries.map(([key]) => [key, program]) } : map;
}

/** Tells questions that have an answer. */
export class DefinedCheck implements Disposable {
  readonly #kernels: readonly [KernelSys, KernelSys];
  readonly #responders: readonly [Responder, Responder];

  readonly #soils: boolean;

  /** `fuel` is what a run may take; `soils` whether what was not written is anything. */
  constructor({ fuel, soils }: { readonly fuel: number; readonly soils: boolean }) {
    this.#soils = soils;
    const plain = new KernelSys({ engine: 'interp', fuel });
    const moved = new KernelSys({ engine: 'jit', fuel });
    // Who is watched interprets, with what a compiler keeps in memory in front of the packet.
    moved.interpreter.onStep = () => {};
    moved.bpf('map_create', { map_type: BPF_MAP_TYPE_ARRAY, key_size: 4, value_size: BALLAST, max_entries: 1 });
    this.#kernels = [plain, moved];
    this.#responders = [kernelResponder('plain', plain), kernelResponder('moved', moved)];
  }

  /** Whether the program of `question` decides its answer. */
  holds(question: Question): boolean {
    const [plain, moved] = this.#responders;
    const [garbage, other] = this.#soils ? GARBAGE : [0, 0];
    const answer = plain.answer(soiled(question, garbage));
    if (contradicts(answer, moved.answer(soiled(question, other)))) return false;
    // The program as it is has another stack, finds zeros there, and its faults in another place.
    const clean = plain.answer(question);
    return answer.kind === clean.kind && (answer.kind !== 'ran' || !contradicts(answer, clean));
  }

  [Symbol.dispose](): void {
    for (const kernel of this.#kernels) kernel[Symbol.dispose]();
  }
}
