/**
 * Extern variables of a kernel's configuration (`extern int CONFIG_HZ __kconfig`): the array map that holds them, their layout and
 * values. Follows libbpf's `bpf_object__resolve_externs` and `set_kcfg_value_*`.
 */
import type { Btf } from '../btf/btf.ts';
import { encodeValue } from '../btf/encode.ts';
import { isCharArray } from '../btf/scalar.ts';
import type { BtfType } from '../btf/types.ts';
import type { ExternSpec, MapSpec } from '../object/spec.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import { BpfError } from '../util/error.ts';
import { RelocationError } from './errors.ts';

/** What externs can be resolved from. */
export interface KernelFacts {
  /** The kernel's release: `6.18` or `6.18.44-generic`. */
  readonly version?: string | undefined;
  /** The kernel's configuration as text: `CONFIG_HZ=1000` lines. */
  readonly kconfig?: string | undefined;
}

/** The `.kconfig` map to create: its spec, contents, and where each extern lies. */
export interface KconfigSection {
  readonly spec: MapSpec;
  readonly contents: Uint8Array;
  readonly offsets: ReadonlyMap<string, number>;
}

/** `KERNEL_VERSION(major, minor, patch)` of a release; undefined where the text is none. */
export function kernelVersionCode(release: string): number | undefined {
  const found = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(release);
  if (found === null) return undefined;
  return (Number(found[1]) << 16) | (Number(found[2]) << 8) | Math.min(Number(found[3] ?? 0), 255);
}

/** The values of a configuration text by option name. */
export function parseKconfig(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const [, name = '', value = ''] of text.matchAll(/^(CONFIG_\w+)=(.*)$/gm)) values.set(name, value.trim());
  return values;
}

/**
 * Lays out and fills the `.kconfig` section: `externs` in the object's order, which its BTF follows.
 * @throws RelocationError for a strong extern among those `needed` that has no value, or a value that its type does not hold.
 */
export function kconfigSection(
  externs: readonly ExternSpec[],
  needed: ReadonlySet<string>,
  btf: Btf | undefined,
  facts: KernelFacts,
): KconfigSection {
  const configured = parseKconfig(facts.kconfig ?? '');
  const size = Math.max(0, ...externs.map(extern => (extern.offset ?? 0) + (extern.size ?? 0)));
  const contents = new Uint8Array(size);
  const offsets = new Map<string, number>();
  for (const extern of externs) {
    const { btf: types, typeId, offset } = placedExtern(extern, btf);
    const optional = extern.weak || !needed.has(extern.name);
    offsets.set(extern.name, offset);
    contents.set(externValue(extern.name, optional, types, typeId, facts, configured), offset);
  }
  return { spec: kconfigMap(contents, btf), contents, offsets };
}

function kconfigMap(contents: Uint8Array, btf: Btf | undefined): MapSpec {
  return {
    name: '.kconfig',
    type: 'array',
    keySize: 4,
    valueSize: contents.length,
    maxEntries: 1,
    flags: MAP_FLAGS.BPF_F_RDONLY_PROG | MAP_FLAGS.BPF_F_MMAPABLE,
    extra: 0n,
    numaNode: undefined,
    pinning: 'none',
    keyTypeId: undefined,
    valueTypeId: btf?.idByName('.kconfig', 'datasec'),
    inner: undefined,
    slots: [],
    section: { name: '.kconfig', contents, readOnly: true },
  };
}

function placedExtern(extern: ExternSpec, btf: Btf | undefined): { btf: Btf; typeId: number; offset: number } {
  if (btf === undefined || extern.typeId === undefined || extern.offset === undefined) {
    throw new RelocationError(`extern ${extern.name}`, 'has no type, want BTF for it');
  }
  return { btf, typeId: extern.typeId, offset: extern.offset };
}

/** The extern's bytes; none for an optional one that has no value, which stays zero. */
function externValue(
  name: string,
  optional: boolean,
  btf: Btf,
  typeId: number,
  facts: KernelFacts,
  configured: ReadonlyMap<string, string>,
): Uint8Array {
  const subject = `extern ${name}`;
  const virtual = virtualValue(name, facts);
  const text = configured.get(name);
  try {
    if (virtual !== undefined) return encodeInteger(btf, typeId, virtual);
    if (text !== undefined) return encodeConfigured(btf, typeId, text);
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    throw new RelocationError(subject, error.message);
  }
  if (optional) return new Uint8Array(0);
  const want = name.startsWith('CONFIG_')
    ? "the kernel's configuration has no such option; give it in options.kconfig or declare the extern __weak"
    : 'no such value is known of this kernel';
  throw new RelocationError(subject, want);
}

/** Values that libbpf makes up: facts of the kernel, not options of its configuration. */
function virtualValue(name: string, facts: KernelFacts): bigint | undefined {
  switch (name) {
    case 'LINUX_KERNEL_VERSION': {
      const code = facts.version === undefined ? undefined : kernelVersionCode(facts.version);
      return code === undefined ? undefined : BigInt(code);
    }
    case 'LINUX_HAS_BPF_COOKIE':
    case 'LINUX_HAS_SYSCALL_WRAPPER':
      return 1n;
    default:
      return undefined;
  }
}

/** `=y`, `=m`, `=n`, a quoted string or a number, into the type that the program declared. */
function encodeConfigured(btf: Btf, typeId: number, text: string): Uint8Array {
  const type = btf.resolve(typeId);
  if (text.startsWith('"')) {
    if (type.kind !== 'array' || !isCharArray(btf, type))
      throw new BpfError('bad_value', `the value ${text} is a string, the type is not char[]`);
    return encodeValue(btf, typeId, text.replace(/^"|"$/g, '').slice(0, Math.max(0, type.count - 1)));
  }
  if (text === 'y' || text === 'm' || text === 'n') return encodeTristate(btf, typeId, type, text);
  if (!/^[-+]?(0x[0-9a-f]+|\d+)$/i.test(text)) throw new BpfError('bad_value', `the value ${text} is not a number`);
  const negative = text.startsWith('-');
  const magnitude = BigInt(text.replace(/^[-+]/, ''));
  return encodeInteger(btf, typeId, negative ? -magnitude : magnitude);
}

const TRISTATE = { n: 0, y: 1, m: 2 } as const;

function encodeTristate(btf: Btf, typeId: number, type: BtfType, text: 'y' | 'm' | 'n'): Uint8Array {
  if (type.kind === 'int' && type.bool && text !== 'm') return encodeValue(btf, typeId, text === 'y');
  if (type.kind === 'int' && type.size === 1 && !type.bool) return Uint8Array.of(text.charCodeAt(0));
  if (type.kind === 'enum' && type.name === 'libbpf_tristate') return encodeValue(btf, typeId, TRISTATE[text]);
  throw new BpfError(
    'bad_value',
    `the value is ${text}, the type is ${type.name || type.kind}: want ${text === 'm' ? '' : 'bool, '}char or enum libbpf_tristate`,
  );
}

function encodeInteger(btf: Btf, typeId: number, value: bigint): Uint8Array {
  const type = btf.resolve(typeId);
  if (type.kind !== 'int' || type.bool)
    throw new BpfError('bad_value', `the value is ${value}, the type is ${type.kind}: want an integer`);
  return encodeValue(btf, typeId, type.size > 4 ? value : Number(value));
}
