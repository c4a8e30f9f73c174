/**
 * Bytes ↔ instructions, either byte order. `decode` and `encode` take only what the table allows and are each other's inverse;
 * `readInstruction` takes any bytes, for those who judge them in their own words (a verifier, a listing of a loaded program).
 */
import type { ByteOrder } from '../util/bytes.ts';
import { AsmError } from './error.ts';
import { type Instruction, isWide, joinImm64, nextImm, SLOT_BYTES, slotCount } from './insn.ts';
import type { InstructionRow } from './instructions.ts';
import { matchRow } from './match.ts';

/** An instruction and where it stands: `slot` counts in 8 bytes, which is how jumps and every kernel interface count. */
export interface PlacedInstruction extends Instruction {
  readonly slot: number;
}

const hexByte = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`;

/**
 * The row that allows `insn`. `slot` is for the message.
 * @throws {AsmError} that names the first wrong field, its value and what is allowed.
 */
export function checkInstruction(insn: Instruction, slot?: number): InstructionRow {
  const found = matchRow(insn);
  if (!('want' in found)) return found;
  const { row, field, value, want } = found;
  const subject = row === undefined ? '' : `${row.name} (${hexByte(insn.opcode)}): `;
  throw new AsmError(slot, field, `${subject}${field} ${field === 'opcode' ? hexByte(value) : value}, want ${want}`);
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The fields at `slot`, which must lie inside; a wide instruction that ends with its first slot has no `imm64`. */
function read(view: DataView, slot: number, littleEndian: boolean): PlacedInstruction {
  const at = slot * SLOT_BYTES;
  const opcode = view.getUint8(at);
  const registers = view.getUint8(at + 1);
  const low = registers & 0x0f;
  const high = registers >> 4;
  const imm = view.getInt32(at + 4, littleEndian);
  const insn = {
    slot,
    opcode,
    dst: littleEndian ? low : high,
    src: littleEndian ? high : low,
    off: view.getInt16(at + 2, littleEndian),
    imm,
  };
  if (!isWide(opcode) || at + 2 * SLOT_BYTES > view.byteLength) return insn;
  return { ...insn, imm64: joinImm64(imm, view.getInt32(at + SLOT_BYTES + 4, littleEndian)) };
}

/** What is wrong with the second slot of a wide instruction at `slot`. */
function checkNextSlot(view: DataView, slot: number, littleEndian: boolean): void {
  if ((slot + 2) * SLOT_BYTES > view.byteLength) {
    throw new AsmError(slot, 'next_slot', 'wide instruction (0x18): the bytes end after its first slot, want two');
  }
  const next = read(view, slot + 1, littleEndian);
  for (const field of ['opcode', 'dst', 'src', 'off'] as const) {
    if (next[field] === 0) continue;
    throw new AsmError(
      slot,
      'next_slot',
      `wide instruction (0x18): ${field} ${next[field]} in its second slot, want 0`,
    );
  }
}

function slotsOf(bytes: Uint8Array): number {
  if (bytes.length % SLOT_BYTES === 0) return bytes.length / SLOT_BYTES;
  throw new AsmError(undefined, 'bytes', `instructions: ${bytes.length} bytes, want a multiple of ${SLOT_BYTES}`);
}

function checkSlot(slots: number, slot: number): void {
  if (Number.isInteger(slot) && slot >= 0 && slot < slots) return;
  throw new AsmError(slot, 'bytes', `slot ${slot} of ${slots}: no instruction there`);
}

function decodeSlot(view: DataView, slot: number, littleEndian: boolean): PlacedInstruction {
  const insn = read(view, slot, littleEndian);
  if (isWide(insn.opcode)) checkNextSlot(view, slot, littleEndian);
  checkInstruction(insn, slot);
  return insn;
}

/**
 * The fields at `slot` as they are, legal or not.
 * @throws {AsmError} where `slot` lies outside.
 */
export function readInstruction(bytes: Uint8Array, slot: number, order: ByteOrder = 'little'): PlacedInstruction {
  checkSlot(Math.floor(bytes.length / SLOT_BYTES), slot);
  return read(viewOf(bytes), slot, order === 'little');
}

/**
 * The instruction at `slot`.
 * @throws {AsmError} where the table does not allow it, or `slot` lies outside.
 */
export function decodeAt(bytes: Uint8Array, slot: number, order: ByteOrder = 'little'): PlacedInstruction {
  checkSlot(slotsOf(bytes), slot);
  return decodeSlot(viewOf(bytes), slot, order === 'little');
}

/**
 * All instructions of `bytes`, in order; the slot after a wide one is skipped.
 * @throws {AsmError} at the first that the table does not allow.
 */
export function decode(bytes: Uint8Array, order: ByteOrder = 'little'): PlacedInstruction[] {
  const slots = slotsOf(bytes);
  const view = viewOf(bytes);
  const insns: PlacedInstruction[] = [];
  for (let slot = 0; slot < slots; ) {
    const insn = decodeSlot(view, slot, order === 'little');
    insns.push(insn);
    slot += slotCount(insn);
  }
  return insns;
}

/** Refuses an `imm64` that is missing, out of place, or does not have `imm` as its low half. */
function checkImm64(insn: Instruction, slot: number): void {
  const { imm64, imm } = insn;
  if (!isWide(insn.opcode)) {
    if (imm64 === undefined) return;
    throw new AsmError(
      slot,
      'next_imm',
      `opcode ${hexByte(insn.opcode)}: imm64 ${imm64} in an instruction of one slot`,
    );
  }
  if (imm64 === undefined) throw new AsmError(slot, 'next_imm', 'wide instruction (0x18): no imm64');
  if (BigInt.asUintN(64, imm64) !== imm64) {
    throw new AsmError(slot, 'next_imm', `wide instruction (0x18): imm64 ${imm64}, want 0..2^64-1`);
  }
  if (joinImm64(imm, nextImm(insn)) !== imm64) {
    throw new AsmError(slot, 'imm', `wide instruction (0x18): imm ${imm}, want the low half of imm64 ${imm64}`);
  }
}

/**
 * The bytes of instructions, back to back.
 * @throws {AsmError} at the first that the table does not allow.
 */
export function encode(insns: readonly Instruction[], order: ByteOrder = 'little'): Uint8Array<ArrayBuffer> {
  const littleEndian = order === 'little';
  const bytes = new Uint8Array(insns.reduce((sum, insn) => sum + slotCount(insn), 0) * SLOT_BYTES);
  const view = viewOf(bytes);
  let slot = 0;
  for (const insn of insns) {
    checkInstruction(insn, slot);
    checkImm64(insn, slot);
    const at = slot * SLOT_BYTES;
    view.setUint8(at, insn.opcode);
    view.setUint8(at + 1, littleEndian ? (insn.src << 4) | insn.dst : (insn.dst << 4) | insn.src);
    view.setInt16(at + 2, insn.off, littleEndian);
    view.setInt32(at + 4, insn.imm, littleEndian);
    if (isWide(insn.opcode)) view.setInt32(at + SLOT_BYTES + 4, nextImm(insn), littleEndian);
    slot += slotCount(insn);
  }
  return bytes;
}
