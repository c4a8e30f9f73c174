/**
 * Random calls of socket buffer helpers, one to three on a packet, on our kernel and on the live one. Runs with a complete checksum are
 * left out: Linux 6.18 stops in `skb_checksum` where calls leave less of the packet than its headers take.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelSys } from '../src/kernel/kernel.ts';
import { openLinux } from '../src/linux/linux.ts';
import type { Sys } from '../src/sys/sys.ts';
import { Random } from '../src/util/random.ts';
import { linuxSkip } from './support/kernels.ts';
import { SKB_PACKETS, type SkbCall, skbCalls, skbOutcome } from './support/skb-cases.ts';
import { titled } from './support/tools.ts';

const SEED = 11;
const SEQUENCES = 1000;

const random = new Random(SEED);
const below = (count: number): number => random.u32() % count;
const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T; // the index is below the length

const offset = (): number => pick([0, 12, 14, 16, 20, 23, 24, 26, 30, 34, 36, 38, 40, 41, 46, 49, 50, 60, 80, 0xffff]);
const old = (): number | bigint => pick([0, 0x1234, 0x0100_000an]);

/** A call of each helper with arguments that are right, or nearly so. */
const CALLS: readonly (() => SkbCall)[] = [
  () => ['skb_load_bytes', 'ctx', offset(), 'stack', pick([1, 2, 3, 4, 8, 16])],
  () => ['skb_load_bytes_relative', 'ctx', offset(), 'stack', pick([1, 2, 4, 8]), below(3)],
  () => ['skb_store_bytes', 'ctx', offset(), 'stack', pick([1, 2, 3, 4, 7, 8]), below(4)],
  () => ['l3_csum_replace', 'ctx', offset(), old(), random.u32(), pick([0, 2, 4])],
  () => [
    'l4_csum_replace',
    'ctx',
    offset(),
    old(),
    random.u32(),
    pick([0, 2, 4]) | pick([0, 16, 32, 48, 64, 96, 128, 144]),
  ],
  () => ['csum_update', 'ctx', random.u32()],
  () => ['csum_level', 'ctx', below(4)],
  () => ['skb_vlan_push', 'ctx', pick([0x81, 0xa888, 0x1234]), below(0x1_0000)],
  () => ['skb_vlan_pop', 'ctx'],
  () => ['skb_change_proto', 'ctx', pick([0x0008, 0xdd86]), 0],
  () => ['skb_change_type', 'ctx', below(5)],
  () => ['skb_change_tail', 'ctx', pick([14, 20, 34, 40, 50, 60, 100, 300, 4000, 16064]), 0],
  () => ['skb_change_head', 'ctx', pick([0, 1, 4, 14, 64, 70, 200]), 0],
  () => [
    'skb_adjust_room',
    'ctx',
    pick([4, 8, 20, 28, 40, -4, -8, -20, -40, 100]),
    below(2),
    pick([0n, 2n, 4n, 0x12n, 0x14n, 0xan, 0x20n, 0x80n, 0x100n, (14n << 56n) | 0x42n, 1n]),
  ],
  () => ['skb_pull_data', 'ctx', pick([0, 20, 50, 100])],
  () => ['set_hash', 'ctx', random.u32()],
  () => ['set_hash_invalid', 'ctx'],
  () => ['skb_set_tstamp', 'ctx', below(3), below(4)],
  () => ['skb_ecn_set_ce', 'ctx'],
  () => ['check_mtu', 'ctx', 1, 'stack', pick([0, 100, -100, 65_500, 0x1_0000]), pick([0, 1])],
  () => ['redirect', 1, below(3)],
];
const STACKS = ['', '01020304', 'ffffffffffff', '00000000000000000102'];

describe.skipIf(linuxSkip)(titled('random calls on both kernels', linuxSkip), () => {
  let sim: Sys;
  let linux: Sys;
  beforeAll(() => {
    sim = new KernelSys();
    linux = openLinux();
  });
  afterAll(() => {
    sim[Symbol.dispose]();
    linux[Symbol.dispose]();
  });

  it(`${SEQUENCES} sequences of seed ${SEED}`, () => {
    const differences: string[] = [];
    for (let i = 0; i < SEQUENCES; i++) {
      const sequence = Array.from({ length: 1 + below(3) }, () => pick(CALLS)());
      const name = pick(Object.keys(SKB_PACKETS) as (keyof typeof SKB_PACKETS)[]); // a literal: no other keys
      const row = {
        title: `${sequence.map(call => call.join(' ')).join(', ')} on ${name}`,
        type: 'sched_cls' as const,
        source: skbCalls(pick(STACKS), ...sequence),
        packet: SKB_PACKETS[name],
        attr: { repeat: 1 + below(2) },
      };
      const [ours, theirs] = [skbOutcome(sim, row), skbOutcome(linux, row)];
      if (ours !== theirs) differences.push(`${row.title}: linux ${theirs}, skep ${ours}`);
    }
    expect(differences.slice(0, 3)).toEqual([]);
  });
});
