/**
 * Calls of helpers, as a table. What must come of them is in `test/data/helper-outcomes.json`, recorded from Linux 6.18 by
 * `scripts/record-helper-outcomes.ts`; what depends on addresses or on the machine is left out.
 */
import type { HelperArgument, HelperCase } from './helper-run.ts';

/** A row: its title is unique. */
export interface TitledHelperCase extends HelperCase {
  readonly title: string;
}

const memory = (at: number): HelperArgument => ({ memory: at });
const text = (at: number): HelperArgument => ({ text: at });

/** 64-bit words in hex, as memory holds them. */
function words(...values: readonly (number | bigint)[]): string {
  const word = (value: number | bigint): string => BigInt.asUintN(64, BigInt(value)).toString(16).padStart(16, '0');
  return values.map(value => word(value).match(/../g)!.reverse().join('')).join('');
}

const ICMP =
  '45000054a6f200004001d1a60a0000010a0000020800f5b0123400ff00010203040506ffffffffffffffff00000000000000000f0e0d0c';

/** From, its size, to, its size, seed. */
const checksums: readonly (readonly [number, number, number, number, number | bigint])[] = [
  [0, 0, 0, 8, 0],
  [0, 8, 0, 0, 0],
  [0, 20, 20, 20, 0],
  [0, 4, 4, 8, 0x1234_5678],
  [0, 0, 0, 0, 0],
  [0, 0, 0, 0, 0xffff_ffff],
  [0, 0, 0, 0, 0x1_ffff],
  [0, 6, 0, 4, 0],
  [0, 5, 0, 0, 9],
  [0, 0, 1, 7, 9],
  [3, 3, 0, 0, 0],
  [0, 1, 0, 2, 0],
  [2, 9, 5, 13, 77],
  [0, 4, 0, 4, 0],
  [36, 4, 36, 4, 0],
  [44, 4, 44, 4, 0],
  [44, 4, 36, 4, 0],
  [0, 40, 0, 0, 0xffff],
  [0, 0, 0, 52, 0xdead_beef],
  [44, 4, 0, 0, 0],
  [44, 4, 0, 0, 0xffff_ffff],
  [36, 4, 0, 0, 0],
  [0, 0, 44, 4, 0xffff_ffff],
  [0, 256, 0, 512, 7],
  [0, 512, 0, 508, 0x1_0000_0001n],
];

const csumCases: HelperCase[] = checksums.map(([from, fromSize, to, toSize, seed]) => ({
  helper: 'csum_diff',
  args: [fromSize === 0 ? 0 : memory(from), fromSize, toSize === 0 ? 0 : memory(to), toSize, seed],
  memory: ICMP,
}));

/** Text, its size, flags. */
const numbers: readonly (readonly [string, number, number])[] = [
  ['42', 3, 0],
  ['  -42 x', 8, 10],
  ['0x1fz', 6, 0],
  ['0x1f', 4, 16],
  ['1f', 2, 16],
  ['0X1F', 4, 0],
  ['0755', 4, 0],
  ['089', 3, 0],
  ['08', 2, 8],
  ['0x', 2, 0],
  ['0xg', 3, 16],
  ['-', 1, 0],
  ['- 5', 3, 10],
  ['-0', 2, 0],
  ['+5', 2, 10],
  ['', 4, 0],
  ['   ', 3, 0],
  ['\t\n7', 3, 10],
  ['abc', 3, 0],
  ['12', 2, 7],
  ['12', 2, 32],
  ['12', 2, 64],
  ['9223372036854775807', 19, 0],
  ['9223372036854775808', 19, 0],
  ['-9223372036854775808', 20, 0],
  ['-9223372036854775809', 20, 0],
  ['18446744073709551615', 20, 10],
  ['18446744073709551616', 20, 10],
  [`${'0'.repeat(68)}12`, 70, 10],
];

const numberCases: HelperCase[] = numbers.flatMap(([digits, size, flags]) =>
  (['strtol', 'strtoul'] as const).map(
    (helper): HelperCase => ({ helper, args: [memory(0), size, flags, memory(128)], memory: { text: digits } }),
  ),
);

const comparisons: readonly (readonly [string, number, string])[] = [
  ['abc', 4, 'abc'],
  ['abc', 3, 'abd'],
  ['abd', 3, 'abc'],
  ['ab', 8, 'abc'],
  ['abcd', 3, 'abcx'],
  ['', 1, ''],
  ['é', 2, 'z'],
];

const comparisonCases: HelperCase[] = comparisons.map(([one, size, other]) => ({
  helper: 'strncmp',
  args: [memory(0), size, text(0)],
  memory: { text: one },
  text: other,
}));

/** What the arguments of formats can point to, behind the twelve words of arguments: a string, an IPv4 and an IPv6 address. */
const AT = { ipv4: 96, ipv6: 100, string: 116 } as const;
const POINTED = '0a0001ff20010db800000000000000000000000168656c6c6f00';

/** A format, its arguments (a name for a pointer), the room for its text. */
const formats: readonly (readonly [string, (number | bigint | keyof typeof AT)[]?, number?])[] = [
  ['plain'],
  ['100%%'],
  ['tab\tnl\n'],
  ['über'],
  ['%d %i %u %x %X', [-1, 5, -1, 0xdead_beefn, 0xab_cdefn]],
  ['%ld %li %lu %lx %lX', [-1, -5, -1, 0xdead_beef_cafen, 0xab_cdefn]],
  ['%lld %llu %llx', [-1n << 40n, 1n << 63n, 1n << 63n]],
  ['%5d|%-5d|%05d|%+d|% d|%+5d', [42, 42, 42, 42, 42, -42]],
  ['%-05d|%+05d|% 05d|%0+5d', [42, 42, 42, 42]],
  ['%8x|%-8x|%08x|%08X', [0xab, 0xab, 0xab, 0xab]],
  ['%03d|%3d', [12345, -12345]],
  ['%+u|%+x|% u', [5, 5, 5]],
  ['%0d|%-d', [7, 7]],
  ['%  d|%+ d|%- 5d|', [1, 2, 3]],
  ['%00005d', [3]],
  ['%10ld|%-10lx|', [-5, 255]],
  ['%x', [1n << 40n]],
  ['%u', [0x1_0000_0005n]],
  ['%d', [0x8000_0000n]],
  ['%1000d', [5]],
  ['%d%%%d', [1, 2]],
  ['%c%c|%3c|%-3c|', [0x41, 0x42, 0x43, 0x44]],
  ['%05s|%05c', ['string', 0x41]],
  ['%px %px', [0, 0xffff_8880_0000_1234n]],
  ['%20px|%-20px|%4px|%020px', [1, 1, 1, 1]],
  ['%ps|%pS|%pB', [0, 0, 0]],
  ['%20ps|%20pB|%20pS', [1, 1, 1]],
  ['%p|', [0]],
  ['%pK', [0]],
  ['%s|%8s|%-8s|%3s', ['string', 'string', 'string', 'string']],
  ['%pks|%s', ['string', 0]],
  ['%20pks|%-10pks|', ['string', 'string']],
  ['[%s]', [0x1234]],
  ['%s,', ['string']],
  ['%pI4 %pi4', ['ipv4', 'ipv4']],
  ['%pI6 %pi6', ['ipv6', 'ipv6']],
  ['%20pI4|%-20pI4|', ['ipv4', 'ipv4']],
  ['%pI4', [0]],
  ['%pI6', [16]],
  ['%pI4x', ['ipv4']],
  ['%d %d', [1, 2], 3],
  ['%d', [123_456], 0],
  ['exact', [], 6],
  ['cut', [], 1],
];

const formatCases: HelperCase[] = formats.map(([format, args = [], room = 200]) => ({
  helper: 'snprintf',
  args: [room === 0 ? 0 : memory(256), room, text(0), args.length === 0 ? 0 : memory(0), args.length * 8],
  text: format,
  memory:
    words(...args.map(arg => (typeof arg === 'string' ? 0 : arg)), ...new Array<number>(12 - args.length).fill(0)) +
    POINTED,
  pointers: args.flatMap((arg, i) => (typeof arg === 'string' ? [[8 * i, AT[arg]] as const] : [])),
}));

const traceCases: HelperCase[] = [
  { helper: 'trace_printk', args: [memory(0), 20, 0, 0, 0], memory: { text: 'hello' } },
  { helper: 'trace_printk', args: [memory(0), 20, 1, 2, 3], memory: { text: '%d %d %d' } },
  { helper: 'trace_printk', args: [memory(0), 20, 1, 2, 3], memory: { text: '%d %d %d %d' } },
  { helper: 'trace_printk', args: [memory(0), 20, 0, 0, 0], memory: { text: '%s' } },
  { helper: 'trace_printk', args: [memory(0), 20, 255, 0, 0], memory: { text: '%lx' } },
  { helper: 'trace_printk', args: [memory(0), 3, 0, 0, 0], memory: { text: 'hello' } },
  { helper: 'trace_vprintk', args: [memory(0), 20, memory(64), 32], memory: { text: '%d %d %d %d' } },
  { helper: 'trace_vprintk', args: [memory(0), 20, memory(64), 12], memory: { text: '%d' } },
  { helper: 'trace_vprintk', args: [memory(0), 20, memory(64), 104], memory: { text: 'x' } },
];

const probeCases: HelperCase[] = (['probe_read_kernel', 'probe_read_kernel_str', 'probe_read_user'] as const).flatMap(
  helper => [
    { helper, args: [memory(100), 8, memory(0)], memory: { text: 'hello' } },
    { helper, args: [memory(100), 3, memory(0)], memory: { text: 'hello' } },
    { helper, args: [memory(0), 8, 0], memory: { text: 'hello' } },
    { helper, args: [memory(0), 8, 0xdead_0000_0000_0000n], memory: { text: 'hello' } },
    { helper, args: [memory(0), 0, 0], memory: { text: 'hello' } },
  ],
);

/** Length given, difference. */
const mtus: readonly (readonly [number, number])[] = [
  [0, 0],
  [0, 70_000],
  [0, -100],
  [0, 65_486],
  [0, 65_487],
  [1500, -2000],
  [60_000, 5536],
  [60_000, 5537],
  [65_536, 0],
  [65_537, 0],
];

const deltas = (helper: HelperCase['helper'], of: readonly number[]): HelperCase[] =>
  of.map(delta => ({ helper, args: ['ctx', delta] }));

const packetCases: HelperCase[] = [
  ...mtus.map(
    ([length, delta]): HelperCase => ({
      helper: 'check_mtu',
      args: ['ctx', 1, memory(0), delta, 0],
      memory: words(length),
    }),
  ),
  { helper: 'check_mtu', args: ['ctx', 1, memory(0), 0, 1], memory: words(0) },
  { helper: 'check_mtu', args: ['ctx', 0, memory(0), 0, 0], memory: words(0) },
  { helper: 'check_mtu', args: ['ctx', 12_345, memory(0), 0, 0], memory: words(5) },
  { helper: 'xdp_get_buff_len', args: ['ctx'] },
  { helper: 'xdp_get_buff_len', args: ['ctx'], packet: 1500 },
  ...deltas('xdp_adjust_head', [0, -1, 14, -192, -193, -216, -217, 50, 51, 64, 100, -300]),
  ...deltas('xdp_adjust_tail', [0, -50, -51, -64, 1, 100, 192, 3392, 3393]),
  ...deltas('xdp_adjust_meta', [0, -4, -3, -32, -36, -216, -252, -256, 4]),
  ...[
    [0, 64],
    [1, 64],
    [60, 4],
    [61, 4],
    [64, 1],
    [70_000, 4],
    [-1, 4],
    [10, 1],
  ].flatMap(([offset, size]) =>
    (['xdp_load_bytes', 'xdp_store_bytes'] as const).map(
      (helper): HelperCase => ({
        helper,
        args: ['ctx', offset!, memory(0), size!],
        memory: 'aabbccddeeff00112233445566778899',
      }),
    ),
  ),
];

/** `struct bpf_fib_lookup` of a family on a device that is not there. */
const fib = (family: number): string =>
  `${family.toString(16).padStart(2, '0')}00000000000000ffff0000${'00'.repeat(52)}`;

const routeCases: HelperCase[] = [
  { helper: 'fib_lookup', args: ['ctx', memory(0), 64, 0], memory: fib(2) },
  { helper: 'fib_lookup', args: ['ctx', memory(0), 64, 0], memory: fib(10) },
  { helper: 'fib_lookup', args: ['ctx', memory(0), 64, 0], memory: fib(3) },
  { helper: 'fib_lookup', args: ['ctx', memory(0), 63, 0], memory: fib(2) },
  { helper: 'fib_lookup', args: ['ctx', memory(0), 64, 64], memory: fib(2) },
  { helper: 'fib_lookup', args: ['ctx', memory(0), 64, 0x1_0000_0000n], memory: fib(2) },
];

/** Key (slot 0 is filled), flags. */
const redirections: readonly (readonly [number | bigint, number | bigint])[] = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
  [1, 2],
  [1, 3],
  [1, 4],
  [1, 8],
  [1, 9],
  [1, 16],
  [1, 24],
  [7, 2],
  [0x1_0000_0000n, 0],
  [0, 32],
  [1, 0x1_0000_0000n],
];

const targetMaps = [
  { type: 'devmap', key: 4, value: 4, max: 4, elements: [['00000000', '01000000']] },
  { type: 'devmap_hash', key: 4, value: 4, max: 4, elements: [['00000000', '01000000']] },
  { type: 'cpumap', key: 4, value: 4, max: 4, elements: [['00000000', '40000000']] },
  { type: 'xskmap', key: 4, value: 4, max: 4 },
] as const satisfies NonNullable<HelperCase['map']>[];

const redirectCases: HelperCase[] = [
  ...[
    [1, 0],
    [0, 0],
    [99_999, 0],
    [1, 1],
    [1, 8],
  ].map(([ifindex, flags]): HelperCase => ({ helper: 'redirect', args: [ifindex!, flags!] })),
  ...targetMaps.flatMap(map =>
    redirections.map(([key, flags]): HelperCase => ({ helper: 'redirect_map', args: ['map', key, flags], map })),
  ),
];

const array = { type: 'array', key: 4, value: 8, max: 2 } as const;
const full = [
  ['01000000', '0700000000000000'],
  ['02000000', '0800000000000000'],
] as const;
const hash = { type: 'hash', key: 4, value: 8, max: 2, elements: full } as const;

const valueMaps: readonly NonNullable<HelperCase['map']>[] = [
  array,
  { ...array, type: 'percpu_array' },
  hash,
  { ...hash, map_flags: 1 },
  { ...hash, type: 'percpu_hash' },
  { ...hash, type: 'lru_hash', max: 100 },
];

const trie: NonNullable<HelperCase['map']> = {
  type: 'lpm_trie',
  key: 8,
  value: 4,
  max: 2,
  map_flags: 1,
  elements: [
    ['180000000a000000', '01000000'],
    ['100000000a000000', '02000000'],
  ],
};

function writes(map: NonNullable<HelperCase['map']>, keys: readonly string[], flags: readonly number[]): HelperCase[] {
  return keys.flatMap((key): HelperCase[] => [
    ...flags.map(
      (flag): HelperCase => ({
        helper: 'map_update_elem',
        args: ['map', memory(0), memory(8), flag],
        memory: `${key.padEnd(16, '0')}0900000000000000`,
        map,
      }),
    ),
    { helper: 'map_delete_elem', args: ['map', memory(0)], memory: key, map },
  ]);
}

const mapCases: HelperCase[] = [
  ...valueMaps.flatMap(map => writes(map, ['00', '01', '02', '03'], [0, 1, 2, 3, 4, 5, 8])),
  ...writes(trie, ['180000000a000000', '200000000a000000', '2100000000000000', '1000000000000000'], [0, 1, 2, 3]),
  ...(['queue', 'stack'] as const).flatMap((type): HelperCase[] => {
    const empty = { type, key: 0, value: 4, max: 2 };
    const twoIn: NonNullable<HelperCase['map']> = {
      ...empty,
      elements: [
        ['', '01000000'],
        ['', '02000000'],
      ],
    };
    return [empty, twoIn].flatMap((map): HelperCase[] => [
      { helper: 'map_pop_elem', args: ['map', memory(0)], memory: 'ffffffffffff', map },
      { helper: 'map_peek_elem', args: ['map', memory(0)], memory: 'ffffffffffff', map },
      ...[0, 1, 2, 3, 4].map(
        (flags): HelperCase => ({ helper: 'map_push_elem', args: ['map', memory(0), flags], map }),
      ),
    ]);
  }),
  ...[0n, 0xffff_ffffn, 5n, 0x40_ffff_ffffn, 0x41_ffff_ffffn, 1n << 53n].map(
    (flags): HelperCase => ({
      helper: 'perf_event_output',
      args: ['ctx', 'map', flags, memory(0), 4],
      map: { type: 'perf_event_array', key: 4, value: 4, max: 2 },
    }),
  ),
];

/** A case in one line. */
function titleOf(row: HelperCase): string {
  const args = row.args.map(arg =>
    typeof arg !== 'object' ? `${arg}` : 'memory' in arg ? `memory+${arg.memory}` : `text+${arg.text}`,
  );
  const given = typeof row.memory === 'object' ? JSON.stringify(row.memory.text) : (row.memory ?? '');
  const map =
    row.map === undefined
      ? []
      : [`${row.map.type} of ${row.map.elements?.length ?? 0}, flags ${row.map.map_flags ?? 0}`];
  const packet = row.packet === undefined ? [] : [`packet of ${row.packet}`];
  const parts = [
    ...(row.text === undefined ? [] : [JSON.stringify(row.text)]),
    ...(given === '' ? [] : [given]),
    ...map,
    ...packet,
  ];
  return `${row.helper}(${args.join(', ')})${parts.map(part => ` ${part}`).join('')}`;
}

/** The table. */
export const helperCases: readonly TitledHelperCase[] = [
  ...csumCases,
  ...numberCases,
  ...comparisonCases,
  ...formatCases,
  ...traceCases,
  ...probeCases,
  ...packetCases,
  ...redirectCases,
  ...routeCases,
  ...mapCases,
].map(row => ({ ...row, title: titleOf(row) }));
