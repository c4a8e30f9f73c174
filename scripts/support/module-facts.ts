/**
 * What the layer check needs to know of one module, read from its syntax tree: imports of every form, the shape of its exports,
 * mutable state, and names it takes from the host. Comments and strings never count, and neither do names the file declares itself.
 */
import { parseSync } from 'rolldown/utils';

/** How a module names another one. */
export type ImportForm = 'import' | 'import type' | 'dynamic import' | 're-export';

/** One import: `specifier` as written, `line` counted from 1. */
export interface ImportFact {
  readonly form: ImportForm;
  readonly specifier: string;
  readonly line: number;
}

/** Something at a place in the file; `name` is the identifier or the construct. */
export interface NamedFact {
  readonly name: string;
  readonly line: number;
}

/** The facts of one module. */
export interface ModuleFacts {
  readonly lineCount: number;
  readonly syntaxErrors: readonly NamedFact[];
  readonly imports: readonly ImportFact[];
  /** `import()` or `import type` of something that is not a string literal. */
  readonly opaqueImports: readonly NamedFact[];
  readonly exportStars: readonly NamedFact[];
  readonly defaultExports: readonly NamedFact[];
  /** Top-level statements that are not a named re-export; an index file has none. */
  readonly ownStatements: readonly NamedFact[];
  /** Top-level `let` and `var`. */
  readonly mutableState: readonly NamedFact[];
  /** Identifiers of {@link hostGlobals} that the file uses without declaring them. */
  readonly hostGlobals: readonly NamedFact[];
}

/** Names that exist only in Node or only in a page. */
export const hostGlobals: ReadonlySet<string> = new Set([
  'process',
  'Buffer',
  'document',
  'window',
  '__dirname',
  '__filename',
  'require',
]);

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [field: string]: unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Node>).type === 'string';
}

/** Visits every node below `node` with its parent and the field that holds it. */
function walk(node: Node, visit: (node: Node, parent: Node, field: string) => void): void {
  for (const [field, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (!isNode(child)) continue;
      visit(child, node, field);
      walk(child, visit);
    }
  }
}

/** Fields in which an identifier is a mere label: the name of a member, not a reference to a variable. */
function isLabel(parent: Node, field: string): boolean {
  switch (field) {
    case 'property':
      return parent['computed'] !== true && !(isNode(parent['object']) && parent['object']['name'] === 'globalThis');
    case 'key':
      return parent['computed'] !== true;
    case 'right':
      return parent.type === 'TSQualifiedName';
    case 'imported':
    case 'exported':
    case 'label':
    case 'qualifier':
      return true;
    default:
      return false;
  }
}

/** The names that a pattern binds (`{ a, b: [c = 1], ...d }` binds a, c and d). */
function boundNames(pattern: unknown): string[] {
  if (Array.isArray(pattern)) return pattern.flatMap(boundNames);
  if (!isNode(pattern)) return [];
  if (pattern.type === 'Identifier') return [String(pattern['name'])];
  return ['elements', 'properties', 'value', 'left', 'argument', 'parameter'].flatMap(field =>
    boundNames(pattern[field]),
  );
}

/** The names that `node` itself declares: a variable, parameters, a function, class or type, an import, a caught error. */
function declaredNames(node: Node): string[] {
  const declares = node.type === 'ExportSpecifier' ? [] : ['id', 'params', 'parameters', 'param', 'local'];
  return declares.flatMap(field => boundNames(node[field]));
}

const importForms: Readonly<Record<string, ImportForm>> = {
  ImportDeclaration: 'import',
  ImportExpression: 'dynamic import',
  TSImportType: 'import type',
  ExportNamedDeclaration: 're-export',
  ExportAllDeclaration: 're-export',
};

/** Reads the facts of the TypeScript module `text`; `path` appears only in syntax errors. */
export function readModule(path: string, text: string): ModuleFacts {
  const { program, errors } = parseSync(path, text, { lang: 'ts', sourceType: 'module' });
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length;
  const named = (name: string, node: Node): NamedFact => ({ name, line: lineOf(node.start) });

  const imports: ImportFact[] = [];
  const opaqueImports: NamedFact[] = [];
  const exportStars: NamedFact[] = [];
  const defaultExports: NamedFact[] = [];
  const used: NamedFact[] = [];
  const declared = new Set<string>();

  // The parser's node types are a closed union; the walk is generic, so it sees them as records.
  const root = program as unknown as Node;
  walk(root, (node, parent, field) => {
    const form = importForms[node.type];
    if (form !== undefined && isNode(node['source'])) {
      const specifier = node['source']['value'];
      const typeOnly = node['importKind'] === 'type';
      if (typeof specifier === 'string')
        imports.push({ form: typeOnly ? 'import type' : form, specifier, line: lineOf(node.start) });
      else opaqueImports.push(named(form, node));
    }
    if (node.type === 'ExportAllDeclaration') exportStars.push(named('export *', node));
    if (node.type === 'ExportDefaultDeclaration' || (field === 'exported' && node['name'] === 'default'))
      defaultExports.push(named('default', node));
    if (node.type === 'Identifier' && hostGlobals.has(String(node['name'])) && !isLabel(parent, field)) {
      used.push(named(String(node['name']), node));
    }
    for (const name of declaredNames(node)) declared.add(name);
  });

  const statements = root['body'] as readonly Node[];
  const declarations = statements.map(node => (isNode(node['declaration']) ? node['declaration'] : node));
  return {
    lineCount: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    syntaxErrors: errors.map(error => ({ name: error.message, line: lineOf(error.labels[0]?.start ?? 0) })),
    imports,
    opaqueImports,
    exportStars,
    defaultExports,
    ownStatements: statements
      .filter(node => importForms[node.type] !== 're-export' || !isNode(node['source']))
      .map(node => named(node.type, node)),
    mutableState: declarations
      .filter(node => node.type === 'VariableDeclaration' && node['kind'] !== 'const' && node['declare'] !== true)
      .map(node => named(String(node['kind']), node)),
    hostGlobals: used.filter(fact => !declared.has(fact.name)),
  };
}
