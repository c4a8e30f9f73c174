/**
 * Test runs in a row: one `ProgramRunner` reuses its attributes and buffers, so that a run allocates nothing. For XDP it passes a
 * context along, for that is how a kernel says where metadata ends and the packet starts.
 */
import type { ProgramSpec } from '../object/spec.ts';
import type { ProgTestRunAttr } from '../sys/attr.gen.ts';
import { SyscallError } from '../sys/error.ts';
import type { Fd, PacketRun, Sys } from '../sys/sys.ts';
import { CONTEXTS } from '../uapi/contexts.ts';
import { tcActionName, xdpActionName } from '../uapi/flags.ts';
import type { ProgTypeName } from '../uapi/prog-types.ts';
import { PAGE_SIZE } from './map-create.ts';

/** How packets are run one after the other. */
export interface RunnerOptions {
  /** Whether to take the packet and context back; false by default. */
  readonly output?: boolean;
  /** Times that the kernel runs the program over each packet; 1 by default. */
  readonly repeat?: number | undefined;
  /** The context of every run, in uapi layout; where the type's context has `data_end`, 0 stands for the packet's length. */
  readonly ctx?: Uint8Array | undefined;
  /** Bytes that a packet may grow by; a page and the headroom by default. */
  readonly room?: number | undefined;
}

/** What a program type's test runs have beside a return value. */
interface TestRunTraits {
  /** The context to pass where the caller gives none: its size, and the fields that say where the packet lies. */
  readonly context?: { readonly size: number; readonly data: number; readonly dataEnd: number };
  readonly verdict?: (retval: number) => string | undefined;
}

const { xdp_md } = CONTEXTS;

const TEST_RUNS: Partial<Record<ProgTypeName, TestRunTraits>> = {
  xdp: {
    context: { size: xdp_md.size, data: xdp_md.fields.data.offset, dataEnd: xdp_md.fields.data_end.offset },
    verdict: xdpActionName,
  },
  sched_cls: { verdict: tcActionName },
  sched_act: { verdict: tcActionName },
};

/** The name of what a program of `type` returned, where its return values have names. */
export function verdictName(type: ProgTypeName, retval: number): string | undefined {
  return TEST_RUNS[type]?.verdict?.(retval);
}

/** Bytes that XDP keeps in front of a packet. */
const HEADROOM = 256;
const DEFAULT_ROOM = PAGE_SIZE + HEADROOM;

/** Runs one program over packet after packet; what it gives back is good until the next run. */
export class ProgramRunner {
  readonly #sys: Sys;
  readonly #traits: TestRunTraits;
  readonly #room: number;
  readonly #output: boolean;
  /** Whether a run is its verdict alone. */
  readonly #isPlain: boolean;
  readonly #attr: ProgTestRunAttr;
  readonly #ctxIn: Uint8Array | undefined;
  readonly #ctxOut: Uint8Array | undefined;
  /** Offset in the context of the packet's end, where each run is to fill it in. */
  readonly #dataEndAt: number | undefined;
  #out = new Uint8Array(0);

  constructor(sys: Sys, fd: Fd, spec: ProgramSpec, options: RunnerOptions) {
    this.#sys = sys;
    this.#traits = TEST_RUNS[spec.type] ?? {};
    this.#room = options.room ?? DEFAULT_ROOM;
    this.#output = options.output ?? false;
    this.#attr = { prog_fd: fd, repeat: options.repeat ?? 1 };
    this.#isPlain = spec.type === 'xdp' && !this.#output && options.ctx === undefined && this.#attr.repeat === 1;
    const { context } = this.#traits;
    if (options.ctx !== undefined) this.#ctxIn = new Uint8Array(options.ctx);
    else if (context !== undefined && this.#output) this.#ctxIn = new Uint8Array(context.size);
    if (this.#ctxIn === undefined) return;
    if (context !== undefined && this.#ctxIn.length >= context.size && u32At(this.#ctxIn, context.dataEnd) === 0) {
      this.#dataEndAt = context.dataEnd;
    }
    this.#attr.ctx_in = this.#ctxIn;
    if (!this.#output) return;
    this.#ctxOut = new Uint8Array(this.#ctxIn.length);
    this.#attr.ctx_out = this.#ctxOut;
  }

  /**
   * Runs the program over `packet` and gives its return value.
   * @throws SyscallError when the kernel refuses.
   */
  run(packet: Uint8Array): number {
    const result = this.tryRun(packet);
    if (result < 0) throw new SyscallError('prog_test_run', -result, this.#sys.why);
    return this.retval;
  }

  /** {@link run} where a refusal is a normal answer: 0 or a negative errno, the return value in `retval`. */
  tryRun(packet: Uint8Array): number {
    const attr = this.#attr;
    attr.data_in = packet.length === 0 ? undefined : packet;
    attr.data_size_in = packet.length;
    if (this.#output && this.#out.length < packet.length + this.#room) {
      this.#out = new Uint8Array(2 * (packet.length + this.#room));
    }
    if (this.#output) attr.data_out = this.#out;
    // A kernel wrote what came out over the sizes of the last run.
    attr.data_size_out = this.#out.length;
    attr.ctx_size_out = this.#ctxOut?.length ?? 0;
    attr.ctx_size_in = this.#ctxIn?.length ?? 0;
    if (this.#ctxIn !== undefined && this.#dataEndAt !== undefined)
      setU32At(this.#ctxIn, this.#dataEndAt, packet.length);
    return this.#sys.bpf('prog_test_run', attr);
  }

  /**
   * Runs the program over packets from `run.done` on and drops what comes out: 0, or the negative errno of the packet at `run.done`. In one
   * call where the kernel has one for that; `times` counts only there.
   */
  runMany(run: PacketRun): number {
    if (this.#sys.runPackets !== undefined && this.#isPlain) return this.#sys.runPackets(this.#attr.prog_fd as Fd, run);
    for (; run.done < run.packets.length; run.done++) {
      const result = this.tryRun(run.packets[run.done] as Uint8Array); // done is below the length
      if (result < 0) return result;
      run.verdicts[run.done] = this.retval;
    }
    return 0;
  }

  /** Why the last run was refused, where the kernel says so. */
  get why(): string {
    return this.#sys.why;
  }

  /** What the last run returned, 32 bits unsigned. */
  get retval(): number {
    return (this.#attr.retval ?? 0) >>> 0;
  }

  /** The name of the last return value, where the program type names them. */
  get verdict(): string | undefined {
    return this.#traits.verdict?.(this.retval);
  }

  /** Nanoseconds per run, as the kernel measured over the last call. */
  get durationNs(): number {
    return this.#attr.duration ?? 0;
  }

  /** The packet as the last run left it; a view. */
  get data(): Uint8Array {
    return this.#out.subarray(this.#metadataLength, this.#outputLength);
  }

  /** Metadata that the last run left in front of the packet; a view. */
  get metadata(): Uint8Array {
    return this.#out.subarray(0, this.#metadataLength);
  }

  /** The context as the last run left it; a view. */
  get ctx(): Uint8Array | undefined {
    return this.#ctxOut?.subarray(0, this.#attr.ctx_size_out);
  }

  get #outputLength(): number {
    return this.#output ? (this.#attr.data_size_out ?? 0) : 0;
  }

  get #metadataLength(): number {
    const { context } = this.#traits;
    return context === undefined || this.#ctxOut === undefined ? 0 : u32At(this.#ctxOut, context.data);
  }
}

function u32At(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(offset, true);
}

function setU32At(bytes: Uint8Array, offset: number, value: number): void {
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length).setUint32(offset, value, true);
}
