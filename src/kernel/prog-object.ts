/** A program as a kernel object: what was loaded, ready to run. */
import type { AttachTypeName } from '../uapi/attach-types.ts';
import type { ProgTypeName } from '../uapi/prog-types.ts';
import type { Program } from '../vm/program.ts';
import { type IdTable, KernelObject } from './object.ts';

export interface ProgAttributes {
  readonly type: ProgTypeName;
  readonly name: string;
  readonly expectedAttachType: AttachTypeName;
  readonly flags: number;
  readonly license: string;
  /** The maps, and the BTF, that the program keeps alive. */
  readonly holds: readonly KernelObject[];
}

export class ProgKernelObject extends KernelObject {
  readonly kind = 'prog';
  readonly attributes: ProgAttributes;
  readonly program: Program;

  readonly #onFree: (program: Program) => void;

  constructor(ids: IdTable, attributes: ProgAttributes, program: Program, onFree: (program: Program) => void) {
    super(ids);
    this.attributes = attributes;
    this.program = program;
    this.#onFree = onFree;
    for (const object of attributes.holds) object.hold();
  }

  protected override free(): void {
    this.#onFree(this.program);
    for (const object of this.attributes.holds) object.release();
  }
}
