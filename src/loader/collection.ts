/** `Collection`: the programs, maps and variables of one object, loaded into a kernel. */
import type { Btf } from '../btf/btf.ts';
import type { CollectionSpec } from '../object/spec.ts';
import { BpfError } from '../util/error.ts';
import type { BpfMap } from './map.ts';
import type { Program } from './program.ts';
import type { Variables } from './variables.ts';

/** Everything that one object became in a kernel. Closing it closes every descriptor; what is pinned or attached lives on. */
export class Collection implements Disposable, AsyncDisposable {
  readonly spec: CollectionSpec;
  /** The object's types, where it has any. */
  readonly btf: Btf | undefined;
  readonly programs: Record<string, Program> = {};
  /** By the names of the spec; data sections included (`.rodata`, `.bss` …). */
  readonly maps: Record<string, BpfMap> = {};
  /** Live variables of each data section, by section name. */
  readonly sections: Record<string, Variables> = {};
  /** What went otherwise than asked without stopping the load, in words. */
  readonly warnings: string[] = [];
  /** What else closes with the collection: mappings, the `.kconfig` map. Last in, first out. */
  readonly owned: Disposable[] = [];

  constructor(spec: CollectionSpec, btf: Btf | undefined) {
    this.spec = spec;
    this.btf = btf;
  }

  /** Global variables of `.bss`: reading and assigning reach the map behind them. */
  get bss(): Variables {
    return this.sections['.bss'] ?? {};
  }

  /** Global variables of `.data`. */
  get data(): Variables {
    return this.sections['.data'] ?? {};
  }

  /** Constants of `.rodata`, read-only since the load. */
  get rodata(): Variables {
    return this.sections['.rodata'] ?? {};
  }

  /** @throws {BpfError} `no_such_program`, naming those that there are. */
  program(name: string): Program {
    return named(this.programs, name, 'program');
  }

  /** @throws {BpfError} `no_such_map`, naming those that there are. */
  map(name: string): BpfMap {
    return named(this.maps, name, 'map');
  }

  close(): void {
    for (let next = this.owned.pop(); next !== undefined; next = this.owned.pop()) next[Symbol.dispose]();
    for (const program of Object.values(this.programs)) program.close();
    for (const map of Object.values(this.maps)) map.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

function named<T>(record: Readonly<Record<string, T>>, name: string, kind: 'program' | 'map'): T {
  if (Object.hasOwn(record, name)) return record[name] as T; // hasOwn says it is there
  const known = Object.keys(record).join(', ') || 'none';
  throw new BpfError(`no_such_${kind}`, `no ${kind} ${name} was loaded; there are: ${known}`);
}
