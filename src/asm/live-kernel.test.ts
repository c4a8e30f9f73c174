/** The table against the running kernel: it must refuse what no row allows, take the rest, and compute what `eval` says. */
import { release } from 'node:os';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bpfDenied } from '../linux/allowed.ts';
import { type LinuxSys, openLinux } from '../linux/linux.ts';
import { must } from '../sys/error.ts';
import { isAvailable, parseKernelVersion } from '../uapi/profile.ts';
import { progTypeId } from '../uapi/prog-types.ts';
import { encode } from './codec.ts';
import { type Instruction, joinImm64 } from './insn.ts';
import { INSTRUCTIONS, type InstructionName, type InstructionRow } from './instructions.ts';
import { type FieldName, findRow } from './match.ts';
import type { Allowed, AluRow, AtomicRow, ConditionRow, EndianRow } from './row.ts';

const running = parseKernelVersion(release());
const why = bpfDenied() ?? (running === undefined ? `Linux ${release()}` : undefined);
const version = running ?? '0.0';

const isLoadable = (row: InstructionRow): boolean => row.since !== undefined && isAvailable({ version }, row.since);
const rows = Object.values<InstructionRow>(INSTRUCTIONS).filter(isLoadable);

/** An instruction by its row's name, constant fields filled in. */
function make(name: InstructionName, fields: Partial<Instruction> = {}): Instruction {
  const row: InstructionRow = INSTRUCTIONS[name];
  const constant = (allowed: Allowed): number => (Array.isArray(allowed) ? (allowed[0] ?? 0) : 0);
  const { dst, src, off, imm } = row.fields;
  const base = { opcode: row.opcode, dst: constant(dst), src: constant(src), off: constant(off), imm: constant(imm) };
  return { ...base, ...(row.kind === 'wide' ? { imm64: 0n } : {}), ...fields };
}

/** The bytes of a program with the instruction at slot `at` replaced by `odd`, legal or not. */
function encodeWith(program: readonly Instruction[], at: number, odd: Instruction): Uint8Array {
  const bytes = encode(program);
  const slot = at * 8;
  bytes[slot] = odd.opcode;
  bytes[slot + 1] = (odd.src << 4) | odd.dst;
  const view = new DataView(bytes.buffer);
  view.setInt16(slot + 2, odd.off, true);
  view.setInt32(slot + 4, odd.imm, true);
  return bytes;
}

const ENCODING_MESSAGES =
  /uses reserved fields|^R\d+ is invalid|unknown opcode|invalid atomic op|(unrecognized|invalid) bpf_ld_imm64|invalid may_goto imm|addr_space_cast insn can only convert/m;

describe.skipIf(why !== undefined)(
  `instructions on this kernel${why === undefined ? '' : ` (skipped: ${why})`}`,
  () => {
    let sys: LinuxSys;
    beforeAll(() => {
      sys = openLinux();
    });
    afterAll(() => sys[Symbol.dispose]());

    const loadAttr = (insns: Uint8Array, type: string) => ({
      prog_type: progTypeId(type),
      insns,
      insn_cnt: insns.length / 8,
      license: 'GPL',
    });

    /** What the kernel has against a program's encoding, if anything. */
    function encodingFault(insns: Uint8Array): string | undefined {
      const log = new Uint8Array(1 << 16);
      const fd = sys.bpf('prog_load', {
        ...loadAttr(insns, 'sched_cls'),
        log_level: 1,
        log_size: log.length,
        log_buf: log,
      });
      if (fd >= 0) sys.close(fd);
      return ENCODING_MESSAGES.exec(new TextDecoder().decode(log.subarray(0, log.indexOf(0))))?.[0];
    }

    /** Every register but r1 is set; r6 is the context, as packet loads want it. */
    const PROLOGUE = [0, 2, 3, 4, 5, 7, 8, 9]
      .map(dst => make('mov64_k', { dst }))
      .concat(make('mov64_x', { dst: 6, src: 1 }));
    const RETURN = [make('mov64_k'), make('exit')];

    /** A program around an instruction of that row, as far as it can be one. */
    function around(row: InstructionRow, insn: Instruction): Instruction[] {
      if (row.kind === 'exit') return [...PROLOGUE, insn];
      return [...PROLOGUE, insn, ...RETURN, ...(row.name === 'call_subprog' ? RETURN : [])];
    }

    function legal(row: InstructionRow): Instruction {
      const registers = {
        dst: row.fields.dst === 'register' ? 2 : 0,
        ...(row.fields.src === 'register' ? { src: 3 } : {}),
      };
      const imm = row.name === 'call_subprog' ? 2 : row.name === 'call' ? 7 : undefined;
      return make(row.name, { ...registers, ...(imm === undefined ? {} : { imm }) });
    }

    const ODD = {
      dst: [1, 4, 11, 15],
      src: [1, 2, 3, 4, 7, 11],
      off: [-1, 1, 2, 8, 16, 32],
      imm: [-1, 1, 2, 16, 32, 64, 65, 0xe0, 0xe1, 0x100, 0x110],
    };

    /** Fields that the kernel does not come to: it wants an arena first, or a function that nothing would call. */
    const UNREACHED: Partial<Record<InstructionName, readonly FieldName[]>> = {
      addr_space_cast: ['dst', 'src'],
      call_subprog: ['src'],
    };
    const standsAlone = (row: InstructionRow) => row.kind !== 'wide' || row.pseudo === 'imm';

    it.each(rows.filter(standsAlone))('takes of $name what the table allows', row => {
      const insn = legal(row);
      const program = around(row, insn);
      const odd = (['dst', 'src', 'off', 'imm'] as const)
        .filter(field => row.fields[field] !== 'any' && !UNREACHED[row.name]?.includes(field))
        .flatMap(field => ODD[field].map(value => ({ ...insn, [field]: value })));
      const verdicts = [insn, ...odd].map(candidate => {
        const found = findRow(candidate);
        const fault = encodingFault(encodeWith(program, PROLOGUE.length, candidate));
        return { candidate, ours: found !== undefined && isLoadable(found), kernel: fault === undefined, fault };
      });
      expect(verdicts.filter(({ ours, kernel }) => ours !== kernel)).toEqual([]);
    });

    it.each(['8d', 'bf -1', 'c2'])('refuses what only others know: %s', text => {
      const [opcode = '', off = '0'] = text.split(' ');
      const odd = { opcode: Number.parseInt(opcode, 16), dst: 2, src: 0, off: Number(off), imm: 0 };
      const program = [...PROLOGUE, make('mov64_k', { dst: 2 }), ...RETURN];
      expect(encodingFault(encodeWith(program, PROLOGUE.length, odd))).toMatch(/unknown opcode|uses reserved fields/);
    });

    const CASES = 32;
    const CASE_BYTES = 16;

    /** Runs `step` over every case of a packet: r1 and r2 hold its two words, r3 what it leaves for the first. */
    function compute(cases: readonly (readonly [bigint, bigint])[], step: (index: number) => Instruction[]): bigint[] {
      const body = cases.flatMap((_, index) => {
        const off = index * CASE_BYTES;
        return [
          make('ldx_mem_dw', { dst: 1, src: 7, off }),
          make('ldx_mem_dw', { dst: 2, src: 7, off: off + 8 }),
          ...step(index),
          make('stx_mem_dw', { dst: 7, src: 3, off }),
        ];
      });
      const size = cases.length * CASE_BYTES;
      const enter = [
        make('ldx_mem_w', { dst: 7, src: 1 }),
        make('ldx_mem_w', { dst: 8, src: 1, off: 4 }),
        make('mov64_x', { dst: 9, src: 7 }),
        make('add64_k', { dst: 9, imm: size }),
        make('jle64_x', { dst: 9, src: 8, off: 2 }),
        ...RETURN,
      ];
      const packet = new Uint8Array(size);
      const view = new DataView(packet.buffer);
      cases.forEach(([first, second], index) => {
        view.setBigUint64(index * CASE_BYTES, first, true);
        view.setBigUint64(index * CASE_BYTES + 8, second, true);
      });
      const fd = must(sys, 'prog_load', loadAttr(encode([...enter, ...body, ...RETURN]), 'xdp'));
      try {
        const out = new Uint8Array(size);
        must(sys, 'prog_test_run', {
          prog_fd: fd,
          data_in: packet,
          data_size_in: size,
          data_out: out,
          data_size_out: size,
        });
        const result = new DataView(out.buffer);
        return cases.map((_, index) => result.getBigUint64(index * CASE_BYTES, true));
      } finally {
        sys.close(fd);
      }
    }

    const EDGES = [
      0n,
      1n,
      2n,
      31n,
      32n,
      63n,
      64n,
      0x7fn,
      0x80n,
      0x8000n,
      0x7fff_ffffn,
      0x8000_0000n,
      0xffff_ffffn,
      1n << 63n,
    ].flatMap(value => [value, BigInt.asUintN(64, -value)]);
    const word = fc.oneof(fc.constantFrom(...EDGES), fc.bigInt(0n, 0xffff_ffff_ffff_ffffn));
    const pairs = fc.array(fc.tuple(word, word), { minLength: CASES, maxLength: CASES });

    /** The immediate that stands for a word in a K row: what the kernel takes there, and never more than a shift's width. */
    function immediateOf(row: AluRow | ConditionRow, value: bigint): number {
      const imm = Number(BigInt.asIntN(32, value));
      if (row.op === 'lsh' || row.op === 'rsh' || row.op === 'arsh') return imm & (row.bits - 1);
      return imm === 0 && /div|mod/.test(row.op) ? 3 : imm;
    }

    /** The second operand's register value, and the instruction. */
    function operand(
      row: (AluRow | ConditionRow) & { name: InstructionName },
      value: bigint,
      off?: number,
    ): [Instruction, bigint] {
      const fields = { dst: 1, ...(off === undefined ? {} : { off }) };
      if (row.source !== 'k') return [make(row.name, { ...fields, ...(row.source === 'x' ? { src: 2 } : {}) }), value];
      const imm = immediateOf(row, value);
      return [make(row.name, { ...fields, imm }), BigInt.asUintN(64, BigInt(imm))];
    }

    const RUNS = { numRuns: 3 };
    const ofKind = <Kind extends InstructionRow['kind']>(kind: Kind) =>
      rows.filter((row): row is Extract<InstructionRow, { kind: Kind }> => row.kind === kind);

    it.each<AluRow & { name: InstructionName }>(ofKind('alu'))('computes $name as eval does', row => {
      fc.assert(
        fc.property(pairs, cases => {
          const operands = cases.map(([, second]) => operand(row, second));
          const got = compute(cases, index => [operands[index]![0], make('mov64_x', { dst: 3, src: 1 })]);
          expect(got).toEqual(cases.map(([first], index) => row.eval(first, operands[index]![1])));
        }),
        RUNS,
      );
    });

    it.each<EndianRow & { name: InstructionName }>(ofKind('endian'))('computes $name as eval does', row => {
      fc.assert(
        fc.property(pairs, cases => {
          const got = compute(cases, () => [make(row.name, { dst: 1 }), make('mov64_x', { dst: 3, src: 1 })]);
          expect(got).toEqual(cases.map(([first]) => row.eval(first)));
        }),
        RUNS,
      );
    });

    it.each<ConditionRow & { name: InstructionName }>(ofKind('condition'))('decides $name as eval does', row => {
      fc.assert(
        fc.property(pairs, cases => {
          const operands = cases.map(([, second]) => operand(row, second, 1));
          const got = compute(cases, index => [
            make('mov64_k', { dst: 3, imm: 1 }),
            operands[index]![0],
            make('mov64_k', { dst: 3, imm: 0 }),
          ]);
          expect(got).toEqual(cases.map(([first], index) => (row.eval(first, operands[index]![1]) ? 1n : 0n)));
        }),
        RUNS,
      );
    });

    it.each<AtomicRow & { name: InstructionName }>(ofKind('atomic'))(
      'leaves in memory what eval of $name says',
      row => {
        const wide = BigInt.asUintN(row.bits, -1n);
        fc.assert(
          fc.property(pairs, cases => {
            // r0 for cmpxchg: the old value in every other case.
            const got = compute(cases, index => [
              make('stx_mem_dw', { dst: 10, src: 1, off: -8 }),
              index % 2 === 0
                ? make('mov64_x', { dst: 0, src: 1 })
                : make('ld_imm64', { dst: 0, imm: 5, imm64: joinImm64(5, 0) }),
              make(row.name, { dst: 10, src: 2, off: -8 }),
              make('ldx_mem_dw', { dst: 3, src: 10, off: -8 }),
            ]);
            const expected = cases.map(
              ([old, src], index) => (old & ~wide) | row.eval(old, src, index % 2 === 0 ? old : 5n),
            );
            expect(got).toEqual(expected.map(value => BigInt.asUintN(64, value)));
          }),
          RUNS,
        );
      },
    );
  },
);
