/**
 * Between the bytes of a key, value or variable and what a user sees: by BTF where a type is known, a number where the map's type
 * alone says that it is an index or a descriptor, else the raw bytes.
 */
import type { Btf } from '../btf/btf.ts';
import { decodeValue } from '../btf/decode.ts';
import { encodeValue } from '../btf/encode.ts';
import type { BtfValue } from '../btf/value.ts';
import type { MapSpec } from '../object/spec.ts';
import type { MapTypeName } from '../uapi/map-types.ts';
import { alignUp } from '../util/bytes.ts';
import { BpfError } from '../util/error.ts';

/** Both directions for values of one size. */
export interface Codec {
  readonly size: number;
  decode(bytes: Uint8Array): BtfValue;
  /**
   * The bytes of `value`: new ones, or `into`, whose bytes stay where the value does not say otherwise.
   * @throws {BpfError} when the value does not fit; the message starts with `name`.
   */
  encode(value: BtfValue, name: string, into?: Uint8Array): Uint8Array;
}

/** Values of BTF type `typeId`. */
export function btfCodec(btf: Btf, typeId: number): Codec {
  return {
    size: btf.sizeOf(typeId),
    decode: bytes => decodeValue(btf, typeId, bytes),
    encode: (value, name, into) => encodeValue(btf, typeId, value, into, name),
  };
}

/** Raw bytes, exactly `size` of them. */
export function rawCodec(size: number): Codec {
  return {
    size,
    decode: bytes => new Uint8Array(bytes),
    encode: (value, name, into) => store(wantBytes(value, size, name), into),
  };
}

/** A 32-bit number: an index, a descriptor. */
export const u32Codec: Codec = {
  size: 4,
  decode: bytes => new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true),
  encode(value, name, into) {
    if (value instanceof Uint8Array) return store(wantBytes(value, 4, name), into);
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
      throw new BpfError('bad_value', `${name}: ${describe(value)}, want a whole number from 0 to 4294967295`);
    }
    const bytes = into ?? new Uint8Array(4);
    new DataView(bytes.buffer, bytes.byteOffset, 4).setUint32(0, value, true);
    return bytes;
  },
};

/** One value for each possible CPU, each in a slot of a multiple of 8 bytes; the user sees an array, CPU 0 first. */
export function perCpuCodec(codec: Codec, cpus: number): Codec {
  const slot = alignUp(codec.size, 8);
  const size = slot * cpus;
  const slotOf = (bytes: Uint8Array, cpu: number): Uint8Array => bytes.subarray(cpu * slot, cpu * slot + codec.size);
  return {
    size,
    decode: bytes => Array.from({ length: cpus }, (_, cpu) => codec.decode(slotOf(bytes, cpu))),
    encode(value, name, into) {
      if (value instanceof Uint8Array) return store(wantBytes(value, size, name), into);
      if (!Array.isArray(value) || value.length !== cpus) {
        throw new BpfError(
          'bad_value',
          `${name}: ${describe(value)}, want an array of ${cpus}, one for each possible CPU`,
        );
      }
      const bytes = into ?? new Uint8Array(size);
      for (const [cpu, element] of value.entries()) codec.encode(element, `${name}[${cpu}]`, slotOf(bytes, cpu));
      return bytes;
    },
  };
}

function store(bytes: Uint8Array, into: Uint8Array | undefined): Uint8Array {
  into?.set(bytes);
  return into ?? bytes;
}

function wantBytes(value: BtfValue, size: number, name: string): Uint8Array {
  if (value instanceof Uint8Array && value.length === size) return value;
  throw new BpfError('bad_value', `${name}: ${describe(value)}, want a Uint8Array of ${size} bytes`);
}

function describe(value: BtfValue): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' ? 'an object' : `${typeof value} ${value}`;
}

/** What a map type's keys and values are, as far as the type alone says. */
interface MapTypeCodecs {
  /** Keys are indices. */
  readonly index?: true;
  /** Values are descriptors on update, ids on lookup. */
  readonly fds?: true;
  readonly perCpu?: true;
}

const MAP_TYPE_CODECS: Partial<Record<MapTypeName, MapTypeCodecs>> = {
  array: { index: true },
  percpu_array: { index: true, perCpu: true },
  percpu_hash: { perCpu: true },
  lru_percpu_hash: { perCpu: true },
  percpu_cgroup_storage: { perCpu: true },
  prog_array: { index: true, fds: true },
  perf_event_array: { index: true, fds: true },
  cgroup_array: { index: true, fds: true },
  array_of_maps: { index: true, fds: true },
  hash_of_maps: { fds: true },
  xskmap: { index: true, fds: true },
  devmap: { index: true },
  cpumap: { index: true },
  sockmap: { index: true },
  reuseport_sockarray: { index: true },
};

/** Whether a map of this type holds one value for each CPU under a key. */
export function isPerCpu(type: MapTypeName): boolean {
  return MAP_TYPE_CODECS[type]?.perCpu === true;
}

/** Whether a map of this type has every index from 0 to `max_entries`, zero where nobody wrote. */
export function isIndexed(type: MapTypeName): boolean {
  return MAP_TYPE_CODECS[type]?.index === true;
}

/** Whether a map of this type holds kernel objects: descriptors go in, ids come out. */
export function holdsObjects(type: MapTypeName): boolean {
  return MAP_TYPE_CODECS[type]?.fds === true;
}

/** The codecs of a map. */
export interface MapCodecs {
  readonly key: Codec;
  readonly value: Codec;
  /** For events of a BTF type: the one named, else the one that the map's definition gives; undefined where there is none. */
  readonly event?: ((type: string | undefined) => Codec | undefined) | undefined;
}

/** The codecs of a map's keys, values and events. */
export function mapCodecs(spec: MapSpec, btf: Btf | undefined, possibleCpus: number): MapCodecs {
  const traits = MAP_TYPE_CODECS[spec.type] ?? {};
  const pick = (typeId: number | undefined, size: number, isNumber: boolean): Codec => {
    // A type of another size than the map's would read past its bytes; the kernel refuses such a pair, without BTF it stands.
    if (btf !== undefined && typeId !== undefined && typeId !== 0 && btf.sizeOf(typeId) === size)
      return btfCodec(btf, typeId);
    return isNumber && size === 4 ? u32Codec : rawCodec(size);
  };
  const key = pick(spec.keyTypeId, spec.keySize, traits.index === true);
  const value = pick(spec.valueTypeId, spec.valueSize, traits.fds === true);
  const event = (type: string | undefined): Codec | undefined => {
    const typeId =
      type === undefined ? spec.valueTypeId : (btf?.idByName(type, 'struct') ?? btf?.idByName(type, 'union'));
    return btf === undefined || typeId === undefined || typeId === 0 ? undefined : btfCodec(btf, typeId);
  };
  return { key, value: traits.perCpu === true ? perCpuCodec(value, possibleCpus) : value, event };
}
