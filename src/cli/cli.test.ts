/** The command line as a user meets it: a process, its streams, its exit status. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bpfDenied } from '../linux/allowed.ts';
import { eth } from '../packet/build.ts';
import { LINK_TYPES } from '../packet/capture.ts';
import { PcapWriter } from '../packet/pcap-writer.ts';
import { parseCapture } from '../packet/reader.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const BIN = join(root, 'bin/skep.js');
const FEATURES = 'test/data/loader/features.bpf.o';
const FIREWALL = 'examples/xdp-firewall/xdp_firewall.bpf.o';
const MIXED = 'examples/captures/mixed.pcap';
const packets: Record<string, string> = JSON.parse(readFileSync(join(root, 'test/data/packets.json'), 'utf8'));
const SYN = packets['ipv4_tcp_syn'] as string;
const denied = bpfDenied();

interface Outcome {
  status: number | null;
  out: string;
  err: string;
}

/** Runs skep from the root of the project; `input` is what it reads. */
function skep(
  args: readonly string[],
  options: { input?: Iterable<Uint8Array>; node?: readonly string[] } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...(options.node ?? []), BIN, ...args], { cwd: root });
    const outcome: Outcome = { status: null, out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.err += text));
    child.on('error', reject).on('close', status => resolve({ ...outcome, status }));
    // Where the reader goes early, its status tells.
    pipeline(options.input ?? [], child.stdin).catch(() => {});
  });
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skep-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));
const temporary = (name: string): string => join(folder, name);

describe('run over a capture', () => {
  test('prints a table of verdicts, maps through BTF, the speed, and that nothing was verified', async () => {
    const { status, out, err } = await skep(['run', FIREWALL, '--pcap', MIXED]);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(/^firewall of xdp_firewall.bpf.o on sim 6.18\n\nverdict +packets +bytes +share\nXDP_DROP/);
    expect(out).toMatch(/^total +[\d,]+ +[\d,]+ +100.0 %$/m);
    expect(out).toMatch(/^stats \(percpu_array, max_entries \d+\):\n {2}\w+: \{packets: \d+, bytes: \d+\}/m);
    expect(out).toMatch(/^ {2}… \d+ more: --map sources shows all$/m);
    expect(out).toMatch(/^\.bss:\n {2}packets_seen = \d+$/m);
    expect(out).toMatch(/^[\d,]+ packets per second, [\d,]+ in the run loop\nfirewall was not verified/m);
  });

  test('prints one JSON object', async () => {
    const { status, out } = await skep(['run', FIREWALL, '--pcap', MIXED, '--json', '--map', '.bss', '--map', 'stats']);
    const report: {
      packets: number;
      bytes: number;
      verdicts: Record<string, { packets: number; bytes: number }>;
      maps: Record<string, { value?: Record<string, number>; values?: Record<string, number>[] }[]>;
    } = JSON.parse(out);
    expect({ status, ...report }).toMatchObject({
      status: 0,
      program: 'firewall',
      object: FIREWALL,
      kernel: 'sim 6.18',
      verified: false,
      packets_per_second: expect.any(Number),
    });
    const counts = Object.values(report.verdicts);
    expect(counts.reduce((sum, { packets }) => sum + packets, 0)).toBe(report.packets);
    expect(counts.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(report.bytes);
    expect(Object.keys(report.maps)).toEqual(['.bss', 'stats']);
    expect(report.maps['.bss']?.[0]?.value?.['packets_seen']).toBe(report.packets);
  });

  test('--out writes every packet with its verdict', async () => {
    const file = temporary('out.pcapng');
    const { out } = await skep(['run', FIREWALL, '--pcap', MIXED, '--out', file, '--json']);
    const report: { verdicts: Record<string, { packets: number }> } = JSON.parse(out);
    const written = parseCapture(await readFile(file));
    const read = parseCapture(await readFile(join(root, MIXED)));
    expect(written.map(packet => packet.timestampNs)).toEqual(read.map(packet => packet.timestampNs));
    const dropped = written.filter(({ options }) =>
      options.verdicts?.some(verdict => verdict.kind === 'xdp' && verdict.action === 1n),
    );
    expect(dropped).toHaveLength(report.verdicts['XDP_DROP']?.packets ?? 0);
  });

  test('packets come out as the program left them, metadata taken off', async () => {
    const input = temporary('one.pcap');
    const writer = new PcapWriter();
    writer.write({ data: Buffer.from(SYN, 'hex'), seconds: 5 });
    await writeFile(input, writer.take());
    const file = temporary('metadata.pcapng');
    await skep(['run', FEATURES, '--prog', 'metadata', '--pcap', input, '--out', file]);
    expect(parseCapture(await readFile(file)).map(packet => Buffer.from(packet.data).toString('hex'))).toEqual([SYN]);
  });

  test('reads standard input', async () => {
    const { out } = await skep(['run', FIREWALL, '--pcap', '-', '--json'], {
      input: [readFileSync(join(root, MIXED))],
    });
    const { out: fromFile } = await skep(['run', FIREWALL, '--pcap', MIXED, '--json']);
    const facts = (text: string) => ({ ...JSON.parse(text), packets_per_second: 0, loop_packets_per_second: 0 });
    expect(facts(out)).toEqual(facts(fromFile));
  });

  test("sim's clock shows the time since the first packet", async () => {
    const writer = new PcapWriter();
    for (const [seconds, nanoseconds] of [
      [1_700_000_000, 999_999_999],
      [1_700_000_002, 5],
      [1_700_000_001, 0],
    ] as const) {
      writer.write({ data: new Uint8Array(60), seconds, nanoseconds });
    }
    const args = ['run', FEATURES, '--prog', 'prints', '--pcap', '-', '--json', '--map', 'results'];
    const { out } = await skep(args, { input: [writer.take()] });
    expect(JSON.parse(out).maps.results[0]).toEqual({ key: 0, value: 1_000_000_006 });
  });

  test('a packet too short for a device is counted as refused', async () => {
    const input = temporary('short.pcap');
    const writer = new PcapWriter();
    writer.write({ data: new Uint8Array(10) });
    writer.write({ data: new Uint8Array(60) });
    await writeFile(input, writer.take());
    const { status, out } = await skep(['run', FEATURES, '--prog', 'globals', '--pcap', input]);
    expect(status).toBe(0);
    expect(out).toMatch(/^refused +1 +10 +50.0 %$/m);
    expect(out).toMatch(/^refused: EINVAL: packet of 10 bytes/m);
  });

  test('--ctx runs a program that sees no packets, and shows the context', async () => {
    const { status, out, err } = await skep(['run', FEATURES, '--prog', 'traced', '--ctx', '{"di": 7}', '--json']);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(JSON.parse(out)).toMatchObject({ program: 'traced', retval: 0, context: { di: 7 } });
  });

  test('a run that cannot end ends with the C line and the instruction', async () => {
    const { status, out, err } = await skep(['run', FEATURES, '--prog', 'unchecked', '--pcap', MIXED]);
    expect({ status, out }).toEqual({ status: 1, out: '' });
    expect(err).toMatch(
      /null pointer \(packet 1, program unchecked, insn \d+\)\n.*\n {4}\d+: \(79\) r0 = \*\(u64 \*\)\(r0 \+0\)\n$/,
    );
  });

  test('interpreted, with the registers too', async () => {
    const { status, out, err } = await skep([
      'run',
      FEATURES,
      '--prog',
      'unchecked',
      '--pcap',
      MIXED,
      '--engine',
      'interp',
    ]);
    expect({ status, out }).toEqual({ status: 1, out: '' });
    expect(err).toMatch(
      /^skep: features.bpf.c:\d+: .*null pointer \(packet 1, program unchecked, insn \d+\)\n {4}return \*value;\n {4}\d+: \(79\) r0 = \*\(u64 \*\)\(r0 \+0\)\n {4}r0=0x0 r1=0x/,
    );
  });

  test.skipIf(denied !== undefined)(
    `--kernel linux says the same${denied === undefined ? '' : ` (skipped: ${denied})`}`,
    async () => {
      const [sim, linux] = await Promise.all(
        ['sim', 'linux'].map(kernel =>
          skep(['run', FIREWALL, '--pcap', MIXED, '--json', '--map', '.bss', '--kernel', kernel]),
        ),
      );
      const facts = ({ out }: Outcome) => ({
        ...JSON.parse(out),
        kernel: '',
        verified: '',
        packets_per_second: 0,
        loop_packets_per_second: 0,
      });
      expect(facts(linux as Outcome)).toEqual(facts(sim as Outcome)); // two kernels give two outcomes
    },
  );

  test.skipIf(denied !== undefined)(
    `--kernel linux shows the verifier's log${denied === undefined ? '' : ` (skipped: ${denied})`}`,
    async () => {
      const { status, err } = await skep([
        'run',
        FEATURES,
        '--prog',
        'unchecked',
        '--packet',
        SYN,
        '--kernel',
        'linux',
      ]);
      expect(status).toBe(1);
      expect(err).toMatch(
        /^skep: features.bpf.c:\d+: load program unchecked: EACCES: .*R0 invalid mem access 'map_value_or_null'\n/,
      );
      expect(err).toContain('processed');
    },
  );
});

describe('run over one packet', () => {
  test('shows verdict, packet in and out', async () => {
    const { out } = await skep(['run', FEATURES, '--prog', 'jump', '--packet', SYN]);
    expect(out).toContain('verdict   XDP_TX (3)\nin        IPv4 10.0.0.1:40000');
    expect(out).toContain('out       unchanged');
  });

  test('reads it from a file; JSON has return value, output and metadata', async () => {
    const file = temporary('packet.bin');
    await writeFile(file, Buffer.from(SYN, 'hex'));
    const { out } = await skep(['run', FEATURES, '--prog', 'metadata', '--packet', `@${file}`, '--json']);
    expect(JSON.parse(out)).toMatchObject({
      packets: 1,
      retval: 2,
      output: SYN,
      metadata: '44332211',
      verdicts: { XDP_PASS: { packets: 1 } },
    });
  });

  test('--trace shows C lines, instructions, changed registers, through a tail call', async () => {
    const { out } = await skep(['run', FEATURES, '--prog', 'jump', '--packet', SYN, '--trace']);
    expect(out).toMatch(/^packet 1: IPv4/);
    expect(out).toMatch(
      /^features.bpf.c:\d+: bpf_tail_call\(ctx, &jumps, 2\);\n +0: \(18\) r2 = map\[jumps\] +r2=0xffff8880/m,
    );
    expect(out).toMatch(
      /^features.bpf.c:\d+: return XDP_TX;\n +0: \(b4\) w0 = 3 +r0=0x3\n +1: \(95\) exit\n→ XDP_TX \(3\)$/m,
    );
  });
});

describe('disasm', () => {
  test('prints instructions by name, C lines between', async () => {
    const { out } = await skep(['disasm', FEATURES, '--prog', 'externs', '--source']);
    expect(out).toMatch(/^externs: SEC\("xdp"\), xdp, \d+ slots\nexterns:\n/);
    expect(out).toMatch(
      /^; result\(0, LINUX_KERNEL_VERSION\); @ features.bpf.c:\d+\n +\d+: \(18\) r\d = extern LINUX_KERNEL_VERSION$/m,
    );
    expect(out).toMatch(/^ +\d+: \(85\) call bpf_map_update_elem#2$/m);
  });

  test('prints the same as JSON', async () => {
    const { out } = await skep(['disasm', FEATURES, '--prog', 'target', '--json']);
    expect(JSON.parse(out)).toMatchObject({
      license: 'Dual MIT/GPL',
      programs: [
        {
          name: 'target',
          type: 'xdp',
          instructions: [
            { insn: 0, text: '(b4) w0 = 3', source: { text: 'return XDP_TX;' } },
            { insn: 1, text: '(95) exit' },
          ],
        },
      ],
    });
  });
});

test('version, help', async () => {
  const manifest: { version: string } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  expect((await skep(['version', '-j'])).out).toContain(`"version":"${manifest.version}"`);
  expect((await skep(['help'])).out).toMatch(/Usage: skep \[OPTIONS\] COMMAND/);
  expect((await skep(['run', '--help'])).out).toMatch(/--packet HEX\|@FILE {2}one packet/);
});

describe('what goes wrong', () => {
  const cut = () => readFileSync(join(root, MIXED)).subarray(0, 1000);
  test.each<[string, string[], number, string | RegExp]>([
    ['a missing object', ['run', 'nope.o', '--packet', SYN], 1, 'read nope.o: no such file or directory'],
    ['a folder', ['run', 'src', '--packet', SYN], 1, 'read src: illegal operation on a directory'],
    ['no object file', ['run', MIXED, '--packet', SYN], 1, /^examples\/captures\/mixed.pcap: .*not an ELF file/],
    [
      'no capture',
      ['run', FIREWALL, '--pcap', FIREWALL],
      1,
      `${FIREWALL}: not a pcap or pcapng capture but an ELF file`,
    ],
    ['a missing capture', ['run', FIREWALL, '--pcap', 'nope'], 1, 'read nope: no such file or directory'],
    ['an empty capture', ['run', FIREWALL, '--pcap', '/dev/null'], 1, 'the capture is empty'],
    [
      'a folder that is not there',
      ['run', FIREWALL, '--pcap', MIXED, '--out', 'nope/out'],
      1,
      'write nope/out: no such file or directory',
    ],
    ['no packets', ['run', FIREWALL], 2, 'want something to run over: either --pcap FILE, --packet HEX or --ctx JSON'],
    [
      'two kinds of packets',
      ['run', FIREWALL, '--pcap', 'a', '--packet', '00'],
      2,
      'want something to run over: either',
    ],
    ['a context on Linux', ['run', FEATURES, '--ctx', '{}', '--kernel', 'linux'], 2, 'which only sim can'],
    ['a context that is no JSON', ['run', FEATURES, '--prog', 'traced', '--ctx', '{'], 1, 'not JSON'],
    ['an engine that is none', ['run', FIREWALL, '--packet', SYN, '--engine', 'x'], 2, 'want jit or interp'],
    ['odd digits', ['run', FIREWALL, '--packet', '123'], 2, 'option --packet 123: want pairs of hexadecimal digits'],
    [
      'a short packet',
      ['run', FIREWALL, '--packet', '1234'],
      1,
      'the kernel does not run the packet: EINVAL: packet of 2 bytes',
    ],
    [
      'several programs',
      ['run', FEATURES, '--packet', SYN],
      2,
      /name one with --prog: target \(xdp\), globals \(xdp\)/,
    ],
    [
      'a mistyped program',
      ['run', FEATURES, '--prog', 'globls', '--packet', SYN],
      1,
      'no program globls, did you mean globals?',
    ],
    [
      'a type that sees no packets',
      ['run', FEATURES, '--prog', 'traced', '--packet', SYN],
      1,
      'is of type kprobe, which sees no packets: run it over a context, with --ctx',
    ],
    [
      'a map that is not there',
      ['run', FIREWALL, '--packet', SYN, '--map', 'nope'],
      1,
      'no map nope was loaded; there are: ',
    ],
    ['an unknown option', ['run', FIREWALL, '--pcaps', 'x'], 2, 'unknown option --pcaps, did you mean --pcap?'],
    [
      'an unknown kernel',
      ['run', FIREWALL, '--packet', SYN, '--kernel', 'bsd'],
      2,
      'option --kernel bsd: want sim, linux or a release',
    ],
    [
      'a trace of the real kernel',
      ['run', FIREWALL, '--packet', SYN, '--trace', '--kernel', 'linux'],
      2,
      'only sim can',
    ],
    ['a trace as JSON', ['run', FIREWALL, '--packet', SYN, '--trace', '--json'], 2, 'does not go with --json'],
    [
      'writing over what is read',
      ['run', FIREWALL, '--pcap', MIXED, '--out', `./${MIXED}`],
      2,
      'is the capture that is read',
    ],
  ])('%s', async (_, args, status, message) => {
    const outcome = await skep(args);
    expect(outcome.status).toBe(status);
    const [first = '', second] = outcome.err.split('\n');
    expect(first.replace(/^skep: /, '')).toMatch(message);
    expect(first).toMatch(/^skep: /);
    if (status === 2) expect(second).toMatch(/^Try 'skep help/);
    expect(outcome.err).not.toContain('    at ');
  });

  test('a capture that ends inside a packet', async () => {
    const { status, err } = await skep(['run', FIREWALL, '--pcap', '-'], { input: [cut()] });
    expect(status).toBe(1);
    expect(err).toMatch(/^skep: -: the capture ends after \d+ packets, inside a record/);
  });

  test('a capture of something else than Ethernet', async () => {
    const writer = new PcapWriter({ interface: { linkType: LINK_TYPES.raw, snapLength: 0 } });
    writer.write({ data: new Uint8Array(40) });
    const { status, err } = await skep(['run', FIREWALL, '--pcap', '-'], { input: [writer.take()] });
    expect(status).toBe(1);
    expect(err).toContain("the capture's link type is 101: programs see Ethernet frames");
  });

  test('JSON says it too', async () => {
    const { out, status } = await skep(['run', FEATURES, '--prog', 'unchecked', '--packet', SYN, '--json']);
    expect({ status, ...JSON.parse(out) }).toMatchObject({
      status: 1,
      error: expect.stringContaining('null pointer'),
      fault: { reason: 'null_pointer', packet: 1 },
    });
  });

  test('--debug shows where it comes from', async () => {
    const { err } = await skep(['run', 'nope.o', '--packet', SYN, '--debug']);
    expect(err).toMatch(/^skep: read nope.o.*\n.*\n +at /);
  });
});

test('a closed pipe ends the output quietly', async () => {
  const outcome = await new Promise<{ status: number | null; err: string }>(resolve => {
    const child = spawn(process.execPath, [BIN, 'run', FIREWALL, '--pcap', MIXED, '--trace'], { cwd: root });
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.stdout.once('data', () => child.stdout.destroy());
    child.on('close', status => resolve({ status, err }));
  });
  expect(outcome).toEqual({ status: 0, err: '' });
});

test('an interrupt ends the run with what it saw until then', async () => {
  const outcome = await new Promise<Outcome>(resolve => {
    const child = spawn(process.execPath, [BIN, 'run', FIREWALL, '--pcap', '-', '--json', '--map', '.bss'], {
      cwd: root,
    });
    const seen: Outcome = { status: null, out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (seen.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (seen.err += text));
    child.on('close', status => resolve({ ...seen, status }));
    child.stdin.on('error', () => {});
    const capture = readFileSync(join(root, MIXED));
    child.stdin.write(capture);
    let interrupted = false;
    // Endless packets until it has stopped.
    const more = setInterval(() => {
      child.stdin.write(capture.subarray(24));
      if (!interrupted) interrupted = child.kill('SIGINT');
    }, 1000);
    child.on('exit', () => clearInterval(more));
  });
  expect(outcome.status).toBe(130);
  expect(JSON.parse(outcome.out)).toMatchObject({ interrupted: true, packets: expect.any(Number) });
});

test('memory stays flat however long the capture is', async () => {
  const peak = 'process.on("exit",()=>process.stderr.write("peak="+process.resourceUsage().maxRSS))';
  const node = ['--import', `data:text/javascript,${encodeURIComponent(peak)}`];
  const writer = new PcapWriter();
  const header = writer.take();
  const packet = eth().ipv4('10.0.0.1', '10.0.0.2').udp({ dport: 53 }).payload(new Uint8Array(1400)).bytes();
  for (let i = 0; i < 700; i++) writer.write({ data: packet, seconds: i });
  const megabyte = writer.take();
  function* capture(megabytes: number): Generator<Uint8Array> {
    yield header;
    for (let i = 0; i < megabytes; i++) yield megabyte;
  }
  const peaks: number[] = [];
  for (const megabytes of [8, 256]) {
    const args = ['run', FEATURES, '--prog', 'globals', '--pcap', '-', '--out', '/dev/null', '--json', '--map', '.bss'];
    const { out, err } = await skep(args, { input: capture(megabytes), node });
    expect(JSON.parse(out)).toMatchObject({ packets: 700 * megabytes });
    peaks.push(Number(/peak=(\d+)/.exec(err)?.[1]) / 1024);
  }
  const [short = 0, long = Number.NaN] = peaks;

  expect(long - short).toBeLessThan(96);
});
