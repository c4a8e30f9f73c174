/** BPF objects on disk: the examples that ship with the project, and those of Debian's packages that `npm run setup` fetched. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/support/sources.ts';

/** One object file; `name` is its path below the folder that was listed. */
export interface ObjectFile {
  readonly name: string;
  readonly path: string;
  read(): Uint8Array;
}

function listObjects(folder: string): ObjectFile[] {
  const directory = join(root, folder);
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.o'))
    .sort()
    .map(name => {
      const path = join(directory, name);
      return { name, path, read: () => new Uint8Array(readFileSync(path)) };
    });
}

/** The objects of Debian's packages (`libxdp1/xdpfilt_alw_all.bpf.o`); empty when they were not fetched. */
export function fetchedObjects(): ObjectFile[] {
  return listObjects('.cache/objects');
}

/** Why tests over {@link fetchedObjects} are skipped, if they are. */
export function fetchedObjectsSkip(): string | undefined {
  return fetchedObjects().length > 0 ? undefined : 'no objects in .cache/objects (npm run setup fetches them)';
}

/** The objects beside the sources in `examples/`. */
export function exampleObjects(): ObjectFile[] {
  return listObjects('examples');
}

/** The objects of a folder of `test/data/`. */
export function testObjects(folder: string): ObjectFile[] {
  return listObjects(`test/data/${folder}`);
}
