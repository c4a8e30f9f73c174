/** The flags of updates in the width that helpers and system calls take them, and how `map_flags` read. */
import { flagNames, MAP_FLAGS, UPDATE_FLAGS } from '../uapi/flags.ts';

/** Create or replace. */
export const BPF_ANY = BigInt(UPDATE_FLAGS.BPF_ANY);
/** Only create. */
export const BPF_NOEXIST = BigInt(UPDATE_FLAGS.BPF_NOEXIST);
/** Only replace. */
export const BPF_EXIST = BigInt(UPDATE_FLAGS.BPF_EXIST);
/** Under the lock in the value. */
export const BPF_F_LOCK = BigInt(UPDATE_FLAGS.BPF_F_LOCK);

/** The names of the bits in `flags`, joined by `|`; `0` where none is set. */
export function formatMapFlags(flags: number): string {
  return flagNames(MAP_FLAGS, flags).join('|') || '0';
}
