/**
 * BPF_PROG_LOAD. Instructions are decoded, what depends on the kernel (maps, functions) is resolved into their immediates, and control
 * flow is checked to stay inside; what they compute is not verified.
 */
import type { ProgLoadAttr } from '../../sys/attr.gen.ts';
import { attachTypeName } from '../../uapi/attach-types.ts';
import { PROG_FLAGS } from '../../uapi/flags.ts';
import { PROG_TYPES, progTypeName } from '../../uapi/prog-types.ts';
import type { KernelCore } from '../core.ts';
import { writeLog } from '../log.ts';
import { checkObjectName } from '../name.ts';
import { ProgKernelObject } from '../prog-object.ts';
import { refuse } from '../refusal.ts';
import { isProgramRefusal, resolveProgram } from '../resolve.ts';

/** BPF_COMPLEXITY_LIMIT_INSNS: the most instruction slots of a privileged program. */
const MAX_INSNS = 1_000_000;
/** What `prog_flags` may hold. */
const KNOWN_FLAGS = Object.values(PROG_FLAGS).reduce((all, flag) => all | flag, 0);
/** License texts longer than this are cut. */
const LICENSE_LENGTH = 128;

const decoder = new TextDecoder();

function licenseText(license: ProgLoadAttr['license']): string {
  if (license === undefined) return refuse('EFAULT', 'license: none given');
  if (typeof license === 'string') return license.slice(0, LICENSE_LENGTH - 1);
  const end = license.indexOf(0);
  return decoder.decode(license.subarray(0, Math.min(end < 0 ? license.length : end, LICENSE_LENGTH - 1)));
}

/** Loads a program and gives a descriptor. */
export function progLoad(kernel: KernelCore, attr: ProgLoadAttr): number {
  checkObjectName('prog_name', attr.prog_name);
  const license = licenseText(attr.license);
  const count = attr.insn_cnt ?? 0;
  if (count === 0 || count > MAX_INSNS) return refuse('E2BIG', `insn_cnt ${count}, want 1..${MAX_INSNS}`);
  if (attr.insns === undefined || attr.insns.length < 8 * count) {
    return refuse('EFAULT', `insns: ${attr.insns?.length ?? 0} bytes, insn_cnt ${count} needs ${8 * count}`);
  }
  const unknownFlags = (attr.prog_flags ?? 0) & ~KNOWN_FLAGS;
  if (unknownFlags !== 0) return refuse('EINVAL', `prog_flags 0x${(unknownFlags >>> 0).toString(16)}: no such flag`);
  const type = progTypeName(attr.prog_type ?? 0);
  if (!(type in PROG_TYPES) || type === 'unspec')
    return refuse('EINVAL', `prog_type ${attr.prog_type ?? 0}: no such program type`);
  const btf = (attr.prog_btf_fd ?? 0) > 0 ? kernel.object(attr.prog_btf_fd, 'btf') : undefined;

  const name = attr.prog_name ?? '';
  const resolved = resolveProgram(kernel, { name, bytes: attr.insns.subarray(0, 8 * count), fdArray: attr.fd_array });
  if (isProgramRefusal(resolved)) {
    attr.log_true_size = writeLog(attr.log_buf, attr.log_size, attr.log_level, `${resolved.why}\n`);
    return refuse(resolved.errno, resolved.why);
  }
  const object = new ProgKernelObject(
    kernel.ids.prog,
    {
      type,
      name,
      expectedAttachType: attachTypeName(attr.expected_attach_type ?? 0),
      flags: attr.prog_flags ?? 0,
      license,
      holds: btf === undefined ? resolved.maps : [...resolved.maps, btf],
    },
    resolved.program,
    program => kernel.forget(program),
  );
  return kernel.fds.open(object);
}
