/**
 * Contexts of tracing programs, built from values given by name: registers of kprobes, arguments of functions, hooks and raw
 * tracepoints, records of tracepoints. Names of arguments come from the kernel's BTF, where there is one; `arg0`, `arg1` … always work.
 */
import type { Btf } from '../btf/btf.ts';
import { decodeValue } from '../btf/decode.ts';
import type { BtfFuncProto } from '../btf/types.ts';
import type { BtfValue } from '../btf/value.ts';
import { CONTEXTS } from '../uapi/contexts.ts';
import type { ProgTypeName } from '../uapi/prog-types.ts';
import { ContextError, unknownField } from './context-error.ts';
import { bytesOf, type ContextFields, encodeInteger } from './context-fields.ts';
import { describe, isRecord, structBytes, type ValueWorld, wordOf } from './context-value.ts';

/** MAX_BPF_FUNC_ARGS: words of a raw tracepoint. */
const MAX_ARGUMENTS = 12;
/** Registers of the first six arguments on x86-64. */
const PARAMETER_REGISTERS = ['di', 'si', 'dx', 'cx', 'r8', 'r9'] as const;
/** Bytes in front of a tracepoint's own fields. */
const TRACE_ENTRY_SIZE = 8;

const registers = CONTEXTS.bpf_user_pt_regs_t.fields;
type RegisterName = keyof typeof registers;

/** A field of a tracepoint's record, as its `format` file has it. */
export interface TracepointField {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  /** Whether the field says where in the record the text or bytes lie (`__data_loc`). */
  readonly isDataLoc: boolean;
}

/**
 * The fields in the text of a tracepoint's `format` file.
 * @throws ContextError where it has none.
 */
export function parseTracepointFormat(text: string): TracepointField[] {
  const rows = [...text.matchAll(/^\s*field:(.*?)([\w]+)(?:\[[^\]]*\])?;\s*offset:(\d+);\s*size:(\d+);/gm)];
  if (rows.length === 0) throw new ContextError('', "the tracepoint's format has no 'field:' line");
  return rows.map(([, type = '', name = '', offset, size]) => ({
    name,
    offset: Number(offset),
    size: Number(size),
    isDataLoc: type.includes('__data_loc'),
  }));
}

/** The prototype of what a program is attached to, where BTF has it: a function, an LSM hook, a tracepoint. */
export function prototypeOf(btf: Btf | undefined, progType: ProgTypeName, name: string): BtfFuncProto | undefined {
  if (btf === undefined) return undefined;
  const traced = btf.idByName(`btf_trace_${name}`, 'typedef');
  const isTracepoint = /tracepoint/.test(progType) || btf.idByName(name, 'func') === undefined;
  const ids =
    isTracepoint && traced !== undefined ? [traced] : [name, `bpf_lsm_${name}`].map(each => btf.idByName(each, 'func'));
  for (const id of ids) {
    if (id === undefined) continue;
    const type = btf.resolve(id);
    const inner =
      type.kind === 'ptr' ? btf.resolve(type.type) : type.kind === 'func' ? btf.resolve(type.type) : undefined;
    if (inner?.kind !== 'func_proto') continue;
    // A tracepoint's own first parameter is not the program's.
    return id === traced && isTracepoint ? { ...inner, params: inner.params.slice(1) } : inner;
  }
  return undefined;
}

/** Registers of a kprobe: by their names (`di`, `rdi`), as `parm1` … `parm6`, `ret`, or by the names of the function's parameters. */
export function encodeRegisters(
  world: ValueWorld,
  fields: ContextFields,
  prototype: BtfFuncProto | undefined,
): Uint8Array {
  const bytes = new Uint8Array(CONTEXTS.bpf_user_pt_regs_t.size);
  const parameters = prototype?.params.map(({ name }) => name) ?? [];
  for (const [name, value] of Object.entries(fields)) {
    const parameter = parameters.indexOf(name);
    const register = parameter >= 0 ? PARAMETER_REGISTERS[parameter] : registerOf(name);
    if (register === undefined) throw unknownField('pt_regs', name, [...Object.keys(registers), ...parameters]);
    const { offset } = registers[register];
    const word = wordOf(world, name, value, parameter < 0 ? undefined : prototype?.params[parameter]?.type);
    encodeInteger(bytes.subarray(offset, offset + 8), name, word);
  }
  return bytes;
}

function registerOf(name: string): RegisterName | undefined {
  if (name in registers) return name as RegisterName; // the line above says so
  if (name === 'ret') return 'ax';
  if (name === 'eflags' || name === 'rflags') return 'flags';
  const parameter = /^(?:parm([1-6])|arg([0-5]))$/.exec(name);
  if (parameter !== null)
    return PARAMETER_REGISTERS[parameter[1] === undefined ? Number(parameter[2]) : Number(parameter[1]) - 1];
  const short = name.replace(/^r(?=[a-z])/, '');
  return short in registers ? (short as RegisterName) : undefined;
}

/** The words of a call. */
export interface CallWords {
  readonly bytes: Uint8Array;
  readonly argumentCount: number;
}

/**
 * Arguments as 64-bit words: in `args`, by `arg0` …, or by name. `ret` is what the function returned, behind them.
 */
export function encodeArguments(
  world: ValueWorld,
  fields: ContextFields,
  prototype: BtfFuncProto | undefined,
): CallWords {
  const { args = [], ret, ...named } = fields;
  if (!Array.isArray(args)) throw new ContextError('args', `${describe(args)}, want an array`);
  const words = args.map((value, i) => wordOf(world, `args[${i}]`, value, prototype?.params[i]?.type));
  const names = prototype?.params.map(({ name }) => name) ?? [];
  for (const [name, value] of Object.entries(named)) {
    const index = names.includes(name) ? names.indexOf(name) : Number(/^(?:arg)?(\d+)$/.exec(name)?.[1] ?? -1);
    if (index < 0 || index >= MAX_ARGUMENTS) {
      throw unknownField('the call', name, [...(names.length === 0 ? ['arg0 …'] : names), 'args', 'ret']);
    }
    words[index] = wordOf(world, name, value, prototype?.params[index]?.type);
  }
  const argumentCount = Math.max(words.length, names.length);
  const bytes = new Uint8Array(8 * (ret === undefined ? Math.max(argumentCount, MAX_ARGUMENTS) : argumentCount + 1));
  const view = new DataView(bytes.buffer);
  for (const [i, word] of words.entries()) view.setBigUint64(8 * i, word ?? 0n, true);
  if (ret !== undefined) view.setBigUint64(8 * argumentCount, wordOf(world, 'ret', ret, prototype?.type), true);
  return { bytes, argumentCount };
}

/** The record of a tracepoint: by its format, by the kernel's BTF (`trace_event_raw_…`), or as `args`, the words behind the header. */
export function encodeTracepoint(
  world: ValueWorld,
  fields: ContextFields,
  name: string,
  format: readonly TracepointField[] | undefined,
): Uint8Array {
  if (fields['$bytes'] !== undefined) return bytesOf('$bytes', fields['$bytes']);
  if (format !== undefined) return encodeRecord(world, fields, format);
  if (Array.isArray(fields['args'])) {
    const { bytes } = encodeArguments(world, fields, undefined);
    const record = new Uint8Array(TRACE_ENTRY_SIZE + bytes.length);
    record.set(bytes, TRACE_ENTRY_SIZE);
    return record;
  }
  const event = name.slice(name.indexOf('/') + 1);
  const call = /^sys_(enter|exit)_/.exec(event)?.[1];
  const typeId = world.btf?.idByName(`trace_event_raw_${call === undefined ? event : `sys_${call}`}`, 'struct');
  if (typeId === undefined) {
    throw new ContextError(
      '',
      `tracepoint ${name}: its fields are not known without its format or the kernel's BTF; give args`,
    );
  }
  return structBytes(world, event, typeId, { ...fields });
}

function encodeRecord(world: ValueWorld, fields: ContextFields, format: readonly TracepointField[]): Uint8Array {
  const size = Math.max(...format.map(field => field.offset + field.size));
  const tail: Uint8Array[] = [];
  let end = size;
  const fixed = new Uint8Array(size);
  for (const [name, value] of Object.entries(fields)) {
    const field = format.find(each => each.name === name);
    if (field === undefined)
      throw unknownField(
        'the tracepoint',
        name,
        format.map(each => each.name),
      );
    const target = fixed.subarray(field.offset, field.offset + field.size);
    if (field.isDataLoc) {
      const text = typeof value === 'string' ? new TextEncoder().encode(`${value}\0`) : bytesOf(name, value);
      encodeInteger(target, name, text.length * 0x1_0000 + end);
      tail.push(text);
      end += text.length;
    } else encodeRecordField(world, target, name, value);
  }
  const bytes = new Uint8Array(end);
  bytes.set(fixed);
  let at = size;
  for (const part of tail) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function encodeRecordField(world: ValueWorld, target: Uint8Array, name: string, value: BtfValue): void {
  if (value instanceof Uint8Array || (typeof value === 'string' && target.length > 8)) {
    const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
    if (bytes.length > target.length)
      throw new ContextError(name, `${bytes.length} bytes, want at most ${target.length}`);
    target.set(bytes);
  } else if (target.length === 8) encodeInteger(target, name, wordOf(world, name, value));
  else encodeInteger(target, name, value);
}

/** The memory that a syscall program is given: `$bytes`, or a struct of BTF named by `$type`. */
export function encodeSyscall(
  world: ValueWorld,
  fields: ContextFields,
): { bytes: Uint8Array; typeId: number | undefined } {
  const { $bytes, $type, ...members } = fields;
  if ($bytes !== undefined) return { bytes: bytesOf('$bytes', $bytes), typeId: undefined };
  if ($type === undefined && !isRecord(members)) throw new ContextError('', 'want $bytes, or $type and its members');
  if ($type === undefined && Object.keys(members).length === 0) return { bytes: new Uint8Array(0), typeId: undefined };
  const typeId = typeof $type === 'string' ? world.btf?.idByName($type, 'struct') : undefined;
  if (typeId === undefined) throw new ContextError('$type', `${describe($type)}: no such struct in the BTF given`);
  return { bytes: structBytes(world, String($type), typeId, members), typeId };
}

/** A struct as a program left it. */
export function decodeStruct(world: ValueWorld, typeId: number, bytes: Uint8Array): ContextFields {
  const value = decodeValue(world.btf!, typeId, bytes);
  return isRecord(value) ? value : { value };
}
