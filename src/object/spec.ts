/**
 * `CollectionSpec`: a BPF object file as pure data, the same on every machine and `structuredClone`-able. Whatever
 * depends on a running kernel (fds, CO-RE, attach targets) happens when a spec is loaded.
 */
import type { BtfValue } from '../btf/value.ts';
import type { AttachTypeName } from '../uapi/attach-types.ts';
import type { MapTypeName } from '../uapi/map-types.ts';
import type { ProgTypeName } from '../uapi/prog-types.ts';
import type { ByteOrder } from '../util/bytes.ts';

/** Everything that one object file holds. Names are unique per record; order is the order in the file. */
export interface CollectionSpec {
  byteOrder: ByteOrder;
  /** The `license` section, without its NUL; empty where the object has none. */
  license: string;
  /** The `version` section (`KERNEL_VERSION` encoding), for kprobes of old kernels. */
  kernelVersion: number | undefined;
  programs: Record<string, ProgramSpec>;
  /**
   * In libbpf's order: maps of `maps` and `.maps`, then one per data section (`.rodata`, `.data`, `.bss`, `.rodata.*`
   * …) under the section's name, then one per variable of `.struct_ops`. The map `.kconfig`, which libbpf puts in front
   * of the last, is made at load.
   */
  maps: Record<string, MapSpec>;
  /** Global variables by name; where one lies. Their values stand in `rodata`, `data`, `bss` and `sections`. */
  variables: Record<string, VariableSpec>;
  /** Values of `.rodata`, `.data` and `.bss` by variable name, decoded through BTF; change them before load. */
  rodata: Record<string, BtfValue>;
  data: Record<string, BtfValue>;
  bss: Record<string, BtfValue>;
  /** The same for custom sections (`.data.foo`), by section name. */
  sections: Record<string, Record<string, BtfValue>>;
  /** Those of `.kconfig` first, in the order of their offsets there, then the others by name. */
  externs: Record<string, ExternSpec>;
  /** `.BTF` as a kernel is to get it: sizes and offsets of data sections filled in. */
  btf: Uint8Array | undefined;
}

/** One entry program: its function with every subprogram that it reaches appended, calls between them resolved. */
export interface ProgramSpec {
  /** The function's name. */
  name: string;
  /** The SEC() string verbatim. */
  section: string;
  /** By SEC(); `unspec` where libbpf knows no such section. */
  type: ProgTypeName;
  /** `expected_attach_type` by SEC(). */
  attachType: AttachTypeName | undefined;
  /** What SEC() names as target (`sched/sched_switch` of `tp/sched/sched_switch`), undefined where it names none. */
  attachTo: string | undefined;
  /** `prog_flags` by SEC(): `BPF_F_SLEEPABLE`, `BPF_F_XDP_HAS_FRAGS`. */
  flags: number;
  /** Whether a load of the collection loads this program (false for SEC("?…")). */
  autoload: boolean;
  /**
   * 8 bytes an instruction slot, in the object's byte order. Calls between functions are resolved; source register and
   * immediates of other `references` are still as in the file.
   */
  instructions: Uint8Array;
  /** First slot and name of each function in `instructions`, the entry first; `typeId` is its BTF FUNC where known. */
  functions: FunctionInfo[];
  /** Source line by slot, ascending; empty without .BTF.ext. */
  lines: LineInfo[];
  references: Reference[];
  coreRelocations: CoreRelocation[];
}

/** A function within a program. */
export interface FunctionInfo {
  insn: number;
  name: string;
  typeId: number | undefined;
}

/** The source line of the instructions from slot `insn` on. */
export interface LineInfo {
  insn: number;
  file: string;
  /** The source line's text, as the compiler recorded it. */
  text: string;
  line: number;
  column: number;
  /** String offsets in BTF, as PROG_LOAD's `line_info` wants them. */
  fileNameOff: number;
  lineOff: number;
}

/** An instruction whose immediate depends on the kernel: what it refers to, at slot `insn`. */
export type Reference =
  | { insn: number; kind: 'map'; map: string }
  | { insn: number; kind: 'map_value'; map: string; offset: number }
  /** An extern variable (kconfig or ksym), addressed by ld_imm64. */
  | { insn: number; kind: 'extern'; extern: string }
  /** A call of an extern function. */
  | { insn: number; kind: 'kfunc'; extern: string }
  /** The address of a subprogram (a callback), by ld_imm64; pseudo source 4 and the relative imm are in place. */
  | { insn: number; kind: 'function'; function: string };

/**
 * A CO-RE record of .BTF.ext: `accessSpec` (`0:1:2`) of type `typeId`, of kind `kind` (`enum bpf_core_relo_kind`), for
 * slot `insn`.
 */
export interface CoreRelocation {
  insn: number;
  typeId: number;
  accessSpec: string;
  kind: number;
}

/** A map to be created; numbers are those of `BPF_MAP_CREATE`. */
export interface MapSpec {
  name: string;
  type: MapTypeName;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  flags: number;
  /** `map_extra`. */
  extra: bigint;
  numaNode: number | undefined;
  pinning: 'none' | 'by_name';
  /** BTF type ids of key and value, where the map's definition gives types. */
  keyTypeId: number | undefined;
  valueTypeId: number | undefined;
  /** Template of the maps that a map-in-map holds. */
  inner: MapSpec | undefined;
  /**
   * Initial slots of a prog array or map-in-map: the program's or map's name per key. For a struct_ops map the program
   * that implements the member at byte `key`.
   */
  slots: { key: number; kind: 'map' | 'program'; name: string }[];
  /** Data sections, struct_ops, and an arena with variables: the initial value as in the file (zeros for `.bss`). */
  section: { name: string; contents: Uint8Array; readOnly: boolean } | undefined;
}

/** Where a global variable lies. */
export interface VariableSpec {
  name: string;
  /** ELF section, and the name of the map that holds it. */
  section: string;
  map: string;
  offset: number;
  size: number;
  /** The variable's type; undefined without BTF, its value is then raw bytes. */
  typeId: number | undefined;
}

/** A symbol that the object uses and does not define. */
export interface ExternSpec {
  name: string;
  /**
   * `kconfig` and `ksym` are variables in the sections of those names, `kfunc` a function in `.ksyms`; `function` and
   * `variable` are those of another object, which only linking can resolve.
   */
  kind: 'kconfig' | 'ksym' | 'kfunc' | 'function' | 'variable';
  weak: boolean;
  /**
   * The type as declared: of a variable its type behind qualifiers (undefined for a ksym declared `void`, of which only
   * the address is wanted), of a function its `func_proto`; undefined without BTF.
   */
  typeId: number | undefined;
  /** kconfig only: where the value lies in the map `.kconfig`, and its size. */
  offset: number | undefined;
  size: number | undefined;
}
