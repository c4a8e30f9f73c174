/** The errno values that map operations answer with, negative. */
export const ENOENT: i32 = -2;
export const E2BIG: i32 = -7;
export const EAGAIN: i32 = -11;
export const EACCES: i32 = -13;
export const EEXIST: i32 = -17;
export const EINVAL: i32 = -22;
export const ENOSPC: i32 = -28;
export const EOPNOTSUPP: i32 = -95;

/** Flags of an update. */
export const BPF_NOEXIST: u32 = 1;
export const BPF_EXIST: u32 = 2;
export const BPF_F_LOCK: u32 = 4;

/** Whether an address is none, but a negative errno. */
export function isError(address: usize): bool {
  return address > 0xfffff000;
}
