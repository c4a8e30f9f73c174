/**
 * Test runs of `__sk_buff` programs, as a table. What must come of them is in `test/data/skb-outcomes.json`, recorded from Linux 6.18 by
 * `scripts/record-skb-outcomes.ts`.
 */
import type { InstructionName } from '../../src/asm/instructions.ts';
import type { ProgTestRunAttr } from '../../src/sys/attr.gen.ts';
import type { Sys } from '../../src/sys/sys.ts';
import { attachTypeId } from '../../src/uapi/attach-types.ts';
import { CONTEXTS } from '../../src/uapi/contexts.ts';
import { errnoName } from '../../src/uapi/errno.ts';
import { HELPERS, type HelperName } from '../../src/uapi/helpers.ts';
import { progTypeId } from '../../src/uapi/prog-types.ts';
import { parseHex, toHex } from '../../src/util/bytes.ts';
import { programBytes, type Source } from './program.ts';

const { fields, size: CONTEXT_SIZE } = CONTEXTS.__sk_buff;
type FieldName = keyof typeof fields;
type ProgType = 'sched_cls' | 'sched_act' | 'socket_filter' | 'cgroup_skb' | 'lwt_in' | 'lwt_out' | 'lwt_xmit';

/** A test run. */
export interface SkbCase {
  readonly title: string;
  readonly type: ProgType;
  readonly source: Source;
  readonly packet: Uint8Array;
  /** Fields of ctx_in. */
  readonly context?: Partial<Record<FieldName, number>>;
  readonly attr?: ProgTestRunAttr;
}

const ETHERNET = '02000000000102000000000a';
/** IPv4, UDP, 8 bytes of payload; then the same with other headers in front. */
const IPV4_BODY = '4500002412344000401100000a0000010a000002' + '04d2003500100000' + '6162636465666768';
const IPV6_BODY =
  '6000000000101140' +
  '20010db8000000000000000000000001' +
  '20010db8000000000000000000000002' +
  '04d2003500100000' +
  '6162636465666768';
const hex = (text: string): Uint8Array => parseHex(text)!;
export const SKB_PACKETS = {
  ipv4: hex(`${ETHERNET}0800${IPV4_BODY}`),
  ipv6: hex(`${ETHERNET}86dd${IPV6_BODY}`),
  arp: hex(`ffffffffffff02000000000a0806${'00'.repeat(28)}`),
  vlan: hex(`${ETHERNET}81002064${'0800'}${IPV4_BODY}`),
  qinq: hex(`${ETHERNET}88a8000581002064${'0800'}${IPV4_BODY}`),
  llc: hex(`${ETHERNET}0010${'42420300'.repeat(8)}`),
  raw8023: hex(`${ETHERNET}0010${'ffff0300'.repeat(8)}`),
  vlanLlc: hex(`${ETHERNET}81000064${'0010'}${'42420300'.repeat(8)}`),
  unknown: hex(`${ETHERNET}88b5${'0102030405060708'.repeat(4)}`),
} as const;
type PacketName = keyof typeof SKB_PACKETS;

const bare = (size: number, protocol = 0x88b5): Uint8Array => {
  const bytes = Uint8Array.from({ length: size }, (_, i) => i + 1);
  if (size >= 14) bytes.set([protocol >> 8, protocol & 0xff], 12);
  return bytes;
};

const RETURN_0: Source = [['mov64_k', { dst: 0, imm: 0 }], ['exit']];
const load = (name: FieldName): Source => [
  [fields[name].size === 8 ? 'ldx_mem_dw' : 'ldx_mem_w', { dst: 0, src: 1, off: fields[name].offset }],
  ['exit'],
];

const ALL: readonly ProgType[] = [
  'sched_cls',
  'sched_act',
  'socket_filter',
  'cgroup_skb',
  'lwt_in',
  'lwt_out',
  'lwt_xmit',
];

/** Packets of each size and protocol, through a program that does nothing. */
const packetCases: SkbCase[] = ALL.flatMap(type => [
  ...[13, 14, 15, 3712, 3713, 5000].map(
    (size): SkbCase => ({ title: `${type}: ${size} bytes`, type, source: RETURN_0, packet: bare(size) }),
  ),
  ...(
    [
      [33, 0x0800],
      [34, 0x0800],
      [53, 0x86dd],
      [54, 0x86dd],
      [14, 0x0806],
    ] as const
  ).map(
    ([size, protocol]): SkbCase => ({
      title: `${type}: ${size} bytes of protocol 0x${protocol.toString(16)}`,
      type,
      source: RETURN_0,
      packet: bare(size, protocol),
    }),
  ),
]);

/** What programs see of a packet. */
const fieldCases: SkbCase[] = (
  [
    [
      'sched_cls',
      ['len', 'pkt_type', 'protocol', 'vlan_present', 'vlan_tci', 'ifindex', 'hash', 'wire_len', 'data_meta'],
    ],
    ['socket_filter', ['len', 'pkt_type', 'protocol', 'ifindex', 'queue_mapping', 'napi_id']],
  ] as const
).flatMap(([type, names]) =>
  (Object.keys(SKB_PACKETS) as PacketName[]).flatMap(name =>
    names
      .filter(field => field !== 'data_meta')
      .map(field => ({ title: `${type}: ${field} of ${name}`, type, source: load(field), packet: SKB_PACKETS[name] })),
  ),
);

/** What a program for a cgroup sees of its socket: each field goes to `cb`. */
const socketCases: SkbCase[] = (['ipv4', 'ipv6', 'arp'] as const).flatMap(name =>
  (
    [
      ['family', 'remote_ip4', 'local_ip4', 'remote_port', 'local_port'],
      ['remote_ip6', 'local_ip6'],
    ] as const
  ).map(
    (names): SkbCase => ({
      title: `cgroup_skb: ${names.join(' ')} of ${name}`,
      type: 'cgroup_skb',
      source: [
        ...names.flatMap(
          (field, i): Source => [
            ['ldx_mem_w', { dst: 2, src: 1, off: fields[field].offset }],
            ['stx_mem_w', { dst: 1, src: 2, off: fields.cb.offset + 4 * i }],
          ],
        ),
        ['mov64_k', { dst: 0, imm: 1 }],
        ['exit'],
      ],
      packet: SKB_PACKETS[name],
    }),
  ),
);

/** Contexts that callers give. */
const contexts: readonly (readonly [name: string, fields: Partial<Record<FieldName, number>>])[] = [
  [
    'everything allowed',
    { mark: 1, priority: 2, ingress_ifindex: 3, ifindex: 1, cb: 4, tstamp: 5, gso_segs: 6, gso_size: 7, hwtstamp: 8 },
  ],
  ['wire_len', { wire_len: 1000 }],
  ['wire_len of the packet', { wire_len: 50 }],
  ['wire_len below the packet', { wire_len: 10 }],
  ['the most wire_len', { wire_len: 65536 }],
  ['more wire_len', { wire_len: 65537 }],
  ['the most gso_segs', { gso_segs: 65535 }],
  ['more gso_segs', { gso_segs: 65536 }],
  ['gso_size of more than 16 bits', { gso_size: 0x12345 }],
  ['ifindex 2', { ifindex: 99999 }],
  ...(
    [
      'len',
      'pkt_type',
      'queue_mapping',
      'protocol',
      'vlan_present',
      'tc_index',
      'hash',
      'tc_classid',
      'data',
      'data_end',
      'napi_id',
      'family',
      'local_port',
      'data_meta',
      'sk',
      'tstamp_type',
    ] as const
  ).map(name => [name, { [name]: 1 }] as const),
];
const contextCases: SkbCase[] = (['sched_cls', 'socket_filter'] as const).flatMap(type =>
  contexts.map(([name, context]) => ({
    title: `${type}: ctx with ${name}`,
    type,
    source: load('gso_size'),
    packet: SKB_PACKETS.ipv4,
    context,
  })),
);

/** Attributes that a run takes or refuses. */
const attributes: readonly (readonly [name: string, attr: ProgTestRunAttr])[] = [
  ['cpu 1', { cpu: 1 }],
  ['batch_size 1', { batch_size: 1 }],
  ['flags 1', { flags: 1 }],
  ['flags 2', { flags: 2 }],
  ['a complete checksum', { flags: 4 }],
  ['room for less', { data_out: new Uint8Array(4), data_size_out: 4 }],
  ['room for less context', { ctx_out: new Uint8Array(8), ctx_size_out: 8 }],
  ['a context of 4 bytes', { ctx_in: new Uint8Array(4), ctx_size_in: 4 }],
  [
    'a byte behind the context',
    { ctx_in: new Uint8Array(CONTEXT_SIZE + 1).fill(1, CONTEXT_SIZE), ctx_size_in: CONTEXT_SIZE + 1 },
  ],
  ['no output', { data_out: undefined, data_size_out: 0 }],
];
const attributeCases: SkbCase[] = attributes.map(([name, attr]) => ({
  title: `sched_cls: ${name}`,
  type: 'sched_cls',
  source: RETURN_0,
  packet: SKB_PACKETS.ipv4,
  attr,
}));

const store = (name: FieldName, value: number): Source => [
  ['mov64_k', { dst: 2, imm: value }],
  [fields[name].size === 8 ? 'stx_mem_dw' : 'stx_mem_w', { dst: 1, src: 2, off: fields[name].offset }],
];
/** Stores of programs to the context, and what the next load sees. */
const storeCases: SkbCase[] = (
  ['mark', 'priority', 'cb', 'tc_index', 'tc_classid', 'queue_mapping', 'tstamp'] as const
).map(name => ({
  title: `sched_cls: store ${name}`,
  type: 'sched_cls',
  source: [...store(name, 0x123), ...load(name)],
  packet: SKB_PACKETS.ipv4,
}));

/** Legacy loads: mode, offset, size. */
const legacyCases: SkbCase[] = (['sched_cls', 'socket_filter'] as const).flatMap(type =>
  (
    [
      ['w', 0],
      ['h', 12],
      ['b', 13],
      ['w', 49],
      ['b', 49],
      ['b', 50],
      ['h', 49],
      ['w', -0x10_0000],
      ['h', -0x10_0000 + 34],
      ['h', -0x10_0000 - 1],
      ['w', -0x20_0000],
      ['h', -0x20_0000 + 12],
      ['b', -0x20_0000 - 1],
      ['w', -4],
      ['b', -0x1000],
    ] as const
  ).flatMap(([width, offset]) =>
    (['abs', 'ind'] as const).map((mode): SkbCase => {
      const row: InstructionName = `ld_${mode}_${width}`;
      return {
        title: `${type}: ld_${mode}_${width} ${offset}`,
        type,
        source: [
          ['mov64_x', { dst: 6, src: 1 }],
          ...(mode === 'ind' ? ([['mov64_k', { dst: 7, imm: 1 }]] as const) : []),
          [row, { imm: mode === 'ind' ? offset - 1 : offset, ...(mode === 'ind' ? { src: 7 } : {}) }],
          ['exit'],
        ],
        packet: SKB_PACKETS.ipv4,
      };
    }),
  ),
);

/** An argument of a call: a number, the context, or bytes on the stack. */
type Argument = number | bigint | 'ctx' | 'stack';
export type SkbCall = readonly [helper: HelperName, ...args: Argument[]];

/**
 * Calls, the bytes at `stack` before them, and what they see. The context tells what came of them: `cb` has r0 of up to three calls, `len`
 * and protocol with packet type and VLAN presence; `mark` the tag, `priority` the bytes that can be reached. The program returns the
 * first word of the stack.
 */
export function skbCalls(stack: string, ...sequence: readonly SkbCall[]): Source {
  const words = new Uint32Array(new Uint8Array([...hex(stack), ...new Array<number>(32).fill(0)]).buffer.slice(0, 32));
  const read = (dst: number, name: FieldName): Source[number] => [
    'ldx_mem_w',
    { dst, src: 6, off: fields[name].offset },
  ];
  const write = (name: FieldName, src: number, at = 0): Source[number] => [
    'stx_mem_w',
    { dst: 6, src, off: fields[name].offset + 4 * at },
  ];
  const argument = (arg: Argument, i: number): Source => {
    const dst = i + 1;
    if (arg === 'ctx') return [['mov64_x', { dst, src: 6 }]];
    if (arg !== 'stack') return [['ld_imm64', { dst, imm64: BigInt.asUintN(64, BigInt(arg)) }]];
    return [
      ['mov64_x', { dst, src: 10 }],
      ['add64_k', { dst, imm: -32 }],
    ];
  };
  return [
    ['mov64_x', { dst: 6, src: 1 }],
    ...[...words].map((word, i): Source[number] => ['st_mem_w', { dst: 10, off: -32 + 4 * i, imm: word | 0 }]),
    ...sequence.flatMap(
      ([helper, ...args], i): Source => [
        ...args.flatMap(argument),
        ['call', { imm: HELPERS[helper].id }],
        write('cb', 0, i),
      ],
    ),
    read(7, 'len'),
    write('cb', 7, 3),
    read(7, 'protocol'),
    read(8, 'pkt_type'),
    ['lsh64_k', { dst: 8, imm: 16 }],
    ['or64_x', { dst: 7, src: 8 }],
    read(8, 'vlan_present'),
    ['lsh64_k', { dst: 8, imm: 24 }],
    ['or64_x', { dst: 7, src: 8 }],
    write('cb', 7, 4),
    read(7, 'vlan_tci'),
    write('mark', 7),
    read(7, 'data_end'),
    read(8, 'data'),
    ['sub64_x', { dst: 7, src: 8 }],
    write('priority', 7),
    ['ldx_mem_w', { dst: 0, src: 10, off: -32 }],
    ['exit'],
  ];
}

/** Calls on one packet after the other: bytes of the stack, then the calls. */
const sequences: readonly (readonly [packets: readonly PacketName[], stack: string, ...sequence: SkbCall[]])[] = [
  ...[0, 10, 46, 47, 50, 70_000, 0x8000_0000, -1].flatMap(
    offset =>
      [
        [['ipv4'], 'aabbccdd', ['skb_load_bytes', 'ctx', offset, 'stack', 4]],
        [['ipv4'], 'aabbccdd', ['skb_store_bytes', 'ctx', offset, 'stack', 4, 0]],
        [['ipv4'], 'aabbccdd', ['skb_load_bytes_relative', 'ctx', offset, 'stack', 4, 0]],
        [['ipv4'], 'aabbccdd', ['skb_load_bytes_relative', 'ctx', offset, 'stack', 4, 1]],
      ] as const,
  ),
  [['ipv4'], 'aabbccdd', ['skb_load_bytes_relative', 'ctx', 0, 'stack', 4, 2]],
  ...[0, 1, 2, 3, 4].map(flags => [['ipv4'], 'aabbccdd', ['skb_store_bytes', 'ctx', 30, 'stack', 4, flags]] as const),
  [
    ['ipv4'],
    'aabbcc',
    ['set_hash', 'ctx', 0x1234],
    ['skb_store_bytes', 'ctx', 30, 'stack', 3, 0],
    ['get_hash_recalc', 'ctx'],
  ],
  ...[0, 2, 4, 1, 6, 16].flatMap(flags =>
    [24, 25, 48, 49, 50, 70_000].map(
      offset =>
        [
          ['ipv4'],
          '',
          ['l3_csum_replace', 'ctx', offset, flags === 0 ? 0 : 0x0100_000an, 0x0500_a8c0n, flags],
        ] as const,
    ),
  ),
  [['ipv4'], '', ['l3_csum_replace', 'ctx', 24, 7, 8, 0]],
  ...[0, 2, 4, 8].flatMap(size =>
    [0, 16, 32, 48, 64, 96, 112, 128, 256].map(
      flags =>
        [
          ['ipv4'],
          '',
          ['l4_csum_replace', 'ctx', 40, size === 0 ? 0 : 0x3500, 0x5000_0050n, BigInt(size | flags)],
        ] as const,
    ),
  ),
  ...[0, 16].map(
    flags =>
      [
        ['ipv4'],
        '1234',
        ['skb_store_bytes', 'ctx', 40, 'stack', 2, 0],
        ['l4_csum_replace', 'ctx', 40, 0x3500, 0x5000, BigInt(2 | 32 | flags)],
      ] as const,
  ),
  [['ipv4'], '', ['csum_update', 'ctx', 5]],
  ...[0, 1, 2, 3, 4].map(level => [['ipv4'], '', ['csum_level', 'ctx', level], ['csum_level', 'ctx', 0]] as const),
  [['ipv4'], '', ['csum_level', 'ctx', 1], ['csum_level', 'ctx', 1], ['csum_level', 'ctx', 0]],
  [['ipv4'], '', ['csum_level', 'ctx', 1], ['csum_level', 'ctx', 2], ['csum_level', 'ctx', 0]],
  [['ipv4', 'vlan', 'qinq', 'arp'], '', ['skb_vlan_push', 'ctx', 0x0081, 0x2064]],
  [['ipv4'], '', ['skb_vlan_push', 'ctx', 0x1234, 0x1_2064]],
  [['ipv4'], '', ['skb_vlan_push', 'ctx', 0xa888, 5], ['skb_vlan_push', 'ctx', 0x0081, 6]],
  [['ipv4'], '', ['skb_vlan_push', 'ctx', 0x0081, 5], ['skb_vlan_push', 'ctx', 0x0081, 6], ['skb_vlan_pop', 'ctx']],
  [['ipv4', 'vlan', 'qinq', 'vlanLlc', 'arp'], '', ['skb_vlan_pop', 'ctx']],
  [['qinq'], '', ['skb_vlan_pop', 'ctx'], ['skb_vlan_pop', 'ctx'], ['skb_vlan_pop', 'ctx']],
  [['ipv4', 'ipv6', 'arp'], '', ['skb_change_proto', 'ctx', 0xdd86, 0]],
  [['ipv4', 'ipv6', 'arp'], '', ['skb_change_proto', 'ctx', 0x0008, 0]],
  [['ipv4'], '', ['skb_change_proto', 'ctx', 0xdd86, 1]],
  [['ipv4'], '', ['skb_change_proto', 'ctx', 0xdd86, 0], ['skb_change_proto', 'ctx', 0x0008, 0]],
  ...[0, 1, 2, 3, 4, -1].map(type => [['ipv4'], '', ['skb_change_type', 'ctx', type]] as const),
  ...[0, 13, 14, 15, 49, 50, 51, 100, 4000, 16064, 16065, -1].map(
    length => [['ipv4'], '', ['skb_change_tail', 'ctx', length, 0]] as const,
  ),
  [['ipv4'], '', ['skb_change_tail', 'ctx', 60, 1]],
  [['ipv4'], '', ['skb_change_tail', 'ctx', 20, 0], ['skb_change_tail', 'ctx', 30, 0]],
  ...[0, 1, 14, 64, 65, 300, 16014, 16015, -1].map(
    room => [['ipv4'], '', ['skb_change_head', 'ctx', room, 0]] as const,
  ),
  [['ipv4'], '', ['skb_change_head', 'ctx', 14, 1]],
  [
    ['ipv4'],
    'aabb',
    ['skb_change_head', 'ctx', 8, 0],
    ['skb_load_bytes_relative', 'ctx', 0, 'stack', 4, 0],
    ['skb_load_bytes_relative', 'ctx', 0, 'stack', 4, 1],
  ],
  ...[0, 4, 36, 37, 100, 0xfff, 0x1000, -1, -4, -16, -17, -36, -0x1000].flatMap(delta =>
    [0, 1, 2].map(mode => [['ipv4'], '', ['skb_adjust_room', 'ctx', delta, mode, 0]] as const),
  ),
  [['arp', 'ipv6'], '', ['skb_adjust_room', 'ctx', 8, 1, 0]],
  [['ipv6'], '', ['skb_adjust_room', 'ctx', -8, 0, 0]],
  ...[
    0x02n,
    0x04n,
    0x06n,
    0x0an,
    0x12n,
    0x1an,
    0x20n,
    0x42n,
    0x80n,
    0x100n,
    0x180n,
    0x200n,
    (14n << 56n) | 0x42n,
    (40n << 56n) | 0x42n,
  ].flatMap(
    flags =>
      [
        [['ipv4', 'ipv6'], '', ['skb_adjust_room', 'ctx', 28, 1, flags]],
        [['ipv4', 'ipv6'], '', ['skb_adjust_room', 'ctx', -20, 1, flags]],
      ] as const,
  ),
  [
    ['ipv4'],
    '',
    ['skb_adjust_room', 'ctx', 28, 1, 0x12],
    ['skb_adjust_room', 'ctx', 28, 1, 0x12],
    ['skb_change_tail', 'ctx', 60, 0],
  ],
  [['ipv4'], '', ['csum_level', 'ctx', 1], ['skb_adjust_room', 'ctx', 4, 1, 0], ['csum_level', 'ctx', 0]],
  [['ipv4'], '', ['csum_level', 'ctx', 1], ['skb_adjust_room', 'ctx', 4, 1, 0x20], ['csum_level', 'ctx', 0]],
  ...[0, 1, 50, 51, 4000].map(length => [['ipv4'], '', ['skb_pull_data', 'ctx', length]] as const),
  [['ipv4'], '', ['set_hash', 'ctx', 0x1_8765_4321n], ['get_hash_recalc', 'ctx']],
  [['ipv4'], '', ['set_hash_invalid', 'ctx']],
  ...[
    [1, 0],
    [1, 1],
    [1, 2],
    [77, 0],
    [1, 0x1_0000],
    [1, 0x1_0000_0000n],
  ].map(([ifindex, flags]) => [['ipv4'], '', ['redirect', ifindex!, flags!]] as const),
  ...[0, 1].map(flags => [['ipv4'], '', ['redirect_peer', 1, flags]] as const),
  [['ipv4'], '', ['redirect_neigh', 1, 0, 0, 0]],
  [['ipv4'], '', ['redirect_neigh', 1, 'stack', 20, 0]],
  [['ipv4'], '', ['redirect_neigh', 1, 'stack', 8, 0]],
  [['ipv4'], '', ['redirect_neigh', 1, 0, 0, 1]],
  [['ipv4'], '', ['clone_redirect', 'ctx', 77_777, 0]],
  [['ipv4'], '', ['clone_redirect', 'ctx', 1, 2]],
  [['ipv4'], '', ['get_cgroup_classid', 'ctx']],
  [['ipv4'], '', ['skb_cgroup_classid', 'ctx']],
  [['ipv4'], '', ['get_route_realm', 'ctx']],
  [['ipv4'], '', ['get_socket_uid', 'ctx']],
  [['ipv4'], 'aabbccdd', ['skb_get_tunnel_key', 'ctx', 'stack', 16, 0]],
  [['ipv4'], 'aabbccdd', ['skb_get_tunnel_opt', 'ctx', 'stack', 16]],
  [['ipv4', 'ipv6', 'arp'], '', ['skb_set_tstamp', 'ctx', 77, 1]],
  ...[
    [0, 1],
    [0, 0],
    [9, 0],
    [9, 2],
    [9, 3],
  ].map(([time, type]) => [['ipv4'], '', ['skb_set_tstamp', 'ctx', time!, type!]] as const),
  [['ipv4', 'ipv6', 'arp', 'vlan', 'qinq'], '', ['skb_ecn_set_ce', 'ctx']],
  [['vlan', 'qinq'], '', ['skb_vlan_pop', 'ctx'], ['skb_ecn_set_ce', 'ctx']],
  [
    ['ipv4', 'vlan'],
    '',
    ['skb_vlan_push', 'ctx', 0x81, 5],
    ['skb_vlan_push', 'ctx', 0x81, 5],
    ['skb_ecn_set_ce', 'ctx'],
  ],
  ...[64, 65, 70, 130].map(
    room => [['ipv4'], '', ['skb_change_head', 'ctx', room, 0], ['skb_change_tail', 'ctx', 50, 0]] as const,
  ),
  ...['01', '02', '03', 'ff', '55'].map(
    tos => [['ipv4'], `${tos}00`, ['skb_store_bytes', 'ctx', 15, 'stack', 1, 0], ['skb_ecn_set_ce', 'ctx']] as const,
  ),
  [['ipv6'], '6020', ['skb_store_bytes', 'ctx', 14, 'stack', 2, 0], ['skb_ecn_set_ce', 'ctx']],
  ...[0, 1500, 65_536, 65_537].flatMap(length =>
    [0, 1, 2].map(flags => [['ipv4'], littleEndian(length), ['check_mtu', 'ctx', 1, 'stack', 0, flags]] as const),
  ),
  [['ipv4'], '', ['check_mtu', 'ctx', 1, 'stack', 65_500, 0]],
  [['ipv4'], '', ['check_mtu', 'ctx', 55_555, 'stack', 0, 0]],
];

function littleEndian(value: number): string {
  return toHex(new Uint8Array(Uint32Array.of(value).buffer));
}

const callCases: SkbCase[] = sequences.flatMap(([packets, stack, ...sequence]) =>
  packets.map(
    (name): SkbCase => ({
      title: `${sequence.map(([helper, ...args]) => `${helper}(${args.join(', ')})`).join(' ')} on ${name}${stack === '' ? '' : ` with ${stack}`}`,
      type: 'sched_cls',
      source: skbCalls(stack, ...sequence),
      packet: SKB_PACKETS[name],
    }),
  ),
);

/** Calls on a packet with its checksum known, which must stay right. None shrinks the packet: Linux's check of the checksum then stops at a BUG. */
const checksumCases: SkbCase[] = (
  [
    [['skb_store_bytes', 'ctx', 42, 'stack', 4, 0]],
    [['skb_store_bytes', 'ctx', 42, 'stack', 4, 1]],
    [['skb_store_bytes', 'ctx', 43, 'stack', 3, 1]],
    [['csum_update', 'ctx', 5]],
    [
      ['skb_store_bytes', 'ctx', 26, 'stack', 4, 0],
      ['l4_csum_replace', 'ctx', 40, 0x0100_000an, 0xddcc_bbaan, 0x14],
    ],
    [
      ['skb_store_bytes', 'ctx', 26, 'stack', 4, 0],
      ['l4_csum_replace', 'ctx', 40, 0, 0x1234_5678n, 0x10],
    ],
    [
      ['skb_store_bytes', 'ctx', 26, 'stack', 4, 0],
      ['l4_csum_replace', 'ctx', 40, 0, 0x1234_5678n, 0x90],
    ],
    [['skb_adjust_room', 'ctx', 8, 0, 0]],
    [['skb_change_tail', 'ctx', 60, 0]],
    [['skb_change_head', 'ctx', 6, 0]],
    [
      ['skb_vlan_push', 'ctx', 0x81, 5],
      ['skb_vlan_push', 'ctx', 0x81, 6],
    ],
  ] as const satisfies readonly (readonly SkbCall[])[]
).map(sequence => ({
  title: `complete checksum: ${sequence.map(([helper, ...args]) => `${helper}(${args.join(', ')})`).join(' ')}`,
  type: 'sched_cls' as const,
  source: skbCalls('aabbccdd', ...sequence),
  packet: SKB_PACKETS.ipv4,
  attr: { flags: 4 },
}));

/** Runs on what the run before left. */
const repeatCases: SkbCase[] = (
  [
    [['skb_change_head', 'ctx', 4, 0]],
    [['skb_vlan_push', 'ctx', 0x81, 5]],
    [['skb_adjust_room', 'ctx', -4, 1, 0]],
  ] as const satisfies readonly (readonly SkbCall[])[]
).map(sequence => ({
  title: `three runs: ${sequence.map(([helper, ...args]) => `${helper}(${args.join(', ')})`).join(' ')}`,
  type: 'sched_cls' as const,
  source: skbCalls('', ...sequence),
  packet: SKB_PACKETS.ipv4,
  attr: { repeat: 3 },
}));

/** The table. */
export const skbCases: readonly SkbCase[] = [
  ...packetCases,
  ...fieldCases,
  ...socketCases,
  ...contextCases,
  ...attributeCases,
  ...storeCases,
  ...legacyCases,
  ...callCases,
  ...checksumCases,
  ...repeatCases,
];

function contextBytes(given: NonNullable<SkbCase['context']>): Uint8Array {
  const bytes = new Uint8Array(CONTEXT_SIZE);
  const view = new DataView(bytes.buffer);
  for (const [name, value] of Object.entries(given)) {
    const { offset, size } = fields[name as FieldName]; // the keys of a case's context are fields
    if (size === 1) view.setUint8(offset, value);
    else view.setUint32(offset, value, true);
  }
  return bytes;
}

/** What a kernel makes of a case, in short: errno, or return value, packet, fields of the context that are not zero. */
export function skbOutcome(sys: Sys, row: SkbCase): string {
  const insns = programBytes(row.source);
  const log_buf = new Uint8Array(1 << 16);
  const prog_fd = sys.bpf('prog_load', {
    prog_type: progTypeId(row.type)!,
    expected_attach_type: row.type === 'cgroup_skb' ? attachTypeId('cgroup_inet_ingress')! : 0,
    insns,
    insn_cnt: insns.length / 8,
    license: 'GPL',
    log_buf,
    log_size: log_buf.length,
    log_level: 1,
  });
  if (prog_fd < 0) return `load ${errnoName(-prog_fd)} ${new TextDecoder().decode(log_buf).replace(/\0.*/s, '')}`;
  const data_out = new Uint8Array(20_000);
  const attr: ProgTestRunAttr = {
    prog_fd,
    data_in: row.packet,
    data_size_in: row.packet.length,
    data_out,
    data_size_out: data_out.length,
    ctx_out: new Uint8Array(CONTEXT_SIZE),
    ctx_size_out: CONTEXT_SIZE,
    ...(row.context === undefined ? {} : { ctx_in: contextBytes(row.context), ctx_size_in: CONTEXT_SIZE }),
    ...row.attr,
  };
  const result = sys.bpf('prog_test_run', attr);
  sys.close(prog_fd);
  if (result < 0 && result !== -28) return errnoName(-result);
  const size = attr.data_size_out ?? 0;
  const packet = (attr.data_out ?? new Uint8Array(0)).subarray(0, size);
  const isSame = toHex(packet) === toHex(row.packet);
  const text = isSame ? 'same' : size > 200 ? `${size} bytes, ${toHex(packet.subarray(0, 64))}…` : toHex(packet);
  return `${result < 0 ? errnoName(-result) : 'ok'} 0x${((attr.retval ?? 0) >>> 0).toString(16)} ${size} ${text} ${describeContext(attr.ctx_out)}`;
}

function describeContext(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return '';
  const parts = Object.entries(fields).flatMap(([name, { offset, size }]) => {
    const value = bytes.subarray(offset, offset + size);
    return value.some(byte => byte !== 0) ? [`${name}=${toHex(value)}`] : [];
  });
  return parts.join(' ');
}
