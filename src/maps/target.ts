/**
 * What `bpf_redirect_map` can send packets to: the values of devmap, devmap_hash, cpumap and xskmap. A value's first word (a device,
 * a queue's size, a socket) is zero where a slot is empty. Follows kernel/bpf/devmap.c, cpumap.c and net/xdp/xskmap.c.
 */
import { ERRNO } from '../uapi/errno.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import type { MapHost } from './base.ts';
import { readU32 } from './base.ts';
import { checkFlags, checkSizes, refuseCreate } from './check.ts';

import { isRefusal, type MapAttributes, type MapObject, type Reference, type Refusal, refusal } from './map.ts';

/** What a slot is to hold: the value's words as a lookup reads them, and the program or socket that comes with them. */
export interface Target {
  readonly words: readonly [number, number];
  readonly held: Reference | undefined;
}

/** What is particular about a map of targets. */
export interface TargetRow {
  check(map: MapAttributes): Refusal | undefined;
  /** Turns what a system call writes to slot `index` into a target. */
  accept(host: MapHost, map: MapObject, index: number, value: Uint8Array): Target | Refusal;
  /** Lookups by system call are refused. */
  readonly hidden?: true;
}

const EMPTY: Target = { words: [0, 0], held: undefined };
/** NR_CPUS of the reference configuration: the pre-limit of a cpumap's slots. */
const NR_CPUS = 8192;
const MAX_QUEUE = 16384;
const FD_FLAGS = MAP_FLAGS.BPF_F_NUMA_NODE | MAP_FLAGS.BPF_F_RDONLY | MAP_FLAGS.BPF_F_WRONLY;

const is4 = (size: number): boolean => size === 4;
const is4Or8 = (size: number): boolean => size === 4 || size === 8;

function checkTarget(map: MapAttributes, flags: number): Refusal | undefined {
  const sizes = { key: is4, keyText: '4', value: is4Or8, valueText: '4, or 8 with a program' };
  return checkSizes(map, sizes) ?? checkFlags(map, flags);
}

/** The program in the second word of a value, undefined where there is none. */
function acceptProgram(host: MapHost, map: MapObject, value: Uint8Array): Reference | Refusal | undefined {
  const fd = value.length === 8 ? readU32(value, 4) | 0 : 0;
  return fd > 0 ? host.references.resolve('program', fd, map) : undefined;
}

/** Slots of devmap and devmap_hash. */
export const DEVICES: TargetRow = {
  check: map =>
    checkTarget(map, FD_FLAGS) ??
    (map.type === 'devmap_hash' && map.maxEntries > 2 ** 31
      ? refuseCreate(map, 'EINVAL', `max_entries ${map.maxEntries}, want at most ${2 ** 31}`)
      : undefined),
  accept(host, map, _index, value) {
    const ifindex = readU32(value, 0);
    if (ifindex === 0) {
      const fd = value.length === 8 ? readU32(value, 4) | 0 : 0;
      return fd > 0 ? refusal(ERRNO.EINVAL, 'a program without a device') : EMPTY;
    }
    if (!host.references.hasDevice(ifindex)) return refusal(ERRNO.EINVAL, `no device with index ${ifindex}`);
    const held = acceptProgram(host, map, value);
    if (held !== undefined && isRefusal(held)) return refusal(ERRNO.EINVAL, held.why);
    return { words: [ifindex, held?.id ?? 0], held };
  },
};

/** Slots of a cpumap. */
export const CPUS: TargetRow = {
  check: map =>
    checkTarget(map, MAP_FLAGS.BPF_F_NUMA_NODE) ??
    (map.maxEntries > NR_CPUS
      ? refuseCreate(map, 'E2BIG', `max_entries ${map.maxEntries}, want at most ${NR_CPUS}`)
      : undefined),
  accept(host, map, index, value) {
    const size = readU32(value, 0);
    if (size > MAX_QUEUE) return refusal(ERRNO.EOVERFLOW, `queue of ${size}, want at most ${MAX_QUEUE}`);
    if (index >= host.machine.env.cpus) return refusal(ERRNO.ENODEV, `no CPU ${index}`);
    if (size === 0) return EMPTY;
    const held = acceptProgram(host, map, value);
    if (held !== undefined && isRefusal(held)) return refusal(ERRNO.ENOMEM, held.why);
    return { words: [size, held?.id ?? 0], held };
  },
};

/** Slots of an xskmap. */
export const SOCKETS: TargetRow = {
  check: map => checkSizes(map, { key: is4, keyText: '4', value: is4, valueText: '4' }) ?? checkFlags(map, FD_FLAGS),
  accept(host, map, _index, value) {
    const held = host.references.resolve('socket', readU32(value, 0) | 0, map);
    return isRefusal(held) ? held : { words: [held.id, 0], held };
  },
  hidden: true,
};
