import { describe, expect, it } from 'vitest';
import { programBytes, type Source } from '../../test/support/program.ts';
import type { MapCreateAttr } from '../sys/attr.gen.ts';
import { ERRNO } from '../uapi/errno.ts';
import { MAP_TYPES } from '../uapi/map-types.ts';
import { PROG_TYPES } from '../uapi/prog-types.ts';
import { NotSupportedError } from '../util/error.ts';
import { VmFault } from '../vm/fault.ts';
import { KernelSys } from './kernel.ts';

const ARRAY: MapCreateAttr = {
  map_type: MAP_TYPES.array.id,
  key_size: 4,
  value_size: 8,
  max_entries: 1,
  map_name: 'one',
};
const PACKET = new Uint8Array(20).fill(7);

function load(sys: KernelSys, source: Source): number {
  const insns = programBytes(source);
  return sys.bpf('prog_load', {
    prog_type: PROG_TYPES.xdp.id,
    insns,
    insn_cnt: insns.length / 8,
    license: 'GPL',
    prog_name: 'test',
  });
}

/** Reads the value of the map's only element, adds one, stores it and returns it. */
const count = (fd: number): Source => [
  ['ld_map_value', { dst: 1, imm64: BigInt(fd) }],
  ['ldx_mem_dw', { src: 1 }],
  ['add64_k', { imm: 1 }],
  ['stx_mem_dw', { dst: 1, src: 0 }],
  ['exit'],
];

function run(sys: KernelSys, fd: number): number {
  const attr = { prog_fd: fd, data_in: PACKET, data_size_in: PACKET.length, retval: 0 };
  expect(sys.bpf('prog_test_run', attr)).toBe(0);
  return attr.retval;
}

describe('descriptors', () => {
  it('are the lowest free numbers', () => {
    using sys = new KernelSys();
    const fds = [0, 1, 2].map(() => sys.bpf('map_create', ARRAY));
    expect(fds).toEqual([3, 4, 5]);
    expect(sys.close(4)).toBe(0);
    expect(sys.bpf('map_create', ARRAY)).toBe(4);
  });

  it('are refused when they are closed, or of another kind', () => {
    using sys = new KernelSys();
    expect(sys.close(3)).toBe(-ERRNO.EBADF);
    const fd = load(sys, [['mov32_k', { imm: 2 }], ['exit']]);
    const value = new Uint8Array(8);
    expect(sys.bpf('map_lookup_elem', { map_fd: fd, key: new Uint8Array(4), value })).toBe(-ERRNO.EINVAL);
    expect(sys.why).toBe('file descriptor 3 is a prog, not a map');
    expect(sys.bpf('map_lookup_elem', { map_fd: 77, key: new Uint8Array(4), value })).toBe(-ERRNO.EBADF);
  });
});

describe('objects live as long as somebody refers to them', () => {
  it('a program keeps its maps', () => {
    using sys = new KernelSys();
    const map = sys.bpf('map_create', ARRAY);
    const program = load(sys, count(map));
    expect(sys.close(map)).toBe(0);
    expect([run(sys, program), run(sys, program)]).toEqual([1, 2]);
  });

  it('a mapping keeps its map, and shows what programs write', () => {
    using sys = new KernelSys();
    const map = sys.bpf('map_create', { ...ARRAY, map_flags: 1 << 10 });
    const program = load(sys, count(map));
    const mapping = sys.mmap(map, 4096, { writable: true });
    if (typeof mapping === 'number') throw new Error(`mmap: ${mapping}`);
    sys.close(map);
    run(sys, program);
    expect(mapping.bytes[0]).toBe(1);
    mapping.bytes[0] = 41;
    expect(run(sys, program)).toBe(42);
    sys.close(program);
    expect(mapping.bytes[0]).toBe(42);
    mapping.unmap();
    expect(() => mapping.bytes).toThrow('unmapped');
  });

  it('a slot of a prog array keeps its program', () => {
    using sys = new KernelSys();
    const array = sys.bpf('map_create', {
      map_type: MAP_TYPES.prog_array.id,
      key_size: 4,
      value_size: 4,
      max_entries: 2,
    });
    const target = load(sys, [['mov32_k', { imm: 77 }], ['exit']]);
    const value = new Uint8Array(Uint32Array.of(target).buffer);
    expect(sys.bpf('map_update_elem', { map_fd: array, key: new Uint8Array(4), value })).toBe(0);
    sys.close(target);
    const caller = load(sys, [
      ['ld_map_fd', { dst: 2, imm64: BigInt(array) }],
      ['mov64_k', { dst: 3 }],
      ['call', { imm: 12 }],
      ['mov32_k', { imm: 1 }],
      ['exit'],
    ]);
    expect(run(sys, caller)).toBe(77);
    expect(sys.bpf('map_delete_elem', { map_fd: array, key: new Uint8Array(4) })).toBe(0);
    expect(run(sys, caller)).toBe(1);
  });
});

describe('mmap', () => {
  const rows: [name: string, flags: number, length: number, offset: number, errno: keyof typeof ERRNO][] = [
    ['of a map that is not mmapable', 0, 4096, 0, 'EINVAL'],
    ['of more than the map', 1 << 10, 8192, 0, 'EINVAL'],
    ['from within a page', 1 << 10, 4096, 8, 'EINVAL'],
    ['of nothing', 1 << 10, 0, 0, 'EINVAL'],
  ];
  it.each(rows)('%s is refused', (_name, map_flags, length, offset, errno) => {
    using sys = new KernelSys();
    const map = sys.bpf('map_create', { ...ARRAY, map_flags });
    expect(sys.mmap(map, length, { writable: true, offset })).toBe(-ERRNO[errno]);
    expect(sys.why).not.toBe('');
  });

  it('for writing excludes freezing, and frozen maps', () => {
    using sys = new KernelSys();
    const map = sys.bpf('map_create', { ...ARRAY, map_flags: 1 << 10 });
    const mapping = sys.mmap(map, 4096, { writable: true });
    expect(sys.bpf('map_freeze', { map_fd: map })).toBe(-ERRNO.EBUSY);
    if (typeof mapping !== 'number') mapping.unmap();
    expect(sys.bpf('map_freeze', { map_fd: map })).toBe(0);
    expect(sys.mmap(map, 4096, { writable: true })).toBe(-ERRNO.EPERM);
    expect(sys.mmap(map, 4096, { writable: false })).not.toBeTypeOf('number');
    const update = { map_fd: map, key: new Uint8Array(4), value: new Uint8Array(8) };
    expect(sys.bpf('map_update_elem', update)).toBe(-ERRNO.EPERM);
  });
});

describe('refusals', () => {
  it('write the reason to the log', () => {
    using sys = new KernelSys();
    const log = new Uint8Array(200);
    const insns = programBytes([['ja', { off: 9 }], ['exit']]);
    const attr = {
      prog_type: PROG_TYPES.xdp.id,
      insns,
      insn_cnt: 2,
      license: 'GPL',
      log_buf: log,
      log_size: 200,
      log_level: 1,
    };
    expect(sys.bpf('prog_load', attr)).toBe(-ERRNO.EINVAL);
    expect(new TextDecoder().decode(log.subarray(0, log.indexOf(0)))).toBe('jump out of range from insn 0 to 10\n');
  });

  it('of malformed BTF say where', () => {
    using sys = new KernelSys();
    expect(sys.bpf('btf_load', { btf: new Uint8Array(24), btf_size: 24 })).toBe(-ERRNO.EINVAL);
    expect(sys.why).toMatch(/magic/);
  });

  it('of what this kernel does not have name it', () => {
    using sys = new KernelSys();
    expect(() => sys.bpf('iter_create', {})).toThrow(NotSupportedError);
    expect(() => sys.bpf('iter_create', {})).toThrow(/iter_create/);
    expect(() => sys.bpf('map_create', { map_type: MAP_TYPES.arena.id })).toThrow(/arena/);
  });

  it('of instructions that only the kernel writes', () => {
    using sys = new KernelSys();
    const insns = Uint8Array.of(0xc2, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);
    expect(sys.bpf('prog_load', { prog_type: PROG_TYPES.xdp.id, insns, insn_cnt: 2, license: 'GPL' })).toBe(
      -ERRNO.EINVAL,
    );
  });
});

describe('faults of a test run', () => {
  it('say program, pc and what was touched; the kernel goes on', () => {
    using sys = new KernelSys();
    const fd = load(sys, [['ldx_mem_w', { dst: 2, src: 1 }], ['ldx_mem_b', { src: 2, off: 20 }], ['exit']]);
    const attr = { prog_fd: fd, data_in: PACKET, data_size_in: PACKET.length };
    expect(() => sys.bpf('prog_test_run', attr)).toThrow(VmFault);
    expect(() => sys.bpf('prog_test_run', attr)).toThrow(
      /^test: insn 1: read of 1 byte at 0x[0-9a-f]+ \(packet\+20\): outside of packet/,
    );
    expect(run(sys, load(sys, [['mov32_k', { imm: 3 }], ['exit']]))).toBe(3);
  });
});
