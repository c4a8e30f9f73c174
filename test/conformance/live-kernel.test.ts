/** What `arithmetic.ts` says of results is what Linux computes. */
import { release } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assemble } from '../../src/asm/assemble.ts';
import { bpfDenied } from '../../src/linux/allowed.ts';
import { type LinuxSys, openLinux } from '../../src/linux/linux.ts';
import { progTypeId } from '../../src/uapi/prog-types.ts';
import { hex64 } from '../../src/util/int64.ts';
import { titled } from '../support/tools.ts';
import { arithmeticCases } from './arithmetic.ts';

/** Constants that the verifier does not let through: division by zero, a shift beyond the width. */
const REFUSED = /^(?:s?(?:div|mod)(?:32)? \w+, 0x0|a?[lr]?sh(?:32)? \w+, \w+): immediate$/;
const EXIT = assemble('exit').bytes;
const EXIT_HIGH = assemble('r0 >>= 32\nexit').bytes;

/** The tables have the instructions of 6.6. */
const [major = 0, minor = 0] = release().split('.').map(Number);
const tooOld = major < 6 || (major === 6 && minor < 6) ? `Linux ${major}.${minor} has not all instructions` : undefined;

const skip = bpfDenied() ?? tooOld;
describe.skipIf(skip !== undefined)(titled('the live kernel', skip), () => {
  let sys: LinuxSys;
  beforeAll(() => {
    sys = openLinux();
  });
  afterAll(() => sys[Symbol.dispose]());

  /** The low 32 bits of r0; undefined where the verifier refuses the program. */
  function run(...parts: readonly Uint8Array[]): bigint | undefined {
    const insns = Uint8Array.from(parts.flatMap(part => [...part]));
    const load = { prog_type: progTypeId('xdp')!, insns, insn_cnt: insns.length / 8, license: 'GPL' };
    const prog_fd = sys.bpf('prog_load', load);
    if (prog_fd < 0) return undefined;
    const attr: { prog_fd: number; data_in: Uint8Array; data_size_in: number; retval?: number } = {
      prog_fd,
      data_in: new Uint8Array(64),
      data_size_in: 64,
    };
    const result = sys.bpf('prog_test_run', attr);
    sys.close(prog_fd);
    expect(result).toBe(0);
    return BigInt((attr.retval ?? 0) >>> 0);
  }

  test('gives every result of the tables', () => {
    const wrong: string[] = [];
    for (const { name, program, expected } of arithmeticCases()) {
      const bytes = program({});
      const body = bytes.subarray(0, -EXIT.length);
      const low = run(body, EXIT);
      if (low === undefined) {
        if (!REFUSED.test(name)) wrong.push(`${name}: refused`);
        continue;
      }
      // a test run tells 32 bits; what a jump gives has no more
      const high = name.startsWith('j') ? 0n : (run(body, EXIT_HIGH) ?? 0n);
      const r0 = (high << 32n) | low;
      if (!('result' in expected) || r0 !== expected.result) wrong.push(`${name}: ${hex64(r0)}`);
    }
    expect(wrong).toEqual([]);
  });
});
