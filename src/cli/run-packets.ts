/** Runs a program over packets, one by one, in the same memory however many there are. */
import type { ProgramRunner } from '../loader/runner.ts';
import type { ChunkedFile, SinkFile } from '../node/files.ts';
import { LINK_TYPES, type Packet, type PacketRecord } from '../packet/capture.ts';
import { formatPacket } from '../packet/dissect.ts';
import type { Verdict } from '../packet/options.ts';
import { PcapngWriter } from '../packet/pcapng-writer.ts';
import { CaptureReader } from '../packet/reader.ts';
import { errnoName } from '../uapi/errno.ts';
import { NotSupportedError } from '../util/error.ts';
import { VmFault } from '../vm/fault.ts';
import { CaptureTime } from './capture-time.ts';
import type { PacketRun } from './packet-run.ts';
import type { Progress } from './progress.ts';
import { Bulk } from './run-bulk.ts';

/** Bytes of encoded packets that gather before they are written. */
const WRITE_BYTES = 256 * 1024;

/** Runs the program over one packet and counts it; whether the kernel ran it. */
export function runPacket(run: PacketRun, data: Uint8Array): boolean {
  const { runner, tally, tracer } = run;
  const number = tally.packets + 1;
  tracer?.begin(`packet ${number}: ${formatPacket(data)}`);
  let result: number;
  try {
    result = runner.tryRun(data);
  } catch (error) {
    tracer?.end('fault');
    throw error instanceof VmFault ? run.onFault(error, number) : error;
  }
  if (result < 0) {
    const why = `${errnoName(-result)}${runner.why && `: ${runner.why}`}`;
    tracer?.end(`refused: ${why}`);
    tally.refuse(why, data.length);
    return false;
  }
  tracer?.end(`${runner.verdict ?? 'unnamed'} (${runner.retval})`);
  tally.add(runner.retval, data.length);
  return true;
}

/** Where a capture's packets come from and go to. */
export interface CaptureRun extends PacketRun {
  readonly input: ChunkedFile;
  readonly output: SinkFile | undefined;
  readonly progress: Progress;
  /** Ends the run early. */
  readonly signal: AbortSignal;
}

/**
 * Runs the program over every packet of a capture, writing each to `output` as it was left.
 * @throws {CaptureError | NotSupportedError} for a capture that cannot be read, or that is not of Ethernet.
 */
export async function runCapture(run: CaptureRun): Promise<void> {
  const { input, output, progress, tally, signal } = run;
  const reader = new CaptureReader();
  const time = new CaptureTime();
  const writer = output && new VerdictWriter(output, run.tally.type === 'xdp' ? 'xdp' : 'tc');
  const bulk = writer === undefined && run.tracer === undefined ? new Bulk(run) : undefined;
  let bytesRead = 0;
  try {
    for await (const chunk of input) {
      if (signal.aborted) break;
      const packets = reader.push(chunk);
      for (const packet of packets) {
        wantEthernet(packet);
        if (packet.originalLength > packet.data.length) tally.cut++;
        if (bulk !== undefined) continue;
        run.clock?.set(BigInt(time.at(packet)));
        const ran = runPacket(run, packet.data);
        writer?.add(packet, ran ? run.runner : undefined);
      }
      bulk?.add(packets);
      await writer?.flush();
      bytesRead += chunk.length;
      progress.update(bytesRead, tally.packets);
    }
    if (!signal.aborted) reader.end();
  } finally {
    progress.end();
    tally.loopSeconds = bulk?.seconds;
    await writer?.end();
  }
}

function wantEthernet({ interface: { linkType } }: Packet): void {
  if (linkType === LINK_TYPES.ethernet) return;
  throw new NotSupportedError(
    'link_type',
    `the capture's link type is ${linkType}: programs see Ethernet frames, link type ${LINK_TYPES.ethernet}`,
  );
}

/** Writes packets with the verdict that each got. */
class VerdictWriter {
  readonly #output: SinkFile;
  readonly #writer = new PcapngWriter();
  readonly #kind: 'xdp' | 'tc';
  /** One object per verdict, however many packets get it. */
  readonly #verdicts = new Map<number, readonly Verdict[]>();

  constructor(output: SinkFile, kind: 'xdp' | 'tc') {
    this.#output = output;
    this.#kind = kind;
  }

  /** Adds a packet as `runner` left it, or as it came where nothing ran. */
  add(packet: Packet, runner: ProgramRunner | undefined): void {
    this.#writer.write(runner === undefined ? packet : this.#judged(packet, runner));
  }

  /** Writes what has gathered, once it is worth it. */
  async flush(): Promise<void> {
    if (this.#writer.pendingBytes >= WRITE_BYTES) await this.end();
  }

  /** Writes all that has gathered. */
  async end(): Promise<void> {
    await this.#output.write(this.#writer.take());
  }

  #judged(packet: Packet, { data, retval }: ProgramRunner): PacketRecord {
    // What the capture cut off is still missing from what came out.
    const missing = packet.originalLength - packet.data.length;
    return {
      data,
      originalLength: data.length + missing,
      seconds: packet.seconds,
      nanoseconds: packet.nanoseconds,
      interface: packet.interface,
      options: { ...packet.options, verdicts: this.#verdict(retval) },
    };
  }

  #verdict(retval: number): readonly Verdict[] {
    let verdict = this.#verdicts.get(retval);
    if (verdict === undefined) {
      verdict = [{ kind: this.#kind, action: BigInt(retval) }];
      this.#verdicts.set(retval, verdict);
    }
    return verdict;
  }
}
