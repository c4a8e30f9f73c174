/**
 * Writes `src/sys/attr.gen.ts` and `src/sys/info.gen.ts`: the members of `union bpf_attr` and of the info structs, laid out as a
 * kernel's BTF says, typed by what `src/sys/commands.ts` and `src/sys/infos.ts` add by hand.
 *
 *   node scripts/gen-attr.ts [--check] [BTF-FILE]     default: /sys/kernel/btf/vmlinux; --check writes nothing and fails where
 *                                                    a file would change
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parseBtf } from '../src/btf/btf.ts';
import type { BtfComposite, BtfMember, BtfType } from '../src/btf/types.ts';
import { ATTRS, type AttrName, COMMANDS, type CommandRow, type PointerRow } from '../src/sys/commands.ts';
import { INFOS } from '../src/sys/infos.ts';
import type { MemberKind, MemberLayout, StructLayout } from '../src/sys/layout.ts';

const { values, positionals } = parseArgs({ options: { check: { type: 'boolean' } }, allowPositionals: true });
const source = positionals[0] ?? '/sys/kernel/btf/vmlinux';
const btf = parseBtf(readFileSync(source));

function composite(type: BtfType, what: string): BtfComposite {
  if (type.kind !== 'struct' && type.kind !== 'union')
    throw new Error(`${what}: a ${type.kind} in ${source}, want a struct`);
  return type;
}

function named(kind: 'struct' | 'union', name: string): BtfComposite {
  const id = btf.idByName(name, kind);
  if (id === undefined) throw new Error(`${kind} ${name}: not in ${source}`);
  return composite(btf.type(id), name);
}

const UNSIGNED: Record<number, MemberKind> = { 1: 'u8', 2: 'u16', 4: 'u32', 8: 'u64' };

/** The members of a struct with those of anonymous ones in place; `path` is the dotted prefix of their names. */
function members(type: BtfComposite, pointers: ReadonlyMap<string, string>, base = 0, path = ''): MemberLayout[] {
  return type.members.flatMap(member => memberLayouts(member, pointers, base, path));
}

function memberLayouts(
  member: BtfMember,
  pointers: ReadonlyMap<string, string>,
  base: number,
  path: string,
): MemberLayout[] {
  const { name, bitOffset, bits } = member;
  const type = btf.resolve(member.type);
  const at = path === '' ? name : `${path}.${name}`;
  const offset = base + Math.floor(bitOffset / 8);
  if (type.kind === 'struct' || type.kind === 'union') {
    if (name === '') return members(type, pointers, offset, path);
    return [{ name, kind: 'struct', offset, size: type.size, members: members(type, pointers, 0, at) }];
  }
  if (type.kind === 'array') {
    const char = btf.nameOf(type.type) === 'char';
    return [{ name, kind: char ? 'chars' : 'bytes', offset, size: btf.sizeOf(member.type) }];
  }
  if (type.kind !== 'int') throw new Error(`${at}: no member kind for a ${type.kind}`);
  const { size } = type;
  if (bits > 0) {
    const word = Math.floor(bitOffset / (8 * size)) * size;
    return [{ name, kind: 'bits', offset: base + word, size, bits: [bitOffset - 8 * word, bits] }];
  }
  const kind = pointers.has(at) ? 'pointer' : type.signed && size === 4 ? 's32' : UNSIGNED[size];
  if (kind === undefined) throw new Error(`${at}: no member kind for ${type.name} of ${size} bytes`);
  return [{ name, kind, offset, size }];
}

const text = (value: unknown): string =>
  JSON.stringify(value)
    .replaceAll('"', "'")
    .replace(/'(\w+)':/g, '$1: ')
    .replaceAll(',', ', ');

function layoutText(list: readonly MemberLayout[], indent: string): string {
  return list
    .map(({ members: nested, ...row }) => {
      const own = text(row).replace(/^\{/, '{ ');
      if (nested === undefined) return `${indent}${own.replace(/\}$/, ' }')},\n`;
      return `${indent}${own.replace(/\}$/, '')}, members: [\n${layoutText(nested, `${indent}  `)}${indent}] },\n`;
    })
    .join('');
}

function structText(name: string, { size, members: list }: StructLayout): string {
  return `  ${name}: {\n    size: ${size},\n    members: [\n${layoutText(list, '      ')}    ],\n  },\n`;
}

const TYPES: Record<Exclude<MemberKind, 'struct' | 'pointer'>, string> = {
  u8: 'number',
  u16: 'number',
  u32: 'number',
  s32: 'number',
  u64: 'bigint',
  chars: 'string',
  bytes: 'Uint8Array',
  bits: 'number',
};

/** Members of an interface. `pointers` gives the types of pointer members by dotted name; where scalars are `given`, they are always there. */
function fieldsText(
  list: readonly MemberLayout[],
  pointers: ReadonlyMap<string, string>,
  given = false,
  path = '',
  indent = '  ',
): string {
  return list
    .map(({ name, kind, members: nested }) => {
      const at = path === '' ? name : `${path}.${name}`;
      if (kind === 'pointer') return `${indent}${name}?: ${pointers.get(at)} | undefined;\n`;
      const type =
        kind === 'struct'
          ? `{\n${fieldsText(nested ?? [], pointers, given, at, `${indent}  `)}${indent}}`
          : TYPES[kind];
      return given ? `${indent}${name}: ${type};\n` : `${indent}${name}?: ${type} | undefined;\n`;
    })
    .join('');
}

function pointerType({ size, linked }: PointerRow): string {
  if (size === 'text') return 'string | Uint8Array';
  return linked === true ? 'Uint8Array | LinkedBytes' : 'Uint8Array';
}

const HEAD = '// generated by scripts/gen-attr.ts\n';

function attrFile(): string {
  const union = named('union', 'bpf_attr');
  const rows: [string, CommandRow][] = Object.entries(COMMANDS);
  let interfaces = '';
  let layouts = '';
  for (const name of Object.keys(ATTRS) as AttrName[]) {
    const how: { holds?: string; type: string } = ATTRS[name];
    const found = union.members.find(each =>
      how.holds === undefined
        ? each.name === name
        : each.name === '' && memberLayouts(each, new Map(), 0, '').some(inner => inner.name === how.holds),
    );
    if (found === undefined) throw new Error(`union bpf_attr: no struct for ${name}`);
    const commands = rows.filter(([, row]) => row.attr === name);
    const pointers = new Map(
      commands.flatMap(([, row]) => Object.entries(row.pointers ?? {}).map(([at, each]) => [at, pointerType(each)])),
    );
    const type = composite(btf.resolve(found.type), name);
    const list = members(type, pointers);
    interfaces += `/** \`${commands.map(([command]) => command).join('`, `')}\`. */\nexport interface ${how.type} {\n${fieldsText(list, pointers)}}\n\n`;
    layouts += structText(name, { size: type.size, members: list });
  }
  return `${HEAD}import type { AttrName } from './commands.ts';
import type { LinkedBytes, StructLayout } from './layout.ts';

${interfaces}/** The attributes that each command takes. */
export interface BpfAttr {
${rows.map(([command, row]) => `  ${command}: ${ATTRS[row.attr].type};\n`).join('')}}

/** A command of bpf(2) by the kernel's name, without prefix and in lower case. */
export type BpfCommand = keyof BpfAttr;

/** Where the members of each struct inside \`union bpf_attr\` lie. */
export const ATTR_LAYOUTS: Readonly<Record<AttrName, StructLayout>> = {
${layouts}};
`;
}

function infoFile(): string {
  let interfaces = '';
  let layouts = '';
  let map = '';
  for (const [kind, row] of Object.entries(INFOS)) {
    const type = named('struct', row.struct);
    const pointers = new Map(Object.keys(row.pointers).map(at => [at, 'Uint8Array']));
    const list = members(type, pointers);
    interfaces += `/** \`struct ${row.struct}\`. */\nexport interface ${row.type} {\n${fieldsText(list, pointers, true)}}\n\n`;
    layouts += structText(kind, { size: type.size, members: list });
    map += `  ${kind}: ${row.type};\n`;
  }
  return `${HEAD}import type { InfoKind } from './infos.ts';
import type { StructLayout } from './layout.ts';

${interfaces}/** Info structs by the kind of object. */
export interface BpfInfo {
${map}}

/** Where the members of each info struct lie. */
export const INFO_LAYOUTS: Readonly<Record<InfoKind, StructLayout>> = {
${layouts}};
`;
}

for (const [name, content] of [
  ['attr.gen.ts', attrFile()],
  ['info.gen.ts', infoFile()],
] as const) {
  const file = new URL(`../src/sys/${name}`, import.meta.url);
  if (values.check !== true) writeFileSync(file, content);
  else if (readFileSync(file, 'utf8') !== content) {
    console.error(`src/sys/${name}: not what scripts/gen-attr.ts writes for ${source}`);
    process.exitCode = 1;
  }
}
