/**
 * Layouts of the kernel's C structs as data: what `attr.gen.ts` and `info.gen.ts` hold and `codec.ts` reads.
 */

/** What a member holds: an unsigned or signed integer, an address, NUL-padded text, raw bytes, some bits of a u32, or members. */
export type MemberKind = 'u8' | 'u16' | 'u32' | 's32' | 'u64' | 'pointer' | 'chars' | 'bytes' | 'bits' | 'struct';

/** A member of a struct. */
export interface MemberLayout {
  readonly name: string;
  readonly kind: MemberKind;
  /** Offset in bytes from the start of the struct that holds the member. */
  readonly offset: number;
  /** Bytes; for `bits` those of the word that holds them. */
  readonly size: number;
  /** For `bits`: the first bit in the word and how many. */
  readonly bits?: readonly [first: number, count: number];
  /** For `struct`. */
  readonly members?: readonly MemberLayout[];
}

/** A struct: its size in bytes and its members, those of anonymous structs and unions in place. */
export interface StructLayout {
  readonly size: number;
  readonly members: readonly MemberLayout[];
}

/**
 * Bytes with addresses in them: at each link's offset stands the address of its target. It is how a pointer inside a pointed-to
 * struct (`map_ids` of `bpf_prog_info`) crosses `Sys`, where byte arrays stand for pointers.
 */
export interface LinkedBytes {
  readonly bytes: Uint8Array;
  readonly links: readonly { readonly offset: number; readonly target: Uint8Array }[];
}

/** The bytes of a pointer member, without its links. */
export function bytesOf(value: Uint8Array | LinkedBytes): Uint8Array {
  return value instanceof Uint8Array ? value : value.bytes;
}

/** What stands behind the address at `offset` of a pointer member's bytes; undefined for a null pointer. */
export function targetAt(value: Uint8Array | LinkedBytes, offset: number): Uint8Array | undefined {
  return value instanceof Uint8Array ? undefined : value.links.find(link => link.offset === offset)?.target;
}
