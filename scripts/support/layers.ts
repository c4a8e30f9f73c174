/**
 * The layers of `src/`: reads `layers.json`, the one place that says which folder may import which. A row may name a nested
 * folder (`debug/dap`); the longest name that holds a file owns it.
 */
import data from '../../layers.json' with { type: 'json' };

/** The allow-lists that the layer check enforces; folder names are relative to `src/`. */
export interface Layers {
  /** Folder → the folders it may import, lowest layer first: a folder imports only from rows above its own. */
  readonly imports: Readonly<Record<string, readonly string[]>>;
  /** Folders that may use Node, the DOM and dependencies; every other folder is library and runs in a browser. */
  readonly host: readonly string[];
  /** Folder → npm packages it may import. */
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
  /** Files that hold one large table and may be as long as it is; paths from the repository's root. */
  readonly tables: readonly string[];
}

/** The repository's own layers, as `layers.json` has them. */
export const layers: Layers = data;

/** Finds the longest of `folders` that holds `file` (`src/debug/dap/x.ts` → `debug/dap`). */
export function ownerOf(file: string, folders: readonly string[]): string | undefined {
  return folders
    .filter(folder => file.startsWith(`src/${folder}/`))
    .sort((a, b) => b.length - a.length)
    .at(0);
}

/** Tells whether `file` belongs to a library folder, which knows no host: no Node, no DOM, no dependency. */
export function isLibrary(file: string, { host }: Layers): boolean {
  return ownerOf(file, host) === undefined;
}

/** Lists the top folders that are library as a whole; together they are the core that runs in a browser. */
export function libraryFolders({ imports, host }: Layers): string[] {
  return Object.keys(imports).filter(folder => !host.includes(folder));
}
