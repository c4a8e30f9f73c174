/**
 * What each kind of instruction does to an interpreter, as a table by the row's `kind`: from an instruction to a function that
 * performs it and gives the next pc. Arithmetic and conditions are the instruction table's `eval`; here is what touches memory,
 * control flow and the outside.
 */
import { BPF_REG_FP, type Instruction } from '../asm/insn.ts';
import type { MemoryBits, Row } from '../asm/row.ts';
import { helperName } from '../uapi/helpers.ts';
import { NotSupportedError } from '../util/error.ts';
import { u64 } from '../util/int64.ts';
import type { HelperCall } from './call.ts';
import { AccessRefusal } from './fault.ts';
import type { Linkage, Program } from './program.ts';

/** What an operation may touch: registers, memory, and the control flow that is more than a next pc. */
export interface Cpu extends HelperCall {
  /** r0 to r10. */
  readonly registers: BigUint64Array;
  /** The same as 32-bit halves, low half first. */
  readonly halves: Uint32Array;
  /** Enters a function of the running program in a frame of its own, whose exit continues at `returnTo`. */
  enter(returnTo: number): void;
  /** Returns from the running function: the caller's next pc, or {@link HALT}. */
  leave(): number;
  /** Goes over to another program in the same frame. */
  replace(program: Program): void;
  /** Whether this run may still tail-call; counts. */
  takeTailCall(): boolean;
  /** Whether may_goto falls through once more in this frame; counts. */
  takeMayGoto(): boolean;
}

/** Performs one instruction; gives the next pc, or {@link HALT}. */
export type Operation = (x: Cpu) => number;

/** What an {@link Operation} gives when the outermost function returns. */
export const HALT = -1;

/** Where an instruction stands and what its calls mean. */
interface Site {
  readonly insn: Instruction;
  readonly pc: number;
  readonly linkage: Linkage;
}

type Compile = { readonly [K in Row['kind']]: (row: Extract<Row, { kind: K }>, site: Site) => Operation };

const TAIL_CALL = 12;

/** The operand that is a register, or the immediate sign-extended. */
function operand(source: 'k' | 'x' | undefined, insn: Instruction): { register: number } | { value: bigint } {
  return source === 'x' ? { register: insn.src } : { value: u64(BigInt(insn.imm)) };
}

/** The linear address of an access of `bits` at register + off; throws AccessRefusal. */
function address(x: Cpu, register: number, off: number, bits: MemoryBits, write: boolean): number {
  const low = x.halves[2 * register]! + off;
  const found = low >= 0 ? x.memory.access(low, x.halves[2 * register + 1]!, bits / 8, write) : -1;
  if (found < 0) throw x.memory.refusal(u64(x.registers[register]! + BigInt(off)), bits / 8, write);
  return found;
}

function load(view: DataView, at: number, bits: MemoryBits): bigint {
  if (bits === 64) return view.getBigUint64(at, true);
  return BigInt(bits === 32 ? view.getUint32(at, true) : bits === 16 ? view.getUint16(at, true) : view.getUint8(at));
}

function store(view: DataView, at: number, bits: MemoryBits, value: bigint): void {
  if (bits === 64) view.setBigUint64(at, value, true);
  else storeNumber(view, at, bits, Number(value & 0xffff_ffffn));
}

function storeNumber(view: DataView, at: number, bits: 8 | 16 | 32, value: number): void {
  if (bits === 32) view.setUint32(at, value, true);
  else if (bits === 16) view.setUint16(at, value, true);
  else view.setUint8(at, value);
}

/** Loads of up to 32 bits by number: no 64-bit integer is made. */
const LOAD_NUMBER = {
  '8': (view: DataView, at: number) => view.getUint8(at),
  '16': (view: DataView, at: number) => view.getUint16(at, true),
  '32': (view: DataView, at: number) => view.getUint32(at, true),
  s8: (view: DataView, at: number) => view.getInt8(at),
  s16: (view: DataView, at: number) => view.getInt16(at, true),
  s32: (view: DataView, at: number) => view.getInt32(at, true),
};

const COMPILE: Compile = {
  alu: (row, { insn: { dst, ...insn }, pc }) => {
    const source = operand(row.source, { dst, ...insn });
    const { eval: evaluate } = row;
    if ('value' in source) {
      const { value } = source;
      return x => {
        x.registers[dst] = evaluate(x.registers[dst]!, value);
        return pc + 1;
      };
    }
    const { register } = source;
    return x => {
      x.registers[dst] = evaluate(x.registers[dst]!, x.registers[register]!);
      return pc + 1;
    };
  },

  endian:
    (row, { insn: { dst }, pc }) =>
    x => {
      x.registers[dst] = row.eval(x.registers[dst]!);
      return pc + 1;
    },

  addr_space_cast: () => () => {
    throw new NotSupportedError(
      'arena',
      'address-space casts need an arena map, which this kernel does not have',
      '6.9',
    );
  },

  condition: (row, { insn, pc }) => {
    const source = operand(row.source, insn);
    const { dst } = insn;
    const target = pc + 1 + insn.off;
    const { eval: holds } = row;
    if ('value' in source) {
      const { value } = source;
      return x => (holds(x.registers[dst]!, value) ? target : pc + 1);
    }
    const { register } = source;
    return x => (holds(x.registers[dst]!, x.registers[register]!) ? target : pc + 1);
  },

  jump: (row, { insn, pc }) => {
    const target = pc + 1 + insn[row.distance];
    return () => target;
  },

  may_goto: (_row, { insn, pc }) => {
    const target = pc + 1 + insn.off;
    return x => (x.takeMayGoto() ? pc + 1 : target);
  },

  call: (row, { insn, pc, linkage }) => {
    switch (row.callee) {
      case 'subprogram': {
        const target = pc + 1 + insn.imm;
        return x => {
          x.enter(pc + 1);
          return target;
        };
      }
      case 'helper':
        return insn.imm === TAIL_CALL ? tailCall(pc, linkage) : helperCall(insn.imm, pc, linkage);
      case 'kfunc':
        return () => {
          throw new NotSupportedError(
            'kfunc',
            `call of kernel function with BTF id ${insn.imm}: kfuncs have no body here yet`,
            '5.13',
          );
        };
      case 'register':
        return () => {
          throw new NotSupportedError('callx', 'indirect calls are not part of what Linux runs');
        };
    }
  },

  exit: () => x => x.leave(),

  load: (row, { insn, pc }) => {
    const { dst, src, off } = insn;
    const { bits } = row;
    if (bits === 64) {
      return x => {
        x.registers[dst] = x.memory.view.getBigUint64(address(x, src, off, 64, false), true);
        return pc + 1;
      };
    }
    const get = LOAD_NUMBER[`${row.signed ? 's' : ''}${bits}`];
    return x => {
      const value = get(x.memory.view, address(x, src, off, bits, false));
      x.halves[2 * dst] = value;
      x.halves[2 * dst + 1] = value < 0 ? 0xffff_ffff : 0;
      return pc + 1;
    };
  },

  store: (row, { insn, pc }) => {
    const { dst, src, off } = insn;
    const { bits } = row;
    if (row.source === 'k') {
      const value = u64(BigInt(insn.imm));
      return x => {
        store(x.memory.view, address(x, dst, off, bits, true), bits, value);
        return pc + 1;
      };
    }
    if (bits === 64) {
      return x => {
        x.memory.view.setBigUint64(address(x, dst, off, 64, true), x.registers[src]!, true);
        return pc + 1;
      };
    }
    return x => {
      storeNumber(x.memory.view, address(x, dst, off, bits, true), bits, x.halves[2 * src]!);
      return pc + 1;
    };
  },

  atomic: (row, { insn, pc }) => {
    const { dst, src, off } = insn;
    const result = row.op === 'cmpxchg' ? 0 : src;
    return x => {
      const at = address(x, dst, off, row.bits, true);
      const old = load(x.memory.view, at, row.bits);
      store(x.memory.view, at, row.bits, row.eval(old, x.registers[src]!, x.registers[0]!));
      if (row.fetch) x.registers[result] = old;
      return pc + 1;
    };
  },

  packet: (row, { insn, pc }) => {
    return x => {
      const base = row.mode === 'ind' ? x.halves[2 * insn.src]! : 0;
      if (x.context.readPacket === undefined) {
        throw new AccessRefusal(
          'bad_argument',
          `legacy packet load: a ${x.context.kind} context holds no socket buffer`,
        );
      }
      const value = x.context.readPacket((base + insn.imm) | 0, row.bits / 8);
      if (value === undefined) {
        x.registers[0] = 0n;
        return x.leave();
      }
      x.registers[0] = BigInt(value);
      return pc + 1;
    };
  },

  wide: (row, { insn, pc }) => {
    const value = insn.imm64!;
    if (row.pseudo !== 'imm') throw new NotSupportedError(row.pseudo, `insn ${pc}: ${row.pseudo} was not resolved`);
    return x => {
      x.registers[insn.dst] = value;
      return pc + 2;
    };
  },

  internal: (row, { pc }) => {
    throw new NotSupportedError(row.op, `insn ${pc}: ${row.op} is for the kernel's own use`);
  },
};

function helperCall(id: number, pc: number, linkage: Linkage): Operation {
  const body = linkage.helper(id);
  if (body === undefined) {
    return () => {
      throw new NotSupportedError(
        helperName(id),
        `call of ${helperName(id)}#${id}: this kernel has no body for it yet`,
      );
    };
  }
  return x => {
    const r = x.registers;
    r[0] = body(x, r[1]!, r[2]!, r[3]!, r[4]!, r[5]!);
    return pc + 1;
  };
}

function tailCall(pc: number, linkage: Linkage): Operation {
  return x => {
    const target = linkage.tailCallTarget(x.registers[2]!, x.halves[2 * 3]!);
    // A call that finds nothing does not count.
    if (target === undefined || !x.takeTailCall()) return pc + 1;
    x.replace(target);
    return 0;
  };
}

/** The operation of an instruction at `pc`. */
export function compileOperation(row: Row, site: Site): Operation {
  if (site.insn.dst > BPF_REG_FP || site.insn.src > BPF_REG_FP) {
    throw new NotSupportedError('register', `insn ${site.pc}: register beyond r10`);
  }
  // the table is total over kinds, and its entry for a kind takes the rows of that kind
  return (COMPILE[row.kind] as (row: Row, site: Site) => Operation)(row, site);
}
