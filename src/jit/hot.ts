/** Helpers that are WebAssembly functions, imported into a program's module: those that its calls may mean, for the maps that it names. */
import type { Program } from '../vm/program.ts';
import { KERNEL_TAG } from './abi.ts';
import type { CompileOptions, HotHelper } from './options.ts';
import type { ModuleBuilder } from './wasm/module.ts';

/** A hot helper and the index of its import. */
export interface ImportedHelper extends HotHelper {
  readonly index: number;
}

/** The hot helpers of one module. */
export class HotHelpers {
  /** What to import, by name. */
  readonly imports: Record<string, WebAssembly.ImportValue> = {};
  readonly #byCall = new Map<string, ImportedHelper>();

  /** Imports what the program's calls may mean; `find` then has it. */
  constructor(module: ModuleBuilder, { slots }: Program, hotHelper: CompileOptions['hotHelper']) {
    const ids = new Set<number>();
    const maps = new Set<number | undefined>([undefined]);
    for (const slot of slots) {
      if (slot?.row.kind === 'call' && slot.row.callee === 'helper') ids.add(slot.insn.imm);
      else if (slot?.row.kind === 'wide' && Number(slot.insn.imm64! >> 32n) === KERNEL_TAG >>> 0)
        maps.add(slot.insn.imm >>> 0);
    }
    const known = new Map<WebAssembly.ImportValue, ImportedHelper>();
    for (const id of ids) {
      for (const map of maps) {
        const helper = hotHelper(id, map);
        if (helper === undefined) continue;
        const imported = known.get(helper.body) ?? this.#import(module, helper);
        known.set(helper.body, imported);
        this.#byCall.set(`${id} ${map}`, { ...helper, index: imported.index });
      }
    }
  }

  /** The function that a call of helper `id` with the map at `map` in r1 means; without a map where it is not known. */
  find(id: number, map: number | undefined): ImportedHelper | undefined {
    return (map === undefined ? undefined : this.#byCall.get(`${id} ${map}`)) ?? this.#byCall.get(`${id} undefined`);
  }

  #import(module: ModuleBuilder, helper: HotHelper): ImportedHelper {
    const name = `helper${Object.keys(this.imports).length}`;
    this.imports[name] = helper.body;
    const results = [helper.result === 'i64' ? 'i64' : 'i32'] as const;
    return { ...helper, index: module.importFunction('env', name, { parameters: helper.parameters, results }) };
  }
}
