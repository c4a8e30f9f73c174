/** BPF object files as data. */
export { readObject } from './read.ts';
export { findSection, parseSection, SECTIONS, type SectionMeaning, type SectionRow } from './sections.ts';
export type {
  CollectionSpec,
  CoreRelocation,
  ExternSpec,
  FunctionInfo,
  LineInfo,
  MapSpec,
  ProgramSpec,
  Reference,
  VariableSpec,
} from './spec.ts';
