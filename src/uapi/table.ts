/** Tables keyed by kernel name, read by number: the one place where numbers are turned into names and back. */
import type { KernelVersion } from './profile.ts';

/** What every numbered row has: the kernel's number and the release that brought it. */
export interface NumberedRow {
  readonly id: number;
  readonly since: KernelVersion;
}

/** Stands for a number that has no name here. */
export type Unnamed = `type_${number}`;

/** Both directions of a table of numbered rows. */
export interface Numbering<Name extends string> {
  /** The name of a number, `type_N` where it has none. */
  nameOf(id: number): Name | Unnamed;
  /** The number of a name, `type_N` included; undefined for what is in no row. */
  idOf(name: string): number | undefined;
}

/** Indexes a table whose rows carry distinct numbers. */
export function numbering<Name extends string>(
  table: Readonly<Record<Name, { readonly id: number }>>,
): Numbering<Name> {
  const names = new Map<number, Name>();
  const ids = new Map<string, number>();
  for (const name in table) {
    names.set(table[name].id, name);
    ids.set(name, table[name].id);
  }
  return {
    nameOf: id => names.get(id) ?? `type_${id}`,
    idOf(name) {
      const unnamed = /^type_(\d+)$/.exec(name);
      return unnamed === null ? ids.get(name) : Number(unnamed[1]);
    },
  };
}
