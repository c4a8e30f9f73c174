import { readdirSync, readlinkSync } from 'node:fs';
import { release } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ATTR_LAYOUTS, type BpfCommand } from '../sys/attr.gen.ts';
import { encodeAttr, MAX_ATTR_SIZE, textOf } from '../sys/codec.ts';
import { COMMANDS, commandRow } from '../sys/commands.ts';
import { must, SyscallError } from '../sys/error.ts';
import { getInfo } from '../sys/info.ts';
import type { MemberLayout } from '../sys/layout.ts';
import type { Fd } from '../sys/sys.ts';
import { ERRNO, errnoName } from '../uapi/errno.ts';
import { LOG_LEVELS, MAP_FLAGS, UPDATE_FLAGS, XDP_ACTIONS } from '../uapi/flags.ts';
import { MAP_TYPES } from '../uapi/map-types.ts';
import { parseKernelVersion, REFERENCE_VERSION } from '../uapi/profile.ts';
import { PROG_TYPES } from '../uapi/prog-types.ts';
import { BpfError } from '../util/error.ts';
import { bpfDenied } from './allowed.ts';
import { countCpus, type LinuxSys, openLinux } from './linux.ts';

const denied = bpfDenied();
/** The members that commands read are those of the reference version. */
const running = parseKernelVersion(release());
const other = running !== REFERENCE_VERSION;

function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return ''; // the directory's own descriptor has gone
  }
}

/** Offset behind the member of that dotted name. */
function endOf(members: readonly MemberLayout[], path: string): number {
  const [head, ...tail] = path.split('.');
  const member = members.find(({ name }) => name === head);
  if (member === undefined) throw new Error(`no member ${path}`);
  return member.offset + (tail.length === 0 ? member.size : endOf(member.members ?? [], tail.join('.')));
}

describe('countCpus', () => {
  it.each([
    ['0', 1],
    ['0-3\n', 4],
    ['0,2-5\n', 5],
  ])('%j: %i', (list, count) => {
    expect(countCpus(list)).toBe(count);
  });

  it('refuses a list without a number', () => {
    expect(() => countCpus('\n')).toThrow('list of CPUs "\\n": want numbers and ranges, as in 0-3,8');
  });
});

describe.skipIf(denied !== undefined)(`bpf(2)${denied === undefined ? '' : ` (skipped: ${denied})`}`, () => {
  let sys: LinuxSys;
  let open: Fd[];
  let before: number;

  /** Descriptors of BPF objects that this process has open. */
  const descriptors = () => readdirSync('/proc/self/fd').filter(fd => targetOf(fd).includes('bpf')).length;

  beforeEach(() => {
    sys = openLinux();
    open = [];
    before = descriptors();
  });

  afterEach(() => {
    for (const fd of open) expect(sys.close(fd)).toBe(0);
    expect(descriptors()).toBe(before);
  });

  const keep = (fd: number): Fd => {
    open.push(fd);
    return fd;
  };
  const u32 = (...values: number[]) => new Uint8Array(Uint32Array.of(...values).buffer);
  const u64 = (...values: bigint[]) => new Uint8Array(BigUint64Array.of(...values).buffer);
  const createMap = (type: 'hash' | 'array' | 'percpu_array', more = {}) =>
    keep(
      must(sys, 'map_create', {
        map_type: MAP_TYPES[type].id,
        key_size: 4,
        value_size: 8,
        max_entries: 4,
        map_name: 'skep_test',
        ...more,
      }),
    );

  describe('maps', () => {
    it('updates, looks up, walks and deletes elements of a hash', () => {
      const map_fd = createMap('hash');
      for (const n of [1, 2]) must(sys, 'map_update_elem', { map_fd, key: u32(n), value: u64(BigInt(n) * 10n) });

      const value = new Uint8Array(8);
      must(sys, 'map_lookup_elem', { map_fd, key: u32(2), value });
      expect(value).toEqual(u64(20n));

      const keys: number[] = [];
      const next_key = new Uint8Array(4);
      let key: Uint8Array | undefined;
      while (sys.bpf('map_get_next_key', { map_fd, key, next_key }) === 0) {
        key = next_key.slice();
        keys.push(new Uint32Array(key.buffer)[0] ?? -1);
      }
      expect(keys.sort()).toEqual([1, 2]);

      must(sys, 'map_delete_elem', { map_fd, key: u32(2) });
      expect(sys.bpf('map_lookup_elem', { map_fd, key: u32(2), value })).toBe(-ERRNO.ENOENT);
    });

    it('looks up an array element into part of a larger buffer', () => {
      const map_fd = createMap('array');
      const key = u32(9, 3).subarray(4);
      must(sys, 'map_update_elem', { map_fd, key, value: u64(7n) });
      const room = new Uint8Array(24).fill(0xee);
      must(sys, 'map_lookup_elem', { map_fd, key, value: room.subarray(8, 16) });
      expect(room).toEqual(Uint8Array.of(...Array(8).fill(0xee), 7, 0, 0, 0, 0, 0, 0, 0, ...Array(8).fill(0xee)));
    });

    it('gathers a value for each possible CPU', () => {
      const map_fd = createMap('percpu_array');
      const values = u64(...Array.from({ length: sys.possibleCpus }, (_, cpu) => BigInt(cpu) + 1n));
      must(sys, 'map_update_elem', { map_fd, key: u32(0), value: values });
      const back = new Uint8Array(values.length);
      must(sys, 'map_lookup_elem', { map_fd, key: u32(0), value: back });
      expect(back).toEqual(values);
    });

    it('looks up a batch and writes the count back', () => {
      const map_fd = createMap('array');
      must(sys, 'map_update_batch', { map_fd, keys: u32(0, 1, 2, 3), values: u64(5n, 6n, 7n, 8n), count: 4 });
      const batch = {
        map_fd,
        out_batch: new Uint8Array(4),
        keys: new Uint8Array(40),
        values: new Uint8Array(80),
        count: 10,
      };
      expect(sys.bpf('map_lookup_batch', batch)).toBe(-ERRNO.ENOENT);
      expect(batch.count).toBe(4);
      expect(batch.keys.subarray(0, 16)).toEqual(u32(0, 1, 2, 3));
      expect(batch.values.subarray(0, 32)).toEqual(u64(5n, 6n, 7n, 8n));
    });

    it('maps an array into memory, live both ways', () => {
      const map_fd = createMap('array', { map_flags: MAP_FLAGS.BPF_F_MMAPABLE });
      const mapping = sys.mmap(map_fd, 4096, { writable: true });
      if (typeof mapping === 'number') throw new SyscallError('mmap', -mapping);
      mapping.bytes[8] = 42;
      const value = new Uint8Array(8);
      must(sys, 'map_lookup_elem', { map_fd, key: u32(1), value });
      expect(value).toEqual(u64(42n));
      must(sys, 'map_update_elem', { map_fd, key: u32(2), value: u64(43n) });
      expect(mapping.bytes[16]).toBe(43);

      const held = mapping.bytes;
      mapping.unmap();
      mapping.unmap();
      expect(() => mapping.bytes).toThrow(BpfError);
      held[16] = 1;
      must(sys, 'map_lookup_elem', { map_fd, key: u32(2), value });
      expect(value).toEqual(u64(43n));
    });

    it('tells a map’s info', () => {
      expect(getInfo(sys, 'map', createMap('hash'))).toMatchObject({
        type: MAP_TYPES.hash.id,
        key_size: 4,
        value_size: 8,
        max_entries: 4,
        name: 'skep_test',
      });
    });
  });

  const hash = { map_type: MAP_TYPES.hash.id, key_size: 4, value_size: 8, max_entries: 4 };
  const refusals: { name: string; errno: keyof typeof ERRNO; result: () => number }[] = [
    { name: 'a closed descriptor', errno: 'EBADF', result: () => sys.close(99_999) },
    { name: 'a map without room', errno: 'EINVAL', result: () => sys.bpf('map_create', { ...hash, max_entries: 0 }) },
    {
      name: 'an array of 8-byte keys',
      errno: 'EINVAL',
      result: () => sys.bpf('map_create', { ...hash, map_type: MAP_TYPES.array.id, key_size: 8 }),
    },
    {
      name: 'a name too long',
      errno: 'EINVAL',
      result: () => sys.bpf('map_create', { ...hash, map_name: 'abcdefghijklmnop' }),
    },
    { name: 'a bad map type', errno: 'EINVAL', result: () => sys.bpf('map_create', { ...hash, map_type: 9999 }) },
    {
      name: 'a null key',
      errno: 'EFAULT',
      result: () => sys.bpf('map_lookup_elem', { map_fd: createMap('hash'), value: new Uint8Array(8) }),
    },
    {
      name: 'an existing element that must not be',
      errno: 'EEXIST',
      result: () =>
        sys.bpf('map_update_elem', {
          map_fd: createMap('array'),
          key: u32(0),
          value: u64(0n),
          flags: BigInt(UPDATE_FLAGS.BPF_NOEXIST),
        }),
    },
    {
      name: 'an index behind the array',
      errno: 'E2BIG',
      result: () => sys.bpf('map_update_elem', { map_fd: createMap('array'), key: u32(4), value: u64(0n) }),
    },
    {
      name: 'mmap of a map that cannot be',
      errno: 'ENOTSUPP',
      result: () => Number(sys.mmap(createMap('hash'), 4096, { writable: false })),
    },
    {
      name: 'a byte set behind what the kernel knows',
      errno: 'E2BIG',
      result: () => sys.bpfRaw(COMMANDS.map_create.id, Uint8Array.of(...new Uint8Array(1023), 1)),
    },
    { name: 'an unknown command', errno: 'EINVAL', result: () => sys.bpfRaw(9999, new Uint8Array(8)) },
    {
      name: 'a program that returns nothing',
      errno: 'EACCES',
      result: () => sys.bpf('prog_load', { prog_type: PROG_TYPES.xdp.id, insns: EXIT, insn_cnt: 1, license: '' }),
    },
  ];
  it.each(refusals)('refuses $name: $errno', ({ errno, result }) => {
    expect(errnoName(-result())).toBe(errno);
  });

  it('throws through `must` with command and errno', () => {
    expect(() => must(sys, 'map_lookup_elem', { map_fd: -1 })).toThrow(
      new SyscallError('map_lookup_elem', ERRNO.EBADF),
    );
  });

  describe.skipIf(other)(
    `the last member that a command reads${other ? ` (skipped: this is Linux ${running})` : ''}`,
    () => {
      /** Descriptors and an id that are none, so that a command that gets past its attribute says EBADF or ENOENT and does nothing. */
      const none: Record<string, number> = { start_id: 0x7fff_fffe };
      for (const name of ['map', 'prog', 'bpf', 'link', 'bpffs', 'target', 'attach_bpf']) none[`${name}_fd`] = -1;

      const rows = (Object.keys(COMMANDS) as BpfCommand[])
        // These say EINVAL or E2BIG, or do what they are asked.
        .filter(name => !/^(map_create|prog_load|btf_load|obj_\w+|prog_detach|enable_stats)$/.test(name))
        .map(name => ({ name, row: commandRow(name) }));
      it.each(rows)('$name: $row.last', ({ name, row }) => {
        const { members } = ATTR_LAYOUTS[row.attr];
        const end = endOf(members, row.last);
        const known = members
          .filter(each => each.name in none && each.offset < end)
          .map(each => [each.name, none[each.name]]);
        const view = new DataView(new ArrayBuffer(MAX_ATTR_SIZE));
        encodeAttr(name, Object.fromEntries(known), view, () => 0n);
        const bytes = new Uint8Array(view.buffer);
        expect(['EBADF', 'ENOENT']).toContain(errnoName(-sys.bpfRaw(row.id, bytes)));
        bytes[end] = 1;
        expect(errnoName(-sys.bpfRaw(row.id, bytes))).toBe('EINVAL');
      });
    },
  );

  /** `w0 = 2; exit`. */
  const XDP_PASS = Uint8Array.of(0xb4, 0, 0, 0, 2, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);
  const EXIT = XDP_PASS.subarray(8);
  const loadXdp = (insns: Uint8Array, more = {}) =>
    keep(
      must(sys, 'prog_load', {
        prog_type: PROG_TYPES.xdp.id,
        insns,
        insn_cnt: insns.length / 8,
        license: 'GPL',
        prog_name: 'skep_pass',
        ...more,
      }),
    );

  describe('programs', () => {
    it('runs a program on a packet and writes the results back', () => {
      const data_in = Uint8Array.from({ length: 60 }, (_, i) => i);
      const run = {
        prog_fd: loadXdp(XDP_PASS),
        data_in,
        data_size_in: data_in.length,
        data_out: new Uint8Array(100),
        data_size_out: 100,
        repeat: 1000,
        retval: 99,
        duration: undefined as number | undefined,
      };
      must(sys, 'prog_test_run', run);
      expect(run.retval).toBe(XDP_ACTIONS.XDP_PASS);
      expect(run.data_size_out).toBe(60);
      expect(run.data_out.subarray(0, 60)).toEqual(data_in);
      expect(run.duration).toBeTypeOf('number');
    });

    it('says how much room the packet needs where there is too little', () => {
      const run = {
        prog_fd: loadXdp(XDP_PASS),
        data_in: new Uint8Array(60),
        data_size_in: 60,
        data_out: new Uint8Array(20),
        data_size_out: 20,
      };
      expect(sys.bpf('prog_test_run', run)).toBe(-ERRNO.ENOSPC);
      expect(run.data_size_out).toBe(60);
    });

    it('fills the log and says its true size', () => {
      const attr = {
        prog_type: PROG_TYPES.xdp.id,
        insns: EXIT,
        insn_cnt: 1,
        license: 'GPL',
        log_buf: new Uint8Array(4096),
        log_size: 4096,
        log_level: LOG_LEVELS.BPF_LOG_LEVEL1,
        log_true_size: 0,
      };
      expect(sys.bpf('prog_load', attr)).toBe(-ERRNO.EACCES);
      const log = textOf(attr.log_buf);
      expect(log).toContain('R0 !read_ok');
      expect(attr.log_true_size).toBe(log.length + 1);
    });

    it('tells a program’s info with its instructions', () => {
      const xlated = new Uint8Array(16);
      const info = getInfo(sys, 'prog', loadXdp(XDP_PASS), { xlated_prog_insns: xlated, xlated_prog_len: 16 });
      expect(info).toMatchObject({
        type: PROG_TYPES.xdp.id,
        name: 'skep_pass',
        xlated_prog_len: 16,
        gpl_compatible: 1,
        verified_insns: 2,
      });
      expect(info.id).toBeGreaterThan(0);
      expect(info.tag).not.toEqual(new Uint8Array(8));
      expect(xlated).toEqual(XDP_PASS);
    });

    it('finds a program by its id', () => {
      const { id } = getInfo(sys, 'prog', loadXdp(XDP_PASS));
      const next = { start_id: id - 1, next_id: 0 };
      must(sys, 'prog_get_next_id', next);
      expect(next.next_id).toBe(id);
      const fd = keep(must(sys, 'prog_get_fd_by_id', { prog_id: id }));
      expect(getInfo(sys, 'prog', fd).id).toBe(id);
    });
  });

  it('loads BTF and reads it back', () => {
    const types = u32(1, 0x0100_0000, 4, 0x0100_0020);
    const strings = new TextEncoder().encode('\0int\0');
    const header = u32(0x0001_eb9f, 24, 0, types.length, types.length, strings.length);
    const btf = Uint8Array.of(...header, ...types, ...strings);
    const fd = keep(must(sys, 'btf_load', { btf, btf_size: btf.length }));
    const back = new Uint8Array(btf.length);
    const info = getInfo(sys, 'btf', fd, { btf: back, btf_size: back.length });
    expect(info).toMatchObject({ btf_size: btf.length, kernel_btf: 0 });
    expect(back).toEqual(btf);
  });
});
