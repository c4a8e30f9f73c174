/**
 * Asking a kernel about an object by its descriptor: `obj_get_info_by_fd` with the info struct as an object of named members.
 */
import { BpfError } from '../util/error.ts';
import { decodeStruct, encodeStruct } from './codec.ts';
import { must } from './error.ts';
import { type BpfInfo, INFO_LAYOUTS } from './info.gen.ts';
import { INFOS, type InfoKind } from './infos.ts';
import type { LinkedBytes, MemberLayout } from './layout.ts';
import type { Fd, Sys } from './sys.ts';

/** What a caller may fill before asking: arrays behind the struct's pointers with the members that give their length. */
export type InfoRequest<K extends InfoKind> = Partial<BpfInfo[K]>;

/** Encodes an info struct with the request's arrays linked in. */
export function encodeInfo<K extends InfoKind>(kind: K, request: InfoRequest<K> = {}): LinkedBytes {
  const layout = INFO_LAYOUTS[kind];
  const bytes = new Uint8Array(layout.size);
  const targets: Uint8Array[] = [];
  // A first pass numbers the arrays; the links then say where each number stands.
  encodeStruct(layout, request, new DataView(bytes.buffer), target => BigInt(targets.push(target)), INFOS[kind].struct);
  const links = pointerOffsets(layout.members).flatMap(offset => {
    const target = targets[Number(new DataView(bytes.buffer).getBigUint64(offset, true)) - 1];
    return target === undefined ? [] : [{ offset, target }];
  });
  return { bytes, links };
}

/** Offsets of every pointer in a struct, nested ones included, each once. */
function pointerOffsets(members: readonly MemberLayout[], base = 0): number[] {
  const offsets = members.flatMap(member =>
    member.kind === 'pointer'
      ? [base + member.offset]
      : member.kind === 'struct'
        ? pointerOffsets(member.members ?? [], base + member.offset)
        : [],
  );
  return [...new Set(offsets)];
}

/** Decodes an info struct; what lies behind the bytes given (an older kernel's shorter struct) reads zero. */
export function decodeInfo<K extends InfoKind>(kind: K, bytes: Uint8Array): BpfInfo[K] {
  const layout = INFO_LAYOUTS[kind];
  const whole = new Uint8Array(layout.size);
  whole.set(bytes.subarray(0, layout.size));
  return decodeStruct(layout, whole) as unknown as BpfInfo[K]; // the interfaces are generated from the same layouts
}

/**
 * Asks for the info of `fd`. The arrays of `request` are filled in place.
 * @throws {SyscallError} where the kernel refuses.
 */
export function getInfo<K extends InfoKind>(sys: Sys, kind: K, fd: Fd, request?: InfoRequest<K>): BpfInfo[K] {
  const info = encodeInfo(kind, request);
  const attr = { bpf_fd: fd, info, info_len: info.bytes.length };
  must(sys, 'obj_get_info_by_fd', attr);
  if (attr.info_len > info.bytes.length)
    throw new BpfError('bad_info', `${kind} info: ${attr.info_len} bytes came back, want at most ${info.bytes.length}`);
  return decodeInfo(kind, info.bytes.subarray(0, attr.info_len));
}
