/** `skep run`: loads an object, runs one of its programs over packets, reports. */
import type { Btf } from '../btf/btf.ts';
import { VerifierError } from '../loader/errors.ts';
import type { Kernel } from '../loader/kernel.ts';
import { objectName } from '../loader/names.ts';
import type { ProgramRunner } from '../loader/runner.ts';
import { createSink, FileError, isSameFile, openChunks } from '../node/files.ts';
import type { CollectionSpec, ProgramSpec } from '../object/spec.ts';
import { CaptureError } from '../packet/error.ts';
import { SimKernel } from '../sim/sim-kernel.ts';
import { BpfError, NotSupportedError } from '../util/error.ts';
import { chooseKernel } from './choose-kernel.ts';
import type { Options } from './commands.ts';
import { faultError, poisonError, verifierError } from './fault.ts';
import { EXIT, type Handler, UsageError } from './invocation.ts';
import { wantsJson } from './json.ts';
import { mapsToShow } from './maps.ts';
import type { PacketRun } from './packet-run.ts';
import { Programs } from './programs.ts';
import { Progress } from './progress.ts';
import { inFile, readBtf, readContext, readPacket, readSpec } from './read.ts';
import { overContext } from './run-context.ts';
import { runCapture, runPacket } from './run-packets.ts';
import { reportCapture, reportPacket, type Session } from './run-report.ts';
import { programToRun, withOnly } from './select.ts';
import { Tally } from './tally.ts';
import type { Terminal } from './terminal.ts';
import { Tracer } from './trace.ts';

/** Where Linux shows its own types. */
const LIVE_BTF = '/sys/kernel/btf/vmlinux';

/** Runs a program over a capture or one packet and shows what it did. */
export const run: Handler = async ({ operands, options }, terminal) => {
  checkOptions(options);
  const path = operands[0] as string; // the grammar wants it
  const packet = options.packet === undefined ? undefined : await readPacket(options.packet);
  const spec = await readSpec(path);
  const context = options.ctx === undefined ? undefined : await readContext(options.ctx);
  const program = programToRun(spec, options.prog, context === undefined ? 'packets' : 'context');
  const btf = await kernelTypes(options, program);
  const kernel = await chooseKernel(options);
  try {
    const session = await load(kernel, spec, program, btf, path, options, terminal);
    try {
      if (context !== undefined) return overContext(session, context, btf);
      return await (packet === undefined ? overCapture(session) : overPacket(session, packet));
    } catch (error) {
      throw poisonError(error, session.collection.program(program.name).poisoned) ?? error;
    } finally {
      session.collection.close();
    }
  } finally {
    kernel[Symbol.dispose]();
  }
};

function checkOptions(options: Options): void {
  const given = [options.pcap, options.packet, options.ctx].filter(input => input !== undefined);
  if (given.length !== 1) {
    throw new UsageError('run: want something to run over: either --pcap FILE, --packet HEX or --ctx JSON', 'run');
  }
  if (options.ctx !== undefined && options.kernel === 'linux') {
    throw new UsageError(
      'run: --ctx builds a context by field name, which only sim can: leave --kernel linux out',
      'run',
    );
  }
  if (options.pcap === undefined && options.out !== undefined) {
    throw new UsageError('run: --out writes captures, it goes with --pcap', 'run');
  }
  if (options.trace && wantsJson(options)) {
    throw new UsageError('run: --trace prints text, it does not go with --json', 'run');
  }
  if (options.trace && options.kernel === 'linux') {
    throw new UsageError('run: --trace goes step by step, which only sim can: leave --kernel linux out', 'run');
  }
}

/** The types that `--btf` gives; for the kernel of this machine its own, where the program asks for any. */
async function kernelTypes({ btf, kernel }: Options, program: ProgramSpec): Promise<Btf | undefined> {
  if (btf !== undefined) return readBtf(btf);
  if (kernel !== 'linux' || program.coreRelocations.length === 0) return undefined;
  try {
    return await readBtf(LIVE_BTF);
  } catch (error) {
    // Not every kernel carries its types; the load says that it wants some.
    if (error instanceof FileError) return undefined;
    throw error;
  }
}

async function load(
  kernel: Kernel,
  spec: CollectionSpec,
  program: ProgramSpec,
  btf: Btf | undefined,
  path: string,
  options: Options,
  terminal: Terminal,
): Promise<Session> {
  const programs = new Programs(spec);
  try {
    const collection = await kernel.load(withOnly(spec, program), { name: objectName(path), ...(btf && { btf }) });
    for (const warning of collection.warnings) terminal.warn(`skep: warning: ${warning}\n`);
    const maps = mapsToShow(collection, options.map);
    return { kernel, collection, maps, path, program, programs, options, terminal };
  } catch (error) {
    if (error instanceof NotSupportedError && error.feature === 'CO-RE')
      throw new NotSupportedError(error.feature, `${error.message}: want --btf FILE`, error.since);
    if (!(error instanceof VerifierError)) throw error;
    throw verifierError(error, programs.named(error.program), options.debug === true);
  }
}

/** What running packets needs; `output` says whether they are wanted back. */
function packetRun(session: Session, output: boolean): PacketRun & { readonly runner: ProgramRunner } {
  const { kernel, collection, program, programs, options, terminal } = session;
  const sim = kernel instanceof SimKernel ? kernel : undefined;
  return {
    runner: collection.program(program.name).runner({ output, repeat: options.repeat }),
    tally: new Tally(program.type),
    clock: sim?.clock,
    tracer: sim !== undefined && options.trace ? new Tracer(sim, programs, terminal) : undefined,
    onFault: (fault, packet) => faultError(fault, packet, programs.loaded(fault.program), sim?.registers),
  };
}

async function overCapture(session: Session): Promise<number> {
  const { options, terminal } = session;
  const path = options.pcap as string; // checkOptions wants it
  if (options.out !== undefined && (await isSameFile(path, options.out))) {
    throw new UsageError(`run: --out ${options.out} is the capture that is read, want another file`, 'run');
  }
  const input = await openChunks(path);
  const output = options.out === undefined ? undefined : await createSink(options.out);
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  const run = packetRun(session, output !== undefined);
  const start = performance.now();
  try {
    const progress = new Progress(terminal, input.size);
    const capture = { ...run, input, output, progress, signal: interrupt.signal };
    await inFile(path, () => runCapture(capture), isCaptureError);
  } finally {
    process.off('SIGINT', onInterrupt);
    await input[Symbol.asyncDispose]();
    await output?.[Symbol.asyncDispose]();
  }
  const interrupted = interrupt.signal.aborted;
  reportCapture(session, run.tally, { seconds: (performance.now() - start) / 1000, interrupted });
  return interrupted ? EXIT.interrupted : EXIT.ok;
}

function overPacket(session: Session, packet: Uint8Array): number {
  const run = packetRun(session, true);
  const start = performance.now();
  if (!runPacket(run, packet)) {
    throw new BpfError('refused', `the kernel does not run the packet: ${run.tally.refused?.why}`);
  }
  reportPacket(session, run.tally, packet, run.runner, (performance.now() - start) / 1000);
  return EXIT.ok;
}

function isCaptureError(error: unknown): error is CaptureError {
  return error instanceof CaptureError;
}
