/** CO-RE when an object is loaded: the fixups of a program against a kernel's types, and what a person is told of those that fail. */
import type { Btf } from '../btf/btf.ts';
import { poisonReason, relocateCore } from '../btf/core.ts';
import { applyFixups, isPoisoned } from '../btf/core-apply.ts';
import type { CoreCandidates } from '../btf/core-candidates.ts';
import { CoreError } from '../btf/core-error.ts';
import { TYPE_ID_LOCAL } from '../btf/core-kinds.ts';
import { formatAccess } from '../btf/core-spec.ts';
import type { ProgramSpec } from '../object/spec.ts';
import { NotSupportedError } from '../util/error.ts';
import { RelocationError } from './errors.ts';

/** Instructions with CO-RE applied. */
export interface CoreRelocated {
  readonly instructions: Uint8Array;
  /** Why by slot, of instructions that must not be reached: what they ask for, the kernel does not have. */
  readonly poisoned: ReadonlyMap<number, string>;
}

/**
 * The program's instructions with what they take from the kernel's types; `candidates` hold the types of both.
 * @throws {NotSupportedError} without a kernel's types where the program asks for any; RelocationError for a record that has no answer.
 */
export function relocateProgramCore(
  program: ProgramSpec,
  btf: Btf | undefined,
  candidates: CoreCandidates | undefined,
): CoreRelocated {
  const { instructions, coreRelocations } = program;
  if (candidates === undefined) {
    refuseCoreRelocations(program, btf);
    return { instructions, poisoned: new Map() };
  }
  try {
    const fixups = relocateCore(candidates.local, coreRelocations, candidates.target, candidates);
    const fixed = applyFixups(instructions, fixups);
    const poisoned = fixups
      .filter(({ insn }) => isPoisoned(fixed, insn))
      .map(fixup => [fixup.insn, poisonReason(fixup, placeOf(program, fixup.insn))] as const);
    return { instructions: fixed, poisoned: new Map(poisoned) };
  } catch (error) {
    if (!(error instanceof CoreError)) throw error;
    throw new RelocationError(`program ${program.name}`, error.message, { cause: error });
  }
}

function refuseCoreRelocations(program: ProgramSpec, btf: Btf | undefined): void {
  const record = program.coreRelocations.find(({ kind }) => kind !== TYPE_ID_LOCAL);
  if (record === undefined) return;
  throw new NotSupportedError(
    'CO-RE',
    `program ${program.name}: CO-RE relocation of ${formatAccess(btf, record)} (${placeOf(program, record.insn)}) needs options.btf, a kernel's types (vmlinux BTF)`,
    '5.2',
  );
}

/** `insn 17, file.c:41` of a slot; the slot alone where the source is not known. */
function placeOf(program: ProgramSpec, slot: number): string {
  const line = program.lines.findLast(({ insn }) => insn <= slot);
  return line === undefined ? `insn ${slot}` : `insn ${slot}, ${line.file}:${line.line}`;
}
