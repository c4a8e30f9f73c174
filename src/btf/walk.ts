/**
 * The bounds of every walk through a value along its type. A value of hostile BTF (members that overlap, types that
 * hold themselves) could unfold without end; a walk spends from a budget that honest types, linear in their bytes,
 * never use up.
 */
import type { Btf } from './btf.ts';
import { BtfError } from './error.ts';
import type { BtfComposite, BtfMember } from './types.ts';

const MAX_DEPTH = 64;

/** A walk through `bytes`, which hold a value of type `typeId`. */
export class Walk {
  readonly btf: Btf;
  readonly bytes: Uint8Array;
  #left: number;

  /** @throws {BtfError} when `bytes` are too few for the type. */
  constructor(btf: Btf, typeId: number, bytes: Uint8Array) {
    this.btf = btf;
    this.bytes = bytes;
    this.#left = 100_000 + 16 * bytes.length;
    const size = btf.sizeOf(typeId);
    if (bytes.length < size) throw new BtfError(`a value of ${bytes.length} bytes, want ${size}`, { typeId });
  }

  /** Accounts for one value of type `typeId` of `size` bytes at `offset`, `depth` levels down. */
  enter(typeId: number, offset: number, size: number, depth: number): void {
    if (depth > MAX_DEPTH) throw new BtfError(`types nested deeper than ${MAX_DEPTH}`, { typeId });
    if (--this.#left < 0) throw new BtfError('the type unfolds to more values than its bytes can hold', { typeId });
    if (offset + size > this.bytes.length) {
      throw new BtfError(
        `a value at byte ${offset} of size ${size} exceeds the ${this.bytes.length} bytes of the whole`,
        { typeId },
      );
    }
  }
}

/** Byte offset of a member of whole bytes in a value that starts at `offset`. */
export function memberOffset(type: BtfComposite, member: BtfMember, offset: number): number {
  if (member.bitOffset % 8 !== 0) {
    throw new BtfError(`member ${member.name} starts at bit ${member.bitOffset}, want a whole byte`, {
      typeId: type.id,
    });
  }
  return offset + member.bitOffset / 8;
}

/** The struct or union behind an anonymous member, whose members C treats as those of the parent. */
export function anonymousComposite(btf: Btf, member: BtfMember): BtfComposite | undefined {
  if (member.name !== '') return undefined;
  const type = btf.resolve(member.type);
  return type.kind === 'struct' || type.kind === 'union' ? type : undefined;
}
