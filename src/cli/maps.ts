/** Maps after a run, through the types of the object: a few lines each for people, every element for JSON. */
import type { Btf } from '../btf/btf.ts';
import { encodeValue } from '../btf/encode.ts';
import { BtfError } from '../btf/error.ts';
import { formatValue } from '../btf/format-value.ts';
import type { BtfValue } from '../btf/value.ts';
import { btfCodec, holdsObjects, isIndexed } from '../loader/codec.ts';
import type { Collection } from '../loader/collection.ts';
import type { BpfMap } from '../loader/map.ts';
import type { VariableSpec } from '../object/spec.ts';
import { SyscallError } from '../sys/error.ts';
import { alignUp, toHex } from '../util/bytes.ts';
import { type Json, valueToJson } from './json.ts';
import { formatCount } from './terminal.ts';

/** Elements of a map that are shown where nobody asked for all. */
const SHOWN = 20;
/** Elements per system call. */
const BATCH = 256;

/** The maps to show: those named, else all but constants. @throws {BpfError} for a name that no map has. */
export function mapsToShow(collection: Collection, names: readonly string[] | undefined): BpfMap[] {
  if (names !== undefined) return names.map(name => collection.map(name));
  return Object.values(collection.maps).filter(({ spec }) => spec.section?.readOnly !== true);
}

/** A map's elements as JSON: `{ key, value }`, for per-CPU maps `{ key, values }`. */
export function mapToJson(map: BpfMap): Json {
  try {
    return [...map.entries({ batch: BATCH })].map(([key, value]) =>
      map.perCpu
        ? { key: valueToJson(key), values: valueToJson(value) }
        : { key: valueToJson(key), value: valueToJson(value) },
    );
  } catch (error) {
    if (error instanceof SyscallError) return { error: error.message };
    throw error;
  }
}

/** A map as lines of text, the heading first; at most {@link SHOWN} elements unless `all`. */
export function* formatMap(map: BpfMap, collection: Collection, all: boolean): Generator<string> {
  const { spec } = map;
  if (spec.section !== undefined) {
    yield `${map.name}:`;
    yield* formatVariables(map, collection);
    return;
  }
  const heading = `${map.name} (${spec.type}, max_entries ${formatCount(spec.maxEntries)}):`;
  try {
    const lines = formatElements(map, collection.btf, all);
    const first = lines.next();
    if (first.done) {
      yield `${heading} empty`;
      return;
    }
    yield heading;
    yield first.value;
    yield* lines;
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    yield `${heading} not readable from user space (${error.errno})`;
  }
}

function* formatElements(map: BpfMap, btf: Btf | undefined, all: boolean): Generator<string> {
  const text = elementText(map, btf);
  const leaveOutZeros = isIndexed(map.spec.type);
  let shown = 0;
  let more = 0;
  let zeros = 0;
  for (const [key, value] of map.raw.entries(Number.POSITIVE_INFINITY, { batch: BATCH })) {
    if (leaveOutZeros && value.every(byte => byte === 0)) zeros++;
    else if (!all && shown === SHOWN) more++;
    else {
      shown++;
      yield `  ${text.key(key)}: ${text.value(value)}`;
    }
  }
  if (more > 0) yield `  … ${formatCount(more)} more: --map ${map.name} shows all`;
  if (zeros > 0) yield `  ${formatCount(zeros)} ${zeros === 1 ? 'element is' : 'elements are'} zero`;
}

type ToText = (bytes: Uint8Array) => string;

function elementText({ spec, perCpu }: BpfMap, btf: Btf | undefined): { key: ToText; value: ToText } {
  const typed = (typeId: number | undefined, size: number): ToText | undefined =>
    btf !== undefined && typeId !== undefined && typeId !== 0 && btf.sizeOf(typeId) === size
      ? bytes => formatValue(btf, typeId, bytes)
      : undefined;
  const number: ToText = bytes => String(new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true));
  const hex: ToText = bytes => `0x${toHex(bytes)}`;
  const key = typed(spec.keyTypeId, spec.keySize) ?? (isIndexed(spec.type) ? number : hex);
  if (holdsObjects(spec.type)) return { key, value: bytes => `id ${number(bytes)}` };
  const value = typed(spec.valueTypeId, spec.valueSize);
  if (!perCpu) return { key, value: value ?? hex };
  const sum = value === undefined || btf === undefined ? undefined : sumText(btf, spec.valueTypeId as number, value); // typed: it has one
  return { key, value: bytes => perCpuText(bytes, spec.valueSize, value ?? hex, sum) };
}

/** `15 (cpu 0: 5, cpu 3: 10)`: the sum where there is one, then the CPUs that have something to say. */
function perCpuText(
  bytes: Uint8Array,
  size: number,
  text: ToText,
  sum: ((values: Uint8Array[]) => string | undefined) | undefined,
): string {
  const slot = alignUp(size, 8);
  const values = Array.from({ length: bytes.length / slot }, (_, cpu) => bytes.subarray(cpu * slot, cpu * slot + size));
  if (values.length === 1) return text(values[0] as Uint8Array); // its length says so
  const busy = [...values.entries()].filter(([, value]) => value.some(byte => byte !== 0));
  const [only, second] = busy;
  if (only !== undefined && second === undefined) return `${text(only[1])} (cpu ${only[0]})`;
  const cpus = busy.map(([cpu, value]) => `cpu ${cpu}: ${text(value)}`);
  const total = sum?.(values);
  if (total === undefined) return cpus.length === 0 ? text(values[0] as Uint8Array) : cpus.join(', ');
  return cpus.length === 0 ? total : `${total} (${cpus.join(', ')})`;
}

/** Adds up values of one type: undefined where they hold what cannot be added, or the sum does not fit. */
function sumText(btf: Btf, typeId: number, text: ToText): (values: Uint8Array[]) => string | undefined {
  const codec = btfCodec(btf, typeId);
  return values => {
    const total = values.map(codec.decode).reduce<BtfValue | undefined>(add, undefined);
    if (total === undefined) return undefined;
    try {
      return text(encodeValue(btf, typeId, total));
    } catch (error) {
      if (error instanceof BtfError) return undefined;
      throw error;
    }
  };
}

/** Adds numbers wherever they stand in two values of one type; what is no number is taken from `b`. */
function add(a: BtfValue | undefined, b: BtfValue): BtfValue {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (typeof a === 'bigint' && typeof b === 'bigint') return a + b;
  if (Array.isArray(a) && Array.isArray(b)) return b.map((element, i) => add(a[i], element));
  if (isRecord(a) && isRecord(b))
    return Object.fromEntries(Object.entries(b).map(([name, member]) => [name, add(a[name], member)]));
  return b;
}

function isRecord(value: BtfValue | undefined): value is { [member: string]: BtfValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function* formatVariables(map: BpfMap, { spec, btf }: Collection): Generator<string> {
  const bytes = map.raw.get(new Uint8Array(map.raw.keySize)) ?? new Uint8Array(map.raw.valueSize);
  const variables = Object.values(spec.variables).filter(variable => variable.map === map.name);
  if (variables.length === 0) yield `  ${bytes.length} bytes without a named variable`;
  for (const variable of variables) yield `  ${variable.name} = ${formatVariable(variable, btf, bytes)}`;
}

function formatVariable({ typeId, offset, size }: VariableSpec, btf: Btf | undefined, section: Uint8Array): string {
  const bytes = section.subarray(offset, offset + size);
  return btf === undefined || typeId === undefined ? `0x${toHex(bytes)}` : formatValue(btf, typeId, bytes);
}
