/**
 * Random XDP programs that no verifier would take: jumps and calls to anywhere, loops without end, pointers to nothing. Engines that check
 * every access have to agree on them too, down to the fault. An address never becomes a number, for where things lie is the engine's
 * own affair:
 *
 *     r0 … r6  numbers      r7  a bad pointer      r8  a map value      r9  the packet      r10  the stack
 */
import { encode } from '../asm/codec.ts';
import type { InstructionName } from '../asm/instructions.ts';
import { HELPERS } from '../uapi/helpers.ts';
import type { Random } from '../util/random.ts';
import type { Operands } from './code.ts';
import { Emitter, type Label } from './emitter.ts';
import { STACK_DATA } from './frame.ts';
import {
  ATOMIC_ROWS,
  COMPUTE_ROWS,
  CONDITION_ROWS,
  LOAD_ROWS,
  randomImm,
  randomImm64,
  STORE_ROWS,
  takesRegister,
} from './operands.ts';
import type { Question, QuestionMap } from './question.ts';
import { KEY_POOL, randomMaps } from './random-maps.ts';

const NUMBERS = 7;
const [BAD, VALUE, PACKET, STACK] = [7, 8, 9, 10];
const PACKET_SIZE = 64;

/** Linear addresses that belong to nobody, and tags that no memory has; NULL and its surroundings. */
const BAD_POINTERS = [0n, 8n, 0xfff8n, 0xffff_fff8n, 0xffff_8880_0000_0000n, 0x1_0000_0000n, 1n << 63n] as const;

/** Fields of an instruction beside `dst` and `off`, as its row has them. */
function source(random: Random, row: { readonly fields: { readonly src: unknown; readonly imm: unknown } }): Operands {
  const { src, imm } = row.fields;
  return {
    ...(src === 'register' && { src: random.below(NUMBERS) }),
    ...(imm === 'any' && { imm: randomImm(random) }),
  };
}

type Emit = (name: InstructionName, operands?: Operands, to?: Label) => void;
type Step = (random: Random, emit: Emit, anywhere: () => Label, maps: readonly QuestionMap[]) => void;

const compute: Step = (random, emit) => {
  const row = random.pick(COMPUTE_ROWS);
  emit(row.name, { dst: random.below(NUMBERS), ...source(random, row) });
};

/** A register that points to memory and an offset, mostly inside it. */
function place(random: Random): { base: number; off: number } {
  switch (random.below(8)) {
    case 0:
      return { base: PACKET, off: random.pick([-1, PACKET_SIZE - 4, PACKET_SIZE, 4096]) };
    case 1:
      return { base: VALUE, off: random.pick([-1, STACK_DATA - 4, STACK_DATA]) };
    case 2:
      return random.oneIn(4) ? { base: BAD, off: random.pick([0, 8, -8]) } : { base: STACK, off: -8 };
    case 3:
    case 4:
      return { base: PACKET, off: random.below(PACKET_SIZE - 7) };
    case 5:
      return { base: VALUE, off: random.below(STACK_DATA - 7) };
    default:
      return { base: STACK, off: -8 - random.below(STACK_DATA) };
  }
}

const access: Step = (random, emit) => {
  const { base, off } = place(random);
  const row = random.pick([...LOAD_ROWS, ...STORE_ROWS, ...ATOMIC_ROWS] as const);
  if (row.kind === 'load') emit(row.name, { dst: random.below(NUMBERS), src: base, off });
  else emit(row.name, { dst: base, off, ...source(random, row) });
};

const jump: Step = (random, emit, anywhere) => {
  if (random.oneIn(4)) return emit(random.pick(['ja', 'gotol', 'may_goto'] as const), {}, anywhere());
  const row = random.pick(CONDITION_ROWS);
  const operand = takesRegister(row) ? { src: random.below(NUMBERS) } : { imm: randomImm(random) };
  emit(row.name, { dst: random.below(NUMBERS), ...operand }, anywhere());
};

const call: Step = (_random, emit, anywhere) => emit('call_subprog', {}, anywhere());
const exit: Step = (_random, emit) => emit('exit');

const constant: Step = (random, emit) => {
  emit('ld_imm64', { dst: random.below(NUMBERS), imm64: randomImm64(random) });
};

const badPointer: Step = (random, emit) => {
  emit('ld_imm64', { dst: BAD, imm64: random.pick(BAD_POINTERS) });
};

/** A helper of maps; the registers that held pointers hold numbers again afterwards. */
const helper: Step = (random, emit, _anywhere, maps) => {
  const name = random.pick(['map_lookup_elem', 'map_update_elem', 'map_delete_elem'] as const);
  emit('st_mem_dw', { dst: STACK, off: -16, imm: random.below(KEY_POOL) });
  emit('ld_map_idx', { dst: 1, imm64: BigInt(random.below(maps.length)) });
  emit('mov64_x', { dst: 2, src: random.oneIn(12) ? BAD : STACK });
  emit('add64_k', { dst: 2, imm: -16 });
  emit('mov64_x', { dst: 3, src: random.oneIn(12) ? BAD : STACK });
  emit('add64_k', { dst: 3, imm: -8 - STACK_DATA });
  emit('mov64_k', { dst: 4, imm: random.below(4) });
  emit('call', { imm: HELPERS[name].id });
  // an address, or -errno: whether there is one says enough
  emit('jeq64_k', { dst: 0, off: 1 });
  emit('mov64_k', { dst: 0, imm: 1 });
  for (const register of [1, 2, 3]) emit('mov64_k', { dst: register, imm: register });
};

/** Each with how likely it is. */
const STEPS: readonly (readonly [weight: number, step: Step])[] = [
  [40, compute],
  [20, access],
  [18, jump],
  [5, call],
  [3, exit],
  [6, constant],
  [4, badPointer],
  [4, helper],
];

function pickStep(random: Random): Step {
  let at = random.below(100);
  for (const [weight, step] of STEPS) {
    if (at < weight) return step;
    at -= weight;
  }
  return compute;
}

/** A question about a random program that may do anything. The same generator state gives the same question. */
export function wildQuestion(random: Random): Question {
  const [values, ...maps] = randomMaps(random);
  const first = { ...values!, maxEntries: 1, entries: values!.entries.slice(0, 1) };
  const code = new Emitter();
  const emit: Emit = (name, operands, to) => code.emit(name, operands, to);
  emit('ldx_mem_w', { dst: PACKET, src: 1 });
  emit('ld_map_idx_value', { dst: VALUE, imm64: 0n });
  emit('mov64_k', { dst: BAD });
  for (let register = 0; register < NUMBERS; register++) emit('mov64_k', { dst: register, imm: randomImm(random) });
  const labels = Array.from({ length: random.between(2, 50) }, () => code.label());
  const anywhere = (): Label => labels[random.below(labels.length)]!;
  for (const label of labels) {
    code.place(label);
    pickStep(random)(random, emit, anywhere, [first, ...maps]);
  }
  for (let register = 0; register < NUMBERS; register++) {
    emit('stx_mem_dw', { dst: VALUE, src: register, off: 8 * register });
  }
  emit('exit');
  return { program: encode(code.instructions()), maps: [first, ...maps], packet: random.bytes(PACKET_SIZE) };
}
