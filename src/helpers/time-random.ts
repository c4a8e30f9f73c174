/** Helpers that ask for the time, for randomness and for the CPU: all answered by the machine, so that a run can be repeated. */
import type { HelperBodies, HelperWorld } from './bind.ts';

/** Timer ticks a second (CONFIG_HZ). */
const HZ = 250n;
const TICK_NS = 1_000_000_000n / HZ;
/** The kernel's counter of ticks starts five minutes before its 32 bits overflow. */
const INITIAL_JIFFIES = 0x1_0000_0000n - 300n * HZ;

/** The helpers that ask for time, randomness and the CPU. */
export function timeRandomHelpers({ machine: { env } }: HelperWorld): HelperBodies {
  return {
    ktime_get_ns: () => env.monotonicNs,
    ktime_get_boot_ns: () => env.monotonicNs,
    ktime_get_coarse_ns: () => env.monotonicNs - (env.monotonicNs % TICK_NS),
    ktime_get_tai_ns: () => env.bootTimeNs + env.monotonicNs,
    jiffies64: () => INITIAL_JIFFIES + env.monotonicNs / TICK_NS,
    get_prandom_u32: () => env.random(),
    get_smp_processor_id: () => env.cpu,
    get_numa_node_id: () => 0,
  };
}
