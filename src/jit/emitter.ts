/** Emits one BPF function: its locals, and values as WebAssembly's expression trees. */
import { COMPLEMENT } from './operators.ts';
import { isConst, localValue, type Value } from './value.ts';
import { FunctionBody } from './wasm/code.ts';
import { OP, type ValueType } from './wasm/opcodes.ts';

/** Locals for what lives inside one block, used again by the next. */
interface Pool {
  readonly locals: number[];
  used: number;
}

/** Divisions, which trap on some divisors. */
const MAY_TRAP: ReadonlySet<number> = new Set(
  (['i32', 'i64'] as const).flatMap(type =>
    (['div_s', 'div_u', 'rem_s', 'rem_u'] as const).map(op => OP[`${type}.${op}`]),
  ),
);

/** Where an instruction of WebAssembly comes from. */
export interface CodePosition {
  readonly offset: number;
  readonly pc: number;
}

export class Emitter {
  readonly body: FunctionBody;
  /** The parameter that holds the frame's lowest address. */
  readonly frame: number;
  /** Where the loads and stores stand, ascending. */
  readonly positions: CodePosition[] = [];
  readonly #registers: number[];
  readonly #pools: Record<ValueType, Pool> = { i32: { locals: [], used: 0 }, i64: { locals: [], used: 0 } };

  /** @param parameters the registers that the function takes, in the order of its parameters; the frame comes behind them. */
  constructor(parameters: readonly number[]) {
    this.body = new FunctionBody(parameters.length + 1);
    this.frame = parameters.length;
    this.#registers = new Array<number>(16).fill(-1);
    parameters.forEach((register, i) => {
      this.#registers[register] = i;
    });
  }

  /** The local that holds a register between blocks. */
  registerLocal(register: number): number {
    let local = this.#registers[register]!;
    if (local < 0) {
      local = this.body.local('i64');
      this.#registers[register] = local;
    }
    return local;
  }

  /** A register as it is when a block begins. */
  registerValue(register: number): Value {
    return localValue(this.registerLocal(register), 'i64');
  }

  /** A local that is free until the block ends. */
  temporary(type: ValueType): number {
    const pool = this.#pools[type];
    const local = pool.locals[pool.used++];
    if (local !== undefined) return local;
    const made = this.body.local(type);
    pool.locals.push(made);
    return made;
  }

  /** Frees the block's locals. */
  endBlock(): void {
    this.#pools.i32.used = 0;
    this.#pools.i64.used = 0;
  }

  /** Remembers that the next instruction belongs to slot `pc`. */
  mark(pc: number): void {
    this.positions.push({ offset: this.body.offset, pc });
  }

  /** Pushes a value. One that is used again is kept in a local. */
  push(v: Value): void {
    if (this.#pushLeaf(v)) return;
    this.#compute(v);
    if (v.uses < 2) return;
    v.local = this.temporary(v.type);
    this.body.tee(v.local);
  }

  /** Pushes a value that needs no computing; tells whether it was one. */
  #pushLeaf(v: Value): boolean {
    const { body } = this;
    if (v.local >= 0) body.get(v.local);
    else if (v.op === OP['local.get']) body.get(v.lo);
    else if (v.op === OP['i64.const']) body.i64(v.lo, v.hi);
    else if (v.op === OP['i32.const']) body.i32(v.lo);
    else return false;
    return true;
  }

  /** Takes what an effect left on the stack as the value `v`. */
  bind(v: Value): void {
    if (v.uses === 0) {
      this.body.op(OP.drop);
    } else {
      v.local = this.temporary(v.type);
      this.body.set(v.local);
    }
  }

  /** Computes a value now, into a local. */
  force(v: Value): void {
    if (isConst(v) || v.op === OP['local.get'] || v.local >= 0) return;
    this.#compute(v);
    v.local = this.temporary(v.type);
    this.body.set(v.local);
  }

  /** Pushes the opposite of a 32-bit truth value. */
  pushNegated(v: Value): void {
    const complement = COMPLEMENT.get(v.op);
    if (v.local >= 0 || complement === undefined) {
      this.push(v);
      this.body.op(OP['i32.eqz']);
    } else {
      this.push(v.a!);
      this.push(v.b!);
      this.body.op(complement);
    }
  }

  #compute(v: Value): void {
    if (MAY_TRAP.has(v.op) && !isSafeDivisor(v)) {
      this.#divide(v);
    } else {
      this.push(v.a!);
      if (v.b !== undefined) this.push(v.b);
      this.body.op(v.op);
    }
  }

  /**
   * Division where WebAssembly would trap: by zero the quotient is zero and the remainder the dividend, and the most negative value by -1 wraps.
   */
  #divide(v: Value): void {
    const { body } = this;
    const { a, b, type, op } = v as Value & { a: Value; b: Value }; // divisions have two operands
    this.force(a);
    this.force(b);
    const zero = (): void => (type === 'i64' ? body.i64(0, 0) : body.i32(0));
    this.push(b);
    if (op === OP['i64.div_s'] || op === OP['i32.div_s']) {
      // Divisors -1 and 0 are the two whose successor is below 2: there the quotient is the product.
      if (type === 'i64') body.i64(1, 0);
      else body.i32(1);
      body.op(OP[`${type}.add`]);
      if (type === 'i64') body.i64(2, 0);
      else body.i32(2);
      body.op(OP[`${type}.lt_u`]);
      body.if(type);
      this.push(a);
      this.push(b);
      body.op(OP[`${type}.mul`]);
    } else {
      body.op(OP[`${type}.eqz`]);
      body.if(type);
      if (op === OP[`${type}.div_u`]) zero();
      else this.push(a);
    }
    body.else();
    this.push(a);
    this.push(b);
    body.op(op);
    body.end();
  }
}

/** Whether a division's divisor is a constant that never traps. */
function isSafeDivisor({ b }: Value): boolean {
  if (b === undefined || !isConst(b)) return false;
  return !(b.lo === 0 && b.hi === 0) && !(b.lo === -1);
}
