/** Whether bpf(2) may be used here, as an answer and not as an error. */

import { errnoName } from '../uapi/errno.ts';
import { progTypeId } from '../uapi/prog-types.ts';
import { BpfError } from '../util/error.ts';
import { type LinuxSys, openLinux } from './linux.ts';

/** `r0 = 0; exit`. */
const RETURN_ZERO = Uint8Array.of(0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);

/** Says why bpf(2) cannot be used here; undefined where an XDP program loads. */
export function bpfDenied(): string | undefined {
  let sys: LinuxSys;
  try {
    sys = openLinux();
  } catch (error) {
    if (error instanceof BpfError) return error.message;
    throw error;
  }
  const fd = sys.bpf('prog_load', {
    prog_type: progTypeId('xdp'),
    insns: RETURN_ZERO,
    insn_cnt: RETURN_ZERO.length / 8,
    license: 'GPL',
  });
  if (fd < 0) return `bpf(2) refuses to load a program: ${errnoName(-fd)}`;
  sys.close(fd);
  return undefined;
}
