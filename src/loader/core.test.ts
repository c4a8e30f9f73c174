/** CO-RE at load: small programs against small BTFs, and objects of tracing tools against the types of the running kernel. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BtfBuilder } from '../../test/support/btf-builder.ts';
import { fetchedObjects, fetchedObjectsSkip } from '../../test/support/objects.ts';
import { parseBtf } from '../btf/btf.ts';
import { CoreCandidates } from '../btf/core-candidates.ts';
import { readObject } from '../object/read.ts';
import type { CollectionSpec, ProgramSpec } from '../object/spec.ts';
import { SimKernel } from '../sim/sim-kernel.ts';
import { parseHex, toHex } from '../util/bytes.ts';
import { relocateProgramCore } from './core.ts';

const FIELD_BYTE_OFFSET = 0;
const TYPE_ID_LOCAL = 6;

/** `struct task { int …; }`, type 2. */
function task(...members: string[]): Uint8Array {
  const builder = new BtfBuilder();
  const int = builder.int('int', 4, 1);
  builder.struct(
    'task',
    4 * members.length,
    members.map((member, i) => [member, int, 32 * i]),
  );
  return builder.bytes();
}

/** `r0 = 4; exit`, whose 4 is the offset of `task.pid`. */
function program(kind = FIELD_BYTE_OFFSET): ProgramSpec {
  return {
    name: 'main',
    section: 'raw_tp/sched_switch',
    type: 'raw_tracepoint',
    attachType: undefined,
    attachTo: 'sched_switch',
    flags: 0,
    autoload: true,
    instructions: parseHex('b7000000040000009500000000000000') as Uint8Array, // two digits a byte
    functions: [{ insn: 0, name: 'main', typeId: undefined }],
    lines: [{ insn: 0, file: 'main.c', text: '', line: 41, column: 0, fileNameOff: 0, lineOff: 0 }],
    references: [],
    coreRelocations: [{ insn: 0, typeId: 2, accessSpec: kind === TYPE_ID_LOCAL ? '0' : '0:1', kind }],
  };
}

function collection(main: ProgramSpec): CollectionSpec {
  return {
    byteOrder: 'little',
    license: 'GPL',
    kernelVersion: undefined,
    programs: { main },
    maps: {},
    variables: {},
    rodata: {},
    data: {},
    bss: {},
    sections: {},
    externs: {},
    btf: task('state', 'pid'),
  };
}

const local = parseBtf(task('state', 'pid'));

function relocate(spec: ProgramSpec, target: Uint8Array): ReturnType<typeof relocateProgramCore> {
  return relocateProgramCore(spec, local, new CoreCandidates(local, parseBtf(target)));
}

describe('a program', () => {
  test('gets the offsets of the target, the spec keeps its own', () => {
    const spec = program();
    expect(toHex(relocate(spec, task('a', 'b', 'pid')).instructions)).toBe('b7000000080000009500000000000000');
    expect(toHex(spec.instructions)).toBe('b7000000040000009500000000000000');
  });

  test('names by slot what the target lacks', () => {
    const { instructions, poisoned } = relocate(program(), task('state'));
    expect(toHex(instructions.subarray(0, 8))).toBe('850000001023ad0b');
    expect([...poisoned]).toEqual([[0, "task.pid: not in the target's types (poisoned, insn 0, main.c:41)"]]);
  });

  test('that does not hold what its record says is refused, by name', () => {
    const spec = { ...program(), instructions: parseHex('b7000000050000009500000000000000') as Uint8Array };
    expect(() => relocate(spec, task('pid'))).toThrow(
      "program main: task.pid: the instruction holds 5, want 4, which the object's types say (insn 0)",
    );
  });

  test('needs types of the kernel for what it asks of them, and only for that', () => {
    expect(() => relocateProgramCore(program(), local, undefined)).toThrow(
      "program main: CO-RE relocation of task.pid (insn 0, main.c:41) needs options.btf, a kernel's types",
    );
    expect(relocateProgramCore(program(TYPE_ID_LOCAL), local, undefined).poisoned.size).toBe(0);
  });

  test.each([
    ['bytes', task('a', 'b', 'pid')],
    ['parsed types', parseBtf(task('a', 'b', 'pid'))],
  ])('is loaded with options.btf as %s', async (_, btf) => {
    using kernel = new SimKernel();
    const loaded = await kernel.load(collection(program()), { btf });
    expect(kernel.runContext(loaded.program('main'), { fields: {} }).retval).toBe(8);
    loaded.close();
  });
});

const LIVE_BTF = '/sys/kernel/btf/vmlinux';
const skip = fetchedObjectsSkip() ?? (existsSync(LIVE_BTF) ? undefined : `no ${LIVE_BTF}`);

describe.skipIf(skip !== undefined)(`objects of libbpf-tools${skip === undefined ? '' : ` (skipped: ${skip})`}`, () => {
  const tools = fetchedObjects().filter(({ name }) => /^libbpf-tools[^/]*\//.test(name));

  test('every program has an answer for every record', () => {
    const target = parseBtf(new Uint8Array(readFileSync(LIVE_BTF)));
    const bad: string[] = [];
    let records = 0;
    for (const tool of tools) {
      const spec = readObject(tool.read());
      const btf = spec.btf === undefined ? undefined : parseBtf(spec.btf);
      const candidates = btf && new CoreCandidates(btf, target);
      for (const main of Object.values(spec.programs)) {
        records += main.coreRelocations.length;
        try {
          relocateProgramCore(main, btf, candidates);
        } catch (error) {
          bad.push(`${tool.name}: ${error}`);
        }
      }
    }
    expect(bad).toEqual([]);
    expect(records).toBeGreaterThan(0);
  });

  test('execsnoop loads and runs', async () => {
    const execsnoop = tools.find(({ name }) => name.endsWith('/execsnoop.bpf.o'));
    const spec = readObject(execsnoop?.read() ?? new Uint8Array());
    using kernel = new SimKernel();
    const btf = parseBtf(new Uint8Array(readFileSync(LIVE_BTF)));
    const loaded = await kernel.load(spec, { btf });
    const entered = loaded.program('tracepoint__syscalls__sys_enter_execve');
    expect(kernel.runContext(entered, { fields: {}, btf }).retval).toBe(0);
    expect([...loaded.map('execs').keys()]).toHaveLength(1);
    loaded.close();
  });
});
