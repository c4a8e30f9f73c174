/**
 * CO-RE relocation, the first half: what the instructions of a program are to take from the types of the kernel it is loaded into.
 * Nothing is changed here: `applyFixups` does that. Follows libbpf's `bpf_core_calc_relo_insn`.
 */
import type { Btf } from './btf.ts';
import { CoreCandidates } from './core-candidates.ts';
import { CoreError } from './core-error.ts';
import { CORE_KINDS, type CoreKind } from './core-kinds.ts';
import { matchSpec } from './core-match.ts';
import { type CoreQuery, type CoreSpec, formatAccess, parseSpec } from './core-spec.ts';
import { type CoreValue, enumeratorValue, fieldValue, typeValue } from './core-value.ts';
import { BtfError } from './error.ts';

/** What to do to the instruction at slot `insn`. */
export interface CoreFixup {
  readonly insn: number;
  readonly kind: CoreKind;
  /** What is asked for, for people: `task_struct.pid`. */
  readonly access: string;
  /** Undefined where the target has no answer: the instruction is poisoned, for a program that checked will not reach it. */
  readonly patch: CorePatch | undefined;
}

/** A value to replace by another. */
export interface CorePatch {
  /** 64 bits, unsigned. */
  readonly from: bigint;
  readonly to: bigint;
  /** Whether the instruction must hold `from` now. */
  readonly check: boolean;
  /** Of what a load or store accesses, in bytes, where the sizes differ; `safe` when the narrower access means the same. */
  readonly resize: { readonly from: number; readonly to: number; readonly safe: boolean } | undefined;
}

/** A record of `.BTF.ext`, for instruction slot `insn`. */
export interface CoreRecordAt extends CoreQuery {
  readonly insn: number;
}

/**
 * The fixups of a program's records, in their order. `candidates` is shared by the programs of one object.
 * @throws {CoreError} when a record fits none of its own types, or has different answers in several types of the target.
 */
export function relocateCore(
  local: Btf,
  records: readonly CoreRecordAt[],
  target: Btf,
  candidates: CoreCandidates = new CoreCandidates(local, target),
): CoreFixup[] {
  return records.map(record => {
    const access = formatAccess(local, record);
    try {
      return { insn: record.insn, access, ...resolve(local, record, candidates, access) };
    } catch (error) {
      if (!(error instanceof BtfError)) throw error;
      throw new CoreError(access, record.insn, error.message, { cause: error });
    }
  });
}

/** Why an instruction was poisoned: `task_struct.foo: not in the target's types (poisoned, insn 17)`; `place` may tell more of where. */
export function poisonReason({ access, insn, patch }: CoreFixup, place: string = `insn ${insn}`): string {
  const why =
    patch === undefined
      ? "not in the target's types"
      : `${patch.resize?.from} bytes in the object, ${patch.resize?.to} in the target, and not both unsigned integers or pointers`;
  return `${access}: ${why} (poisoned, ${place})`;
}

function resolve(
  local: Btf,
  record: CoreRecordAt,
  candidates: CoreCandidates,
  access: string,
): Pick<CoreFixup, 'kind' | 'patch'> {
  const spec = parseSpec(local, record);
  const { kind } = CORE_KINDS[record.kind] as (typeof CORE_KINDS)[number]; // parseSpec refuses others
  if (kind === 'type_id_local') {
    const id = BigInt(spec.rootId);
    return { kind, patch: { from: id, to: id, check: false, resize: undefined } };
  }
  if (local.kindOf(spec.rootId) === 'void' || local.nameOf(spec.rootId) === '')
    throw new BtfError(`${kind} of a type without name, by which the target's is found`, { typeId: spec.rootId });

  const matches: CoreSpec[] = [];
  for (const id of candidates.of(spec.rootId)) {
    const match = matchSpec(spec, kind, candidates.target, id);
    if (match !== undefined) matches.push(match);
  }
  const [first, ...others] = matches;
  const patch = patchOf(kind, spec, first);
  for (const other of others) {
    const otherPatch = patchOf(kind, spec, other);
    if (other.bitOffset === first?.bitOffset && otherPatch?.to === patch?.to) continue;
    const ids = matches.map(({ rootId }) => rootId).join(', ');
    throw new CoreError(access, record.insn, `types ${ids} of the target give different answers`);
  }
  if (matches.length > 0)
    candidates.narrow(
      spec.rootId,
      matches.map(({ rootId }) => rootId),
    );
  return { kind, patch };
}

function patchOf(kind: CoreKind, local: CoreSpec, target: CoreSpec | undefined): CorePatch | undefined {
  const from = coreValue(kind, local);
  const to = coreValue(kind, target);
  if (from === undefined || to === undefined) return undefined;
  return { from: from.value, to: to.value, check: from.certain, resize: resizeOf(local, from, target, to) };
}

function coreValue(kind: CoreKind, spec: CoreSpec | undefined): CoreValue | undefined {
  switch (kind) {
    case 'field_byte_offset':
    case 'field_byte_size':
    case 'field_exists':
    case 'field_signed':
    case 'field_lshift_u64':
    case 'field_rshift_u64':
      return fieldValue(kind, spec);
    case 'enumval_exists':
    case 'enumval_value':
      return enumeratorValue(kind, spec);
    default:
      return typeValue(kind, spec);
  }
}

function resizeOf(local: CoreSpec, from: CoreValue, target: CoreSpec | undefined, to: CoreValue): CorePatch['resize'] {
  const fromSize = from.unit?.size ?? 0;
  const toSize = to.unit?.size ?? 0;
  if (fromSize === toSize) return undefined;
  const sort = zeroExtended(local, from);
  return { from: fromSize, to: toSize, safe: sort !== undefined && sort === zeroExtended(target, to) };
}

/** Which values mean the same in fewer bytes. libbpf takes a signed `char` for one, too. */
function zeroExtended(spec: CoreSpec | undefined, { unit }: CoreValue): 'pointer' | 'integer' | undefined {
  const type = unit && spec?.btf.type(unit.typeId);
  if (type?.kind === 'ptr') return 'pointer';
  return type?.kind === 'int' && (!type.signed || type.char || type.bool) ? 'integer' : undefined;
}
