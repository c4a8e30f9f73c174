/**
 * The seam between a helper's typed body and the engine's registers. What a body gets follows from the row in `uapi/helpers.ts`: maps
 * as objects, memory as linear addresses that have been checked for the access, sizes as numbers, everything else as 64 bits. Arguments
 * that no verifier would let through end the run with an `AccessRefusal` that names the helper and the argument.
 */
import type { Machine } from '../machine/machine.ts';
import type { MapObject } from '../maps/map.ts';
import type { MapTable } from '../maps/map-table.ts';
import { type ArgKind, HELPERS, type HelperName, type HelperRow } from '../uapi/helpers.ts';
import { hex64, u64 } from '../util/int64.ts';
import type { HelperCall, HelperFunction } from '../vm/call.ts';
import type { HookContext } from '../vm/env.ts';
import { AccessRefusal } from '../vm/fault.ts';
import { kernelPointer, linearAddress } from '../vm/pointer.ts';

/** What helpers act on beside the run that called them. */
export interface HelperWorld {
  readonly machine: Machine;
  readonly maps: MapTable;
}

/** Kinds whose argument is a size, one register behind the memory that it belongs to. */
type SizeKind = 'const_size' | 'const_size_or_zero' | 'const_alloc_size_or_zero';

/** Kinds whose argument is memory, known by a checked linear address; 0 where the kind allows NULL. */
type MemoryKind = Extract<
  ArgKind,
  | `ptr_to_map_key${string}`
  | `ptr_to_map_value${string}`
  | `ptr_to_mem${string}`
  | `ptr_to_fixed_size_mem${string}`
  | 'ptr_to_uninit_mem'
  | 'ptr_to_spin_lock'
>;

/** What a body gets for an argument kind. */
type Argument<K extends ArgKind> = K extends 'const_map_ptr'
  ? MapObject
  : K extends 'ptr_to_ctx'
    ? HookContext
    : K extends 'ptr_to_const_str'
      ? Uint8Array
      : K extends MemoryKind | SizeKind
        ? number
        : bigint;

type Arguments<Kinds extends readonly ArgKind[]> = { -readonly [I in keyof Kinds]: Argument<Kinds[I]> };

/**
 * The body of a helper. Registers behind the row's arguments come as they are, if it takes them. Its result is r0: a number is sign-extended; where the row returns a pointer it is a linear address, 0 for NULL.
 */
export type HelperBody<Name extends HelperName> = (
  call: HelperCall,
  ...args: [...Arguments<(typeof HELPERS)[Name]['args']>, ...rest: bigint[]]
) => bigint | number | undefined;

/** Bodies by the helper's name. */
export type HelperBodies = { readonly [Name in HelperName]?: HelperBody<Name> };

/** Bodies of one subject. Those of a context's kind are called where the program runs over such a context, the others everywhere else. */
export interface HelperFamily {
  readonly context?: HookContext['kind'];
  readonly bodies: (world: HelperWorld) => HelperBodies;
}

/** A body whose arguments have lost their types: what binding works with. */
type AnyBody = (call: HelperCall, ...args: unknown[]) => bigint | number | undefined;

type Registers = readonly [bigint, bigint, bigint, bigint, bigint];

/** Turns the registers of a call into one argument of the body. */
type Reader = (call: HelperCall, registers: Registers) => unknown;

/** Most bytes that a size may say (BPF_MAX_VAR_SIZ). */
const MAX_SIZE = 1n << 29n;

/** The engine's form of the bodies that a world has, by number. A context's own bodies come behind those for every context. */
export function bindHelpers(
  world: HelperWorld,
  families: readonly HelperFamily[],
): ReadonlyMap<number, HelperFunction> {
  const bound = new Map<number, HelperFunction>();
  for (const { context, bodies } of families) {
    for (const [name, body] of Object.entries(bodies(world))) {
      const row: HelperRow = HELPERS[name as HelperName]; // the keys of HelperBodies are helper names
      const own = bind(world, name, row, body as AnyBody); // readers give what the row says
      bound.set(row.id, context === undefined ? own : forContext(context, own, bound.get(row.id) ?? noBody(name)));
    }
  }
  return bound;
}

/** `own` where the program runs over a context of this kind, `other` elsewhere. */
function forContext(kind: string, own: HelperFunction, other: HelperFunction): HelperFunction {
  return (call, ...r) => (call.context.kind === kind ? own(call, ...r) : other(call, ...r));
}

function noBody(name: string): HelperFunction {
  return ({ context }) => {
    throw new AccessRefusal('bad_argument', `bpf_${name}: not for a context of kind ${context.kind}`);
  };
}

function bind(world: HelperWorld, name: string, row: HelperRow, body: AnyBody): HelperFunction {
  const count = Math.max(row.args.length, body.length - 1);
  const readers = Array.from({ length: count }, (_, index) => readerOf(world, name, row, index));
  const result = row.ret.startsWith('ptr_to_') ? pointerResult : numberResult;
  const [a, b, c, d, e] = readers;
  if (a === undefined) return call => result(body(call));
  if (b === undefined) return (call, ...r) => result(body(call, a(call, r)));
  if (c === undefined) return (call, ...r) => result(body(call, a(call, r), b(call, r)));
  if (d === undefined) return (call, ...r) => result(body(call, a(call, r), b(call, r), c(call, r)));
  if (e === undefined) return (call, ...r) => result(body(call, a(call, r), b(call, r), c(call, r), d(call, r)));
  return (call, ...r) => result(body(call, a(call, r), b(call, r), c(call, r), d(call, r), e(call, r)));
}

function numberResult(result: bigint | number | undefined): bigint {
  if (result === undefined) return 0n;
  return typeof result === 'bigint' ? u64(result) : u64(BigInt(result));
}

function pointerResult(result: bigint | number | undefined): bigint {
  return typeof result === 'number' ? kernelPointer(result) : (result ?? 0n);
}

function readerOf(world: HelperWorld, name: string, row: HelperRow, index: number): Reader {
  const kind = row.args[index];
  const fail = failure(name, index);
  switch (kind) {
    case undefined:
      return (_call, r) => r[index];
    case 'const_map_ptr':
      return (_call, r) => mapAt(world, r[index]!, fail);
    case 'ptr_to_ctx':
      return (call, r) => {
        if (linearAddress(r[index]!) === call.context.address) return call.context;
        throw fail('bad_argument', `${hex64(r[index]!)} is not the context`, r[index]!);
      };
    case 'ptr_to_const_str':
      return (call, r) => constString(call, r[index]!, fail);
    case 'const_size':
    case 'const_size_or_zero':
    case 'const_alloc_size_or_zero':
      return (_call, r) => {
        const size = r[index]!;
        if (size <= MAX_SIZE && (size > 0n || kind !== 'const_size')) return Number(size);
        throw fail('bad_argument', `size ${size}, want ${kind === 'const_size' ? 1 : 0} to ${MAX_SIZE}`, undefined);
      };
    default: {
      const size = sizeReader(world, name, row, index);
      return size === undefined ? (_call, r) => r[index] : memoryReader(kind, index, size, fail);
    }
  }
}

/** Memory that is to be read, and written where the kind says so; NULL and nothing where the kind allows it. */
function memoryReader(kind: ArgKind, index: number, size: (r: Registers) => number, fail: Failure): Reader {
  const isNullable = kind.includes('_or_null');
  const isWritten = kind.includes('mem_write') || kind === 'ptr_to_uninit_mem' || kind === 'ptr_to_spin_lock';
  return (call, r) => {
    const pointer = r[index]!;
    const bytes = size(r);
    if ((isNullable && pointer === 0n) || bytes === 0) return linearAddress(pointer);
    try {
      return call.memory.accessPointer(pointer, bytes, isWritten);
    } catch (error) {
      if (error instanceof AccessRefusal) throw fail(error.reason, error.message, error.address);
      throw error;
    }
  };
}

/** How many bytes lie behind a memory argument; undefined for a kind that is none. */
function sizeReader(
  world: HelperWorld,
  name: string,
  row: HelperRow,
  index: number,
): ((r: Registers) => number) | undefined {
  const kind = row.args[index] as ArgKind;
  if (kind.startsWith('ptr_to_map_key') || kind.startsWith('ptr_to_map_value')) {
    const map = row.args.indexOf('const_map_ptr');
    const part = kind.startsWith('ptr_to_map_key') ? 'keySize' : 'valueSize';
    return r => mapAt(world, r[map]!, failure(name, map)).attributes[part];
  }
  if (kind === 'ptr_to_spin_lock') return () => 4;
  if (kind.startsWith('ptr_to_fixed_size_mem')) {
    const bytes = row.argSize?.[index] ?? 0;
    return () => bytes;
  }
  if (kind.startsWith('ptr_to_mem') || kind === 'ptr_to_uninit_mem') return r => Number(r[index + 1]! & 0xffff_ffffn);
  return undefined;
}

type Failure = (reason: AccessRefusal['reason'], why: string, address: bigint | undefined) => AccessRefusal;

function failure(name: string, index: number): Failure {
  return (reason, why, address) => new AccessRefusal(reason, `bpf_${name}: argument ${index + 1}: ${why}`, address);
}

function mapAt(world: HelperWorld, pointer: bigint, fail: Failure): MapObject {
  const map = world.maps.get(linearAddress(pointer));
  if (map !== undefined && pointer === kernelPointer(map.address)) return map;
  throw fail('bad_argument', `${hex64(pointer)} is not a map`, pointer);
}

/** The bytes of a string up to its NUL, which must lie in the same region. */
function constString(call: HelperCall, pointer: bigint, fail: Failure): Uint8Array {
  const { memory } = call;
  const start = linearAddress(pointer);
  const region = memory.regionAt(start);
  const end = region === undefined ? -1 : memory.u8.indexOf(0, start);
  if (region === undefined || start < region.start || end < 0 || end >= region.end) {
    throw fail('bad_argument', `${memory.formatPointer(pointer)} is not a string with an end`, pointer);
  }
  return memory.read(start, end - start);
}
