/**
 * The access of a CO-RE record, found again in a type of the target: members by name, at whatever depth of anonymous members they lie
 * there. Follows libbpf's `bpf_core_spec_match`.
 */
import type { Btf } from './btf.ts';
import { fieldsCompatible, typesCompatible, typesMatch } from './core-compat.ts';
import type { CoreKind } from './core-kinds.ts';
import { namesMatch } from './core-name.ts';
import { type CoreSpec, type CoreStep, hasElement } from './core-spec.ts';
import { BtfError } from './error.ts';

/** Anonymous members within one another. */
const MAX_DEPTH = 64;

/** The access `local` in type `targetId` of `target`; undefined where that type does not have it. */
export function matchSpec(local: CoreSpec, kind: CoreKind, target: Btf, targetId: number): CoreSpec | undefined {
  const root = { btf: target, rootId: targetId, steps: [], bitOffset: 0 };
  const [first] = local.steps;
  if (first === undefined) {
    const same = kind === 'type_matches' ? typesMatch : typesCompatible;
    return same({ btf: local.btf, id: local.rootId }, { btf: target, id: targetId }) ? root : undefined;
  }
  if (first.name === undefined) return matchField(local, target, targetId);
  const step = matchEnumerator(first.name, target, targetId);
  return step && { ...root, steps: [step] };
}

function matchEnumerator(name: string, target: Btf, targetId: number): CoreStep | undefined {
  const type = target.resolve(targetId);
  if (type.kind !== 'enum' && type.kind !== 'enum64') return undefined;
  const index = type.values.findIndex(value => namesMatch(name, value.name));
  return index < 0 ? undefined : { typeId: type.id, index, name };
}

function matchField(local: CoreSpec, target: Btf, targetId: number): CoreSpec | undefined {
  const steps: CoreStep[] = [];
  let bitOffset = 0;
  let type = target.resolve(targetId);
  for (const [i, wanted] of local.steps.entries()) {
    if (wanted.name !== undefined) {
      const found = matchMember(local.btf, wanted, target, type.id);
      if (found === undefined) return undefined;
      steps.push(found.step);
      bitOffset += found.bitOffset;
      type = target.resolve(found.typeId);
      continue;
    }
    if (i > 0) {
      if (type.kind !== 'array' || !hasElement(target, steps.at(-1), type, wanted.index)) return undefined;
      type = target.resolve(type.type);
    }
    steps.push({ typeId: type.id, index: wanted.index, name: undefined });
    bitOffset += wanted.index * target.sizeOf(type.id) * 8;
  }
  return { btf: target, rootId: targetId, steps, bitOffset };
}

interface FoundMember {
  readonly step: CoreStep;
  /** From the start of the struct that was searched. */
  readonly bitOffset: number;
  /** The member's type. */
  readonly typeId: number;
}

function matchMember(
  btf: Btf,
  wanted: CoreStep,
  target: Btf,
  typeId: number,
  depth: number = 0,
  searched: Set<number> = new Set(),
): FoundMember | undefined {
  const type = target.resolve(typeId);
  if ((type.kind !== 'struct' && type.kind !== 'union') || searched.has(type.id)) return undefined;
  // What has not been found in a type is not in it: hostile types may hold each other often.
  searched.add(type.id);
  if (depth > MAX_DEPTH) throw new BtfError(`types nested deeper than ${MAX_DEPTH}`, { typeId });
  const parent = btf.type(wanted.typeId);
  const local = parent.kind === 'struct' || parent.kind === 'union' ? parent.members[wanted.index] : undefined;
  if (local === undefined) return undefined;
  for (const [index, member] of type.members.entries()) {
    if (member.name === '') {
      const found = matchMember(btf, wanted, target, member.type, depth + 1, searched);
      if (found !== undefined) return { ...found, bitOffset: found.bitOffset + member.bitOffset };
    } else if (member.name === wanted.name) {
      if (!fieldsCompatible({ btf, id: local.type }, { btf: target, id: member.type })) return undefined;
      const step = { typeId: type.id, index, name: member.name };
      return { step, bitOffset: member.bitOffset, typeId: member.type };
    }
  }
  return undefined;
}
