/** What running packets works with, one by one or many at a time. */
import type { ProgramRunner } from '../loader/runner.ts';
import type { SimClock } from '../sim/clock.ts';
import type { VmFault } from '../vm/fault.ts';
import type { Tally } from './tally.ts';
import type { Tracer } from './trace.ts';

/** What one run works with. */
export interface PacketRun {
  readonly runner: ProgramRunner;
  readonly tally: Tally;
  /** Sim's clock: shows the time since the first packet. */
  readonly clock?: SimClock | undefined;
  readonly tracer?: Tracer | undefined;
  /** Makes the report of a fault; `packet` counts from 1. */
  onFault(fault: VmFault, packet: number): Error;
}
