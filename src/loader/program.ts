/** `Program`: a user's handle of a loaded program. */
import type { ProgramSpec } from '../object/spec.ts';
import type { Fd, Sys } from '../sys/sys.ts';
import { ProgramRunner, type RunnerOptions } from './runner.ts';

/** What a test run runs over. */
export interface RunOptions {
  /** The packet, for program types that see one. */
  readonly packet?: Uint8Array;
  /** The context in uapi layout. For XDP `data_end` may stay 0: it is filled in. */
  readonly ctx?: Uint8Array;
  /** Times that the kernel runs the program over the same buffer; 1 by default. */
  readonly repeat?: number;
  /** Bytes that the packet may come out with beyond its length; a page and the headroom by default. */
  readonly room?: number;
}

/** What a test run gave. */
export interface RunResult {
  /** r0 of the (last) run, 32 bits. */
  readonly retval: number;
  /** What `retval` means, where the program type's return values have names: `pass`, `drop` …; `type_N` for others. */
  readonly verdict: string | undefined;
  /** The packet as the program left it, from its `data` on. */
  readonly data: Uint8Array;
  /** Metadata that the program put in front of the packet. */
  readonly metadata: Uint8Array;
  /** The context as the program left it, where the type has one. */
  readonly ctx: Uint8Array | undefined;
  /** Nanoseconds per run, as the kernel measured. */
  readonly durationNs: number;
}

/** A loaded program. */
export class Program implements Disposable {
  readonly fd: Fd;
  readonly spec: ProgramSpec;
  /** Why by slot, of instructions that a run must not reach: the kernel's types lack what they ask for. */
  readonly poisoned: ReadonlyMap<number, string>;
  readonly #sys: Sys;
  #open = true;

  constructor(sys: Sys, fd: Fd, spec: ProgramSpec, poisoned: ReadonlyMap<number, string> = new Map()) {
    this.#sys = sys;
    this.fd = fd;
    this.spec = spec;
    this.poisoned = poisoned;
  }

  get name(): string {
    return this.spec.name;
  }

  /**
   * Runs the program once (or `repeat` times) over a packet or context, attached to nothing.
   * @example const { verdict } = await program.run({ packet });
   * @throws SyscallError when the kernel refuses the run.
   */
  async run(options: RunOptions = {}): Promise<RunResult> {
    return this.runSync(options);
  }

  /** {@link run}, at once. */
  runSync(options: RunOptions = {}): RunResult {
    const { packet = new Uint8Array(0), ctx, repeat, room } = options;
    const runner = this.runner({ output: true, repeat, ctx, room });
    const retval = runner.run(packet);
    return {
      retval,
      verdict: runner.verdict,
      data: runner.data.slice(),
      metadata: runner.metadata.slice(),
      ctx: runner.ctx?.slice(),
      durationNs: runner.durationNs,
    };
  }

  /** A runner for many packets: it keeps its buffers from one to the next. */
  runner(options: RunnerOptions = {}): ProgramRunner {
    return new ProgramRunner(this.#sys, this.fd, this.spec, options);
  }

  /** Closes the descriptor; the program lives on while links, prog arrays or pins hold it. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#sys.close(this.fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
