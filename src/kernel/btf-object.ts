/** BTF that was loaded into the kernel. */
import type { Btf } from '../btf/btf.ts';
import { type IdTable, KernelObject } from './object.ts';

export class BtfKernelObject extends KernelObject {
  readonly kind = 'btf';
  readonly btf: Btf;

  constructor(ids: IdTable, btf: Btf) {
    super(ids);
    this.btf = btf;
  }

  protected override free(): void {}
}
