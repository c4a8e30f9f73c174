/**
 * From a `ProgramSpec` to PROG_LOAD: attributes, function and line information, and the verifier's log where the kernel refuses.
 * Follows libbpf's `bpf_object_load_prog`.
 */
import type { CollectionSpec, ProgramSpec } from '../object/spec.ts';
import type { ProgLoadAttr } from '../sys/attr.gen.ts';
import { SyscallError } from '../sys/error.ts';
import type { Fd, Sys } from '../sys/sys.ts';
import { attachTypeId } from '../uapi/attach-types.ts';
import { ERRNO } from '../uapi/errno.ts';
import { type ProgTypeName, progTypeId } from '../uapi/prog-types.ts';
import { ByteWriter } from '../util/bytes.ts';
import { BpfError, NotSupportedError } from '../util/error.ts';
import { VerifierError } from './errors.ts';
import { kernelName } from './names.ts';

const FUNC_INFO_SIZE = 8;
const LINE_INFO_SIZE = 16;
const SLOT = 8;
/** First size of the log buffer, and the most that a kernel takes. */
const LOG_SIZE = 64 * 1024;
const MAX_LOG_SIZE = 0x3fff_ffff;
/** Tries while a kernel says EAGAIN: the verifier was interrupted. */
const MAX_ATTEMPTS = 5;

/** Program types that are loaded for a function of a kernel or of another program, found by its BTF id. */
const TARGETED: ReadonlySet<ProgTypeName> = new Set(['tracing', 'lsm', 'ext', 'struct_ops']);

/** What PROG_LOAD needs beside the spec. */
export interface ProgLoadContext {
  /** Instructions with every reference resolved. */
  readonly instructions: Uint8Array;
  /** The object's BTF in the kernel. */
  readonly btfFd?: Fd | undefined;
  /** Whether the kernel takes programs for a function without the function: ours does, to run them over a context. */
  readonly untargeted?: boolean;
}

/**
 * The attributes that load a program.
 * @throws {BpfError} `unknown_section` when SEC() names no program type; NotSupportedError for types that need a kernel's BTF.
 */
export function progLoadAttr(collection: CollectionSpec, spec: ProgramSpec, context: ProgLoadContext): ProgLoadAttr {
  const attr: ProgLoadAttr = {
    prog_type: programType(spec, context.untargeted ?? false),
    insns: context.instructions,
    insn_cnt: context.instructions.length / SLOT,
    license: collection.license,
    prog_flags: spec.flags,
    prog_name: kernelName(spec.name),
    expected_attach_type: attachType(spec),
  };
  if (collection.kernelVersion !== undefined) attr.kern_version = collection.kernelVersion;
  if (context.btfFd === undefined) return attr;
  const functions = functionInfo(spec);
  const lines = lineInfo(spec);
  if (functions === undefined) return attr;
  attr.prog_btf_fd = context.btfFd;
  attr.func_info = functions;
  attr.func_info_rec_size = FUNC_INFO_SIZE;
  attr.func_info_cnt = functions.length / FUNC_INFO_SIZE;
  if (lines === undefined) return attr;
  attr.line_info = lines;
  attr.line_info_rec_size = LINE_INFO_SIZE;
  attr.line_info_cnt = lines.length / LINE_INFO_SIZE;
  return attr;
}

function programType(spec: ProgramSpec, untargeted: boolean): number {
  if (spec.type === 'unspec') {
    const hint = `set spec.programs['${spec.name}'].type to what it is, for example 'xdp'`;
    throw new BpfError(
      'unknown_section',
      `program ${spec.name}: SEC("${spec.section}") names no program type; ${hint}`,
    );
  }
  if (TARGETED.has(spec.type) && !untargeted) {
    const target = spec.attachTo === undefined ? '' : ` for ${spec.attachTo}`;
    throw new NotSupportedError(
      spec.type,
      `program ${spec.name}: loading a ${spec.type} program${target} needs a kernel's BTF, which is not supported yet`,
    );
  }
  const type = progTypeId(spec.type);
  if (type === undefined)
    throw new BpfError('unknown_type', `program ${spec.name}: type ${spec.type}, want one the kernel knows`);
  return type;
}

function attachType(spec: ProgramSpec): number {
  if (spec.attachType === undefined) return 0;
  const type = attachTypeId(spec.attachType);
  if (type === undefined) {
    throw new BpfError(
      'unknown_type',
      `program ${spec.name}: attach type ${spec.attachType}, want one the kernel knows`,
    );
  }
  return type;
}

/** `struct bpf_func_info` of every function; undefined where BTF lacks one, for a kernel wants all or none. */
function functionInfo(spec: ProgramSpec): Uint8Array | undefined {
  const writer = new ByteWriter('little');
  for (const { insn, typeId } of spec.functions) {
    if (typeId === undefined) return undefined;
    writer.u32(insn).u32(typeId);
  }
  return writer.length === 0 ? undefined : writer.take();
}

/** `struct bpf_line_info` of every source line; undefined where a function's first instruction has none. */
function lineInfo(spec: ProgramSpec): Uint8Array | undefined {
  const known = new Set(spec.lines.map(line => line.insn));
  if (!spec.functions.every(({ insn }) => known.has(insn))) return undefined;
  const writer = new ByteWriter('little');
  for (const line of spec.lines) {
    writer
      .u32(line.insn)
      .u32(line.fileNameOff)
      .u32(line.lineOff)
      .u32(line.line * 1024 + (line.column & 0x3ff));
  }
  return writer.length === 0 ? undefined : writer.take();
}

/**
 * Loads a program and gives its descriptor. A refused program is offered once more with a log, growing until it fits.
 * @throws {VerifierError} with the log where the kernel wrote one, else SyscallError.
 */
export function loadProgram(sys: Sys, attr: ProgLoadAttr, name: string): Fd {
  let { result, why } = attempt(sys, attr);
  if (result >= 0) return result;
  let log = '';
  for (let size = LOG_SIZE; ; size = Math.min(size * 4, MAX_LOG_SIZE)) {
    const buffer = new Uint8Array(size);
    const logged = attempt(sys, { ...attr, log_level: 1, log_buf: buffer, log_size: size });
    if (logged.result >= 0) return logged.result;
    // Room for the log is our matter; what the kernel has against the program is the caller's.
    if (logged.result === -ERRNO.ENOSPC && size < MAX_LOG_SIZE) continue;
    ({ result, why } = logged);
    const end = buffer.indexOf(0);
    log = new TextDecoder().decode(end < 0 ? buffer : buffer.subarray(0, end));
    break;
  }
  const refusal = new SyscallError('prog_load', -result, `program ${name}${why && `: ${why}`}`);
  throw log.trim() === '' ? refusal : new VerifierError(name, log, refusal);
}

function attempt(sys: Sys, attr: ProgLoadAttr): { result: number; why: string } {
  let result = sys.bpf('prog_load', attr);
  for (let tries = 1; result === -ERRNO.EAGAIN && tries < MAX_ATTEMPTS; tries++) result = sys.bpf('prog_load', attr);
  return { result, why: sys.why };
}
