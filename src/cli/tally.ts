/** What a run did: packets and bytes by verdict. */
import { verdictName } from '../loader/runner.ts';
import type { ProgTypeName } from '../uapi/prog-types.ts';
import type { Json } from './json.ts';
import { formatCount, formatTable } from './terminal.ts';

/** Packets that shared a fate. */
interface Count {
  packets: number;
  bytes: number;
}

/** Counts of a run over packets. */
export class Tally {
  packets = 0;
  bytes = 0;
  /** Seconds that the kernel took, where packets ran many at a time. */
  loopSeconds: number | undefined;
  /** Packets of which the capture holds the start only. */
  cut = 0;
  /** Packets that the kernel would not run the program over, and why the first of them. */
  refused: (Count & { readonly why: string }) | undefined;
  readonly type: ProgTypeName;
  readonly #verdicts = new Map<number, Count>();

  constructor(type: ProgTypeName) {
    this.type = type;
  }

  /** Counts a packet of `length` bytes that got `retval`. */
  add(retval: number, length: number): void {
    this.packets++;
    this.bytes += length;
    const count = this.#verdicts.get(retval);
    if (count === undefined) this.#verdicts.set(retval, { packets: 1, bytes: length });
    else {
      count.packets++;
      count.bytes += length;
    }
  }

  /** Counts a packet that the kernel refused. */
  refuse(why: string, length: number): void {
    this.packets++;
    this.bytes += length;
    this.refused ??= { packets: 0, bytes: 0, why };
    this.refused.packets++;
    this.refused.bytes += length;
  }

  /** Counts by name, in the order of the return values; a value without a name stands as its number. */
  verdicts(): Map<string, Count> {
    const sorted = [...this.#verdicts].sort(([a], [b]) => a - b);
    return new Map(sorted.map(([retval, count]) => [verdictName(this.type, retval) ?? String(retval), count]));
  }

  toJson(): { readonly [key: string]: Json | undefined } {
    return {
      packets: this.packets,
      bytes: this.bytes,
      verdicts: Object.fromEntries([...this.verdicts()].map(([name, count]) => [name, { ...count }])),
      refused: this.refused && { ...this.refused },
    };
  }

  /** The table of verdicts, a heading first. */
  format(): string[] {
    const rows = [...this.verdicts()].map(([name, count]) => this.#row(name, count));
    if (this.refused !== undefined) rows.push(this.#row('refused', this.refused));
    const total = rows.length > 1 ? [this.#row('total', this)] : [];
    return formatTable(
      [['verdict', 'packets', 'bytes', 'share'], ...rows, ...total],
      ['left', 'right', 'right', 'right'],
    );
  }

  #row(name: string, { packets, bytes }: Count): string[] {
    const share = this.packets === 0 ? 0 : (100 * packets) / this.packets;
    return [name, formatCount(packets), formatCount(bytes), `${share.toFixed(1)} %`];
  }
}
