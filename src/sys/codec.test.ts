import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../util/bytes.ts';
import { BpfError } from '../util/error.ts';
import { ATTR_LAYOUTS, type BpfAttr, type BpfCommand } from './attr.gen.ts';
import { cString, decodeStruct, encodeAttr, encodeStruct, MAX_ATTR_SIZE, readBack, textOf } from './codec.ts';
import { COMMANDS, commandRow } from './commands.ts';
import { INFO_LAYOUTS } from './info.gen.ts';
import { decodeInfo, encodeInfo } from './info.ts';
import type { MemberLayout } from './layout.ts';

/** Encodes with addresses 0x1000, 0x2000 … in the order asked for; gives the bytes in hex, without the zeros at the end. */
function encoded<C extends BpfCommand>(command: C, attr: BpfAttr[C]): { hex: string; targets: Uint8Array[] } {
  const view = new DataView(new ArrayBuffer(MAX_ATTR_SIZE));
  new Uint8Array(view.buffer).fill(0xee);
  const targets: Uint8Array[] = [];
  const size = encodeAttr(command, attr, view, bytes => BigInt(targets.push(bytes)) * 0x1000n);
  return { hex: toHex(new Uint8Array(view.buffer, 0, size)).replace(/(00)+$/, ''), targets };
}

const key = Uint8Array.of(1, 2, 3, 4);

describe('encodeAttr', () => {
  const rows: { name: string; got: () => string; want: string }[] = [
    {
      name: 'numbers and text of map_create',
      got: () => encoded('map_create', { map_type: 2, key_size: 4, value_size: 8, max_entries: 1, map_name: 'ab' }).hex,
      want: '0200000004000000080000000100000000000000000000000000000061' + '62',
    },
    {
      name: 'addresses and a 64-bit flag',
      got: () => encoded('map_update_elem', { map_fd: 3, key, value: key, flags: 2n }).hex,
      want: `0300000000000000${'0010000000000000'}${'0020000000000000'}02`,
    },
    {
      name: 'aliases of a union share their bytes',
      got: () => encoded('map_get_next_key', { map_fd: 3, key, next_key: key }).hex,
      want: encoded('map_lookup_elem', { map_fd: 3, key, value: key }).hex,
    },
    {
      name: 'an empty array is a null pointer',
      got: () => encoded('map_freeze', { key: new Uint8Array(0) }).hex,
      want: '',
    },
    { name: 'an undefined member is left out', got: () => encoded('map_freeze', { map_fd: undefined }).hex, want: '' },
    { name: 'a negative descriptor', got: () => encoded('map_freeze', { map_fd: -1 }).hex, want: 'ffffffff' },
    {
      name: 'members of a nested struct',
      got: () => encoded('link_create', { prog_fd: 1, tcx: { relative_id: 5, expected_revision: 7n } }).hex,
      want: `01${'000000'}${'00'.repeat(12)}05${'00'.repeat(7)}07`,
    },
    {
      name: 'a name without room for its NUL is cut, so that a kernel can refuse it',
      got: () => encoded('map_create', { map_name: 'abcdefghijklmnopqrst' }).hex,
      want: '00'.repeat(28) + toHex(new TextEncoder().encode('abcdefghijklmnop')),
    },
  ];
  it.each(rows)('$name', ({ got, want }) => {
    expect(got()).toBe(want);
  });

  it('ends a text pointer with NUL and takes bytes as they are', () => {
    const { targets } = encoded('prog_load', { license: 'GPL', insns: key });
    expect(targets.map(bytes => [...bytes])).toEqual([[71, 80, 76, 0], [...key]]);
  });

  it('writes the addresses of linked bytes into them', () => {
    const syms = { bytes: new Uint8Array(16), links: [{ offset: 8, target: cString('f') }] };
    const { hex, targets } = encoded('link_create', { kprobe_multi: { cnt: 2, syms } });
    expect(toHex(syms.bytes)).toBe(`${'00'.repeat(8)}0010000000000000`);
    expect(hex).toBe(`${'00'.repeat(20)}02000000${'0020'}`);
    expect(targets[1]).toBe(syms.bytes);
  });

  const refusals: { name: string; attr: unknown; says: string }[] = [
    { name: 'an unknown member', attr: { foo: 1 }, says: 'map_create: no member foo' },
    {
      name: 'a bigint for 32 bits',
      attr: { key_size: 4n },
      says: 'map_create: key_size 4, want an integer of 32 bits',
    },
    { name: 'a fraction', attr: { key_size: 1.5 }, says: 'map_create: key_size 1.5, want an integer of 32 bits' },
    {
      name: '33 bits',
      attr: { key_size: 2 ** 32 },
      says: 'map_create: key_size 4294967296, want an integer of 32 bits',
    },
    { name: 'a number for 64 bits', attr: { map_extra: 1 }, says: 'map_create: map_extra 1, want a bigint' },
    { name: 'a number for a pointer', attr: { excl_prog_hash: 1 }, says: 'map_create: excl_prog_hash 1, want bytes' },
    { name: 'a number for text', attr: { map_name: 1 }, says: 'map_create: map_name 1, want text or bytes' },
  ];
  it.each(refusals)('refuses $name', ({ attr, says }) => {
    expect(() => encoded('map_create', attr as BpfAttr['map_create'])).toThrow(new BpfError('bad_attribute', says));
  });
});

describe('readBack', () => {
  it('assigns what the kernel writes, and nothing else', () => {
    const attr = { prog_fd: 3, repeat: 2, data_size_out: 64 };
    const view = new DataView(new ArrayBuffer(MAX_ATTR_SIZE));
    encodeAttr('prog_test_run', attr, view, () => 0n);
    view.setUint32(0, 99, true);
    view.setUint32(4, 2, true);
    view.setUint32(12, 60, true);
    view.setUint32(36, 1234, true);
    readBack('prog_test_run', attr, view);
    expect(attr).toEqual({ prog_fd: 3, repeat: 2, data_size_out: 60, retval: 2, duration: 1234, ctx_size_out: 0 });
  });
});

describe('structs', () => {
  /** A value for each member, aliases of a union left out: later ones would overwrite earlier ones. */
  function anyStruct(members: readonly MemberLayout[]): fc.Arbitrary<Record<string, unknown>> {
    let end = -1;
    const own = members.filter(member => {
      if (member.kind === 'pointer' || member.offset < end) return false;
      end = member.offset + member.size;
      return true;
    });
    return fc.record(Object.fromEntries(own.map(member => [member.name, anyOf(member)])));
  }
  function anyOf(member: MemberLayout): fc.Arbitrary<unknown> {
    switch (member.kind) {
      case 'u64':
        return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
      case 's32':
        return fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
      case 'bits':
        return fc.nat(2 ** (member.bits?.[1] ?? 1) - 1);
      case 'chars':
        return fc.string({ maxLength: member.size - 1, unit: fc.constantFrom('a', 'Z', '_') });
      case 'bytes':
        return fc.uint8Array({ minLength: member.size, maxLength: member.size });
      case 'struct':
        return anyStruct(member.members ?? []);
      default:
        return fc.nat(2 ** (8 * member.size) - 1);
    }
  }

  const layouts = [...Object.entries(ATTR_LAYOUTS), ...Object.entries(INFO_LAYOUTS)].map(([name, layout]) => ({
    name,
    layout,
  }));
  it.each(layouts)('$name: decodes what it encodes', ({ name, layout }) => {
    fc.assert(
      fc.property(anyStruct(layout.members), values => {
        const view = new DataView(new ArrayBuffer(layout.size));
        encodeStruct(layout, values, view, () => 0n, name);
        expect(decodeStruct(layout, new Uint8Array(view.buffer))).toMatchObject(values);
      }),
      { numRuns: 20 },
    );
  });

  it.each(layouts)('$name: members lie inside and scalars are aligned', ({ layout }) => {
    const check = (members: readonly MemberLayout[], size: number) => {
      for (const member of members) {
        expect(member.offset + member.size, member.name).toBeLessThanOrEqual(size);
        if (/^[us]\d|pointer|bits/.test(member.kind)) expect(member.offset % member.size, member.name).toBe(0);
        if (member.members !== undefined) check(member.members, member.size);
      }
    };
    check(layout.members, layout.size);
  });
});

describe('COMMANDS', () => {
  const names = Object.keys(COMMANDS) as BpfCommand[];
  const find = (members: readonly MemberLayout[], path: string): MemberLayout | undefined => {
    const [head, ...tail] = path.split('.');
    const member = members.find(({ name }) => name === head);
    return tail.length === 0 ? member : find(member?.members ?? [], tail.join('.'));
  };

  it.each(names)('%s: every member that its row names is in its struct', command => {
    const row = commandRow(command);
    const { members } = ATTR_LAYOUTS[row.attr];
    const sizes = Object.values(row.pointers ?? {}).flatMap(({ size }) => {
      if (size === 'text' || 'bytes' in size) return [];
      return ['field' in size ? size.field : undefined, typeof size.times === 'string' ? size.times : undefined];
    });
    for (const name of [row.last, ...(row.writes ?? []), ...sizes]) {
      if (name !== undefined) expect(find(members, name), name).toBeDefined();
    }
    for (const name of Object.keys(row.pointers ?? {})) expect(find(members, name)?.kind, name).toBe('pointer');
  });

  it('numbers its commands 0, 1, 2 …', () => {
    expect(names.map(name => COMMANDS[name].id)).toEqual(names.map((_, index) => index));
  });
});

describe('info structs', () => {
  it('links a request’s arrays where their pointers stand', () => {
    const ids = new Uint8Array(8);
    const name = new Uint8Array(4);
    const { bytes, links } = encodeInfo('prog', { nr_map_ids: 2, map_ids: ids });
    expect(links).toEqual([{ offset: 56, target: ids }]);
    expect(new DataView(bytes.buffer).getUint32(52, true)).toBe(2);
    expect(encodeInfo('link', { raw_tracepoint: { tp_name: name, tp_name_len: 4, cookie: 0n } }).links).toEqual([
      { offset: 16, target: name },
    ]);
  });

  it('reads zero behind the bytes of an older kernel', () => {
    expect(decodeInfo('btf', Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1, 9, 0, 0, 0))).toEqual({
      btf_size: 9,
      id: 0,
      name_len: 0,
      kernel_btf: 0,
    });
  });

  it('reads text up to its NUL', () => {
    expect(textOf(cString('ab'))).toBe('ab');
    expect(textOf(Uint8Array.of(97, 98))).toBe('ab');
  });
});
