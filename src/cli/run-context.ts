/** Runs a program over one context, given by field name. */
import type { Btf } from '../btf/btf.ts';
import type { ContextFields } from '../hooks/context-fields.ts';
import { verdictName } from '../loader/runner.ts';
import { SimKernel } from '../sim/sim-kernel.ts';
import { InternalError } from '../util/error.ts';
import { VmFault } from '../vm/fault.ts';
import { faultError } from './fault.ts';
import { EXIT } from './invocation.ts';
import { valueToJson } from './json.ts';
import { reportContext, type Session } from './run-report.ts';
import { Tracer } from './trace.ts';

/** Runs the session's program once and reports. */
export function overContext(session: Session, fields: ContextFields, btf: Btf | undefined): number {
  const { kernel, collection, program, programs, options, terminal } = session;
  if (!(kernel instanceof SimKernel)) throw new InternalError('a context without sim');
  const tracer = options.trace ? new Tracer(kernel, programs, terminal) : undefined;
  tracer?.begin(`${program.name} over a context`);
  try {
    const { retval, context } = kernel.runContext(collection.program(program.name), { fields, btf });
    const verdict = verdictName(program.type, retval);
    tracer?.end(`${verdict ?? 'returned'} (${retval})`);
    reportContext(session, { retval, verdict, context: valueToJson(context) });
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof VmFault)) throw error;
    tracer?.end('fault');
    throw faultError(error, undefined, programs.loaded(error.program), kernel.registers);
  }
}
