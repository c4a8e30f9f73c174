/** Run-time faults: what an access, a call or an endless loop of a running program ends in. */
import { BpfError } from '../util/error.ts';

/** What kind of rule a run broke. */
export type FaultReason =
  | 'null_pointer'
  | 'unmapped'
  | 'out_of_bounds'
  | 'read_only'
  | 'bad_pointer'
  | 'bad_argument'
  | 'bad_jump'
  | 'stack_depth'
  | 'out_of_fuel';

/** A program did something that a kernel would never let it do; the run has ended, maps keep what was written before. */
export class VmFault extends BpfError {
  override readonly name = 'VmFault';
  /** Slot of the instruction that faulted. */
  readonly pc: number;
  /** The 64-bit guest address of the access, undefined where the fault is no access. */
  readonly address: bigint | undefined;
  readonly reason: FaultReason;
  /** The message without the position, for a caller that knows the source line. */
  readonly detail: string;
  /** Name of the program that ran. */
  readonly program: string;

  constructor(fault: {
    program: string;
    pc: number;
    reason: FaultReason;
    detail: string;
    address?: bigint | undefined;
  }) {
    super('vm_fault', `${fault.program}: insn ${fault.pc}: ${fault.detail}`);
    this.program = fault.program;
    this.pc = fault.pc;
    this.reason = fault.reason;
    this.detail = fault.detail;
    this.address = fault.address;
  }
}

/** Why an access was refused, before the position is known; the interpreter turns it into a {@link VmFault}. */
export class AccessRefusal extends BpfError {
  override readonly name = 'AccessRefusal';
  readonly reason: FaultReason;
  readonly address: bigint | undefined;

  constructor(reason: FaultReason, message: string, address?: bigint) {
    super('access_refused', message);
    this.reason = reason;
    this.address = address;
  }
}
