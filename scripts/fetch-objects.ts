/**
 * Fetches BPF objects that others wrote, for tests to read: unpacks Debian packages and carves the objects out of their files
 * into `.cache/objects/<package>/<name>.bpf.o` (`<package>.<suite>` for another release), with what came from where in
 * `manifest.json`. Packages whose version has not changed are left as they are.
 *
 *     node scripts/fetch-objects.ts [--suite SUITE]
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { type Apt, hasApt, openApt } from './support/apt.ts';
import { carveBpfObjects } from './support/carve.ts';
import { root } from './support/sources.ts';

const packages = ['libbpf-tools', 'xdp-tools', 'libxdp1'] as const;
const cache = join(root, '.cache/objects');
const manifestPath = join(cache, 'manifest.json');

/** Where one object came from: the packaged file and the byte offset in it. */
interface ObjectOrigin {
  readonly name: string;
  readonly file: string;
  readonly offset: number;
  readonly size: number;
  readonly sha256: string;
}

/** Folder below `.cache/objects` → the package version in it and its objects. */
type Manifest = Record<string, { readonly version: string; readonly objects: readonly ObjectOrigin[] }>;

function readManifest(): Manifest {
  // Only this script writes the file.
  return existsSync(manifestPath) ? (JSON.parse(readFileSync(manifestPath, 'utf8')) as Manifest) : {};
}

/** Brings `.cache/objects` up to date and says what it did; the result tells whether every package is there. */
export function fetchObjects(suite: string | undefined, say: (line: string) => void): boolean {
  if (!hasApt()) {
    say('objects: not fetched, they come from Debian packages and this machine has no apt');
    return false;
  }
  const work = mkdtempSync(join(tmpdir(), 'skep-objects-'));
  try {
    return fetchPackages(openApt(suite, work), suite, work, say);
  } catch (error) {
    say(`objects: not fetched, ${error instanceof Error ? error.message : String(error)}`);
    return false;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function fetchPackages(apt: Apt, suite: string | undefined, work: string, say: (line: string) => void): boolean {
  const manifest = readManifest();
  let versions = apt.candidates(packages);
  if (versions.size < packages.length && process.getuid?.() === 0) {
    apt.update();
    versions = apt.candidates(packages);
  }
  let complete = true;
  for (const name of packages) {
    const folder = suite === undefined ? name : `${name}.${suite}`;
    const held = manifest[folder];
    const version = versions.get(name) ?? held?.version;
    if (version === undefined) {
      say(`objects: ${folder} not fetched, apt knows no such package (apt-get update, as root, may help)`);
      complete = false;
    } else if (
      held?.version === version &&
      held.objects.every(object => existsSync(join(cache, folder, object.name)))
    ) {
      say(`objects: ${folder} ${version} is here (${held.objects.length} objects)`);
    } else {
      const objects = writeObjects(apt.unpack(name, join(work, name)), join(cache, folder));
      manifest[folder] = { version, objects };
      writeFileSync(manifestPath, `${JSON.stringify(manifest, null, 2)}\n`);
      say(`objects: ${folder} ${version} fetched (${objects.length} objects)`);
    }
  }
  return complete;
}

/** Carves every file below `unpacked` into `folder`, replacing it; an object that occurs twice is written once. */
function writeObjects(unpacked: string, folder: string): ObjectOrigin[] {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const objects: ObjectOrigin[] = [];
  for (const path of listFiles(unpacked)) {
    const stem = basename(path).replace(/(?:\.bpf)?\.o$/, '');
    const carved = carveBpfObjects(readFileSync(path));
    for (const [index, { offset, bytes }] of carved.entries()) {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      if (objects.some(object => object.sha256 === sha256)) continue;
      const name = `${carved.length === 1 ? stem : `${stem}.${index + 1}`}.bpf.o`;
      writeFileSync(join(folder, name), bytes);
      objects.push({ name, file: `/${relative(unpacked, path)}`, offset, size: bytes.length, sha256 });
    }
  }
  return objects;
}

function listFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .sort();
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { suite: { type: 'string' } } });
  process.exitCode = fetchObjects(values.suite, line => console.log(line)) ? 0 : 1;
}
