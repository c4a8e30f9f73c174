/** Helpers that compiled programs call in WebAssembly do what the bodies do that the interpreter calls. */
import { describe, expect, it } from 'vitest';
import { programBytes, type Source } from '../../test/support/program.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import { HELPERS, type HelperName } from '../uapi/helpers.ts';
import { type MapTypeName, mapTypeId } from '../uapi/map-types.ts';
import { progTypeId } from '../uapi/prog-types.ts';
import { KernelSys } from './kernel.ts';

const ENGINES = {
  jit: { engine: 'jit' },
  trust: { engine: 'jit', trust: true },
  interp: { engine: 'interp' },
} as const;
type EngineName = keyof typeof ENGINES;
const ENGINE_NAMES = Object.keys(ENGINES) as EngineName[]; // its keys are its keys

/** A program that calls a helper with a map, and key and value on its stack; r0 is its verdict. */
function source(helper: HelperName, map: number, flags = 0): Source {
  const isKeyless = /push|pop|peek/.test(helper);
  const address = (dst: number, off: number): Source => [
    ['mov64_x', { dst, src: 10 }],
    ['add64_k', { dst, imm: off }],
  ];
  return [
    ['st_mem_dw', { dst: 10, off: -8, imm: 0 }],
    ['st_mem_dw', { dst: 10, off: -16, imm: 1 }],
    ['st_mem_dw', { dst: 10, off: -24, imm: 2 }],
    ['ld_map_fd', { dst: 1, imm64: BigInt(map) }],
    ...address(2, isKeyless ? -24 : -16),
    ...(isKeyless ? ([['mov64_k', { dst: 3, imm: flags }]] as Source) : address(3, -24)),
    ['mov64_k', { dst: 4, imm: flags }],
    ['call', { imm: HELPERS[helper].id }],
    ['exit'],
  ];
}

/** Verdicts of calls one after the other on one map, or what ended the first run that faulted. */
function verdicts(
  engine: EngineName,
  map: { type: MapTypeName; keySize?: number; map_flags?: number; max?: number },
  calls: readonly (readonly [HelperName, flags?: number])[],
): unknown[] {
  using sys = new KernelSys(ENGINES[engine]);
  const fd = sys.bpf('map_create', {
    map_type: mapTypeId(map.type) ?? 0,
    key_size: map.keySize ?? 8,
    value_size: 8,
    max_entries: map.max ?? 4,
    map_flags: map.map_flags ?? 0,
  });
  return calls.map(([helper, flags]) => {
    const insns = programBytes(source(helper, fd, flags));
    const prog_fd = sys.bpf('prog_load', {
      prog_type: progTypeId('xdp') ?? 0,
      insns,
      insn_cnt: insns.length / 8,
      license: 'GPL',
    });
    const run = { prog_fd, data_in: new Uint8Array(64), data_size_in: 64, retval: 0 };
    try {
      sys.bpf('prog_test_run', run);
      return helper === 'map_lookup_elem' ? run.retval !== 0 : run.retval | 0;
    } catch (error) {
      return String(error);
    }
  });
}

const WRITE: readonly (readonly [HelperName, flags?: number])[] = [
  ['map_lookup_elem'],
  ['map_update_elem', 2],
  ['map_update_elem', 1],
  ['map_update_elem', 1],
  ['map_update_elem', 3],
  ['map_update_elem', -1],
  ['map_lookup_elem'],
  ['map_delete_elem'],
  ['map_delete_elem'],
];

const QUEUE: readonly (readonly [HelperName, flags?: number])[] = [
  ['map_pop_elem'],
  ['map_push_elem'],
  ['map_peek_elem'],
  ['map_push_elem'],
  ['map_push_elem', 2],
  ['map_push_elem', 1],
  ['map_pop_elem'],
];

describe.each([
  ['hash of 4', { type: 'hash', keySize: 4 }, WRITE, [false, -2, 0, -17, -22, -22, true, 0, -2]],
  ['hash of 7', { type: 'hash', keySize: 7 }, WRITE, [false, -2, 0, -17, -22, -22, true, 0, -2]],
  ['hash of 8', { type: 'hash' }, WRITE, [false, -2, 0, -17, -22, -22, true, 0, -2]],
  ['percpu_hash of 16', { type: 'percpu_hash', keySize: 16 }, WRITE, [false, -2, 0, -17, -22, -22, true, 0, -2]],
  ['lru_hash of 8', { type: 'lru_hash' }, WRITE, [false, -2, 0, -17, -22, -22, true, 0, -2]],
  ['array', { type: 'array', keySize: 4 }, WRITE, [true, 0, -17, -17, -22, -22, true, -22, -22]],
  [
    'lpm_trie',
    { type: 'lpm_trie', map_flags: MAP_FLAGS.BPF_F_NO_PREALLOC },
    WRITE,
    [false, -2, 0, -17, -22, -22, true, 0, -2],
  ],
  ['queue', { type: 'queue', keySize: 0, max: 1 }, QUEUE, [-2, 0, 0, -7, 0, -22, 0]],
  ['stack', { type: 'stack', keySize: 0, max: 1 }, QUEUE, [-2, 0, 0, -7, 0, -22, 0]],
] as const)('%s', (_name, map, calls, expected) => {
  it.each(ENGINE_NAMES)('%s', engine => {
    expect(verdicts(engine, map, calls)).toEqual(expected);
  });
});

describe('a map that programs may only read', () => {
  it.each(ENGINE_NAMES)('is not written by helpers: %s', engine => {
    const map = { type: 'hash', map_flags: MAP_FLAGS.BPF_F_RDONLY_PROG } as const;
    expect(verdicts(engine, map, [['map_update_elem'], ['map_delete_elem'], ['map_lookup_elem']])).toEqual([
      expect.stringContaining('read-only for programs'),
      expect.stringContaining('read-only for programs'),
      false,
    ]);
  });
});
