/** The system call's interface: what stands between a kernel and everything above it. */
export {
  ATTR_LAYOUTS,
  type BpfAttr,
  type BpfCommand,
  type BtfLoadAttr,
  type GetIdAttr,
  type LinkCreateAttr,
  type MapBatchAttr,
  type MapCreateAttr,
  type MapElemAttr,
  type ObjAttr,
  type ObjGetInfoAttr,
  type ProgAttachAttr,
  type ProgLoadAttr,
  type ProgQueryAttr,
  type ProgTestRunAttr,
} from './attr.gen.ts';
export {
  type AddressOf,
  cString,
  decodeStruct,
  encodeAttr,
  encodeStruct,
  MAX_ATTR_SIZE,
  readBack,
  textOf,
} from './codec.ts';
export { type AttrName, COMMANDS, type CommandRow, commandRow, type PointerRow, type PointerSize } from './commands.ts';
export { must, SyscallError } from './error.ts';
export { type BpfInfo, type BtfInfo, INFO_LAYOUTS, type LinkInfo, type MapInfo, type ProgInfo } from './info.gen.ts';
export { decodeInfo, encodeInfo, getInfo, type InfoRequest } from './info.ts';
export { INFOS, type InfoKind, type InfoRow } from './infos.ts';
export {
  bytesOf,
  type LinkedBytes,
  type MemberKind,
  type MemberLayout,
  type StructLayout,
  targetAt,
} from './layout.ts';
export type { Fd, Mapping, Sys } from './sys.ts';
