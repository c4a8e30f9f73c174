/** Facts of `uapi/` that no BTF holds, asked of the running kernel's verifier: one small program for each question. */
import { release } from 'node:os';
import { beforeAll, describe, expect, it } from 'vitest';
import { textOf } from '../sys/codec.ts';
import { must } from '../sys/error.ts';
import { ATTACH_TYPES, type AttachTypeName } from '../uapi/attach-types.ts';
import { CONTEXTS, type ContextName, type ContextRow, contextAccess } from '../uapi/contexts.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import { type ArgKind, HELPERS, type HelperName, helperProto } from '../uapi/helpers.ts';
import { MAP_TYPES } from '../uapi/map-types.ts';
import { parseKernelVersion, REFERENCE_VERSION } from '../uapi/profile.ts';
import { PROG_TYPES } from '../uapi/prog-types.ts';
import { bpfDenied } from './allowed.ts';
import { type LinuxSys, openLinux } from './linux.ts';

const running = parseKernelVersion(release());
const why = bpfDenied() ?? (running === REFERENCE_VERSION ? undefined : `this is Linux ${running}`);
const note = why === undefined ? '' : ` (skipped: ${why})`;

type Insn = readonly [opcode: number, registers: number, offset: number, imm: number];
type ProgType = keyof typeof PROG_TYPES;

/** Register fields of an instruction. */
const regs = (dst: number, src = 0): number => dst | (src << 4);
const mov = (dst: number, imm: number): Insn => [0xb7, regs(dst), 0, imm];
const copy = (dst: number, src: number): Insn => [0xbf, regs(dst, src), 0, 0];
const call = (id: number): Insn => [0x85, 0, 0, id];
const EXIT: Insn = [0x95, 0, 0, 0];
/** BPF_B, BPF_H, BPF_W, BPF_DW by size in bytes. */
const WIDTH = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 } as const;
const SIZES = [1, 2, 4, 8] as const;

function encode(insns: readonly Insn[]): Uint8Array {
  const bytes = new Uint8Array(8 * insns.length);
  const view = new DataView(bytes.buffer);
  insns.forEach(([opcode, registers, offset, imm], index) => {
    view.setUint8(8 * index, opcode);
    view.setUint8(8 * index + 1, registers);
    view.setInt16(8 * index + 2, offset, true);
    view.setInt32(8 * index + 4, imm, true);
  });
  return bytes;
}

describe.skipIf(why !== undefined)(`the verifier's answers${note}`, () => {
  let sys: LinuxSys;
  beforeAll(() => {
    sys = openLinux();
  });

  /** The log of a load that is refused, empty for one that is not. */
  function refusal(type: ProgType, insns: readonly Insn[], attachType?: AttachTypeName): string {
    const log_buf = new Uint8Array(8192);
    const fd = sys.bpf('prog_load', {
      prog_type: PROG_TYPES[type].id,
      expected_attach_type: attachType === undefined ? 0 : ATTACH_TYPES[attachType as keyof typeof ATTACH_TYPES].id,
      insns: encode(insns),
      insn_cnt: insns.length,
      license: 'GPL',
      log_buf,
      log_size: log_buf.length,
      log_level: 1,
    });
    if (fd < 0) return `${textOf(log_buf)}\nerrno ${-fd}`;
    sys.close(fd);
    return '';
  }

  describe('contextAccess', () => {
    const rows: { type: ProgType; context: ContextName; attachType?: AttachTypeName }[] = [
      { type: 'xdp', context: 'xdp_md', attachType: 'xdp' },
      { type: 'xdp', context: 'xdp_md', attachType: 'xdp_devmap' },
      { type: 'sched_cls', context: '__sk_buff' },
      { type: 'socket_filter', context: '__sk_buff' },
      { type: 'cgroup_skb', context: '__sk_buff' },
      { type: 'sk_skb', context: '__sk_buff' },
      { type: 'lwt_in', context: '__sk_buff' },
      { type: 'flow_dissector', context: '__sk_buff', attachType: 'flow_dissector' },
      { type: 'cgroup_sock', context: 'bpf_sock', attachType: 'cgroup_inet_sock_create' },
      { type: 'cgroup_sock', context: 'bpf_sock', attachType: 'cgroup_inet4_post_bind' },
      { type: 'cgroup_sock', context: 'bpf_sock', attachType: 'cgroup_inet6_post_bind' },
      { type: 'cgroup_sock_addr', context: 'bpf_sock_addr', attachType: 'cgroup_inet4_connect' },
      { type: 'cgroup_sock_addr', context: 'bpf_sock_addr', attachType: 'cgroup_udp6_sendmsg' },
      { type: 'sock_ops', context: 'bpf_sock_ops', attachType: 'cgroup_sock_ops' },
      { type: 'cgroup_sockopt', context: 'bpf_sockopt', attachType: 'cgroup_getsockopt' },
      { type: 'cgroup_sockopt', context: 'bpf_sockopt', attachType: 'cgroup_setsockopt' },
      { type: 'cgroup_sysctl', context: 'bpf_sysctl', attachType: 'cgroup_sysctl' },
      { type: 'cgroup_device', context: 'bpf_cgroup_dev_ctx', attachType: 'cgroup_device' },
      { type: 'sk_lookup', context: 'bpf_sk_lookup', attachType: 'sk_lookup' },
      { type: 'sk_msg', context: 'sk_msg_md', attachType: 'sk_msg_verdict' },
      { type: 'sk_reuseport', context: 'sk_reuseport_md', attachType: 'sk_reuseport_select' },
      { type: 'kprobe', context: 'bpf_user_pt_regs_t' },
      { type: 'perf_event', context: 'bpf_perf_event_data' },
      { type: 'netfilter', context: 'bpf_nf_ctx', attachType: 'netfilter' },
    ];
    it.each(rows)('$type, $attachType: every aligned load and store', ({ type, context, attachType }) => {
      const row: ContextRow = CONTEXTS[context];
      const differing: string[] = [];
      for (const size of SIZES) {
        for (let offset = 0; offset < row.size; offset += size) {
          for (const write of [false, true]) {
            const access: Insn = write
              ? [0x63 | WIDTH[size], regs(1, 2), offset, 0]
              : [0x61 | WIDTH[size], regs(2, 1), offset, 0];
            const log = refusal(type, [mov(2, 0), access, mov(0, 1), EXIT], attachType);
            const want = contextAccess(row, type, { offset, size, write }, attachType) !== undefined;
            if ((log === '') !== want) differing.push(`${write ? 'store' : 'load'} of ${size} at ${offset}`);
          }
        }
      }
      expect(differing).toEqual([]);
    });
  });

  describe('HELPERS', () => {
    /** Stack and maps that the arguments of a call may point to. */
    const STACK_ROOM = 128;
    const prologue: Insn[] = [copy(6, 1)];
    for (let offset = 8; offset <= STACK_ROOM; offset += 8) prologue.push([0x7a, regs(10), -offset, 0]);

    /** Instructions that give an argument of that kind; undefined for a kind that takes more than that. */
    function argument(kind: ArgKind, register: number, map: number, size: number): Insn[] | undefined {
      if (/^ptr_to_ctx/.test(kind)) return [copy(register, 6)];
      if (kind === 'anything') return [mov(register, 0)];
      if (/^const_size/.test(kind)) return [mov(register, size)];
      if (kind === 'const_map_ptr')
        return [
          [0x18, regs(register, 1), 0, map],
          [0, 0, 0, 0],
        ];
      if (!/^ptr_to_(map_(key|value)|(uninit_|fixed_size_)?mem)/.test(kind)) return undefined;
      return [copy(register, 10), [0x07, regs(register), 0, -STACK_ROOM]];
    }

    /** `expected_attach_type` of the program types that want one. */
    const attachTypes: Partial<Record<ProgType, AttachTypeName>> = {
      sock_ops: 'cgroup_sock_ops',
      sk_msg: 'sk_msg_verdict',
      sk_lookup: 'sk_lookup',
      sk_reuseport: 'sk_reuseport_select',
      cgroup_device: 'cgroup_device',
      cgroup_sock_addr: 'cgroup_inet4_connect',
      cgroup_sockopt: 'cgroup_getsockopt',
      cgroup_sysctl: 'cgroup_sysctl',
      netfilter: 'netfilter',
    };
    // Programs typed by BTF cannot be loaded without a target, syscall programs sleep, and lirc is rarely configured.
    const types = (Object.keys(PROG_TYPES) as ProgType[]).filter(
      type => !/^(unspec|tracing|struct_ops|ext|lsm|syscall|lirc_mode2)$/.test(type),
    );

    const rows = (Object.keys(HELPERS) as HelperName[]).flatMap(name => {
      const known = types.filter(type => knows(type, name));
      // A helper that sleeps is refused for that, whatever its arguments are.
      return known.length === 0 || 'mightSleep' in HELPERS[name] ? [] : [{ name, known }];
    });
    function knows(type: ProgType, name: HelperName): boolean {
      if (why !== undefined) return false;
      sys ??= openLinux();
      const log = refusal(type, [call(HELPERS[name].id), mov(0, 0), EXIT], attachTypes[type]);
      return !/cannot use helper|unknown func/.test(log);
    }

    /** What the verifier says of the arguments otherwise than the row, in words. */
    function differences(name: HelperName, type: ProgType, map: number, readOnly: number): string[] {
      const { args } = helperProto(HELPERS[name], type);
      return args.flatMap((kind, index) => {
        const register = index + 1;
        const others = args.map((each, i) => (i === index ? [] : argument(each, i + 1, map, 4)));
        // What stands before is checked before; what cannot be built and stands behind is never reached.
        if (others.slice(0, index).includes(undefined)) return [];
        const given = others.flatMap((each, i) => each ?? [mov(i + 1, 0)]);
        const ask = (...own: Insn[]) =>
          refusal(type, [...prologue, ...given, ...own, call(HELPERS[name].id), mov(0, 1), EXIT], attachTypes[type]);

        const found: string[] = [];
        const wantsPointer = kind === 'const_map_ptr' || !/^(anything|const_)/.test(kind);
        const refused = ask(mov(register, 77)).includes(`R${register} type=scalar expected`);
        if (refused !== wantsPointer)
          found.push(`${type}: R${register} ${kind}: a scalar is ${refused ? '' : 'not '}refused`);
        if (/mem\b/.test(kind) && !/ringbuf/.test(kind)) {
          const wantsWritable = /uninit_mem|mem_write/.test(kind);
          const written = ask([0x18, regs(register, 2), 0, readOnly], [0, 0, 0, 0]).includes(
            'write into map forbidden',
          );
          if (written !== wantsWritable)
            found.push(`${type}: R${register} ${kind}: is ${written ? '' : 'not '}written`);
        }
        return found;
      });
    }

    it.each(rows)('$name: its arguments', ({ name, known }) => {
      const hash = { map_type: MAP_TYPES.hash.id, key_size: 4, value_size: 8, max_entries: 1 };
      const array = { ...hash, map_type: MAP_TYPES.array.id, map_flags: MAP_FLAGS.BPF_F_RDONLY_PROG };
      const map = must(sys, 'map_create', hash);
      const readOnly = must(sys, 'map_create', array);
      const found = known.flatMap(type => differences(name, type, map, readOnly));
      sys.close(map);
      sys.close(readOnly);
      expect(found).toEqual([]);
    });

    it('asks about most of them', () => {
      expect(rows.length).toBeGreaterThan(150);
    });
  });
});
