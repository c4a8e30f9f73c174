/** BPF_BTF_LOAD. */
import { parseBtf } from '../../btf/btf.ts';
import type { BpfAttr } from '../../sys/attr.gen.ts';
import { BpfError } from '../../util/error.ts';
import { BtfKernelObject } from '../btf-object.ts';
import type { KernelCore } from '../core.ts';
import { writeLog } from '../log.ts';
import { refuse } from '../refusal.ts';

/** BTF_MAX_SIZE. */
const MAX_SIZE = 16 * 1024 * 1024;

/** Loads BTF and gives a descriptor. */
export function btfLoad(kernel: KernelCore, attr: BpfAttr['btf_load']): number {
  const size = attr.btf_size ?? 0;
  if (attr.btf === undefined || attr.btf.length < size) return refuse('EFAULT', 'btf: fewer bytes than btf_size');
  if (size > MAX_SIZE) return refuse('E2BIG', `btf_size ${size}, at most ${MAX_SIZE}`);
  try {
    const object = new BtfKernelObject(kernel.ids.btf, parseBtf(attr.btf.slice(0, size)));
    return kernel.fds.open(object);
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    writeLog(attr.btf_log_buf, attr.btf_log_size, attr.btf_log_level, `${error.message}\n`);
    return refuse('EINVAL', error.message);
  }
}
