/** Steps of verifiable programs that call a helper whose answer depends on nothing but its arguments and the maps. */
import { HELPERS } from '../uapi/helpers.ts';
import { type Frame, STACK_BOTTOM, STACK_DATA } from './frame.ts';
import { randomImm } from './operands.ts';
import type { QuestionMap } from './question.ts';
import { KEY_POOL } from './random-maps.ts';

const DIGITS = ['0', '1', '7', '9', 'a', 'x', '-', ' '] as const;

/** Writes a call of a helper, and what surrounds it. */
export type HelperStep = (frame: Frame, maps: readonly QuestionMap[]) => void;

function call(frame: Frame, name: keyof typeof HELPERS): void {
  frame.emit('call', { imm: HELPERS[name].id });
  frame.called();
}

/** Points a register to the stack. */
function pointToStack(frame: Frame, register: number, off: number): void {
  frame.emit('mov64_x', { dst: register, src: 10 });
  frame.emit('add64_k', { dst: register, imm: off });
  frame.take(register);
}

/** Puts a map into r1 and a pointer to a key into r2; the key is of the pool, but for chance. */
function mapAndKey(frame: Frame, index: number, { keySize }: QuestionMap): void {
  const { random } = frame;
  const off = frame.stackOff(16, 8);
  if (!random.oneIn(6)) {
    frame.emit('st_mem_dw', { dst: 10, off, imm: random.below(KEY_POOL) });
    if (keySize > 8) frame.emit('st_mem_dw', { dst: 10, off: off + 8, imm: 0 });
  }
  frame.emit('ld_map_idx', { dst: 1, imm64: BigInt(index) });
  frame.take(1);
  pointToStack(frame, 2, off);
}

/** Writes a lookup; r0 is the value's address or NULL. */
export function lookUp(frame: Frame, index: number, map: QuestionMap): void {
  mapAndKey(frame, index, map);
  call(frame, 'map_lookup_elem');
}

function anyMap(frame: Frame, maps: readonly QuestionMap[]): [number, QuestionMap] {
  const index = frame.random.below(maps.length);
  return [index, maps[index]!];
}

const update: HelperStep = (frame, maps) => {
  const [index, map] = anyMap(frame, maps);
  mapAndKey(frame, index, map);
  pointToStack(frame, 3, frame.stackOff(map.valueSize, 8));
  frame.emit('mov64_k', { dst: 4, imm: frame.random.pick([0, 0, 0, 1, 2, 3]) });
  frame.take(4);
  call(frame, 'map_update_elem');
};

const remove: HelperStep = (frame, maps) => {
  const hashes = maps.flatMap((map, index) => (!map.type.endsWith('array') ? [[index, map] as const] : []));
  const [index, map] = hashes[frame.random.below(hashes.length)] ?? [];
  if (index === undefined || map === undefined) return;
  mapAndKey(frame, index, map);
  call(frame, 'map_delete_elem');
};

/** Two ranges of the stack, each may be absent, and a number. */
const checksum: HelperStep = frame => {
  const { random } = frame;
  frame.emit('mov64_x', { dst: 5, src: frame.number() });
  for (const register of [1, 3]) {
    const size = 4 * random.below(9);
    if (size === 0) {
      frame.emit('mov64_k', { dst: register });
    } else {
      pointToStack(frame, register, frame.stackOff(size, 8));
    }
    frame.emit('mov64_k', { dst: register + 1, imm: size });
  }
  call(frame, 'csum_diff');
};

/** Bytes between the stack and anywhere in the packet. */
const copy =
  (name: 'xdp_load_bytes' | 'xdp_store_bytes'): HelperStep =>
  frame => {
    const { random } = frame;
    if (!frame.mayMovePacket && name === 'xdp_store_bytes') return;
    const size = random.between(1, STACK_DATA);
    if (random.oneIn(4)) frame.emit('mov64_x', { dst: 2, src: frame.number() });
    else frame.emit('mov64_k', { dst: 2, imm: random.below(100) });
    pointToStack(frame, 3, frame.stackOff(size, 8));
    frame.emit('mov64_k', { dst: 4, imm: size });
    frame.loadContext(1);
    call(frame, name);
  };

/** Moves an end of the packet; pointers into it would not survive. */
const adjust =
  (name: 'xdp_adjust_head' | 'xdp_adjust_tail' | 'xdp_adjust_meta'): HelperStep =>
  frame => {
    const { random } = frame;
    if (!frame.mayMovePacket || [...frame.pinned.values()].some(pointer => pointer?.kind === 'packet')) return;
    frame.emit('mov64_k', { dst: 2, imm: random.oneIn(8) ? randomImm(random) : 4 * (random.below(17) - 8) });
    frame.loadContext(1);
    call(frame, name);
  };

/**
 * Starts the program again, up to the kernel's limit; goes on where there is nothing to start. `index` is the prog array's. Subprograms
 * that do so need BTF.
 */
export function tailCall(frame: Frame, index: number): void {
  if (!frame.mayMovePacket || [...frame.pinned.values()].some(pointer => pointer?.kind === 'packet')) return;
  frame.emit('mov64_k', { dst: 3, imm: frame.random.below(3) });
  frame.emit('ld_map_idx', { dst: 2, imm64: BigInt(index) });
  frame.loadContext(1);
  frame.emit('call', { imm: HELPERS.tail_call.id });
  frame.take(0, 1, 2, 3, 4, 5);
}

const length: HelperStep = frame => {
  frame.loadContext(1);
  call(frame, 'xdp_get_buff_len');
};

/** A copy that may fault, among the stack's numbers; source and target may overlap. */
const probe: HelperStep = frame => {
  const size = frame.random.between(1, STACK_DATA / 2);
  pointToStack(frame, 1, STACK_BOTTOM + frame.random.below(STACK_DATA - size + 1));
  frame.emit('mov64_k', { dst: 2, imm: size });
  pointToStack(frame, 3, STACK_BOTTOM + frame.random.below(STACK_DATA - size + 1));
  call(frame, 'probe_read_kernel');
};

/** A number in text, with blanks and letters between, at the stack's start; what it is goes behind it. */
const parse =
  (name: 'strtol' | 'strtoul'): HelperStep =>
  frame => {
    const { random } = frame;
    const text = Array.from({ length: 4 }, () => random.pick(DIGITS).charCodeAt(0));
    frame.emit('st_mem_w', { dst: 10, off: STACK_BOTTOM, imm: new DataView(Uint8Array.from(text).buffer).getInt32(0) });
    pointToStack(frame, 1, STACK_BOTTOM);
    frame.emit('mov64_k', { dst: 2, imm: random.between(1, 16) });
    frame.emit('mov64_k', { dst: 3, imm: random.pick([0, 8, 10, 16, 7]) });
    pointToStack(frame, 4, STACK_BOTTOM + 16);
    call(frame, name);
  };

/** Each as likely as any other. */
export const HELPER_STEPS: readonly [HelperStep, ...HelperStep[]] = [
  update,
  update,
  remove,
  checksum,
  copy('xdp_load_bytes'),
  copy('xdp_store_bytes'),
  adjust('xdp_adjust_head'),
  adjust('xdp_adjust_tail'),
  adjust('xdp_adjust_meta'),
  length,
  probe,
  parse('strtol'),
  parse('strtoul'),
];
