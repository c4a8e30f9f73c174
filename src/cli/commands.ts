/**
 * The grammar of the command line as data: options, commands and their verbs. Parsing, prefix matching and help all read these
 * tables; the code behind a command is found by its name in `handlers.ts`.
 */

/** What an option takes: nothing, text, a count from 1, or text each time it is given. */
export type OptionKind = 'flag' | 'text' | 'count' | 'list';

/** A row of the option table. */
export interface OptionRow {
  readonly kind: OptionKind;
  /** A single letter. */
  readonly short?: string;
  /** How help calls the value. */
  readonly value?: string;
  readonly text: string;
  /** Taken by every command. */
  readonly global?: true;
}

/** Every option of every command; one name means one thing. */
export const OPTIONS = {
  prog: { kind: 'text', value: 'NAME', text: 'the program, where the object has several' },
  pcap: { kind: 'text', value: 'FILE', text: 'packets of a pcap or pcapng capture; - reads standard input' },
  packet: { kind: 'text', value: 'HEX|@FILE', text: 'one packet: hexadecimal digits, or the bytes of a file' },
  btf: {
    kind: 'text',
    value: 'FILE',
    text: "a kernel's types (vmlinux BTF), for CO-RE and for the names and structs in --ctx",
  },
  ctx: {
    kind: 'text',
    value: 'JSON|@FILE',
    text: 'one context by field name (sim only): any type of program runs over one',
  },
  out: {
    kind: 'text',
    value: 'PATH',
    text: 'where to write: every packet as the program left it, with its verdict, as pcapng (run); replay files (fuzz)',
  },
  map: { kind: 'list', value: 'NAME', text: 'show this map only, all of it; may be given several times' },
  repeat: { kind: 'count', value: 'N', text: 'run the program N times over each packet' },
  trace: { kind: 'flag', text: 'show each C line, instruction and changed register (sim only)' },
  kernel: { kind: 'text', value: 'KERNEL', text: 'sim (the default), linux, or a release that sim is to be, as 6.18' },
  seed: { kind: 'count', value: 'N', text: 'seed of all randomness (1)' },
  cpus: { kind: 'count', value: 'N', text: 'possible CPUs of sim (1)' },
  program: { kind: 'text', value: 'HEX', text: 'the program as hex bytes, instead of standard input' },
  elf: { kind: 'flag', text: 'the program is an ELF file' },
  engine: {
    kind: 'text',
    value: 'ENGINE',
    text: 'what runs programs in sim: jit (the default for captures) or interp (for --packet)',
  },
  trust: { kind: 'flag', text: 'leave the run-time checks of the JIT out: for programs that are known to be good' },
  source: { kind: 'flag', text: 'show the C lines between the instructions' },
  engines: { kind: 'text', value: 'LIST', text: 'who is asked: two or more of interp, jit, trust, linux (jit,interp)' },
  time: { kind: 'text', value: 'TIME', text: 'stop after this time: 60s (the default without --runs), 5m, 1h' },
  runs: { kind: 'count', value: 'N', text: 'stop after N programs' },
  shrink: { kind: 'flag', text: 'minimise what was found' },
  replay: { kind: 'text', value: 'FILE', text: 'ask the program of a replay file again' },
  json: { kind: 'flag', short: 'j', text: 'print one JSON object', global: true },
  pretty: { kind: 'flag', short: 'p', text: 'print JSON over several lines', global: true },
  debug: { kind: 'flag', short: 'd', text: 'show where in skep an error comes from', global: true },
  help: { kind: 'flag', short: 'h', text: 'show help and exit', global: true },
  version: { kind: 'flag', short: 'V', text: 'show the version and exit', global: true },
} as const satisfies Record<string, OptionRow>;

export type OptionName = keyof typeof OPTIONS;

interface ValueOf {
  flag: true;
  text: string;
  count: number;
  list: readonly string[];
}

/** Options as given: absent, or a value of the option's kind. */
export type Options = { readonly [K in OptionName]?: ValueOf[(typeof OPTIONS)[K]['kind']] };

/** What stands where on the command line, behind the command. */
export interface OperandRow {
  readonly name: string;
  readonly text: string;
  readonly optional?: true;
}

/** A command, or a verb of one. */
export interface CommandRow {
  readonly name: string;
  readonly summary: string;
  readonly operands?: readonly OperandRow[];
  /** Options beside the global ones. */
  readonly options?: readonly OptionName[];
  /** Paragraphs of help. */
  readonly details?: readonly string[];
  readonly examples?: readonly (readonly [command: string, what: string])[];
  readonly verbs?: readonly CommandRow[];
}

/** Commands in the order in which an abbreviation is tried: the first that begins with it is meant. */
export const COMMANDS: readonly CommandRow[] = [
  {
    name: 'help',
    summary: 'show help, of a command where one is named',
    operands: [{ name: 'COMMAND', text: 'a command', optional: true }],
  },
  {
    name: 'version',
    summary: 'show the version',
  },
  {
    name: 'run',
    summary: 'run a program over packets and show what it did',
    operands: [{ name: 'OBJECT', text: 'an object file that clang -target bpf made' }],
    options: [
      'prog',
      'pcap',
      'packet',
      'ctx',
      'btf',
      'out',
      'map',
      'repeat',
      'trace',
      'kernel',
      'engine',
      'trust',
      'seed',
      'cpus',
    ],
    details: [
      'Loads OBJECT, runs one of its programs over every packet of a capture (or over one packet), attached to nothing, and prints a table of verdicts: for each value that the program returned, how many packets got it, their bytes as they came in, and the share of all packets. XDP_ABORTED is what a program returns on an error of its own; a return value without a name counts as XDP_ABORTED on a real device. "refused" counts packets that the kernel does not run a program over, such as frames of less than 14 bytes.',
      'Behind the table stand the maps, as the run left them, printed through the types of the object; entries of arrays that are all zero are left out, and more than 20 entries are cut short unless the map is named with --map. Values of per-CPU maps show their sum, then each CPU.',
      'Programs of types that see no packets (kprobes, tracepoints, sockets …) run over one context, --ctx: a JSON object of the fields of the context, checked against the type. {"$hex": "0a0b"} is bytes, {"$user": "text"} text in user memory. What the program returned and the context as it left it are shown.',
      "In sim, skep's own kernel, programs are not verified yet: every access is checked as it happens instead, and a program that does what no verifier would let it do ends the run with the C line and the instruction (and the registers, with --engine interp). --trust leaves the checks out; a program that breaks a rule then goes on with whatever it finds. The run is deterministic: randomness comes from --seed, and the clock that a program reads shows the time since the first packet of the capture. --kernel linux asks the kernel of this machine (which needs the right to use bpf(2)): its verifier, its clock.",
      "A program that takes offsets, sizes or values from the kernel's types (CO-RE) wants them in --btf; with --kernel linux they are /sys/kernel/btf/vmlinux unless --btf names others. What those types lack may be asked for, not reached: a program that reaches it ends with the name of what is missing.",
      '--out writes every packet, dropped ones too, as the program left it; Wireshark shows the verdict of each (frame.verdict). --repeat runs the program again and again over the same buffer and counts each packet once.',
      'JSON: program, object, kernel, packets, bytes, verdicts by name, maps by name, packets_per_second; with --packet also retval and output. 64-bit numbers beyond 2^53 are strings.',
    ],
    examples: [
      ['skep run fw.bpf.o --pcap in.pcap', 'a table of verdicts, then the maps'],
      ['skep run fw.bpf.o --pcap in.pcap --out out.pcapng', 'and the packets with their verdicts'],
      ['skep run fw.bpf.o --prog drop_udp --packet @frame.bin --trace', 'one packet, step by step'],
      ['skep run sock.bpf.o --prog connect4 --ctx \'{"user_ip4": "10.0.0.1", "user_port": 80}\'', 'one event'],
      [
        'skep run opensnoop.bpf.o --prog tracepoint__syscalls__sys_enter_openat --ctx {} --btf /sys/kernel/btf/vmlinux',
        'an object of tracing tools (CO-RE)',
      ],
      ['tcpdump -w - | skep run fw.bpf.o --pcap - --json', 'live, for a script'],
    ],
  },
  {
    name: 'disasm',
    summary: 'print the instructions of an object',
    operands: [{ name: 'OBJECT', text: 'an object file that clang -target bpf made' }],
    options: ['prog', 'source'],
    details: [
      "Prints each program as it would be loaded, subprograms behind the entry, in the syntax of the kernel's verifier log. What depends on a kernel shows by name: map[counters], extern CONFIG_HZ.",
    ],
    examples: [
      ['skep disasm fw.bpf.o --source', 'every program, C lines between'],
      ['skep disasm fw.bpf.o --prog fw --json', 'one program as data'],
    ],
  },
  {
    name: 'fuzz',
    summary: 'look for a program that engines do not agree on',
    options: ['engines', 'seed', 'time', 'runs', 'shrink', 'out', 'replay'],
    details: [
      'Runs random XDP programs over random packets and maps on several engines and compares what they return, the packet and the maps afterwards; stops at the first disagreement with exit status 1. interp is the interpreter, jit the compiler, trust the compiler without run-time checks, linux the kernel of this machine (which needs the right to use bpf(2)).',
      'Programs are such as a verifier takes. What the verifier of linux refuses all the same is counted, and compared without it. Where linux is not among the engines, every other program is one that no verifier would take, with jumps to anywhere and pointers to nothing; a fault must then be the same fault at the same instruction.',
      'What is found is printed with its packet and maps, and written to a file: --replay asks it again. --shrink minimises it first. Everything follows from --seed.',
    ],
    examples: [
      ['skep fuzz --time 5m --shrink', 'the compiler against the interpreter'],
      ['skep fuzz --engines jit,interp,linux --seed 7 --runs 10000', 'both against the kernel of this machine'],
      ['skep fuzz --replay fuzz-7-123.json', 'what was found, again'],
    ],
  },
  {
    name: 'conformance-plugin',
    summary: 'run one program for the runner of bpf_conformance and print r0',
    operands: [{ name: 'MEMORY', text: 'hex bytes that r1 points to', optional: true }],
    options: ['program', 'elf', 'engine'],
    details: [
      "Speaks the plugin protocol of the public bpf_conformance suite: the program as hex bytes on standard input (or --program), memory as hex bytes in the operand; prints all 64 bits of r0 in hex. r1 holds the memory's address, r2 its length. --debug lists the program on standard error.",
    ],
    examples: [['echo b7 00 00 00 2a 00 00 00 95 00 00 00 00 00 00 00 | skep conformance-plugin', 'prints 2a']],
  },
];
