/** Runs a program over a context that is given by field name: what no event and no system call of Linux does. */
import { buildContext, type ContextRequest } from '../hooks/context.ts';
import type { ContextFields } from '../hooks/context-fields.ts';
import type { Fd } from '../sys/sys.ts';
import type { ProgTypeName } from '../uapi/prog-types.ts';
import type { KernelCore } from './core.ts';

/** What a run over a context gave. */
export interface ContextRun {
  /** r0, the low 32 bits, unsigned. */
  readonly retval: number;
  /** The context as the program left it. */
  readonly context: ContextFields;
}

/** Types that load through pointers to kernel structs: what is not there reads as zero. */
const PROBING: ReadonlySet<ProgTypeName> = new Set(['tracing', 'lsm', 'struct_ops', 'raw_tracepoint', 'netfilter']);

/** Runs the program behind a descriptor once. @throws ContextError, NotSupportedError, VmFault. */
export function runContext(kernel: KernelCore, fd: Fd, request: ContextRequest): ContextRun {
  const { attributes, program } = kernel.object(fd, 'prog');
  const target = { type: attributes.type, attachType: attributes.expectedAttachType };
  using built = buildContext(kernel.machine, target, request);
  const { nullPage } = kernel.machine.memory;
  nullPage.access = PROBING.has(attributes.type) ? 'read' : 'none';
  try {
    return { retval: kernel.runNumber(program, built.context), context: built.read() };
  } finally {
    nullPage.access = 'none';
  }
}
