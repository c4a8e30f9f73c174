/** BPF type information: parsing, values through types, types as text. */
export { Btf, parseBtf } from './btf.ts';
export { type CoreFixup, type CorePatch, type CoreRecordAt, poisonReason, relocateCore } from './core.ts';
export { applyFixups, isPoisoned } from './core-apply.ts';
export { CoreCandidates } from './core-candidates.ts';
export { CoreError } from './core-error.ts';
export { CORE_KINDS, type CoreKind } from './core-kinds.ts';
export { type BtfRecord, decodeValue } from './decode.ts';
export { encodeValue } from './encode.ts';
export { BtfError, type BtfPlace } from './error.ts';
export { type BtfExt, type CoreRecord, type FuncRecord, type LineRecord, parseBtfExt } from './ext.ts';
export { formatValue } from './format-value.ts';
export { formatDeclaration, formatTypeName } from './type-name.ts';
export {
  type BtfArray,
  type BtfComposite,
  type BtfDatasec,
  type BtfDeclTag,
  type BtfEnum,
  type BtfFloat,
  type BtfFunc,
  type BtfFuncProto,
  type BtfFwd,
  type BtfInt,
  type BtfKind,
  type BtfMember,
  type BtfModifier,
  type BtfPtr,
  type BtfType,
  type BtfVar,
  type BtfVoid,
  isModifier,
  KINDS,
  LINKAGE,
} from './types.ts';
export type { BtfValue } from './value.ts';
