/**
 * The rules that keep `src/` in layers, over the facts of its modules. Tests stand outside the layers and are not looked at.
 * The rules follow ARCHITECTURE.md (folders) and CONTRIBUTING.md (imports, exports, module state, length).
 */
import { dirname, normalize } from 'node:path/posix';
import { isLibrary, type Layers, ownerOf } from './layers.ts';
import { type ImportFact, type ModuleFacts, readModule } from './module-facts.ts';

/** A rule broken at a place; a warning asks, an error refuses. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly level: 'error' | 'warning';
  readonly reason: string;
}

/** A source file longer than the first asks for a split, longer than the second is refused. */
const lengthLimits = { warning: 500, error: 800 } as const;

/** Tells whether `file` is a test, which no rule binds. */
export function isTest(file: string): boolean {
  return file.endsWith('.test.ts');
}

/** Checks every rule over `sources` (path from the repository's root → text); findings come sorted by file and line. */
export function checkLayers(sources: ReadonlyMap<string, string>, layers: Layers): Finding[] {
  const modules = new Map<string, ModuleFacts>();
  for (const [file, text] of sources) if (!isTest(file)) modules.set(file, readModule(file, text));
  const findings = [
    ...checkTable(layers),
    ...[...modules].flatMap(([file, facts]) => [
      ...checkModule(file, facts, layers),
      ...facts.imports.flatMap(fact => checkImport(file, fact, modules, layers)),
    ]),
    ...checkCycles(modules),
  ];
  return findings.sort((a, b) => compare(a.file, b.file) || a.line - b.line || compare(a.reason, b.reason));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** The table itself: a folder imports only from rows above it, hence no cycle between folders. */
function checkTable({ imports }: Layers): Finding[] {
  const rows = Object.keys(imports);
  return rows.flatMap((folder, row) =>
    (imports[folder] ?? [])
      .filter(name => !rows.slice(0, row).includes(name))
      .map(name => error('layers.json', 1, `${folder}/ may import ${name}/, which is not a row above it`)),
  );
}

function error(file: string, line: number, reason: string): Finding {
  return { file, line, level: 'error', reason };
}

/** Rules over one module alone: exports, module state, host names, length. */
function checkModule(file: string, facts: ModuleFacts, layers: Layers): Finding[] {
  const findings = [
    ...facts.syntaxErrors.map(({ name, line }) => error(file, line, `does not parse: ${name}`)),
    ...facts.opaqueImports.map(({ name, line }) =>
      error(file, line, `${name} of a computed name: write it as a string`),
    ),
    ...facts.exportStars.map(({ line }) => error(file, line, 'export *: name what is exported')),
    ...facts.defaultExports.map(({ line }) => error(file, line, 'default export: give it a name')),
    ...facts.mutableState.map(({ name, line }) => error(file, line, `mutable module state: top-level ${name}`)),
  ];
  if (ownerOf(file, Object.keys(layers.imports)) === undefined)
    findings.push(error(file, 1, 'lies in no folder that layers.json lists'));
  if (isIndex(file))
    for (const { name, line } of facts.ownStatements)
      findings.push(error(file, line, `${name} in an index.ts: it holds named re-exports only`));
  if (isLibrary(file, layers))
    for (const { name, line } of facts.hostGlobals)
      findings.push(error(file, line, `${name} in a library folder: it must run in a browser`));
  if (!file.endsWith('.gen.ts') && !layers.tables.includes(file) && facts.lineCount > lengthLimits.warning) {
    const level = facts.lineCount > lengthLimits.error ? 'error' : 'warning';
    findings.push({
      file,
      line: facts.lineCount,
      level,
      reason: `${facts.lineCount} lines: split it (${lengthLimits[level]} at most)`,
    });
  }
  return findings;
}

function isIndex(file: string): boolean {
  return file.endsWith('/index.ts');
}

/** The file a relative import names, from the repository's root. */
function resolve(file: string, specifier: string): string {
  return normalize(`${dirname(file)}/${specifier}`);
}

/** Rules over one import: what it may name, and from where. */
function checkImport(
  file: string,
  fact: ImportFact,
  modules: ReadonlyMap<string, ModuleFacts>,
  layers: Layers,
): Finding[] {
  const refuse = (reason: string) => [error(file, fact.line, `${fact.form} of '${fact.specifier}': ${reason}`)];
  const { specifier } = fact;
  if (!/^\.{1,2}\//.test(specifier)) return checkPackage(file, specifier, layers).flatMap(refuse);

  const target = resolve(file, specifier);
  if (!target.startsWith('src/')) return refuse('outside src/');
  if (isTest(target)) return refuse('a test');
  if (isIndex(target)) return refuse('an index.ts: import the file that has it');
  if (!target.endsWith('.ts')) return target.endsWith('.json') ? [] : refuse('write the file name with its .ts');
  if (!modules.has(target)) return refuse('no such file');

  const rows = Object.keys(layers.imports);
  const [from, to] = [ownerOf(file, rows), ownerOf(target, rows)];
  // A file in no row is reported once, by itself.
  if (from === undefined || to === undefined || from === to || layers.imports[from]?.includes(to)) return [];
  return refuse(`${from}/ may not import ${to}/`);
}

/** Why `file` may not import the package or builtin `specifier`; empty when it may. */
function checkPackage(file: string, specifier: string, { host, dependencies }: Layers): string[] {
  if (specifier.startsWith('node:'))
    return ownerOf(file, host) === undefined ? ['no Node in a library folder: it must run in a browser'] : [];
  const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
  const folder = ownerOf(file, Object.keys(dependencies));
  return folder !== undefined && dependencies[folder]?.includes(name) ? [] : ['not a dependency of this folder'];
}

/** Import cycles between files, types included; each is reported once, at the import that closes it. */
function checkCycles(modules: ReadonlyMap<string, ModuleFacts>): Finding[] {
  const findings: Finding[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    path.push(file);
    for (const { specifier, line } of modules.get(file)?.imports ?? []) {
      const target = resolve(file, specifier);
      const start = path.indexOf(target);
      if (start >= 0) findings.push(error(file, line, `import cycle: ${[...path.slice(start), target].join(' → ')}`));
      else if (modules.has(target) && !done.has(target)) visit(target);
    }
    path.pop();
    done.add(file);
  };
  for (const file of modules.keys()) if (!done.has(file)) visit(file);
  return findings;
}
