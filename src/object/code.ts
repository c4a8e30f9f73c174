/** Instruction slots as bytes, in the byte order of the object: just what relocation needs to see and change. */
import type { ByteOrder } from '../util/bytes.ts';

/** Bytes of an instruction slot. */
export const SLOT_SIZE = 8;

/** `BPF_JMP | BPF_CALL`. */
export const CALL = 0x85;
/** `BPF_LD | BPF_DW | BPF_IMM`, two slots. */
export const LD_IMM64 = 0x18;
/** Source register of a call to a subprogram. */
export const PSEUDO_CALL = 1;
/** Source register of an ld_imm64 of a subprogram's address. */
export const PSEUDO_FUNC = 4;

/** Reads and writes the fields of slots in `bytes`, which are changed in place. */
export class Code {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #little: boolean;

  constructor(bytes: Uint8Array, order: ByteOrder) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#little = order === 'little';
  }

  opcode(slot: number): number {
    return this.#view.getUint8(slot * SLOT_SIZE);
  }

  /** The source register: the high half of its byte on little-endian machines, the low half on big-endian ones. */
  src(slot: number): number {
    const registers = this.#view.getUint8(slot * SLOT_SIZE + 1);
    return this.#little ? registers >> 4 : registers & 0xf;
  }

  setSrc(slot: number, src: number): void {
    const at = slot * SLOT_SIZE + 1;
    const registers = this.#view.getUint8(at);
    this.#view.setUint8(at, this.#little ? (registers & 0x0f) | (src << 4) : (registers & 0xf0) | src);
  }

  imm(slot: number): number {
    return this.#view.getInt32(slot * SLOT_SIZE + 4, this.#little);
  }

  setImm(slot: number, imm: number): void {
    this.#view.setInt32(slot * SLOT_SIZE + 4, imm, this.#little);
  }
}
