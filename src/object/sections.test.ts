import { describe, expect, test } from 'vitest';
import { attachTypeId } from '../uapi/attach-types.ts';
import { progTypeId } from '../uapi/prog-types.ts';
import { findSection, parseSection, SECTIONS } from './sections.ts';

describe('SECTIONS', () => {
  test('every row names types with a number, and no name twice', () => {
    for (const row of SECTIONS) {
      expect(progTypeId(row.type), row.name).toBeGreaterThan(0);
      if ('attachType' in row) expect(attachTypeId(row.attachType), row.name).toBeTypeOf('number');
    }
    expect(new Set(SECTIONS.map(row => row.name)).size).toBe(SECTIONS.length);
  });

  test('every row finds itself, with a target only behind +', () => {
    for (const { name } of SECTIONS) {
      const stem = name.replace(/\+$/, '');
      expect(findSection(stem)?.name).toBe(name);
      expect(findSection(`${stem}/target`)?.name === name, `${name} with a target`).toBe(name.endsWith('+'));
      expect(findSection(`${stem}target`)).toBeUndefined();
    }
  });
});

describe('parseSection', () => {
  const none = { attachType: undefined, attachTo: undefined, flags: 0, autoload: true };
  test.each([
    ['xdp', { ...none, type: 'xdp', attachType: 'xdp' }],
    ['xdp/some_name', { ...none, type: 'unspec' }],
    ['xdp.frags/devmap', { ...none, type: 'xdp', attachType: 'xdp_devmap', flags: 32 }],
    ['tp/sched/sched_switch', { ...none, type: 'tracepoint', attachTo: 'sched/sched_switch' }],
    ['kprobe', { ...none, type: 'kprobe' }],
    ['uprobe//bin/bash:readline', { ...none, type: 'kprobe', attachTo: '/bin/bash:readline' }],
    [
      'fentry.s/do_unlinkat',
      { ...none, type: 'tracing', attachType: 'trace_fentry', attachTo: 'do_unlinkat', flags: 16 },
    ],
    ['?fexit/vfs_read', { ...none, type: 'tracing', attachType: 'trace_fexit', attachTo: 'vfs_read', autoload: false }],
    ['cgroup/sock_create', { ...none, type: 'cgroup_sock', attachType: 'cgroup_inet_sock_create' }],
    ['cgroup_skb/ingress', { ...none, type: 'cgroup_skb', attachType: 'cgroup_inet_ingress' }],
    ['tc/ingress', { ...none, type: 'sched_cls', attachType: 'tcx_ingress' }],
    ['tc', { ...none, type: 'sched_cls' }],
    ['kprobe.session/vfs_*', { ...none, type: 'kprobe', attachType: 'trace_kprobe_session', attachTo: 'vfs_*' }],
    ['struct_ops.s/init', { ...none, type: 'struct_ops', attachTo: 'init', flags: 16 }],
    ['custom', { ...none, type: 'unspec' }],
    ['', { ...none, type: 'unspec' }],
  ])('%s', (section, meaning) => {
    expect(parseSection(section)).toEqual(meaning);
  });
});
