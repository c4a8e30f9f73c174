import { describe, expect, it } from 'vitest';
import { attachTypeName } from './attach-types.ts';
import { CONTEXTS, contextFieldAt } from './contexts.ts';
import { ERRNO, errnoName } from './errno.ts';
import { flagNames, MAP_FLAGS, xdpActionName } from './flags.ts';
import { HELPERS, helperById, helperName, helperProto } from './helpers.ts';
import { linkTypeName } from './link-types.ts';
import { mapTypeId, mapTypeName } from './map-types.ts';
import { compareVersions, isAvailable, type KernelVersion, kernelProfile, parseKernelVersion } from './profile.ts';
import { PROG_TYPES, progTypeId, progTypeName } from './prog-types.ts';

describe('names and numbers', () => {
  it.each([
    ['program type', progTypeName(6), 'xdp'],
    ['program type without a name', progTypeName(33), 'type_33'],
    ['attach type', attachTypeName(37), 'xdp'],
    ['map type', mapTypeName(27), 'ringbuf'],
    ['link type', linkTypeName(11), 'tcx'],
    ['helper', helperName(1), 'bpf_map_lookup_elem'],
    ['helper without a name', helperName(4711), 'unknown'],
    ['errno', errnoName(7), 'E2BIG'],
    ['errno without a name', errnoName(4711), 'errno_4711'],
    ['XDP verdict', xdpActionName(4), 'XDP_REDIRECT'],
    ['number that is no XDP verdict', xdpActionName(5), undefined],
    ['number of a program type', progTypeId('xdp'), 6],
    ['number of a type without a name', mapTypeId('type_99'), 99],
    ['number of a word', mapTypeId('toString'), undefined],
    ['empty name', mapTypeId(''), undefined],
  ])('%s: %j', (_, got, want) => {
    expect(got).toBe(want);
  });

  it('gives each errno one name', () => {
    expect(new Set(Object.values(ERRNO)).size).toBe(Object.keys(ERRNO).length);
  });

  it('names flags, and prints bits without a name', () => {
    expect(flagNames(MAP_FLAGS, 0x401)).toEqual(['BPF_F_NO_PREALLOC', 'BPF_F_MMAPABLE']);
    expect(flagNames(MAP_FLAGS, 0x8000_0001 | 0)).toEqual(['BPF_F_NO_PREALLOC', '0x80000000']);
    expect(flagNames(MAP_FLAGS, 0)).toEqual([]);
  });
});

describe('kernel versions', () => {
  it.each<[KernelVersion, KernelVersion, number]>([
    ['4.9', '4.10', -1],
    ['6.0', '5.19', 1],
    ['6.18', '6.18', 0],
  ])('%s against %s', (a, b, want) => {
    expect(Math.sign(compareVersions(a, b))).toBe(want);
  });

  it.each([
    ['6.18', '6.18'],
    ['v5.4', '5.4'],
    ['6.1.0-56-amd64', '6.1'],
    ['6.18.44-fc', '6.18'],
    ['6', undefined],
    ['next', undefined],
  ])('parses %s: %s', (text, want) => {
    expect(parseKernelVersion(text)).toBe(want);
  });

  it('has what came with a version or before', () => {
    const profile = kernelProfile('5.10', { possibleCpus: 8 });
    expect(profile).toMatchObject({ version: '5.10', possibleCpus: 8 });
    expect(isAvailable(profile, '5.10')).toBe(true);
    expect(isAvailable(profile, '5.11')).toBe(false);
  });

  it('refuses a text that is no version', () => {
    expect(() => kernelProfile('latest')).toThrow('kernel version latest: want major.minor, as in 6.18');
  });
});

describe('HELPERS', () => {
  it('has rows 1 to 211 in order', () => {
    expect(Object.values(HELPERS).map(({ id }) => id)).toEqual(Array.from({ length: 211 }, (_, index) => index + 1));
  });

  it('gives a row its name', () => {
    expect(helperById(12)).toMatchObject({
      name: 'tail_call',
      args: ['ptr_to_ctx', 'const_map_ptr', 'anything'],
      ret: 'void',
    });
    expect(helperById(0)).toBeUndefined();
  });

  it('knows prototypes that differ by program type', () => {
    expect(helperProto(HELPERS.get_stackid, 'kprobe').gplOnly).toBe(true);
    expect(helperProto(HELPERS.get_stackid, 'perf_event').gplOnly).toBe(false);
    expect(helperProto(HELPERS.sk_storage_get, 'cgroup_sock').args[1]).toBe('ptr_to_ctx');
  });

  it.each(Object.entries(HELPERS))('%s: every size has its memory, every struct its pointer', (_, row) => {
    const { args } = helperProto(row, 'xdp');
    args.forEach((kind, index) => {
      const before = args[index - 1] ?? '';
      if (/^const_size/.test(kind)) expect(before).toMatch(/_mem/);
      if (/fixed_size/.test(kind)) expect(helperProto(row, 'xdp').argSize?.[index]).toBeGreaterThan(0);
    });
    for (const index of Object.keys(helperProto(row, 'xdp').argBtf ?? {}))
      expect(args[Number(index)]).toMatch(/^ptr_to_btf_id/);
  });
});

describe('CONTEXTS', () => {
  it.each(Object.entries(CONTEXTS))('%s: fields neither overlap nor leave the struct', (_, { size, fields }) => {
    let end = 0;
    for (const [name, field] of Object.entries(fields)) {
      expect(field.offset, name).toBeGreaterThanOrEqual(end);
      end = field.offset + field.size;
    }
    expect(end).toBeLessThanOrEqual(size);
  });

  it('finds a field by any of its bytes', () => {
    expect(contextFieldAt(CONTEXTS.xdp_md, 4)).toMatchObject({ name: 'data_end', load: 'ptr_to_packet_end' });
    expect(contextFieldAt(CONTEXTS.__sk_buff, 67)).toMatchObject({ name: 'cb' });
    expect(contextFieldAt(CONTEXTS.__sk_buff, 181)).toBeUndefined();
    expect(contextFieldAt(CONTEXTS.xdp_md, -1)).toBeUndefined();
  });

  it('is what the program types that see it name', () => {
    const seen = new Set(Object.values(PROG_TYPES).flatMap(row => ('context' in row ? [row.context as string] : [])));
    for (const name of Object.keys(CONTEXTS)) expect(seen).toContain(name);
  });
});
