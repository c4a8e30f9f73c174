/**
 * From the bytes of PROG_LOAD to a program that an engine can run: every instruction is one of the table, wide immediates are
 * resolved (map descriptors to the address of the map, values to their address, functions to text pointers), and every jump and
 * call lands on an instruction of the program. Refusals carry the words of the kernel's log.
 */
import { readInstruction } from '../asm/codec.ts';
import { type Instruction, LD_IMM64, slotCount } from '../asm/insn.ts';
import { INSTRUCTIONS } from '../asm/instructions.ts';
import { matchRow } from '../asm/match.ts';
import type { Row, WideRow } from '../asm/row.ts';
import { targetOf } from '../asm/target.ts';
import type { MapObject } from '../maps/map.ts';
import type { ErrnoName } from '../uapi/errno.ts';
import { NotSupportedError } from '../util/error.ts';
import { kernelPointer, textPointer } from '../vm/pointer.ts';
import type { Program, Slot } from '../vm/program.ts';
import { certainSlots } from './control-flow.ts';
import type { KernelCore } from './core.ts';
import type { MapKernelObject } from './map-object.ts';

/** What PROG_LOAD was given. */
export interface ProgramBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** `fd_array`: 32-bit descriptors that pseudo sources map_idx and map_idx_value count in. */
  readonly fdArray: Uint8Array | undefined;
}

/** A program whose immediates are final, and the maps that it uses. */
export interface ResolvedProgram {
  readonly program: Program;
  readonly maps: readonly MapKernelObject[];
}

/** Why a program can not be run. */
export interface ProgramRefusal {
  readonly errno: ErrnoName;
  readonly why: string;
}

/** MAX_USED_MAPS. */
const MAX_USED_MAPS = 64;

class Refused extends Error {
  readonly refusal: ProgramRefusal;

  constructor(errno: ErrnoName, why: string) {
    super(why);
    this.refusal = { errno, why };
  }
}

export function isProgramRefusal(result: ResolvedProgram | ProgramRefusal): result is ProgramRefusal {
  return 'errno' in result;
}

/** Decodes and resolves a program. */
export function resolveProgram(kernel: KernelCore, given: ProgramBytes): ResolvedProgram | ProgramRefusal {
  try {
    const maps = new Set<MapKernelObject>();
    const { slots, illegal } = decodeSlots(given.bytes);
    checkTargets(slots);
    checkIllegal(slots, illegal);
    const resolved = slots.map((slot, pc) => {
      if (slot === undefined || slot.row.kind !== 'wide') return slot;
      return wide(slot.insn, resolveWide(kernel, given, slot.row, slot.insn, pc, maps));
    });
    return { program: { name: given.name, slots: resolved }, maps: [...maps] };
  } catch (error) {
    if (error instanceof Refused) return error.refusal;
    throw error;
  }
}

/** An instruction whose fields its row does not allow. */
interface Illegal {
  readonly pc: number;
  readonly why: string;
}

function decodeSlots(bytes: Uint8Array): { slots: (Slot | undefined)[]; illegal: readonly Illegal[] } {
  const slots: (Slot | undefined)[] = new Array(bytes.length / 8);
  const illegal: Illegal[] = [];
  for (let pc = 0; pc < slots.length; ) {
    const insn = readInstruction(bytes, pc);
    const found = matchRow(insn);
    const row = 'want' in found ? found.row : found;
    if (row?.since === undefined)
      throw new Refused('EINVAL', `unknown opcode ${insn.opcode.toString(16).padStart(2, '0')}`);
    if (slotCount(insn) === 2 && pc + 2 > slots.length) throw new Refused('EINVAL', 'invalid bpf_ld_imm64 insn');
    if ('want' in found)
      illegal.push({ pc, why: `insn ${pc}: ${row.name}: ${found.field} ${found.value}, want ${found.want}` });
    slots[pc] = { insn, row };
    pc += slotCount(insn);
  }
  return { slots, illegal };
}

/**
 * Refuses illegal instructions that every run reaches. Whether others are reached takes a verifier; they give way to an endless loop,
 * as dead code does in the kernel.
 */
function checkIllegal(slots: (Slot | undefined)[], illegal: readonly Illegal[]): void {
  if (illegal.length === 0) return;
  const certain = certainSlots(slots);
  for (const { pc, why } of illegal) {
    if (certain.has(pc)) throw new Refused('EINVAL', why);
    const { insn } = slots[pc]!;
    const isWide = slotCount(insn) === 2;
    const loop = { opcode: INSTRUCTIONS.ja.opcode, dst: 0, src: 0, off: -1, imm: 0 };
    slots[pc] = { insn: loop, row: INSTRUCTIONS.ja };
    if (isWide) slots[pc + 1] = slots[pc];
  }
}

function checkTargets(slots: readonly (Slot | undefined)[]): void {
  let last: Row | undefined;
  slots.forEach((slot, pc) => {
    if (slot === undefined) return;
    last = slot.row;
    const to = targetOf(slot.row, slot.insn, pc);
    if (to === undefined) return;
    if (to < 0 || to >= slots.length) throw new Refused('EINVAL', `jump out of range from insn ${pc} to ${to}`);
    if (slots[to] === undefined) throw new Refused('EINVAL', `jump into the middle of ldimm64 insn ${to}`);
  });
  if (last?.kind !== 'exit' && last?.kind !== 'jump') throw new Refused('EINVAL', 'last insn is not an exit or jmp');
}

/** A wide instruction with a plain immediate. */
function wide(insn: Instruction, imm64: bigint): Slot {
  const plain = { opcode: LD_IMM64, dst: insn.dst, src: 0, off: 0, imm: Number(BigInt.asIntN(32, imm64)), imm64 };
  return { insn: plain, row: INSTRUCTIONS.ld_imm64 };
}

function resolveWide(
  kernel: KernelCore,
  given: ProgramBytes,
  row: WideRow,
  insn: Instruction,
  pc: number,
  maps: Set<MapKernelObject>,
): bigint {
  const imm64 = insn.imm64!;
  const second = Number(imm64 >> 32n);
  switch (row.pseudo) {
    case 'imm':
      return imm64;
    case 'func':
      return textPointer(pc + 1 + insn.imm);
    case 'btf_id':
      throw new NotSupportedError(
        'ksym',
        `${given.name}: insn ${pc}: addresses of kernel symbols are not resolved yet`,
        '5.10',
      );
    case 'map_fd':
    case 'map_idx':
      return kernelPointer(mapOf(kernel, given, row, insn, maps).map.address);
    case 'map_value':
    case 'map_idx_value': {
      const { map } = mapOf(kernel, given, row, insn, maps);
      return kernelPointer(directValue(map, second, pc));
    }
  }
}

/** The address of byte `offset` of an array's only value. */
function directValue(map: MapObject, offset: number, pc: number): number {
  const { type, maxEntries, valueSize } = map.attributes;
  if (type !== 'array' || map.values === undefined)
    throw new Refused('EINVAL', `insn ${pc}: a ${type} has no direct value access`);
  if (maxEntries !== 1)
    throw new Refused('ENOTSUPP', `insn ${pc}: direct value access of an array with ${maxEntries} entries, want 1`);
  if (offset >= valueSize)
    throw new Refused('EINVAL', `invalid access to map value pointer, value_size=${valueSize} off=${offset}`);
  return map.values.base + offset;
}

function mapOf(
  kernel: KernelCore,
  given: ProgramBytes,
  row: WideRow,
  insn: Instruction,
  maps: Set<MapKernelObject>,
): MapKernelObject {
  const fd = row.pseudo.startsWith('map_idx') ? fdAt(given.fdArray, insn.imm) : insn.imm;
  const file = kernel.fds.get(fd);
  if (file === undefined) throw new Refused('EBADF', `fd ${fd} is not pointing to valid bpf_map`);
  if (file.object.kind !== 'map') throw new Refused('EINVAL', `fd ${fd} is not pointing to valid bpf_map`);
  const object = file.object as MapKernelObject; // `kind` tells the class
  maps.add(object);
  if (maps.size > MAX_USED_MAPS)
    throw new Refused('E2BIG', `The total number of maps per program has reached the limit of ${MAX_USED_MAPS}`);
  return object;
}

function fdAt(fdArray: Uint8Array | undefined, index: number): number {
  if (fdArray === undefined) throw new Refused('EPROTO', 'fd_idx without fd_array is invalid');
  if (index < 0 || 4 * index + 4 > fdArray.length) throw new Refused('EFAULT', `fd_array: no entry ${index}`);
  return new DataView(fdArray.buffer, fdArray.byteOffset).getInt32(4 * index, true);
}
