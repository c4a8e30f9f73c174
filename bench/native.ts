/**
 * The native engine: each program built by `cc -O2` from the source that the BPF object came from, with maps and helpers as plain C
 * (`native/`), and run by a child process. What the child says is described in `native/main.c`.
 */
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { readObject } from '../src/object/read.ts';
import { BpfError, NotSupportedError } from '../src/util/error.ts';
import type { Engine, Loaded, Outcome, Skipped } from './engine.ts';
import { type Bench, OWN_SUITE } from './suite.ts';

const HARNESS = fileURLToPath(new URL('native', import.meta.url));
const FLAGS = ['-O2', '-fno-strict-aliasing', '-w'];

/** Builds the harness and starts it, where there is a C compiler. */
export function openNative(): Engine | Skipped {
  const compiler = process.env['CC'] ?? 'cc';
  const version = spawnSync(compiler, ['--version'], { encoding: 'utf8' });
  if (version.status !== 0) return { skipped: `there is no C compiler ${compiler}` };
  return new NativeEngine(compiler);
}

class NativeEngine implements Engine {
  readonly clock = 'thread CPU time';
  readonly #compiler: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'skep-bench-'));
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;

  constructor(compiler: string) {
    this.#compiler = compiler;
    const program = join(this.#folder, 'bench');
    this.#compile([join(HARNESS, 'main.c'), '-ldl', '-o', program]);
    this.#child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Compiles and loads; both count as loading. */
  async load(bench: Bench): Promise<Loaded> {
    const { name, source, input } = bench;
    if (source === undefined) throw new NotSupportedError('native', `${name}: there is no source beside the object`);
    const start = performance.now();
    const file = join(this.#folder, `${name}.so`);
    // From standard input, so that `bench.h` is ours, whichever folder the source lies in.
    const includes = ['-I', OWN_SUITE, '-I', HARNESS];
    this.#compile(
      ['-fPIC', '-shared', '-fvisibility=hidden', ...includes, '-x', 'c', '-', join(HARNESS, 'maps.c'), '-o', file],
      readFileSync(source),
    );
    await this.#ask(`load ${name} ${file}`);
    const loadMs = performance.now() - start;
    await this.#ask(`packet ${name} ${input.packet.length}`, input.packet);
    for (const [map, contents] of Object.entries(input.maps)) {
      const bytes = contents();
      await this.#ask(`fill ${name} ${map} ${bytes.length}`, bytes);
    }
    await this.#fillSlots(bench);
    return { loadMs, run: count => this.#run(name, count) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    await once(this.#child, 'close');
    rmSync(this.#folder, { recursive: true });
  }

  /** Puts functions called `stage_N` into slot N of the prog array, as `fillMaps` does. */
  async #fillSlots({ name, object }: Bench): Promise<void> {
    const spec = readObject(object);
    const array = Object.keys(spec.maps).find(map => spec.maps[map]!.type === 'prog_array');
    for (const program of Object.keys(spec.programs)) {
      const index = /^stage_(\d+)$/.exec(program)?.[1];
      if (index !== undefined) await this.#ask(`slot ${name} ${array} ${index} ${program}`);
    }
  }

  async #run(name: string, count: number): Promise<Outcome> {
    const [ns = 0, retval = 0, packetHash = 0] = (await this.#ask(`run ${name} ${count}`)).split(' ').map(Number);
    return { ns, retval, packetHash };
  }

  async #ask(command: string, block?: Uint8Array): Promise<string> {
    this.#child.stdin.write(`${command}\n`);
    if (block !== undefined) this.#child.stdin.write(block);
    const answer = await this.#answers.next();
    if (answer.done) throw new BpfError('native', `native harness: ended at: ${command}`);
    if (answer.value.startsWith('error')) throw new BpfError('native', `native harness: ${command}: ${answer.value}`);
    return answer.value;
  }

  #compile(args: readonly string[], input?: Uint8Array): void {
    const { status, stderr } = spawnSync(this.#compiler, [...FLAGS, ...args], { input, encoding: 'utf8' });
    if (status !== 0) throw new NotSupportedError('native', `${this.#compiler}: ${stderr.trim().split('\n')[0]}`);
  }
}
