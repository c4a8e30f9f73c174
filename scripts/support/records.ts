/**
 * Records of programs and what a kernel made of them, one JSON object a line, and how they run on a kernel: maps created from their
 * definitions, descriptors patched into the instructions, test runs one after the other.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { MapCreateAttr } from '../../src/sys/attr.gen.ts';
import type { Fd, Sys } from '../../src/sys/sys.ts';
import { errnoName } from '../../src/uapi/errno.ts';
import { MAP_FLAGS } from '../../src/uapi/flags.ts';
import { parseHex, toHex } from '../../src/util/bytes.ts';

/** A map as a record defines it. */
export interface MapDefinition {
  readonly type: string;
  readonly type_id: number;
  readonly name?: string;
  readonly key_size: number;
  readonly value_size: number;
  readonly max_entries: number;
  readonly map_flags: number;
  readonly map_extra?: number;
  readonly inner?: MapDefinition;
  readonly btf?: string;
  readonly btf_file?: string;
  readonly btf_key_type_id?: number;
  readonly btf_value_type_id?: number;
  readonly init?: readonly (readonly [key: string, value: string])[];
  readonly freeze?: boolean;
  readonly progs?: readonly {
    readonly slot: number;
    readonly insns?: string;
    /** Instructions of the slot's program that refer to the map itself. */
    readonly self?: readonly number[];
    readonly self_prog?: boolean;
    readonly unsupported?: boolean;
  }[];
}

/** What a run gave, or is to give. */
export interface RunOutcome {
  readonly retval?: number;
  readonly errno?: number;
  readonly errname?: string;
  readonly data_out?: string;
  readonly ctx_out?: string;
  readonly maps?: readonly (readonly (readonly [string, string])[] | null)[];
  readonly unstable?: boolean;
  readonly may_leak?: boolean;
}

/** A program, its maps and its runs. */
export interface ProgramRecord {
  readonly id: string;
  readonly name: string;
  readonly prog_type: string;
  readonly prog_type_id: number;
  readonly expected_attach_type?: number;
  readonly prog_flags?: number;
  readonly license?: string;
  readonly insn_cnt: number;
  readonly insns?: string;
  readonly insns_gz?: string;
  readonly maps: readonly { readonly insns: readonly number[]; readonly def: MapDefinition }[];
  readonly kfuncs?: readonly unknown[] | null;
  readonly ksyms?: readonly unknown[] | null;
  readonly prog_btf?: string;
  readonly prog_btf_file?: string;
  readonly func_info?: readonly (readonly [number, number])[];
  readonly dump_maps?: boolean;
  readonly runs?: readonly { readonly data?: string; readonly ctx?: string }[];
  readonly env?: unknown;
  readonly live: { readonly verdict: 'ACCEPT' | 'REJECT'; readonly runs?: readonly RunOutcome[] };
}

/** Flags that the kernel itself adds to maps of a type, and so shows in their definition. */
const FLAGS_OF_THE_KERNEL: Readonly<Record<string, number>> = {
  DEVMAP: MAP_FLAGS.BPF_F_RDONLY_PROG,
  DEVMAP_HASH: MAP_FLAGS.BPF_F_RDONLY_PROG,
};

/** A step that the kernel refused. */
export class RecordRefusal extends Error {}

/** Loads and runs records on one kernel. `directory` holds the files that records name. */
export class RecordRunner {
  readonly #sys: Sys;
  readonly #directory: string;
  readonly #fds: Fd[] = [];

  constructor(sys: Sys, directory: string) {
    this.#sys = sys;
    this.#directory = directory;
  }

  /** What each run of a record gives on this kernel. @throws RecordRefusal where it does not get that far. */
  run(record: ProgramRecord): RunOutcome[] {
    try {
      const maps = record.maps.map(({ def }) => this.#createMap(def));
      const program = this.#load(record, maps);
      this.#fillSlots(record, maps, program);
      return (record.runs ?? []).map(run => this.#testRun(record, program, maps, run));
    } finally {
      for (const fd of this.#fds.splice(0).reverse()) this.#sys.close(fd);
    }
  }

  #must(what: string, result: number): number {
    if (result < 0) throw new RecordRefusal(`${what}: ${errnoName(-result)} ${this.#sys.why}`);
    return result;
  }

  #open(what: string, fd: number): Fd {
    this.#fds.push(this.#must(what, fd));
    return fd;
  }

  #loadBtf(hex: string | undefined, file: string | undefined): Fd | undefined {
    if (hex === undefined && file === undefined) return undefined;
    const btf = hex === undefined ? new Uint8Array(readFileSync(join(this.#directory, file!))) : bytesOf(hex);
    return this.#open('btf_load', this.#sys.bpf('btf_load', { btf, btf_size: btf.length }));
  }

  #createMap(def: MapDefinition): Fd {
    const attr: MapCreateAttr = {
      map_type: def.type_id,
      key_size: def.key_size,
      value_size: def.value_size,
      max_entries: def.max_entries,
      map_flags: def.map_flags & ~(FLAGS_OF_THE_KERNEL[def.type] ?? 0),
    };
    if (def.map_extra !== undefined) attr.map_extra = BigInt(def.map_extra);
    if (def.inner !== undefined) attr.inner_map_fd = this.#createMap(def.inner);
    const btf = this.#loadBtf(def.btf, def.btf_file);
    if (btf !== undefined && (def.btf_value_type_id ?? 0) !== 0) {
      attr.btf_fd = btf;
      attr.btf_key_type_id = def.btf_key_type_id;
      attr.btf_value_type_id = def.btf_value_type_id;
    }
    const fd = this.#open(`map_create ${def.type}`, this.#sys.bpf('map_create', attr));
    for (const [key, value] of def.init ?? []) {
      const element = { map_fd: fd, key: bytesOf(key), value: bytesOf(value) };
      this.#must('map_update_elem', this.#sys.bpf('map_update_elem', element));
    }
    if (def.freeze === true) this.#must('map_freeze', this.#sys.bpf('map_freeze', { map_fd: fd }));
    return fd;
  }

  #load(record: ProgramRecord, maps: readonly Fd[]): Fd {
    const insns =
      record.insns === undefined
        ? new Uint8Array(gunzipSync(Buffer.from(record.insns_gz!, 'base64')))
        : bytesOf(record.insns);
    for (const [i, map] of record.maps.entries()) patchFd(insns, map.insns, maps[i]!);
    return this.#prog(record, insns);
  }

  #prog(record: ProgramRecord, insns: Uint8Array): Fd {
    const attr = {
      prog_type: record.prog_type_id,
      expected_attach_type: record.expected_attach_type ?? 0,
      prog_flags: record.prog_flags ?? 0,
      license: record.license ?? 'GPL',
      insns,
      insn_cnt: insns.length / 8,
    };
    return this.#open('prog_load', this.#sys.bpf('prog_load', attr));
  }

  #fillSlots(record: ProgramRecord, maps: readonly Fd[], program: Fd): void {
    record.maps.forEach(({ def }, i) => {
      for (const { slot, insns, self, self_prog, unsupported } of def.progs ?? []) {
        if (unsupported === true) throw new RecordRefusal('a program array whose programs the record does not hold');
        const bytes = bytesOf(insns ?? '');
        patchFd(bytes, self ?? [], maps[i]!);
        const target = self_prog === true ? program : this.#prog(record, bytes);
        const element = { map_fd: maps[i]!, key: word(slot), value: word(target) };
        this.#must('map_update_elem', this.#sys.bpf('map_update_elem', element));
      }
    });
  }

  #testRun(record: ProgramRecord, prog_fd: Fd, maps: readonly Fd[], run: { data?: string; ctx?: string }): RunOutcome {
    const data = run.data === 'zero64' ? new Uint8Array(64) : run.data === undefined ? undefined : bytesOf(run.data);
    const ctx = run.ctx === undefined ? undefined : bytesOf(run.ctx);
    const out = new Uint8Array(65536);
    const attr = {
      prog_fd,
      repeat: data === undefined ? 0 : 1,
      data_in: data,
      data_size_in: data?.length ?? 0,
      data_out: data === undefined ? undefined : out,
      data_size_out: data === undefined ? 0 : out.length,
      ctx_in: ctx,
      ctx_size_in: ctx?.length ?? 0,
      ctx_out: ctx === undefined ? undefined : new Uint8Array(ctx.length),
      ctx_size_out: ctx?.length ?? 0,
      retval: 0,
    };
    const result = this.#sys.bpf('prog_test_run', attr);
    if (result < 0) return { errno: -result, errname: errnoName(-result) };
    const packet = out.subarray(0, attr.data_size_out);
    const isSame = data !== undefined && toHex(packet) === toHex(data);
    return {
      retval: attr.retval >>> 0,
      ...(data === undefined ? {} : { data_out: isSame ? 'same' : toHex(packet) }),
      ...(attr.ctx_out === undefined ? {} : { ctx_out: toHex(attr.ctx_out) }),
      ...(record.dump_maps === true ? { maps: record.maps.map(({ def }, i) => this.#dump(def, maps[i]!)) } : {}),
    };
  }

  #dump(def: MapDefinition, map_fd: Fd): [string, string][] {
    const entries: [string, string][] = [];
    const value = new Uint8Array(def.value_size);
    let key: Uint8Array | undefined;
    for (;;) {
      const next_key = new Uint8Array(def.key_size);
      if (this.#sys.bpf('map_get_next_key', { map_fd, key, next_key }) < 0) return entries;
      this.#must('map_lookup_elem', this.#sys.bpf('map_lookup_elem', { map_fd, key: next_key, value }));
      entries.push([toHex(next_key), toHex(value)]);
      key = next_key;
    }
  }
}

/** Puts a descriptor into the wide instructions that want it. */
function patchFd(insns: Uint8Array, slots: readonly number[], fd: Fd): void {
  const view = new DataView(insns.buffer, insns.byteOffset);
  for (const slot of slots) view.setInt32(8 * slot + 4, fd, true);
}

function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  const bytes = parseHex(hex);
  if (bytes === undefined) throw new RecordRefusal(`${hex.slice(0, 20)}: not hex`);
  return new Uint8Array(bytes);
}
