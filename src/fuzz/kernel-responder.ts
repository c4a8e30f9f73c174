/** A kernel as a responder: maps created, the program loaded and test-run, the maps read, everything closed again. */
import type { Fd, Sys } from '../sys/sys.ts';
import { errnoName } from '../uapi/errno.ts';
import { mapTypeId } from '../uapi/map-types.ts';
import { progTypeId } from '../uapi/prog-types.ts';
import { alignUp, equalBytes, toHex } from '../util/bytes.ts';
import { BpfError, NotSupportedError } from '../util/error.ts';
import { VmFault } from '../vm/fault.ts';
import type { Answer, Entries, Question, QuestionMap, Responder } from './question.ts';

/** What a program makes of a packet at most, with room. */
const MAX_PACKET_OUT = 8192;
/** Bytes of the verifier's log that a refusal quotes the end of. */
const LOG_SIZE = 1 << 16;

/** What a caller may choose about {@link kernelResponder}. */
export interface KernelResponderOptions {
  readonly verifies?: boolean;
  readonly checks?: boolean;
  /** Whether a refusal is explained by the kernel's log, for which the program is loaded a second time. */
  readonly logs?: boolean;
}

/** A call that the kernel refused. */
class Refusal extends BpfError {}

/** A responder that asks a kernel. */
export function kernelResponder(name: string, sys: Sys, options: KernelResponderOptions = {}): Responder {
  const { verifies = false, checks = true, logs = false } = options;
  return {
    name,
    verifies,
    checks,
    answer(question) {
      const session = new Session(sys, logs);
      try {
        return session.run(question);
      } catch (error) {
        if (error instanceof VmFault) {
          return { kind: 'fault', reason: error.reason, pc: error.pc, why: error.message };
        }
        if (error instanceof Refusal || error instanceof NotSupportedError)
          return { kind: 'refused', why: error.message };
        throw error;
      } finally {
        session.close();
      }
    },
  };
}

/** The descriptors of one question. */
class Session {
  readonly #sys: Sys;
  readonly #logs: boolean;
  readonly #fds: Fd[] = [];

  constructor(sys: Sys, logs: boolean) {
    this.#sys = sys;
    this.#logs = logs;
  }

  run({ program, maps, packet }: Question): Answer {
    const fds = maps.map(map => this.#createMap(map));
    const out = new Uint8Array(MAX_PACKET_OUT);
    const prog_fd = this.#load(program, fds);
    for (const [i, map] of maps.entries()) {
      const targets = map.type === 'prog_array' ? map.entries : [];
      for (const [key, target] of targets) {
        const value = word(target.length === 0 ? prog_fd : this.#load(target, fds));
        this.#must('map_update_elem', this.#sys.bpf('map_update_elem', { map_fd: fds[i], key, value }));
      }
    }
    const attr = {
      prog_fd,
      repeat: 1,
      data_in: packet,
      data_size_in: packet.length,
      data_out: out,
      data_size_out: out.length,
      retval: 0,
    };
    this.#must('prog_test_run', this.#sys.bpf('prog_test_run', attr));
    return {
      kind: 'ran',
      verdict: attr.retval >>> 0,
      packet: toHex(out.subarray(0, attr.data_size_out)),
      maps: maps.map((map, i) => this.#entries(map, fds[i]!)),
    };
  }

  close(): void {
    for (const fd of this.#fds.splice(0).reverse()) this.#sys.close(fd);
  }

  #must(what: string, result: number): number {
    if (result < 0) throw new Refusal('refused', `${what}: ${errnoName(-result)} ${this.#sys.why}`.trimEnd());
    return result;
  }

  #open(what: string, result: number): Fd {
    this.#fds.push(this.#must(what, result));
    return result;
  }

  #createMap({ type, keySize, valueSize, maxEntries, flags, entries }: QuestionMap): Fd {
    const attr = {
      map_type: mapTypeId(type) ?? 0,
      key_size: keySize,
      value_size: valueSize,
      max_entries: maxEntries,
      map_flags: flags,
    };
    const map_fd = this.#open(`map_create ${type}`, this.#sys.bpf('map_create', attr));
    if (type === 'prog_array') return map_fd;
    for (const [key, value] of entries)
      this.#must('map_update_elem', this.#sys.bpf('map_update_elem', { map_fd, key, value }));
    return map_fd;
  }

  #load(insns: Uint8Array, maps: readonly Fd[]): Fd {
    const attr = {
      prog_type: progTypeId('xdp'),
      prog_name: 'fuzz',
      license: 'GPL',
      insns,
      insn_cnt: insns.length / 8,
      fd_array: word(...maps),
    };
    const fd = this.#sys.bpf('prog_load', attr);
    if (fd >= 0 || !this.#logs) return this.#open('prog_load', fd);
    const log_buf = new Uint8Array(LOG_SIZE);
    this.#sys.bpf('prog_load', { ...attr, log_level: 1, log_size: LOG_SIZE, log_buf });
    const text = new TextDecoder().decode(log_buf.subarray(0, log_buf.indexOf(0)));
    throw new Refusal('refused', `prog_load: ${errnoName(-fd)}\n${text}`);
  }

  #entries({ type, keySize, valueSize }: QuestionMap, map_fd: Fd): Entries {
    if (type === 'prog_array') return [];
    const isPerCpu = type.startsWith('percpu_');
    const entries: [string, string][] = [];
    let key: Uint8Array | undefined;
    for (;;) {
      const next_key = new Uint8Array(keySize);
      if (this.#sys.bpf('map_get_next_key', { map_fd, key, next_key }) < 0) break;
      if (key !== undefined && equalBytes(key, next_key)) throw new Refusal('refused', 'map_get_next_key: no end');
      const value = new Uint8Array(isPerCpu ? alignUp(valueSize, 8) * this.#sys.possibleCpus : valueSize);
      this.#must('map_lookup_elem', this.#sys.bpf('map_lookup_elem', { map_fd, key: next_key, value }));
      entries.push([toHex(next_key), toHex(isPerCpu ? ofRunningCpu(value, valueSize) : value)]);
      key = next_key;
    }
    return entries.sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

function word(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}

/** What the CPU that ran left of the values of all: those of the others are zero. */
function ofRunningCpu(values: Uint8Array, size: number): Uint8Array {
  const stride = alignUp(size, 8);
  return Uint8Array.from({ length: size }, (_, at) => {
    let byte = 0;
    for (let value = at; value < values.length; value += stride) byte ^= values[value]!;
    return byte;
  });
}
