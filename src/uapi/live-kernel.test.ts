/** The tables against the running kernel's own BTF: numbers must be the kernel's, and nothing that it should have may be missing. */
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { describe, expect, it } from 'vitest';
import { type Btf, parseBtf } from '../btf/btf.ts';
import type { BtfComposite } from '../btf/types.ts';
import { ATTACH_TYPES } from './attach-types.ts';
import { CONTEXTS } from './contexts.ts';
import * as flags from './flags.ts';
import { type ArgKind, HELPERS, type HelperProto, type ReturnKind } from './helpers.ts';
import { LINK_TYPES } from './link-types.ts';
import { MAP_TYPES } from './map-types.ts';
import { compareVersions, parseKernelVersion } from './profile.ts';
import { PROG_TYPES } from './prog-types.ts';
import type { NumberedRow } from './table.ts';

const VMLINUX = '/sys/kernel/btf/vmlinux';
const running = parseKernelVersion(release());
const why = !existsSync(VMLINUX) ? `no ${VMLINUX}` : running === undefined ? `Linux ${release()}` : undefined;

const tables: { name: string; prefix: string; enumName: string; rows: Record<string, NumberedRow> }[] = [
  { name: 'PROG_TYPES', enumName: 'bpf_prog_type', prefix: 'BPF_PROG_TYPE_', rows: PROG_TYPES },
  { name: 'ATTACH_TYPES', enumName: 'bpf_attach_type', prefix: 'BPF_', rows: ATTACH_TYPES },
  { name: 'MAP_TYPES', enumName: 'bpf_map_type', prefix: 'BPF_MAP_TYPE_', rows: MAP_TYPES },
  { name: 'LINK_TYPES', enumName: 'bpf_link_type', prefix: 'BPF_LINK_TYPE_', rows: LINK_TYPES },
  { name: 'HELPERS', enumName: 'bpf_func_id', prefix: 'BPF_FUNC_', rows: HELPERS },
];

/** Name, offset and size of the members of a type, those of structs and unions in it included. */
function leaves(btf: Btf, type: BtfComposite, base: number): [name: string, offset: number, size: number][] {
  return type.members.flatMap(member => {
    const inner = btf.resolve(member.type);
    const at = base + member.bitOffset / 8;
    if (member.bits > 0) return [];
    if (inner.kind === 'struct' || inner.kind === 'union') return leaves(btf, inner, at);
    return [[member.name, at, btf.sizeOf(member.type)]];
  });
}

describe.skipIf(why !== undefined)(`uapi tables on this kernel${why === undefined ? '' : ` (skipped: ${why})`}`, () => {
  const version = running ?? '0.0';
  const btf = why === undefined ? parseBtf(readFileSync(VMLINUX)) : undefined;

  function enumValues(name: string): Map<string, bigint> {
    const id = btf?.idByName(name, 'enum') ?? btf?.idByName(name, 'enum64');
    const type = id === undefined ? undefined : btf?.type(id);
    if (type?.kind !== 'enum' && type?.kind !== 'enum64') throw new Error(`enum ${name}: not in ${VMLINUX}`);
    return new Map(type.values.map(each => [each.name, each.value]));
  }

  /** Every enumerator of the kernel: anonymous enums hold most flags. */
  function allValues(): Map<string, bigint> {
    const values = new Map<string, bigint>();
    for (let id = 1; btf !== undefined && id < btf.typeCount; id++) {
      const type = btf.type(id);
      if (type.kind === 'enum' || type.kind === 'enum64')
        for (const each of type.values) values.set(each.name, each.value);
    }
    return values;
  }

  describe.each(tables)('$name', ({ enumName, prefix, rows }) => {
    const here = Object.entries(rows).filter(([, { since }]) => compareVersions(since, version) <= 0);

    it('has the kernel’s number for every row', () => {
      const values = enumValues(enumName);
      const spelled = (name: string) => `${prefix}${enumName === 'bpf_func_id' ? name : name.toUpperCase()}`;
      const got = here.map(([name]) => [name, Number(values.get(spelled(name)) ?? -1)]);
      expect(got).toEqual(here.map(([name, { id }]) => [name, id]));
    });

    it('has no number twice', () => {
      const ids = Object.values(rows).map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
    });

    it.skipIf(compareVersions(version, '6.18') > 0)('has a row for every number of the kernel', () => {
      const known = new Set<number>(Object.values(rows).map(({ id }) => id));
      const missing = [...enumValues(enumName)].filter(
        ([name, value]) => !/^__|_MAX|unspec/.test(name) && !known.has(Number(value)),
      );
      expect(missing).toEqual([]);
    });
  });

  it('spells flags as the kernel does, with its values', () => {
    const values = allValues();
    const groups = Object.values(flags).filter(group => typeof group === 'object');
    const rows = groups.flatMap(group => Object.entries<number | bigint>(group));
    // What the kernel defines by macro is in no BTF.
    const found = rows.filter(([name]) => values.has(name));
    expect(found.length).toBeGreaterThan(60);
    expect(found.map(([name]) => [name, values.get(name)])).toEqual(
      found.map(([name, value]) => [name, BigInt(value)]),
    );
  });

  it.each(Object.entries(CONTEXTS))('%s is laid out as in the kernel', (name, { size, fields }) => {
    const id = btf?.idByName(name, 'struct') ?? btf?.idByName(name, 'typedef');
    if (btf === undefined || id === undefined) throw new Error(`${name}: not in ${VMLINUX}`);
    const type = btf.resolve(id);
    if (type.kind !== 'struct') throw new Error(`${name}: a ${type.kind}`);
    const members = leaves(btf, type, 0);
    const named = Object.entries(fields)
      .filter(([field]) => field !== '_padding')
      .map(([field, row]) => [field, row.offset, row.size]);
    expect(members).toEqual(expect.arrayContaining(named));
    // Whatever the kernel has a member for, the table has a field for.
    const covered = new Set(Object.values(fields).map(row => row.offset));
    expect(members.filter(([, offset]) => !covered.has(offset))).toEqual([]);
    expect(size).toBe(type.size);
  });

  it('uses argument and return kinds that the kernel has', () => {
    const args = new Set([...enumValues('bpf_arg_type').keys()]);
    const rets = new Set([...enumValues('bpf_return_type').keys()]);
    const typeFlags = new Set([...enumValues('bpf_type_flag').keys()]);
    const unknown = (kind: ArgKind | ReturnKind, prefix: string, bases: ReadonlySet<string>) => {
      const [base = '', ...rest] = kind.toUpperCase().split(' | ');
      const plain = `${prefix}${base.replace(/_OR_NULL$/, '')}`;
      return (bases.has(`${prefix}${base}`) || bases.has(plain)) && rest.every(flag => typeFlags.has(flag))
        ? []
        : [kind];
    };
    const rows = Object.values<HelperProto>(HELPERS);
    expect(rows.flatMap(row => row.args.flatMap(arg => unknown(arg, 'ARG_', args)))).toEqual([]);
    expect(rows.flatMap(row => unknown(row.ret, 'RET_', rets))).toEqual([]);
  });
});
