/** Which types of the target a type of the object may mean: those of its kind and name, flavours aside. */
import type { Btf } from './btf.ts';
import { kindsCompatible } from './core-compat.ts';
import { essentialName } from './core-name.ts';

/**
 * The candidates of each type. One serves all programs of an object: a record that fits some candidates only rules the others out for
 * the records after it, as in libbpf's `bpf_core_calc_relo_insn`.
 */
export class CoreCandidates {
  readonly local: Btf;
  readonly target: Btf;
  readonly #known = new Map<number, readonly number[]>();
  #flavoured: ReadonlyMap<string, readonly number[]> | undefined;

  constructor(local: Btf, target: Btf) {
    this.local = local;
    this.target = target;
  }

  /** Ids in the target that type `typeId` of the object may mean, ascending. */
  of(typeId: number): readonly number[] {
    let ids = this.#known.get(typeId);
    if (ids === undefined) {
      ids = this.#find(typeId);
      this.#known.set(typeId, ids);
    }
    return ids;
  }

  /** Rules out all candidates of `typeId` but `ids`. */
  narrow(typeId: number, ids: readonly number[]): void {
    this.#known.set(typeId, ids);
  }

  #find(typeId: number): readonly number[] {
    const kind = this.local.kindOf(typeId);
    const name = essentialName(this.local.nameOf(typeId));
    this.#flavoured ??= flavouredTypes(this.target);
    return [...this.target.idsByName(name), ...(this.#flavoured.get(name) ?? [])]
      .filter(id => kindsCompatible(kind, this.target.kindOf(id)))
      .sort((a, b) => a - b);
  }
}

/** Types with a flavour, by their name without it. */
function flavouredTypes(btf: Btf): Map<string, number[]> {
  const byName = new Map<string, number[]>();
  for (let id = 1; id < btf.typeCount; id++) {
    const name = btf.nameOf(id);
    const essential = essentialName(name);
    if (essential === name) continue;
    const ids = byName.get(essential);
    if (ids === undefined) byName.set(essential, [id]);
    else ids.push(id);
  }
  return byName;
}
