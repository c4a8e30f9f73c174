/** The programs of an object, by their own names and by the shorter ones that a kernel keeps. */
import { kernelName } from '../loader/names.ts';
import type { CollectionSpec } from '../object/spec.ts';
import { ProgramListing } from './listing.ts';

/** Finds the listing of a program that a kernel, or the loader, speaks of. */
export class Programs {
  readonly #listings: readonly ProgramListing[];

  constructor(spec: CollectionSpec) {
    this.#listings = Object.values(spec.programs).map(program => new ProgramListing(program, spec.byteOrder));
  }

  /** The program named `name` in the object. */
  named(name: string): ProgramListing | undefined {
    return this.#listings.find(({ program }) => program.name === name);
  }

  /** The program that a kernel calls `name`. */
  loaded(name: string): ProgramListing | undefined {
    return this.#listings.find(({ program }) => kernelName(program.name) === name);
  }
}
