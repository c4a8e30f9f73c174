/** The kernel's public contract as data. */
export { ATTACH_TYPES, type AttachTypeName, attachTypeId, attachTypeName } from './attach-types.ts';
export {
  CONTEXTS,
  type ContextAccess,
  type ContextField,
  type ContextName,
  type ContextRow,
  contextAccess,
  contextFieldAt,
  type LoadedKind,
} from './contexts.ts';
export { ERRNO, type ErrnoName, errnoName } from './errno.ts';
export {
  ATTACH_FLAGS,
  BPF_OBJ_NAME_LEN,
  CSUM_FLAGS,
  FIB_FLAGS,
  FIB_RESULTS,
  flagNames,
  LOG_LEVELS,
  MAP_FLAGS,
  MTU_CHECK,
  PERF_FLAGS,
  PROG_FLAGS,
  QUERY_FLAGS,
  REDIRECT_FLAGS,
  RINGBUF_FLAGS,
  RINGBUF_QUERIES,
  RINGBUF_RECORD,
  SK_ACTIONS,
  STORE_FLAGS,
  TC_ACTIONS,
  TEST_RUN_FLAGS,
  UPDATE_FLAGS,
  XDP_ACTIONS,
  xdpActionName,
} from './flags.ts';
export {
  type ArgKind,
  HELPERS,
  type Helper,
  type HelperName,
  type HelperProto,
  type HelperRow,
  helperById,
  helperName,
  helperProto,
  type ReturnKind,
} from './helpers.ts';
export { LINK_TYPES, type LinkTypeName, linkTypeId, linkTypeName } from './link-types.ts';
export { MAP_TYPES, type MapTypeName, mapTypeId, mapTypeName } from './map-types.ts';
export {
  compareVersions,
  isAvailable,
  type KernelProfile,
  type KernelVersion,
  kernelProfile,
  parseKernelVersion,
  REFERENCE_VERSION,
} from './profile.ts';
export { PROG_TYPES, type ProgTypeName, type ProgTypeRow, progTypeId, progTypeName } from './prog-types.ts';
export type { NumberedRow, Unnamed } from './table.ts';
