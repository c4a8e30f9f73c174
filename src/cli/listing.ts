/**
 * A program of an object as text: instructions in the syntax of the kernel's verifier log, with what depends on a kernel by name, and
 * the C line that each instruction came from.
 */
import { readInstruction } from '../asm/codec.ts';
import { formatInstruction } from '../asm/disasm.ts';
import { BPF_PSEUDO_CALL, type Instruction, SLOT_BYTES, slotCount } from '../asm/insn.ts';
import type { FunctionInfo, LineInfo, ProgramSpec, Reference } from '../object/spec.ts';
import type { ByteOrder } from '../util/bytes.ts';

/** One instruction, where it stands. */
export interface ListedInstruction {
  readonly slot: number;
  readonly text: string;
}

/** The text of a program, by slot. */
export class ProgramListing {
  readonly program: ProgramSpec;
  readonly #order: ByteOrder;
  readonly #references: ReadonlyMap<number, Reference>;

  constructor(program: ProgramSpec, order: ByteOrder) {
    this.program = program;
    this.#order = order;
    this.#references = new Map(program.references.map(reference => [reference.insn, reference]));
  }

  /** Every instruction in order. */
  *instructions(): Generator<ListedInstruction> {
    const slots = this.program.instructions.length / SLOT_BYTES;
    for (let slot = 0; slot < slots; ) {
      const insn = readInstruction(this.program.instructions, slot, this.#order);
      yield { slot, text: this.#format(insn, slot) };
      slot += slotCount(insn);
    }
  }

  /** The text of the instruction at `slot`. */
  at(slot: number): string {
    return this.#format(readInstruction(this.program.instructions, slot, this.#order), slot);
  }

  /** The C line that the instruction at `slot` belongs to. */
  lineOf(slot: number): LineInfo | undefined {
    const from = this.functionOf(slot)?.insn ?? 0;
    return this.program.lines.findLast(({ insn }) => insn <= slot && insn >= from);
  }

  /** The C line that begins at `slot`. */
  lineAt(slot: number): LineInfo | undefined {
    return this.program.lines.find(({ insn }) => insn === slot);
  }

  /** The function that `slot` lies in. */
  functionOf(slot: number): FunctionInfo | undefined {
    return this.program.functions.findLast(({ insn }) => insn <= slot);
  }

  /** The function that begins at `slot`. */
  functionAt(slot: number): FunctionInfo | undefined {
    return this.program.functions.find(({ insn }) => insn === slot);
  }

  #format(insn: Instruction, slot: number): string {
    return formatInstruction(insn, {
      imm64: () => this.#immediate(slot),
      callee: () => this.#callee(insn, slot),
    });
  }

  #immediate(slot: number): string | undefined {
    const reference = this.#references.get(slot);
    switch (reference?.kind) {
      case 'map':
        return `map[${reference.map}]`;
      case 'map_value':
        return `map[${reference.map}][0]+${reference.offset}`;
      case 'extern':
        return `extern ${reference.extern}`;
      case 'function':
        return `func ${reference.function}`;
      default:
        return undefined;
    }
  }

  #callee(insn: Instruction, slot: number): string | undefined {
    const reference = this.#references.get(slot);
    if (reference?.kind === 'kfunc') return reference.extern;
    if (insn.src !== BPF_PSEUDO_CALL) return undefined;
    const target = this.functionAt(slot + insn.imm + 1);
    const distance = `${insn.imm < 0 ? '' : '+'}${insn.imm}`;
    return target === undefined ? undefined : `${distance}#${target.name}`;
  }
}

/** `xdp_fw.bpf.c:41`, the file without its folders. */
export function formatPlace({ file, line }: LineInfo): string {
  return `${file.slice(file.lastIndexOf('/') + 1)}:${line}`;
}
