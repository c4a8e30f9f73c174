import { describe, expect, test } from 'vitest';
import { assembleConformance } from '../asm/conformance-syntax.ts';
import { toHex } from '../util/bytes.ts';
import { CONFORMANCE_ENGINES } from './conformance-machine.ts';
import { conformancePlugin, runPlugin } from './conformance-plugin.ts';
import type { Invocation } from './invocation.ts';
import type { Terminal } from './terminal.ts';

/** A program as the suite's runner sends it: two blanks between bytes, a line end behind. */
const sent = (text: string): string => `${toHex(assembleConformance(text).bytes, '  ')}  \n`;

/** A relocatable ELF file with one section of instructions. */
function elfWith(section: string, code: Uint8Array): Uint8Array {
  const names = new TextEncoder().encode(`\0${section}\0.shstrtab\0`);
  const at = { code: 64, names: 64 + code.length, headers: Math.ceil((64 + code.length + names.length) / 8) * 8 };
  const bytes = new Uint8Array(at.headers + 3 * 64);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 1, true); // ET_REL
  view.setUint16(18, 247, true); // EM_BPF
  view.setUint32(20, 1, true);
  view.setBigUint64(40, BigInt(at.headers), true);
  [64, 0, 0, 64, 3, 2].forEach((value, i) => {
    view.setUint16(52 + 2 * i, value, true);
  });
  const header = (index: number, name: number, type: number, flags: number, offset: number, size: number): void => {
    const header = at.headers + 64 * index;
    view.setUint32(header, name, true);
    view.setUint32(header + 4, type, true);
    view.setBigUint64(header + 8, BigInt(flags), true);
    view.setBigUint64(header + 24, BigInt(offset), true);
    view.setBigUint64(header + 32, BigInt(size), true);
  };
  header(1, 1, 1, 6, at.code, code.length); // PROGBITS, ALLOC and EXECINSTR
  header(2, section.length + 2, 3, 0, at.names, names.length); // STRTAB
  bytes.set(code, at.code);
  bytes.set(names, at.names);
  return bytes;
}

describe.each(CONFORMANCE_ENGINES)('%s', engine => {
  test.each([
    ['r0 in hex', 'mov %r0, -1\nexit', undefined, 'ffffffffffffffff'],
    ['r1 points to the memory', 'ldxh %r0, [%r1+1]\nexit', '11  22  33  ', '3322'],
    ['r2 is its length', 'mov %r0, %r2\nexit', '11 22 33', '3'],
    ['no memory', 'mov %r0, %r1\nadd %r0, %r2\nexit', undefined, '0'],
  ])('%s', (_name, program, memory, r0) => {
    expect(runPlugin({ engine, memory, program: sent(program) })).toBe(r0);
  });

  test('an ELF file: its section .text', () => {
    const { bytes } = assembleConformance('ldxb %r0, [%r1]\nexit');
    const program = toHex(elfWith('.text', bytes), ' ');
    expect(runPlugin({ engine, memory: '2a', program, elf: true })).toBe('2a');
  });

  test('an ELF file: its section xdp, over a context', () => {
    const { bytes } = assembleConformance(
      'ldxw %r2, [%r1]\nldxw %r3, [%r1+4]\nsub %r3, %r2\nldxb %r0, [%r2]\nlsh %r0, 8\nor %r0, %r3\nexit',
    );
    const program = toHex(elfWith('xdp', bytes), ' ');
    expect(runPlugin({ engine, memory: '2a 00 00', program, elf: true })).toBe('2a03');
  });

  test.each([
    ['an access outside', sent('ldxb %r0, [%r1+3]\nexit'), 'conformance: insn 0: read of 1 byte'],
    ['no instruction', 'ff 00 00 00 00 00 00 00', 'insn 0: opcode 0xff, want an instruction'],
    ['no hex', 'zz', 'program zz, want bytes in hex'],
    ['half an instruction', '95 00', 'instructions: 2 bytes, want a multiple of 8'],
  ])('refuses %s', (_name, program, message) => {
    expect(() => runPlugin({ engine, memory: '11 22 33', program })).toThrow(message);
  });
});

/** What the command prints. */
async function run(operands: string[], options: Record<string, string | true>): Promise<{ out: string; err: string }> {
  const printed = { out: '', err: '' };
  const terminal = {
    print: (text: string) => void (printed.out += text),
    warn: (text: string) => void (printed.err += text),
  } as Terminal; // the command writes and does no more
  await conformancePlugin({ operands, options, path: ['conformance-plugin'] } as unknown as Invocation, terminal);
  return printed;
}

test('the command prints r0 and a line end', async () => {
  const program = sent('ldxb %r0, [%r1]\nexit');
  expect(await run(['2a 2b'], { program })).toEqual({ out: '2a\n', err: '' });
});

test('--debug says what is run, on standard error', async () => {
  const { out, err } = await run([], { program: sent('mov %r0, 7\nexit'), engine: 'interp', debug: true });
  expect(out).toBe('7\n');
  expect(err).toBe('engine: interp, r1: memory, memory: \n0: (b7) r0 = 7\n1: (95) exit\n');
});

test('an unknown engine is refused', async () => {
  await expect(run([], { program: sent('exit'), engine: 'x' })).rejects.toThrow('engine x, want interp or jit');
});
