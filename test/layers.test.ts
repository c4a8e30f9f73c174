/** `src/` keeps its layers; and the check that says so refuses what it must, on small fixtures. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkLayers, type Finding } from '../scripts/support/layer-rules.ts';
import { type Layers, layers } from '../scripts/support/layers.ts';
import { readSources, root } from '../scripts/support/sources.ts';

const show = ({ file, line, reason }: Finding): string => `${file}:${line}: ${reason}`;

describe('src/', () => {
  it('keeps its layers', () => {
    const errors = checkLayers(readSources(), layers).filter(({ level }) => level === 'error');
    expect(errors.map(show)).toEqual([]);
  });

  it('has the layers that ARCHITECTURE.md draws', () => {
    const drawn = drawnLayers(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8'));
    const sorted = (rows: Layers['imports']) =>
      Object.entries(rows).map(([name, imports]) => [name, [...imports].sort()]);
    expect(sorted(drawn)).toEqual(sorted(layers.imports));
  });
});

/** Reads the folder table of ARCHITECTURE.md, its shorthands (`everything`, `all above but a, b`, `and what they import`) spelled out. */
function drawnLayers(markdown: string): Record<string, string[]> {
  const rows: Record<string, string[]> = {};
  for (const [, name = '', cell = ''] of markdown.matchAll(/^\| `([\w-]+)\/` \|.*\| ([^|]+) \|$/gm)) {
    const above = Object.keys(rows);
    const words = cell.split(/[ ,]+/).filter(word => above.includes(word));
    if (cell === 'everything') rows[name] = above;
    else if (cell.startsWith('all above but')) rows[name] = above.filter(folder => !words.includes(folder));
    else if (cell.endsWith('and what they import'))
      rows[name] = [...new Set([...words, ...words.flatMap(word => rows[word] ?? [])])];
    else rows[name] = words;
  }
  return rows;
}

const small: Layers = {
  imports: { low: [], mid: ['low'], native: ['low'], top: ['mid', 'low'] },
  host: ['native', 'top/web'],
  dependencies: { native: ['koffi'] },
  tables: ['src/low/table.ts'],
};

/** Each row: a fixture tree and all that the check says of it. */
const cases: Record<string, { files: Record<string, string>; says: string[] }> = {
  'a tree that keeps every rule': {
    files: {
      'src/low/a.ts': `// process, Buffer and import x from 'node:fs' in a comment\nexport const a = "process.exit()";`,
      'src/low/b.ts': `import { a } from './a.ts';\nimport type { c } from './c.gen.ts';\nexport const b = [a] as (typeof c)[];`,
      'src/low/c.gen.ts': 'export const c = 1;',
      'src/low/index.ts': `export { a } from './a.ts';\nexport { b } from './b.ts';`,
      'src/mid/a.ts': `export { a } from '../low/a.ts';\nexport const o = { process: 1, f: (window: number) => window };`,
      'src/mid/b.ts':
        'export function f({ document }: { document: string }) { let n = 0; return n++ + document.length; }',
      'src/native/a.ts': `import koffi from 'koffi';\nimport { open } from 'node:fs';\nexport const p = [process.pid, koffi, open];`,
      'src/top/web/a.ts': 'export const title = document.title;',
      'src/low/a.test.ts': `import { o } from '../mid/a.ts';\nimport 'node:fs';\nexport default process.pid + o;`,
    },
    says: [],
  },
  'an import from a higher row': {
    files: { 'src/low/a.ts': `import { b } from '../mid/b.ts';`, 'src/mid/b.ts': 'export const b = 1;' },
    says: [`src/low/a.ts:1: import of '../mid/b.ts': low/ may not import mid/`],
  },
  'every other form of import from a higher row': {
    files: {
      'src/low/a.ts': `export { b } from '../mid/b.ts';\nimport type { c } from '../mid/b.ts';\nawait import('../mid/b.ts');\nexport type D = import('../mid/b.ts').D;`,
      'src/mid/b.ts': '',
    },
    says: [
      `src/low/a.ts:1: re-export of '../mid/b.ts': low/ may not import mid/`,
      `src/low/a.ts:2: import type of '../mid/b.ts': low/ may not import mid/`,
      `src/low/a.ts:3: dynamic import of '../mid/b.ts': low/ may not import mid/`,
      `src/low/a.ts:4: import type of '../mid/b.ts': low/ may not import mid/`,
    ],
  },
  'imports that name the wrong thing': {
    files: {
      'src/low/a.ts': `import '../../test/x.ts';\nimport './a.test.ts';\nimport './index.ts';\nimport './b';\nimport './gone.ts';\nimport './b.js';`,
      'src/low/b.ts': '',
      'src/low/index.ts': '',
    },
    says: [
      `src/low/a.ts:1: import of '../../test/x.ts': outside src/`,
      `src/low/a.ts:2: import of './a.test.ts': a test`,
      `src/low/a.ts:3: import of './index.ts': an index.ts: import the file that has it`,
      `src/low/a.ts:4: import of './b': write the file name with its .ts`,
      `src/low/a.ts:5: import of './gone.ts': no such file`,
      `src/low/a.ts:6: import of './b.js': write the file name with its .ts`,
    ],
  },
  'an import of a computed name': {
    files: { 'src/low/a.ts': 'export const load = (name: string) => import(name);' },
    says: ['src/low/a.ts:1: dynamic import of a computed name: write it as a string'],
  },
  'Node and a dependency in a library folder': {
    files: { 'src/mid/a.ts': `import 'node:fs';\nimport 'koffi';\nimport '@scope/thing/part';` },
    says: [
      `src/mid/a.ts:1: import of 'node:fs': no Node in a library folder: it must run in a browser`,
      `src/mid/a.ts:2: import of 'koffi': not a dependency of this folder`,
      `src/mid/a.ts:3: import of '@scope/thing/part': not a dependency of this folder`,
    ],
  },
  'a dependency that a host folder does not list': {
    files: { 'src/native/a.ts': `import 'koffi/inside';\nimport 'left-pad';` },
    says: [`src/native/a.ts:2: import of 'left-pad': not a dependency of this folder`],
  },
  'names of the host in a library folder': {
    files: {
      'src/low/a.ts':
        'export const a = process.pid;\nexport const b: Buffer = x;\nconst o = { document };\ntypeof window;\nglobalThis.process;\nrequire("x");\nf(__dirname);',
    },
    says: ['process', 'Buffer', 'document', 'window', 'process', 'require', '__dirname'].map(
      (name, at) => `src/low/a.ts:${at + 1}: ${name} in a library folder: it must run in a browser`,
    ),
  },
  'exports without a name': {
    files: {
      'src/low/a.ts': `export * from './b.ts';\nexport default 1;\nconst x = 1;\nexport { x as default };`,
      'src/low/b.ts': '',
    },
    says: [
      'src/low/a.ts:1: export *: name what is exported',
      'src/low/a.ts:2: default export: give it a name',
      'src/low/a.ts:4: default export: give it a name',
    ],
  },
  'code in an index': {
    files: {
      'src/low/index.ts': `export { b } from './b.ts';\nimport { c } from './b.ts';\nexport const d = c;`,
      'src/low/b.ts': '',
    },
    says: [
      'src/low/index.ts:2: ImportDeclaration in an index.ts: it holds named re-exports only',
      'src/low/index.ts:3: ExportNamedDeclaration in an index.ts: it holds named re-exports only',
    ],
  },
  'mutable module state': {
    files: { 'src/low/a.ts': 'let a = 1;\nexport let b = a;\nvar c = b;' },
    says: [1, 2, 3].map(line => `src/low/a.ts:${line}: mutable module state: top-level ${line === 3 ? 'var' : 'let'}`),
  },
  'an import cycle, types included': {
    files: {
      'src/low/a.ts': `import type { B } from './b.ts';`,
      'src/low/b.ts': `import type { C } from './c.ts';`,
      'src/low/c.ts': `\nimport { a } from './a.ts';`,
      'src/low/self.ts': `import { s } from './self.ts';`,
    },
    says: [
      'src/low/c.ts:2: import cycle: src/low/a.ts → src/low/b.ts → src/low/c.ts → src/low/a.ts',
      'src/low/self.ts:1: import cycle: src/low/self.ts → src/low/self.ts',
    ],
  },
  'a file in no folder of the table': {
    files: { 'src/a.ts': '', 'src/lower/a.ts': '' },
    says: [
      'src/a.ts:1: lies in no folder that layers.json lists',
      'src/lower/a.ts:1: lies in no folder that layers.json lists',
    ],
  },
  'a file that does not parse': {
    files: { 'src/low/a.ts': '\nexport const = 1;' },
    says: [expect.stringMatching(/^src\/low\/a\.ts:2: does not parse: /)],
  },
  'long files, tables and generated files apart': {
    files: {
      'src/low/fits.ts': '//\n'.repeat(500),
      'src/low/long.ts': '//\n'.repeat(501),
      'src/low/longer.ts': '//\n'.repeat(801),
      'src/low/table.ts': '//\n'.repeat(801),
      'src/low/table.gen.ts': '//\n'.repeat(801),
    },
    says: [
      'src/low/long.ts:501: 501 lines: split it (500 at most)',
      'src/low/longer.ts:801: 801 lines: split it (800 at most)',
    ],
  },
};

describe('checkLayers', () => {
  it.each(Object.entries(cases))('%s', (_name, { files, says }) => {
    expect(checkLayers(new Map(Object.entries(files)), small).map(show)).toEqual(says);
  });

  it('warns of a long file and refuses a longer one', () => {
    const levels = checkLayers(new Map([500, 501, 800, 801].map(n => [`src/low/${n}.ts`, '//\n'.repeat(n)])), small);
    expect(levels.map(({ file, level }) => [file, level])).toEqual([
      ['src/low/501.ts', 'warning'],
      ['src/low/800.ts', 'warning'],
      ['src/low/801.ts', 'error'],
    ]);
  });

  it('refuses a table whose rows are not in order', () => {
    const turned: Layers = { ...small, imports: { mid: ['low'], low: [] } };
    expect(checkLayers(new Map(), turned).map(show)).toEqual([
      'layers.json:1: mid/ may import low/, which is not a row above it',
    ]);
  });
});
