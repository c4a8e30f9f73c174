/** Rows of the classes LD, LDX, ST and STX (RFC 9669 §5): loads, stores, wide immediates. Atomic operations: `atomic.ts`. */
import type { KernelVersion } from '../../uapi/profile.ts';
import {
  BPF_ABS,
  BPF_IND,
  BPF_LD,
  BPF_LDX,
  BPF_MEM,
  BPF_MEMSX,
  BPF_NOSPEC,
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_IDX,
  BPF_PSEUDO_MAP_IDX_VALUE,
  BPF_PSEUDO_MAP_VALUE,
  BPF_ST,
  BPF_STX,
  LD_IMM64,
} from '../insn.ts';
import type { Allowed, InternalRow, LoadRow, PacketRow, StoreRow, WideRow } from '../row.ts';
import {
  DST,
  DST_OFF_IMM,
  DST_SRC_OFF,
  LOADED,
  NO_FIELDS,
  namesOf,
  SIZES,
  type Size,
  STORED,
  tableOf,
  ZERO,
} from './fields.ts';

const base = { isa: 1, since: '3.18' } as const;

function* loadRows(): Generator<[`ldx_mem_${Size}` | `ldx_memsx_${Exclude<Size, 'dw'>}`, LoadRow]> {
  for (const size of namesOf(SIZES)) {
    const { code, bits, group } = SIZES[size];
    const load = { kind: 'load', bits, group, fields: DST_SRC_OFF, signed: false, acquire: false } as const;
    const opcode = BPF_LDX | BPF_MEM | code;
    yield [`ldx_mem_${size}`, { ...load, ...base, opcode, syntax: `r{dst} = *${LOADED}` }];
    if (size === 'dw') continue;
    const extend: LoadRow = {
      ...load,
      signed: true,
      opcode: BPF_LDX | BPF_MEMSX | code,
      syntax: 'r{dst} = *(s{bits} *)(r{src} {off:+})',
      isa: 4,
      since: '6.6',
    };
    yield [`ldx_memsx_${size}`, extend];
  }
}

function* storeRows(): Generator<[`${'st_mem' | 'stx_mem'}_${Size}`, StoreRow]> {
  for (const size of namesOf(SIZES)) {
    const { code, bits, group } = SIZES[size];
    const store = { kind: 'store', bits, group, release: false } as const;
    const immediate: StoreRow = {
      ...store,
      source: 'k',
      opcode: BPF_ST | BPF_MEM | code,
      fields: DST_OFF_IMM,
      syntax: `*${STORED} = {imm}`,
      isa: 4,
      since: '3.18',
    };
    yield [`st_mem_${size}`, immediate];
    const register: StoreRow = {
      ...store,
      ...base,
      source: 'x',
      opcode: BPF_STX | BPF_MEM | code,
      fields: DST_SRC_OFF,
      syntax: `*${STORED} = r{src}`,
    };
    yield [`stx_mem_${size}`, register];
  }
}

const PACKET_MODES = {
  abs: { code: BPF_ABS, src: ZERO, place: '{imm}' },
  ind: { code: BPF_IND, src: 'register', place: 'r{src} + {imm}' },
} as const satisfies Record<PacketRow['mode'], { code: number; src: Allowed; place: string }>;

function* packetRows(): Generator<[`ld_${PacketRow['mode']}_${Exclude<Size, 'dw'>}`, PacketRow]> {
  for (const mode of namesOf(PACKET_MODES)) {
    const { code, src, place } = PACKET_MODES[mode];
    for (const size of ['b', 'h', 'w'] as const) {
      const { bits, code: sizeCode } = SIZES[size];
      const row: PacketRow = {
        ...base,
        kind: 'packet',
        mode,
        bits,
        opcode: BPF_LD | code | sizeCode,
        fields: { ...NO_FIELDS, src, imm: 'any' },
        syntax: `r0 = *(u{bits} *)skb[${place}]`,
        group: 'packet',
      };
      yield [`ld_${mode}_${size}`, row];
    }
  }
}

/** What the source field of `ld_imm64` says the immediate is; `nextImm` what its second half may hold. */
const PSEUDO_SOURCES = {
  imm64: { pseudo: 'imm', src: 0, nextImm: 'any', since: '3.18' },
  map_fd: { pseudo: 'map_fd', src: BPF_PSEUDO_MAP_FD, nextImm: ZERO, since: '3.18' },
  map_value: { pseudo: 'map_value', src: BPF_PSEUDO_MAP_VALUE, nextImm: 'any', since: '5.2' },
  btf_id: { pseudo: 'btf_id', src: BPF_PSEUDO_BTF_ID, nextImm: 'any', since: '5.10' },
  func: { pseudo: 'func', src: BPF_PSEUDO_FUNC, nextImm: 'any', since: '5.13' },
  map_idx: { pseudo: 'map_idx', src: BPF_PSEUDO_MAP_IDX, nextImm: ZERO, since: '5.14' },
  map_idx_value: { pseudo: 'map_idx_value', src: BPF_PSEUDO_MAP_IDX_VALUE, nextImm: 'any', since: '5.14' },
} as const satisfies Record<string, { pseudo: WideRow['pseudo']; src: number; nextImm: Allowed; since: KernelVersion }>;

function* wideRows(): Generator<[`ld_${keyof typeof PSEUDO_SOURCES}`, WideRow]> {
  for (const name of namesOf(PSEUDO_SOURCES)) {
    const { pseudo, src, nextImm, since } = PSEUDO_SOURCES[name];
    const row: WideRow = {
      kind: 'wide',
      pseudo,
      opcode: LD_IMM64,
      fields: { ...DST, src: [src], imm: 'any', next_imm: nextImm },
      syntax: 'r{dst} = {imm64}',
      isa: pseudo === 'imm' ? 1 : undefined,
      group: 'base64',
      since,
    };
    yield [`ld_${name}`, row];
  }
}

const nospec: InternalRow = {
  kind: 'internal',
  op: 'nospec',
  opcode: BPF_ST | BPF_NOSPEC,
  fields: NO_FIELDS,
  syntax: 'nospec',
  isa: undefined,
  group: 'internal',
  since: undefined,
};

/** Rows of the classes LD, LDX, ST and STX by name: `ldx_mem_dw`, `atomic_fetch_add64`, `ld_imm64`, `ld_map_fd` … */
export const MEMORY_ROWS = {
  ...tableOf(loadRows()),
  ...tableOf(storeRows()),
  ...tableOf(packetRows()),
  ...tableOf(wideRows()),
  nospec,
} as const;
