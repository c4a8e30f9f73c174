/**
 * A `CollectionSpec` becomes a `Collection`: BTF, maps, contents of data sections, programs, initial slots, in that order; nothing
 * is left half-made. Follows libbpf's `bpf_object__load`.
 */
import { type Btf, parseBtf } from '../btf/btf.ts';
import { CoreCandidates } from '../btf/core-candidates.ts';
import type { CollectionSpec, MapSpec, ProgramSpec } from '../object/spec.ts';
import { must } from '../sys/error.ts';
import type { Fd, Sys } from '../sys/sys.ts';
import { errnoName } from '../uapi/errno.ts';
import { NotSupportedError } from '../util/error.ts';
import { mapCodecs, u32Codec } from './codec.ts';
import { Collection } from './collection.ts';
import { relocateProgramCore } from './core.ts';
import { RelocationError, VerifierError } from './errors.ts';
import { type KernelFacts, kconfigSection } from './kconfig.ts';
import { BpfMap } from './map.ts';
import { createMap } from './map-create.ts';
import { sectionMapName } from './names.ts';
import { loadProgram, progLoadAttr } from './prog-load.ts';
import { Program } from './program.ts';
import { type RelocationTargets, referredExterns, relocateProgram } from './relocate.ts';
import { encodeSections } from './sections.ts';
import { liveVariables, sectionMemory } from './variables.ts';

/** How an object is loaded. */
export interface LoadOptions {
  /** The object's name, which the kernel's names of its data sections begin with: `xdp_fire.rodata`. */
  readonly name?: string;
  /** The configuration that `__kconfig` externs read, instead of the kernel's. */
  readonly kconfig?: string;
  /** The kernel's types, parsed or as bytes of BTF: what CO-RE relocations are computed against. */
  readonly btf?: Btf | Uint8Array;
}

/**
 * Loads `spec` into the kernel behind `sys`; {@link Kernel.load} at once.
 * @throws {VerifierError | RelocationError | SyscallError | NotSupportedError}
 */
export function loadCollection(
  sys: Sys,
  spec: CollectionSpec,
  options: LoadOptions = {},
  facts: KernelFacts = {},
): Collection {
  if (spec.byteOrder !== 'little') {
    throw new NotSupportedError(
      'big_endian',
      'load a big-endian object: kernels run little-endian programs here; it can be read and disassembled',
    );
  }
  const btf = spec.btf === undefined ? undefined : parseBtf(spec.btf);
  const contents = encodeSections(spec, btf);
  const programs = Object.values(spec.programs).filter(program => program.autoload);
  const load = new Load(sys, spec, options, facts, btf);
  try {
    load.loadBtf();
    for (const [name, map] of Object.entries(spec.maps)) load.createMap(name, map, contents.get(name));
    load.createKconfig(programs);
    for (const program of programs) load.loadProgram(program);
    load.fillSlots();
    return load.collection;
  } catch (error) {
    load.collection.close();
    throw error;
  } finally {
    load.closeBtf();
  }
}

/** The state of one load. */
class Load {
  readonly collection: Collection;
  readonly #sys: Sys;
  readonly #spec: CollectionSpec;
  readonly #options: LoadOptions;
  readonly #facts: KernelFacts;
  readonly #btf: Btf | undefined;
  readonly #candidates: CoreCandidates | undefined;
  #btfFd: Fd | undefined;
  #kconfig: RelocationTargets['kconfig'];

  constructor(sys: Sys, spec: CollectionSpec, options: LoadOptions, facts: KernelFacts, btf: Btf | undefined) {
    this.#sys = sys;
    this.#spec = spec;
    this.#options = options;
    this.#facts = facts;
    this.#btf = btf;
    const target = options.btf instanceof Uint8Array ? parseBtf(options.btf) : options.btf;
    this.#candidates = btf && target && new CoreCandidates(btf, target);
    this.collection = new Collection(spec, btf);
  }

  /** Gives the kernel the object's BTF. One that it does not take costs names and lines, not the load: as with libbpf. */
  loadBtf(): void {
    const { btf } = this.#spec;
    if (btf === undefined) return;
    const result = this.#sys.bpf('btf_load', { btf, btf_size: btf.length });
    if (result >= 0) this.#btfFd = result;
    else
      this.collection.warnings.push(
        `btf_load: ${errnoName(-result)}${this.#sys.why && `: ${this.#sys.why}`}: loaded without BTF`,
      );
  }

  /** Maps and programs hold the BTF from here on. */
  closeBtf(): void {
    if (this.#btfFd !== undefined) this.#sys.close(this.#btfFd);
  }

  createMap(name: string, spec: MapSpec, contents: Uint8Array | undefined): void {
    const map = this.#open(spec);
    this.collection.maps[name] = map;
    if (spec.pinning === 'by_name')
      this.collection.warnings.push(`map ${name}: to be pinned by name; a new map was made, not pinned`);
    if (spec.section === undefined) return;
    const { readOnly } = spec.section;
    if (contents !== undefined) this.#fill(map, contents, readOnly);
    const memory = sectionMemory(this.#sys, map, readOnly);
    this.collection.owned.push(memory);
    const variables = Object.values(this.#spec.variables).filter(variable => variable.map === name);
    this.collection.sections[spec.section.name] = liveVariables(variables, this.#btf, memory, readOnly);
  }

  /** Creates the map of kconfig externs, if the programs to load refer to any. */
  createKconfig(programs: readonly ProgramSpec[]): void {
    const needed = referredExterns(programs);
    const externs = Object.values(this.#spec.externs).filter(extern => extern.kind === 'kconfig');
    if (!externs.some(extern => needed.has(extern.name))) return;
    const section = kconfigSection(externs, needed, this.#btf, {
      version: this.#facts.version,
      kconfig: this.#options.kconfig ?? this.#facts.kconfig,
    });
    const map = this.#open(section.spec);
    this.collection.owned.push(map);
    this.#fill(map, section.contents, true);
    this.#kconfig = { fd: map.fd, offsets: section.offsets };
  }

  loadProgram(spec: ProgramSpec): void {
    const targets: RelocationTargets = { mapFd: name => this.collection.maps[name]?.fd, kconfig: this.#kconfig };
    const { instructions, poisoned } = relocateProgramCore(spec, this.#btf, this.#candidates);
    const attr = progLoadAttr(this.#spec, spec, {
      instructions: relocateProgram(spec, this.#spec.externs, targets, instructions),
      btfFd: this.#btfFd,
      untargeted: this.#sys.kind === 'sim',
    });
    try {
      const fd = loadProgram(this.#sys, attr, spec.name);
      this.collection.programs[spec.name] = new Program(this.#sys, fd, spec, poisoned);
    } catch (error) {
      const reason = error instanceof VerifierError && error.insn !== undefined && poisoned.get(error.insn);
      throw reason ? new RelocationError(`program ${spec.name}`, reason, { cause: error }) : error;
    }
  }

  /** Stores the maps and programs that initialisers name in prog arrays and maps of maps. */
  fillSlots(): void {
    for (const [mapName, { slots }] of Object.entries(this.#spec.maps)) {
      for (const { key, kind, name } of slots) {
        const held = kind === 'map' ? this.collection.maps[name] : this.collection.programs[name];
        if (held === undefined) {
          throw new RelocationError(`map ${mapName}`, `slot ${key} holds ${kind} ${name}, which was not loaded`);
        }
        const slot = `map ${mapName}: slot ${key}`;
        this.collection.map(mapName).raw.set(u32Codec.encode(key, slot), u32Codec.encode(held.fd, slot));
      }
    }
  }

  #open(spec: MapSpec): BpfMap {
    const name = spec.section === undefined ? spec.name : sectionMapName(spec.section.name, this.#options.name ?? '');
    const { possibleCpus } = this.#sys;
    const fd = createMap(this.#sys, spec, { name, btfFd: this.#btfFd, possibleCpus });
    return new BpfMap(this.#sys, fd, spec, mapCodecs(spec, this.#btf, possibleCpus));
  }

  #fill(map: BpfMap, contents: Uint8Array, readOnly: boolean): void {
    map.raw.set(new Uint8Array(map.raw.keySize), contents);
    if (readOnly) must(this.#sys, 'map_freeze', { map_fd: map.fd });
  }
}
