import { describe, expect, it } from 'vitest';
import { MapBench, u32 } from '../../test/support/map-bench.ts';
import { MapTable } from '../maps/map-table.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import { HELPERS, type HelperName } from '../uapi/helpers.ts';
import type { HelperCall } from '../vm/call.ts';
import { AccessRefusal } from '../vm/fault.ts';
import { kernelPointer } from '../vm/pointer.ts';
import { createHelpers } from './create.ts';

/** A map with its helpers, and a program that calls them. */
class HelperBench extends MapBench {
  readonly #helpers = createHelpers({ machine: this.machine, maps: this.#table() });
  /** What a call back into the program does. */
  callback: HelperCall['callback'] = () => 0n;
  readonly stack = this.machine.memory.allot({ name: 'program stack', size: 512, access: 'read_write' })!;
  readonly mapPointer = kernelPointer(this.map.address);

  call(name: HelperName, ...registers: bigint[]): bigint {
    const [r1 = 0n, r2 = 0n, r3 = 0n, r4 = 0n, r5 = 0n] = registers;
    const call: HelperCall = {
      memory: this.machine.memory,
      context: { kind: 'none', address: 0x123000 },
      program: 'test',
      callback: (...args) => this.callback(...args),
    };
    return this.#helpers(HELPERS[name].id)!(call, r1, r2, r3, r4, r5);
  }

  /** A pointer to bytes on the program's stack. */
  put(bytes: Uint8Array, at = 0): bigint {
    this.machine.memory.write(this.stack.base + at, bytes);
    return kernelPointer(this.stack.base + at);
  }

  #table(): MapTable {
    const table = new MapTable();
    table.add(this.map);
    return table;
  }
}

const BAD = 0xdead_0000_0000n;

/** Calls that no verifier would let through; `K` stands for a good key. */
const refused: readonly [name: string, call: (bench: HelperBench) => unknown, message: string | RegExp][] = [
  [
    'what is no map',
    b => b.call('map_lookup_elem', BAD, b.put(u32(0))),
    'bpf_map_lookup_elem: argument 1: 0xdead00000000 is not a map',
  ],
  [
    'a pointer into a map',
    b => b.call('map_lookup_elem', b.mapPointer + 1n, b.put(u32(0))),
    /argument 1: .* is not a map/,
  ],
  [
    'a null key',
    b => b.call('map_lookup_elem', b.mapPointer, 0n),
    'bpf_map_lookup_elem: argument 2: read of 4 bytes at 0x0: null pointer',
  ],
  [
    'a key that ends outside',
    b => b.call('map_delete_elem', b.mapPointer, b.put(u32(0), 508) + 2n),
    /argument 2: read of 4 bytes .* outside of program stack/,
  ],
  [
    'a value that ends outside',
    b => b.call('map_update_elem', b.mapPointer, b.put(u32(0)), b.put(u32(0), 508), 0n),
    /argument 3: read of 8 bytes/,
  ],
  [
    'what is not the context',
    b => b.call('perf_event_output', BAD, b.mapPointer, 0n, b.put(u32(0)), 4n),
    'bpf_perf_event_output: argument 1: 0xdead00000000 is not the context',
  ],
  ['a context of another kind', b => b.call('xdp_get_buff_len', 0x123000n), 'not for a context of kind none'],
  [
    'a size of zero',
    b => b.call('strtol', b.put(u32(0)), 0n, 0n, b.put(u32(0))),
    'bpf_strtol: argument 2: size 0, want 1 to 536870912',
  ],
  [
    'a size beyond all memory',
    b => b.call('csum_diff', b.put(u32(0)), 1n << 40n, 0n, 0n, 0n),
    /argument 2: size 1099511627776/,
  ],
  [
    'a result without room',
    b => b.call('strtol', b.put(u32(0)), 4n, 0n, b.put(u32(0), 508)),
    /argument 4: write of 8 bytes/,
  ],
  [
    'a string without an end',
    b => b.call('strncmp', b.put(u32(0)), 4n, b.put(new Uint8Array(512).fill(65))),
    /argument 3: .* is not a string with an end/,
  ],
  [
    'an operation that the map does not have',
    b => b.call('map_push_elem', b.mapPointer, b.put(u32(0)), 0n),
    'bpf_map_push_elem: not for map test of type hash',
  ],
];

describe('arguments that no verifier would let through', () => {
  it.each(refused)('%s', (_name, call, message) => {
    using bench = new HelperBench({ type: 'hash' });
    expect(() => call(bench)).toThrow(AccessRefusal);
    expect(() => call(bench)).toThrow(message);
  });

  it('a write to a map that is read-only for programs', () => {
    using bench = new HelperBench({ type: 'array', flags: MAP_FLAGS.BPF_F_RDONLY_PROG });
    const key = bench.put(u32(0));
    expect(() => bench.call('map_update_elem', bench.mapPointer, key, bench.put(new Uint8Array(8), 8), 0n)).toThrow(
      expect.objectContaining({ reason: 'read_only' }),
    );
    const value = bench.call('map_lookup_elem', bench.mapPointer, key);
    expect(bench.call('probe_read_kernel', key, 8n, value)).toBe(0n);
    expect(() => bench.call('probe_read_kernel', value, 8n, key)).toThrow(
      'bpf_probe_read_kernel: argument 1: write of 8 bytes',
    );
  });
});

describe('results', () => {
  it('are 64 bits, sign-extended errnos, and pointers', () => {
    using bench = new HelperBench({ type: 'hash' });
    const key = bench.put(u32(5));
    expect(bench.call('map_delete_elem', bench.mapPointer, key)).toBe(0xffff_ffff_ffff_fffen);
    expect(bench.call('map_lookup_elem', bench.mapPointer, key)).toBe(0n);
    expect(bench.call('map_update_elem', bench.mapPointer, key, bench.put(new Uint8Array(8), 8), 0n)).toBe(0n);
    expect(bench.call('map_lookup_elem', bench.mapPointer, key)).toBe(kernelPointer(bench.map.lookup(bench.key(5))));
  });

  it('of time and randomness come from the machine', () => {
    using bench = new HelperBench({ type: 'array' });
    bench.machine.env.monotonicNs = 10_000_000_000n;
    expect(bench.call('ktime_get_ns')).toBe(10_000_000_000n);
    expect(bench.call('jiffies64')).toBe(0x1_0000_0000n - 75_000n + 2500n);
    expect(bench.call('get_prandom_u32')).not.toBe(bench.call('get_prandom_u32'));
    bench.machine.env.cpu = 0;
    expect(bench.call('get_smp_processor_id')).toBe(0n);
  });
});

describe('callbacks', () => {
  it('of bpf_loop get the index and the context, and end the loop', () => {
    using bench = new HelperBench({ type: 'array' });
    const calls: bigint[][] = [];
    bench.callback = (...args) => {
      calls.push(args);
      return args[1] === 2n ? 1n : 0n;
    };
    expect(bench.call('loop', 10n, 77n, 88n, 0n)).toBe(3n);
    expect(calls).toEqual([0n, 1n, 2n].map(i => [77n, i, 88n, 0n, 0n]));
    expect(bench.call('loop', 10n, 77n, 88n, 1n)).toBe(BigInt.asUintN(64, -22n));
    expect(bench.call('loop', (8n << 20n) + 1n, 77n, 88n, 0n)).toBe(BigInt.asUintN(64, -7n));
  });

  it('of bpf_for_each_map_elem get map, key, value and context', () => {
    using bench = new HelperBench({ type: 'hash' });
    bench.update(1, 10n);
    bench.update(2, 20n);
    const seen: [bigint, bigint][] = [];
    bench.callback = (pointer, map, key, value, context) => {
      expect([pointer, map, context]).toEqual([77n, bench.mapPointer, 88n]);
      seen.push([
        BigInt(bench.machine.memory.view.getUint32(Number(key & 0xffff_ffffn), true)),
        bench.word(Number(value & 0xffff_ffffn)),
      ]);
      return 0n;
    };
    expect(bench.call('for_each_map_elem', bench.mapPointer, 77n, 88n, 0n)).toBe(2n);
    expect(seen.sort()).toEqual([
      [1n, 10n],
      [2n, 20n],
    ]);
  });
});

describe('printing', () => {
  it('hands the line to the machine', () => {
    using bench = new HelperBench({ type: 'array' });
    const lines: string[] = [];
    bench.machine.onTrace = line => lines.push(line);
    const format = bench.put(new TextEncoder().encode('über %d %s\0'));
    const text = bench.put(new TextEncoder().encode('wörld\0'), 64);
    expect(bench.call('trace_printk', format, 20n, 5n, text, 0n)).toBe(14n);
    expect(lines).toEqual(['über 5 wörld']);
  });
});

describe('a spin lock', () => {
  it('is taken once', () => {
    using bench = new HelperBench({ type: 'array' });
    const lock = bench.put(u32(0));
    bench.call('spin_lock', lock);
    expect(() => bench.call('spin_lock', lock)).toThrow('held already');
    bench.call('spin_unlock', lock);
    expect(bench.call('spin_lock', lock)).toBe(0n);
  });
});
