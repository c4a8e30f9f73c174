/**
 * Contexts for programs of any type, built from values given by field name, for runs that no event triggers. Packet programs get a packet
 * and the fields of their context, socket and cgroup programs their struct, tracing programs registers, arguments or a record.
 */
import type { Btf } from '../btf/btf.ts';
import type { CallContext } from '../machine/call-context.ts';
import { GuestObjects } from '../machine/guest-objects.ts';
import type { Machine } from '../machine/machine.ts';
import { LOOPBACK } from '../machine/net-device.ts';
import { SkBuff } from '../machine/skb.ts';
import type { Task } from '../machine/task.ts';
import { maxPacketSize, XdpBuff } from '../machine/xdp-buff.ts';
import type { AttachTypeName } from '../uapi/attach-types.ts';
import { CONTEXTS } from '../uapi/contexts.ts';
import { PROG_TYPES, type ProgTypeName, type ProgTypeRow } from '../uapi/prog-types.ts';
import { NotSupportedError } from '../util/error.ts';
import type { HookContext } from '../vm/env.ts';
import {
  decodeStruct,
  encodeArguments,
  encodeRegisters,
  encodeSyscall,
  encodeTracepoint,
  prototypeOf,
  type TracepointField,
} from './context-args.ts';
import { ContextError, unknownField } from './context-error.ts';
import {
  bytesOf,
  type ContextFields,
  decodeFields,
  encodeFields,
  encodeInteger,
  overwriteFields,
} from './context-fields.ts';
import { structBytes, type ValueWorld } from './context-value.ts';

/** What a context is built from. */
export interface ContextRequest {
  /** Values by field name, as {@link buildContext} documents for each kind of program. */
  readonly fields: ContextFields;
  /** What the program is attached to: a function, an LSM hook, `sched/sched_switch`. */
  readonly attachTo?: string | undefined;
  /** The kernel's types, for names of arguments and for structs. */
  readonly btf?: Btf | undefined;
  /** Members of the current task's `task_struct`, beside its ids and its name. Needs `btf`. */
  readonly task?: ContextFields | undefined;
  /** The record of a tracepoint, where its `format` file is at hand. */
  readonly format?: readonly TracepointField[] | undefined;
}

/** A program's type and what it was loaded for. */
export interface ContextTarget {
  readonly type: ProgTypeName;
  readonly attachType: AttachTypeName;
}

/** A context in guest memory. Dispose it when the run is over. */
export interface BuiltContext extends Disposable {
  /** What engines and helpers run over. */
  readonly context: HookContext;
  /** The context as the program left it, by field name. */
  read(): ContextFields;
}

type Build = (
  world: ValueWorld,
  target: ContextTarget,
  request: ContextRequest,
) => Omit<BuiltContext, keyof Disposable>;

/** A struct of the kernel's types, or bytes. */
const STRUCT: Build = (world, _target, { fields }) => {
  const { bytes, typeId } = encodeSyscall(world, fields);
  const built = rawContext(world, 'struct', bytes);
  if (typeId === undefined) return built;
  return {
    ...built,
    read: () => decodeStruct(world, typeId, world.objects.memory.read(built.context.address, bytes.length)),
  };
};

const CALLS: Build = (world, target, request) => {
  const { fields, attachTo } = request;
  const { type, attachType } = target;
  // an iterator runs over one element: the struct that its function takes
  if (attachType === 'trace_iter')
    return STRUCT(world, target, { ...request, fields: { $type: `bpf_iter__${attachTo}`, ...fields } });
  const prototype = attachTo === undefined ? undefined : prototypeOf(world.btf, type, attachTo);
  const { bytes, argumentCount } = encodeArguments(world, fields, prototype);
  const address = world.objects.place('context', bytes);
  const context: CallContext = { kind: 'call', address, argumentCount, hasReturnValue: fields['ret'] !== undefined };
  const word = (_: unknown, i: number): bigint => world.objects.memory.view.getBigUint64(address + 8 * i, true);
  return { context, read: () => ({ args: Array.from({ length: bytes.length / 8 }, word) }) };
};

/** How contexts are built that are not of the table. */
const BUILDERS: { readonly [K in ProgTypeName]?: Build } = {
  xdp: (world, _target, { fields }) => buildXdp(world, fields),
  kprobe: (world, { type }, { fields, attachTo }) => {
    const prototype = attachTo === undefined ? undefined : prototypeOf(world.btf, type, attachTo);
    return placed(world, 'bpf_user_pt_regs_t', encodeRegisters(world, fields, prototype));
  },
  tracepoint(world, _target, { fields, attachTo = '', format }) {
    const space = attachTo.startsWith('syscalls/') ? 'user' : world.space;
    const bytes = encodeTracepoint({ ...world, space }, fields, attachTo, format);
    return rawContext(world, 'tracepoint', bytes);
  },
  raw_tracepoint: CALLS,
  raw_tracepoint_writable: CALLS,
  tracing: CALLS,
  lsm: CALLS,
  struct_ops: CALLS,
  syscall: STRUCT,
  ext: STRUCT,
  lirc_mode2: (world, _target, { fields }) => {
    const { sample = 0, ...rest } = fields;
    const [unknown] = Object.keys(rest);
    if (unknown !== undefined) throw unknownField('lirc_mode2', unknown, ['sample']);
    const bytes = new Uint8Array(4);
    encodeInteger(bytes, 'sample', sample);
    return rawContext(world, 'lirc_mode2', bytes);
  },
};

/**
 * Builds the context of a program.
 *
 * - Programs of the context table (`bpf_sock_addr`, `bpf_sk_lookup` …): the struct's fields; see `context-fields.ts`.
 * - XDP and `__sk_buff` programs: `data` is the packet (from its Ethernet header; of `sk_skb` and `lwt_seg6local` from what the program
 *   sees), the other fields as in the table.
 * - kprobe: registers, or the function's parameters. perf_event: registers, `sample_period`, `addr`.
 * - tracing, lsm, struct_ops, raw tracepoints: `args`, `arg0` … or parameters by name; `ret` for programs at a function's end.
 * - tracepoint: fields of its record, or `args`.
 * - syscall, ext: `$bytes`, or `$type` and the members of a struct. Iterators: the members of `bpf_iter__…`, one element.
 * - lirc_mode2: `sample`.
 * @throws ContextError where a field does not fit; NotSupportedError for types without a context.
 */
export function buildContext(machine: Machine, target: ContextTarget, request: ContextRequest): BuiltContext {
  const objects = new GuestObjects(machine.memory);
  const world: ValueWorld = { machine, objects, btf: request.btf, space: 'kernel' };
  try {
    const built = builderOf(target)(world, target, request);
    machine.taskStruct = currentTask(world, machine.task, request.task);
    return {
      ...built,
      [Symbol.dispose]() {
        machine.taskStruct = 0;
        objects[Symbol.dispose]();
      },
    };
  } catch (error) {
    objects[Symbol.dispose]();
    throw error;
  }
}

/** The current task as the kernel's types lay it out; none without them. */
function currentTask(world: ValueWorld, { pid, tgid, comm }: Task, members: ContextFields = {}): number {
  const typeId = world.btf?.idByName('task_struct', 'struct');
  if (typeId !== undefined)
    return world.objects.place('task_struct', structBytes(world, 'task', typeId, { pid, tgid, comm, ...members }));
  if (Object.keys(members).length > 0) throw new ContextError('task', "a task_struct needs the kernel's BTF");
  return 0;
}

function builderOf({ type }: ContextTarget): Build {
  const own = BUILDERS[type];
  if (own !== undefined) return own;
  const rows: Partial<Record<ProgTypeName, ProgTypeRow>> = PROG_TYPES;
  const name = rows[type]?.context;
  if (name === '__sk_buff') return (world, target, { fields }) => buildSkb(world, target, fields);
  if (name === undefined || !(name in CONTEXTS))
    throw new NotSupportedError(type, `run of a ${type} program: its context is not modelled yet`);
  return (world, _target, { fields }) => placed(world, name, encodeFields(world, name, fields));
}

/** A context of the table at its place. */
function placed(world: ValueWorld, name: string, bytes: Uint8Array): ReturnType<Build> {
  const address = world.objects.place('context', bytes);
  return { context: { kind: name, address }, read: () => decodeFields(world, name, address) };
}

/** A context without a table: its bytes. */
function rawContext(world: ValueWorld, kind: string, bytes: Uint8Array): ReturnType<Build> {
  const address = world.objects.place('context', bytes);
  return { context: { kind, address }, read: () => ({ $bytes: world.objects.memory.read(address, bytes.length) }) };
}

/** Program types whose packet starts where the program sees it, without an Ethernet header in front. */
const BARE: ReadonlySet<ProgTypeName> = new Set(['sk_skb', 'lwt_seg6local']);
const ETHERNET = new Uint8Array(14);
/** Most bytes of a packet over a socket buffer: what helpers let one grow to. */
const MAX_PACKET = 16064;

function buildSkb(world: ValueWorld, { type }: ContextTarget, fields: ContextFields): ReturnType<Build> {
  if (type === 'flow_dissector')
    throw new NotSupportedError(type, 'run of a flow dissector from fields: use a test run');
  const { data, ...rest } = fields;
  const given = bytesOf('data', data ?? new Uint8Array(0));
  const packet = BARE.has(type) ? new Uint8Array([...ETHERNET, ...given]) : given;
  if (packet.length < ETHERNET.length || packet.length > MAX_PACKET)
    throw new ContextError('data', `${packet.length} bytes, want ${ETHERNET.length}..${MAX_PACKET}`);
  const skb = world.objects.own(new SkBuff(world.objects.memory));
  skb.load(packet, LOOPBACK.ifindex, type === 'sched_cls' || type === 'sched_act' ? 'l2' : 'l3');
  overwrite(world, '__sk_buff', skb.address, rest);
  return { context: skb, read: () => ({ ...decodeFields(world, '__sk_buff', skb.address), data: skb.bytes() }) };
}

function buildXdp(world: ValueWorld, { data, ...rest }: ContextFields): ReturnType<Build> {
  const packet = bytesOf('data', data ?? new Uint8Array(0));
  if (packet.length > maxPacketSize(0))
    throw new ContextError('data', `${packet.length} bytes, want at most ${maxPacketSize(0)}`);
  const xdp = world.objects.own(new XdpBuff(world.machine));
  xdp.load(packet, 0, LOOPBACK.ifindex, 0);
  overwrite(world, 'xdp_md', xdp.address, rest);
  return { context: xdp, read: () => ({ ...decodeFields(world, 'xdp_md', xdp.address), data: xdp.bytes() }) };
}

/** Puts scalar fields over a packet's context. */
function overwrite(world: ValueWorld, name: '__sk_buff' | 'xdp_md', address: number, given: ContextFields): void {
  const { memory } = world.objects;
  const bytes = memory.read(address, CONTEXTS[name].size);
  overwriteFields(bytes, name, given);
  memory.write(address, bytes);
}
