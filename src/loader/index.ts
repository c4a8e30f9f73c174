/** Handles over a kernel: load an object, run its programs, read its maps. */
export { type Codec, type MapCodecs, mapCodecs } from './codec.ts';
export { Collection } from './collection.ts';
export { RelocationError, VerifierError } from './errors.ts';
export type { ReadOptions } from './events.ts';
export { type KernelFacts, kconfigSection, kernelVersionCode, parseKconfig } from './kconfig.ts';
export { Kernel } from './kernel.ts';
export { type LoadOptions, loadCollection } from './load.ts';
export { BpfMap, type EntriesOptions, RawMap, type UpdateMode } from './map.ts';
export { mapCreateAttr } from './map-create.ts';
export { kernelName, objectName, sectionMapName } from './names.ts';
export { loadProgram, progLoadAttr } from './prog-load.ts';
export { Program, type RunOptions, type RunResult } from './program.ts';
export { type RelocationTargets, relocateProgram } from './relocate.ts';
export { ProgramRunner, type RunnerOptions, verdictName } from './runner.ts';
export { encodeSections } from './sections.ts';
export type { Variables } from './variables.ts';
