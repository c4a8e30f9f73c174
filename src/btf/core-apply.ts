/**
 * CO-RE relocation, the second half: fixups into instructions. The kinds of instruction that take one, and how, follow libbpf's
 * `bpf_core_patch_insn`.
 */
import type { CoreFixup, CorePatch } from './core.ts';
import { CoreError } from './core-error.ts';

const SLOT = 8;
/** Classes, the low three bits of an opcode. */
const [LD, LDX, ST, STX, ALU, ALU64] = [0, 1, 2, 3, 4, 7];
const LD_IMM64 = 0x18;
/** The bit of an ALU opcode that makes its source a register. */
const SOURCE_REGISTER = 0x08;
const SIZE_BITS = 0x18;
/** The size bits of a load or store by the bytes it moves. */
const SIZE_BY_BYTES: Readonly<Record<number, number>> = { 4: 0x00, 2: 0x08, 1: 0x10, 8: 0x18 };
const MAX_OFFSET = 0x7fff;

const CALL = 0x85;
/** A helper that no kernel has, which tells whoever meets it in a log: "bad relo". */
const BAD_RELO = 0xbad2310;

/**
 * `instructions` (little-endian, 8 bytes a slot) with the fixups applied; those given stay as they are.
 * @throws {CoreError} when an instruction does not hold what its record says, or cannot hold what it is to.
 */
export function applyFixups(instructions: Uint8Array, fixups: readonly CoreFixup[]): Uint8Array {
  const fixed = new Uint8Array(instructions);
  const view = new DataView(fixed.buffer);
  for (const fixup of fixups) {
    const slot = new Slot(view, fixup);
    if (fixup.patch === undefined) slot.poison();
    else slot.patch(fixup.patch);
  }
  return fixed;
}

/** Whether `applyFixups` left the call of {@link BAD_RELO} at slot `insn`. */
export function isPoisoned(instructions: Uint8Array, insn: number): boolean {
  const view = new DataView(instructions.buffer, instructions.byteOffset + insn * SLOT, SLOT);
  return view.getUint8(0) === CALL && view.getInt32(4, true) === BAD_RELO;
}

/** The instruction of one fixup. */
class Slot {
  readonly #view: DataView;
  readonly #fixup: CoreFixup;
  readonly #at: number;

  constructor(view: DataView, fixup: CoreFixup) {
    this.#view = view;
    this.#fixup = fixup;
    this.#at = fixup.insn * SLOT;
    const slots = this.#code === LD_IMM64 ? 2 : 1;
    if (this.#at + slots * SLOT > view.byteLength) throw this.#error('the program has no such instruction');
  }

  get #code(): number {
    return this.#at < this.#view.byteLength ? this.#view.getUint8(this.#at) : 0;
  }

  patch(patch: CorePatch): void {
    switch (this.#code & 0x07) {
      case ALU:
      case ALU64:
        this.#patchImmediate(patch);
        break;
      case LDX:
      case ST:
      case STX:
        this.#patchOffset(patch);
        break;
      case LD:
        this.#patchWideImmediate(patch);
        break;
      default:
        throw this.#error(`opcode 0x${this.#code.toString(16)} takes no value`);
    }
  }

  poison(): void {
    // The second half of a wide load would be an unknown opcode to a verifier, and say nothing.
    if (this.#code === LD_IMM64) this.#poisonAt(this.#at + SLOT);
    this.#poisonAt(this.#at);
  }

  #poisonAt(at: number): void {
    this.#view.setUint32(at, CALL, true);
    this.#view.setInt32(at + 4, BAD_RELO, true);
  }

  #patchImmediate(patch: CorePatch): void {
    if ((this.#code & SOURCE_REGISTER) !== 0) throw this.#error('the instruction has no immediate');
    this.#expect(patch, BigInt(this.#view.getInt32(this.#at + 4, true)));
    this.#view.setInt32(this.#at + 4, Number(BigInt.asIntN(32, patch.to)), true);
  }

  #patchOffset(patch: CorePatch): void {
    this.#expect(patch, BigInt(this.#view.getInt16(this.#at + 2, true)));
    if (patch.to > MAX_OFFSET) throw this.#error(`value ${patch.to} for an offset, want 0..${MAX_OFFSET}`);
    const { resize } = patch;
    if (resize?.safe === false) {
      this.poison();
      return;
    }
    this.#view.setInt16(this.#at + 2, Number(patch.to), true);
    if (resize === undefined) return;
    const size = SIZE_BY_BYTES[resize.to];
    if ((this.#code & SIZE_BITS) !== SIZE_BY_BYTES[resize.from])
      throw this.#error(`the access is not one of ${resize.from} bytes, which the field has in the object`);
    if (size === undefined) throw this.#error(`an access of ${resize.to} bytes, want 1, 2, 4 or 8`);
    this.#view.setUint8(this.#at, (this.#code & ~SIZE_BITS) | size);
  }

  #patchWideImmediate(patch: CorePatch): void {
    const plain =
      this.#code === LD_IMM64 &&
      (this.#view.getUint32(this.#at, true) & 0xffff_f000) === 0 &&
      this.#view.getUint32(this.#at + SLOT, true) === 0;
    if (!plain) throw this.#error('the wide load refers to something else');
    const low = BigInt(this.#view.getUint32(this.#at + 4, true));
    this.#expect(patch, low | (BigInt(this.#view.getInt32(this.#at + SLOT + 4, true)) << 32n));
    this.#view.setUint32(this.#at + 4, Number(patch.to & 0xffff_ffffn), true);
    this.#view.setUint32(this.#at + SLOT + 4, Number(patch.to >> 32n), true);
  }

  #expect(patch: CorePatch, held: bigint): void {
    if (patch.check && BigInt.asUintN(64, held) !== patch.from)
      throw this.#error(`the instruction holds ${held}, want ${patch.from}, which the object's types say`);
  }

  #error(problem: string): CoreError {
    return new CoreError(this.#fixup.access, this.#fixup.insn, problem);
  }
}
