/** `skep run` of objects that are relocated against the types of a kernel. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  exampleObjects,
  fetchedObjects,
  fetchedObjectsSkip,
  type ObjectFile,
  testObjects,
} from '../../test/support/objects.ts';
import { readObject } from '../object/read.ts';
import { main } from './main.ts';

const LIVE_BTF = '/sys/kernel/btf/vmlinux';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skep-core-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(
  object: ObjectFile,
  ...args: readonly string[]
): Promise<{ status: number; out: string; err: string }> {
  const result = { status: 0, out: '', err: '' };
  result.status = await main(['run', object.path, '--ctx', '{}', ...args], {
    print: text => void (result.out += text),
    warn: text => void (result.err += text),
    style: (_style, text) => text,
    watched: false,
    columns: 80,
  });
  return result;
}

function named(objects: readonly ObjectFile[], name: string): ObjectFile {
  const found = objects.find(object => object.name === name);
  if (found === undefined) throw new Error(`no object ${name}`);
  return found;
}

const core = named(testObjects('object'), 'core.bpf.o');
const skip = fetchedObjectsSkip() ?? (existsSync(LIVE_BTF) ? undefined : `no ${LIVE_BTF}`);

test.skipIf(skip !== undefined)(
  `--btf gives the types that it wants${skip === undefined ? '' : ` (skipped: ${skip})`}`,
  async () => {
    const opensnoop = named(fetchedObjects(), 'libbpf-tools/opensnoop.bpf.o');
    const program = 'tracepoint__syscalls__sys_enter_openat';
    const { status, out, err } = await run(opensnoop, '--prog', program, '--btf', LIVE_BTF, '--map', 'start', '--json');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(JSON.parse(out)).toMatchObject({ program, retval: 0, maps: { start: [{ key: 1 }] } });
  },
);

test('asks for --btf where it is not given', async () => {
  const { status, err } = await run(core);
  expect(status).toBe(1);
  expect(err).toMatch(/^skep: program use: CO-RE relocation of task_struct.pid \(insn 0, .*: want --btf FILE\n$/);
});

test('names what the types lack when it is reached', async () => {
  const foreign = named(exampleObjects(), 'xdp-firewall/xdp_firewall.bpf.o');
  const path = join(folder, 'foreign.btf');
  await writeFile(path, readObject(foreign.read()).btf as Uint8Array); // the example has types
  const { status, err } = await run(core, '--btf', path);
  expect(status).toBe(1);
  expect(err).toMatch(/^skep: reached what the kernel's types lack, one of \d+ accesses\n/);
  expect(err).toMatch(/^ {4}task_struct.pid: not in the target's types \(poisoned, insn 0, .*core.bpf.c:\d+\)$/m);
});
