/** What a running program may learn of the world: time, randomness, the CPU it runs on. Deterministic: nothing here asks the host. */

/** Injected into engines and helpers; one per kernel. */
export interface Env {
  /** CPUs that could be present; per-CPU data has one block for each. */
  readonly cpus: number;
  /** The CPU that runs now, below `cpus`. */
  cpu: number;
  /** Nanoseconds since boot. */
  monotonicNs: bigint;
  /** Nanoseconds between 1970-01-01 and boot. */
  readonly bootTimeNs: bigint;
  /** 32 random bits. */
  random(): number;
}

/** The object that a hook runs a program over: an XDP buffer, a socket buffer, a register file. Helpers narrow it by `kind`. */
export interface HookContext {
  readonly kind: string;
  /** Linear address of the context structure that r1 points to. */
  readonly address: number;
  /** Legacy packet loads (LD_ABS, LD_IND): `size` bytes at `offset` in network order, undefined where they do not lie inside. */
  readPacket?(offset: number, size: number): number | undefined;
}
