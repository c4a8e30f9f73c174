/** Runs a program over many packets at a time, for their verdicts alone. */
import type { Packet } from '../packet/capture.ts';
import type { PacketRun as BulkRun } from '../sys/sys.ts';
import { errnoName } from '../uapi/errno.ts';
import { VmFault } from '../vm/fault.ts';
import { CaptureTime } from './capture-time.ts';
import type { PacketRun } from './packet-run.ts';

/** The packets of one chunk after another; keeps its buffers. */
export class Bulk {
  /** Seconds spent in the kernel. */
  seconds = 0;
  readonly #run: PacketRun;
  #packets: Uint8Array[] = [];
  #times = new Float64Array(0);
  #verdicts = new Uint32Array(0);
  readonly #time = new CaptureTime();

  constructor(run: PacketRun) {
    this.#run = run;
  }

  /** Runs the program over `packets` and counts them. */
  add(packets: readonly Packet[]): void {
    const bulk = this.#prepare(packets);
    const { runner, tally } = this.#run;
    for (let counted = 0; counted < packets.length; ) {
      const result = this.#perform(bulk);
      for (; counted < bulk.done; counted++) tally.add(this.#verdicts[counted]!, bulk.packets[counted]!.length);
      if (result >= 0) continue;
      tally.refuse(`${errnoName(-result)}${runner.why && `: ${runner.why}`}`, bulk.packets[counted]!.length);
      bulk.done = ++counted;
    }
  }

  #perform(bulk: BulkRun): number {
    const { runner, tally } = this.#run;
    const from = bulk.done;
    const start = performance.now();
    try {
      return runner.runMany(bulk);
    } catch (error) {
      throw error instanceof VmFault ? this.#run.onFault(error, tally.packets + (bulk.done - from) + 1) : error;
    } finally {
      this.seconds += (performance.now() - start) / 1000;
    }
  }

  #prepare(packets: readonly Packet[]): BulkRun {
    const count = packets.length;
    if (count > this.#verdicts.length) {
      this.#times = new Float64Array(2 * count);
      this.#verdicts = new Uint32Array(2 * count);
    }
    this.#packets.length = count;
    for (let i = 0; i < count; i++) {
      const packet = packets[i]!;
      this.#times[i] = this.#time.at(packet);
      this.#packets[i] = packet.data;
    }
    return { packets: this.#packets, times: this.#times, verdicts: this.#verdicts, done: 0 };
  }
}
