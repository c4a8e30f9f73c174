/** BTF types in C's notation, for messages and listings. */
import type { Btf } from './btf.ts';

const MAX_DEPTH = 32;
const MAX_STEPS = 1000;

/** The type `id` as C writes it without a variable: `struct foo *`, `const char[16]`, `int (*)(void *, u32)`. */
export function formatTypeName(btf: Btf, id: number): string {
  return formatDeclaration(btf, id, '');
}

/** The declaration of `name` with type `id`: `char comm[16]`. */
export function formatDeclaration(btf: Btf, id: number, name: string): string {
  const steps = { left: MAX_STEPS };
  return declare(btf, id, name, 0, steps);
}

function declare(btf: Btf, id: number, inner: string, depth: number, steps: { left: number }): string {
  // Hostile types may refer to themselves, or fan out.
  if (depth > MAX_DEPTH || --steps.left < 0) return after('…', inner);
  const type = btf.type(id);
  const next = (target: number, text: string) => declare(btf, target, text, depth + 1, steps);
  switch (type.kind) {
    case 'void':
    case 'int':
    case 'float':
    case 'typedef':
      return after(type.name === '' ? '?' : type.name, inner);
    case 'struct':
    case 'union':
      return after(type.name === '' ? `${type.kind} {…}` : `${type.kind} ${type.name}`, inner);
    case 'enum':
    case 'enum64':
      return after(type.name === '' ? 'enum {…}' : `enum ${type.name}`, inner);
    case 'fwd':
      return after(`${type.of} ${type.name}`, inner);
    case 'ptr': {
      const target = btf.kindOf(type.type);
      return next(type.type, target === 'array' || target === 'func_proto' ? `(*${inner})` : `*${inner}`);
    }
    case 'const':
    case 'volatile':
    case 'restrict': {
      // A qualifier of a pointer stands behind the star, any other in front of the type.
      if (btf.kindOf(type.type) === 'ptr') return next(type.type, after(type.kind, inner));
      return `${type.kind} ${next(type.type, inner)}`;
    }
    case 'type_tag':
      return next(type.type, inner);
    case 'array':
      return next(type.type, `${inner}[${type.count}]`);
    case 'func_proto': {
      const params = type.params.map((param, i) =>
        param.type === 0 && i === type.params.length - 1 ? '...' : next(param.type, param.name),
      );
      return next(type.type, `${inner}(${params.length === 0 ? 'void' : params.join(', ')})`);
    }
    case 'func':
    case 'var':
      return next(type.type, inner === '' ? type.name : inner);
    case 'datasec':
    case 'decl_tag':
      return after(`${type.kind} ${type.name}`, inner);
  }
}

function after(base: string, inner: string): string {
  if (inner === '') return base;
  return inner.startsWith('[') || inner.startsWith('(void)') ? `${base}${inner}` : `${base} ${inner}`;
}
