/**
 * Fills in what a program's instructions refer to: descriptors of maps, addresses in data sections, values of the kernel's
 * configuration. Follows libbpf's `bpf_object__relocate_data`.
 */
import type { ExternSpec, ProgramSpec } from '../object/spec.ts';
import type { Fd } from '../sys/sys.ts';
import { NotSupportedError } from '../util/error.ts';
import { RelocationError } from './errors.ts';

const SLOT = 8;
/** Sources of a wide immediate load, and of a call. */
const BPF_PSEUDO_MAP_FD = 1;
const BPF_PSEUDO_MAP_VALUE = 2;
/** A helper that no kernel has: what libbpf makes of a call of an absent weak function, so that only a run that reaches it is refused. */
const ABSENT_FUNCTION = 2_002_000_000;

/** Where the things lie that references name. */
export interface RelocationTargets {
  mapFd(name: string): Fd | undefined;
  /** The `.kconfig` map with the offset of each extern in it. */
  readonly kconfig: { readonly fd: Fd; readonly offsets: ReadonlyMap<string, number> } | undefined;
}

/** The names of externs that `programs` refer to. */
export function referredExterns(programs: readonly ProgramSpec[]): Set<string> {
  const names = new Set<string>();
  for (const program of programs) {
    for (const reference of program.references) if (reference.kind === 'extern') names.add(reference.extern);
  }
  return names;
}

/**
 * The program's instructions with every reference resolved; those given (the spec's, or the spec's after CO-RE) stay as they are.
 * @throws {RelocationError} for a name that is not there; NotSupportedError for what needs a kernel's symbols.
 */
export function relocateProgram(
  program: ProgramSpec,
  externs: Readonly<Record<string, ExternSpec>>,
  targets: RelocationTargets,
  unresolved: Uint8Array = program.instructions,
): Uint8Array {
  const instructions = new Uint8Array(unresolved);
  const view = new DataView(instructions.buffer);
  const subject = `program ${program.name}`;

  const wideImmediate = (insn: number, source: number, imm: number, nextImm: number): void => {
    const at = insn * SLOT;
    const destination = view.getUint8(at + 1) & 0x0f;
    view.setUint8(at + 1, destination | (source << 4));
    view.setInt32(at + 4, imm, true);
    view.setInt32(at + SLOT + 4, nextImm, true);
  };
  const mapFd = (name: string, insn: number): Fd => {
    const fd = targets.mapFd(name);
    if (fd === undefined)
      throw new RelocationError(subject, `insn ${insn} refers to map ${name}, which the collection does not have`);
    return fd;
  };

  for (const reference of program.references) {
    const { insn } = reference;
    switch (reference.kind) {
      case 'map':
        wideImmediate(insn, BPF_PSEUDO_MAP_FD, mapFd(reference.map, insn), 0);
        break;
      case 'map_value':
        wideImmediate(insn, BPF_PSEUDO_MAP_VALUE, mapFd(reference.map, insn), reference.offset);
        break;
      case 'extern': {
        const offset = targets.kconfig?.offsets.get(reference.extern);
        if (targets.kconfig !== undefined && offset !== undefined) {
          wideImmediate(insn, BPF_PSEUDO_MAP_VALUE, targets.kconfig.fd, offset);
          break;
        }
        wantWeak(program, externs[reference.extern], reference.extern);
        wideImmediate(insn, 0, 0, 0);
        break;
      }
      case 'kfunc':
        wantWeak(program, externs[reference.extern], reference.extern);
        view.setUint8(insn * SLOT + 1, 0);
        view.setInt32(insn * SLOT + 4, ABSENT_FUNCTION, true);
        break;
      case 'function':
        break;
    }
  }
  return instructions;
}

/** An extern that cannot be looked up yet may be absent where it is weak. */
function wantWeak(program: ProgramSpec, extern: ExternSpec | undefined, name: string): void {
  if (extern === undefined) {
    throw new RelocationError(
      `program ${program.name}`,
      `refers to extern ${name}, which the collection does not have`,
    );
  }
  if (extern.weak) return;
  throw new NotSupportedError(
    extern.kind,
    `program ${program.name}: ${extern.kind} ${name}: resolving kernel symbols needs a kernel's BTF, which is not supported yet`,
  );
}
