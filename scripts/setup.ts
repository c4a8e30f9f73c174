/**
 * `npm run setup`: brings what the tests can use beyond npm's packages: programs from the distribution (as root, with apt) and
 * the BPF objects of Debian's packages. Safe to repeat, quick when nothing is missing. What cannot be had is named with the
 * tests that are skipped without it; that is no failure.
 */
import { fetchObjects } from './fetch-objects.ts';
import { type Apt, hasApt, openApt } from './support/apt.ts';
import { findTool, type ToolName, tools } from './support/tools.ts';

const say = (line: string): void => console.log(line);
const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));
// The table's keys, as its type has them.
const names = Object.keys(tools) as ToolName[];
const missing = (): ToolName[] => names.filter(name => findTool(name) === undefined);
const packagesOf = (wanted: readonly ToolName[]): string[] => [...new Set(wanted.map(name => tools[name].package))];

/** Runs one step of apt; a failure is told, never fatal. */
function attempt(what: string, step: () => void): boolean {
  try {
    step();
    return true;
  } catch (error) {
    say(`tools: ${what} failed: ${message(error)}`);
    return false;
  }
}

/** Installs packages at once, or, where one of them is not to be had, each by itself. */
function install(apt: Apt, packages: readonly string[]): void {
  say(`tools: installing ${packages.join(' ')}`);
  attempt('apt-get update', () => apt.update());
  if (attempt('installing them together', () => apt.install(packages)) || packages.length === 1) return;
  for (const name of packages) attempt(`installing ${name}`, () => apt.install([name]));
}

const wanted = packagesOf(missing());
if (wanted.length > 0) {
  if (hasApt() && process.getuid?.() === 0) install(openApt(undefined, ''), wanted);
  else if (hasApt()) say(`tools: to have them, as root: apt-get install --no-install-recommends ${wanted.join(' ')}`);
  else say(`tools: this machine has no apt; Debian calls the packages ${wanted.join(' ')}`);
}
const absent = missing();
for (const name of absent) say(`tools: no ${name}; skipped without it: ${tools[name].serves}`);
if (absent.length < names.length) say(`tools: ${names.filter(name => !absent.includes(name)).join(', ')}: here`);

if (!fetchObjects(undefined, say)) say('objects: skipped without them: tests over the objects of Debian packages');
