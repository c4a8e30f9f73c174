/** `Kernel`: a user's face of a `Sys`, whichever kernel stands behind it. */
import type { CollectionSpec } from '../object/spec.ts';
import type { Sys } from '../sys/sys.ts';
import type { Collection } from './collection.ts';
import type { KernelFacts } from './kconfig.ts';
import { type LoadOptions, loadCollection } from './load.ts';

/** A kernel to load objects into. */
export class Kernel implements Disposable {
  /** The seam under everything here: `kernel.sys.bpf('map_create', { … })`. */
  readonly sys: Sys;
  /** What the kernel says of itself beside its system call: its release, its configuration. */
  readonly facts: KernelFacts;

  constructor(sys: Sys, facts: KernelFacts = {}) {
    this.sys = sys;
    this.facts = facts;
  }

  get kind(): Sys['kind'] {
    return this.sys.kind;
  }

  /**
   * Creates the maps of an object and loads its programs. Where anything is refused, everything made until then is closed.
   * @example const collection = await kernel.load(readObject(bytes), { name: 'xdp_firewall' });
   * @throws {VerifierError | RelocationError | SyscallError | NotSupportedError}
   */
  async load(spec: CollectionSpec, options: LoadOptions = {}): Promise<Collection> {
    return loadCollection(this.sys, spec, options, this.facts);
  }

  [Symbol.dispose](): void {
    this.sys[Symbol.dispose]();
  }
}
