/**
 * When a type of the object and a type of the target count as the same for CO-RE. Follows libbpf's `bpf_core_fields_are_compat`,
 * `__bpf_core_types_are_compat` and `__bpf_core_types_match`.
 */
import type { Btf } from './btf.ts';
import { essentialName, namesMatch } from './core-name.ts';
import { BtfError } from './error.ts';
import type { BtfComposite, BtfEnum, BtfFuncProto, BtfFwd, BtfKind, BtfType } from './types.ts';

/** Types that refer to types in a row, and functions within functions; libbpf's bounds. */
const MAX_DEPTH = 32;

/** A type in its BTF. */
export interface TypeIn {
  readonly btf: Btf;
  readonly id: number;
}

/** Whether two kinds may stand for each other: the same one, or both enums. */
export function kindsCompatible(a: BtfKind, b: BtfKind): boolean {
  return a === b || (isEnumKind(a) && isEnumKind(b));
}

function isEnumKind(kind: BtfKind): boolean {
  return kind === 'enum' || kind === 'enum64';
}

/** Whether a field's type in the object can be read as its type in the target. */
export function fieldsCompatible(local: TypeIn, target: TypeIn): boolean {
  let a = local.btf.resolve(local.id);
  let b = target.btf.resolve(target.id);
  for (let depth = 0; a.kind === 'array' && b.kind === 'array'; depth++) {
    if (depth === MAX_DEPTH) throw tooDeep(target.id);
    a = local.btf.resolve(a.type);
    b = target.btf.resolve(b.type);
  }
  if (isComposite(a) && isComposite(b)) return true;
  if (!kindsCompatible(a.kind, b.kind)) return false;
  switch (a.kind) {
    case 'ptr':
    case 'float':
      return true;
    case 'fwd':
    case 'enum':
    case 'enum64':
      return a.name === '' || b.name === '' || namesMatch(a.name, b.name);
    case 'int':
      return startsAtBitZero(a) && startsAtBitZero(b);
    default:
      return false;
  }
}

function isComposite(type: BtfType): boolean {
  return type.kind === 'struct' || type.kind === 'union';
}

/** Old compilers wrote bit fields as integers that start inside their bytes. */
function startsAtBitZero(type: BtfType): boolean {
  return type.kind === 'int' && type.bitOffset === 0;
}

/** Whether the target's type of the same name is of the same sort: what existence, size and id of a type ask. */
export function typesCompatible(local: TypeIn, target: TypeIn): boolean {
  return new Comparison(local.btf, target.btf).compatible(local.id, target.id, MAX_DEPTH);
}

/**
 * Whether the target's type has all of the object's: members by name and type, enumerators by name, pointers to structs by name.
 * @throws {BtfError} for types nested deeper than libbpf follows.
 */
export function typesMatch(local: TypeIn, target: TypeIn): boolean {
  return new Comparison(local.btf, target.btf).match(local.id, target.id, false, MAX_DEPTH);
}

/** Compares types of two BTFs. Pairs are compared once, so that hostile types that fan out cost what they are long. */
class Comparison {
  readonly #local: Btf;
  readonly #target: Btf;
  readonly #known = new Map<string, boolean>();

  constructor(local: Btf, target: Btf) {
    this.#local = local;
    this.#target = target;
  }

  compatible(localId: number, targetId: number, level: number): boolean {
    return this.#once(`${localId} ${targetId}`, () => this.#compatible(localId, targetId, level));
  }

  match(localId: number, targetId: number, behindPointer: boolean, level: number): boolean {
    if (level <= 0) throw tooDeep(targetId);
    const key = `${localId} ${targetId} ${behindPointer}`;
    return this.#once(key, () => this.#match(localId, targetId, behindPointer, level));
  }

  #once(key: string, compare: () => boolean): boolean {
    let same = this.#known.get(key);
    if (same === undefined) {
      same = compare();
      this.#known.set(key, same);
    }
    return same;
  }

  #compatible(localId: number, targetId: number, level: number): boolean {
    if (!kindsCompatible(this.#local.kindOf(localId), this.#target.kindOf(targetId))) return false;
    let a = this.#local.resolve(localId);
    let b = this.#target.resolve(targetId);
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      if (!kindsCompatible(a.kind, b.kind)) return false;
      if (a.kind === 'func_proto' && b.kind === 'func_proto') {
        const params = pairParams(a, b);
        if (params === undefined) return false;
        if (params.length > 0 && level <= 0) throw tooDeep(targetId);
        const same = params.every(([x, y]) =>
          this.compatible(this.#local.resolve(x).id, this.#target.resolve(y).id, level - 1),
        );
        if (!same) return false;
      } else if (!(a.kind === 'ptr' && b.kind === 'ptr') && !(a.kind === 'array' && b.kind === 'array')) {
        return endsCompatible(a, b);
      }
      [a, b] = [this.#local.resolve(a.type), this.#target.resolve(b.type)];
    }
    throw tooDeep(targetId);
  }

  #match(localId: number, targetId: number, behindPointer: boolean, level: number): boolean {
    let a = this.#local.resolve(localId);
    let b = this.#target.resolve(targetId);
    let behind = behindPointer;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      if (!namesMatch(a.name, b.name)) return false;
      if (a.kind === 'func_proto' && b.kind === 'func_proto') {
        const same = pairParams(a, b)?.every(([x, y]) => this.match(x, y, behind, level - 1));
        if (!same) return false;
      } else if (a.kind === 'array' && b.kind === 'array') {
        if (a.count !== b.count) return false;
      } else if (a.kind === 'ptr' && b.kind === 'ptr') {
        behind = true;
      } else {
        return this.#endsMatch(a, b, behind, level);
      }
      [a, b] = [this.#local.resolve(a.type), this.#target.resolve(b.type)];
    }
    throw tooDeep(targetId);
  }

  #endsMatch(a: BtfType, b: BtfType, behindPointer: boolean, level: number): boolean {
    switch (a.kind) {
      case 'void':
        return b.kind === 'void';
      case 'int':
        return b.kind === 'int' && a.size === b.size && a.signed === b.signed;
      case 'enum':
      case 'enum64':
        return (b.kind === 'enum' || b.kind === 'enum64') && enumsMatch(a, b);
      case 'fwd':
        return b.kind === 'fwd' ? a.of === b.of : behindPointer && a.of === b.kind;
      case 'struct':
      case 'union':
        if (behindPointer) return a.kind === declaredKind(b);
        return (b.kind === 'struct' || b.kind === 'union') && a.kind === b.kind && this.#membersMatch(a, b, level);
      default:
        return false;
    }
  }

  #membersMatch(a: BtfComposite, b: BtfComposite, level: number): boolean {
    if (a.members.length > b.members.length) return false;
    return a.members.every(wanted =>
      b.members.some(
        member => namesMatch(wanted.name, member.name) && this.match(wanted.type, member.type, false, level - 1),
      ),
    );
  }
}

/** The types of parameters side by side; undefined where there are more of one. */
function pairParams(a: BtfFuncProto, b: BtfFuncProto): [local: number, target: number][] | undefined {
  if (a.params.length !== b.params.length) return undefined;
  return a.params.map(({ type }, i) => [type, (b.params[i] as { type: number }).type]); // as many as in a
}

function endsCompatible(a: BtfType, b: BtfType): boolean {
  switch (a.kind) {
    case 'void':
    case 'struct':
    case 'union':
    case 'enum':
    case 'enum64':
    case 'fwd':
      return true;
    case 'int':
      return startsAtBitZero(a) && startsAtBitZero(b);
    default:
      return false;
  }
}

/** What a definition or forward declaration declares. */
function declaredKind(type: BtfType): BtfKind | BtfFwd['of'] {
  return type.kind === 'fwd' ? type.of : type.kind;
}

function enumsMatch(local: BtfEnum, target: BtfEnum): boolean {
  if (local.values.length > target.values.length) return false;
  const names = new Set(target.values.map(({ name }) => essentialName(name)));
  return local.values.every(({ name }) => names.has(essentialName(name)));
}

function tooDeep(typeId: number): BtfError {
  return new BtfError(`types nested deeper than ${MAX_DEPTH}`, { typeId });
}
