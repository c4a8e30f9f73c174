/**
 * The clock that times what runs in this process: CPU time of the thread (`CLOCK_THREAD_CPUTIME_ID`), so that other processes do not count.
 * Node's own figures of CPU time move once in a timer tick only; where the C library cannot be called, wall time stands in.
 */
import { createRequire } from 'node:module';

const CLOCK_THREAD_CPUTIME_ID = 3;

/** A clock that only goes forward. */
export interface Clock {
  readonly kind: 'thread CPU time' | 'wall time';
  /** Nanoseconds since some moment. */
  now(): number;
}

/** Finds the best clock there is. */
export function openClock(): Clock {
  const wall: Clock = { kind: 'wall time', now: () => performance.now() * 1e6 };
  if (process.platform !== 'linux') return wall;
  let koffi: typeof import('koffi');
  try {
    koffi = createRequire(import.meta.url)('koffi');
  } catch {
    return wall;
  }
  const clockGettime = koffi.load(null).func('clock_gettime', 'int', ['int', 'void *']);
  const timespec = new BigInt64Array(2);
  return {
    kind: 'thread CPU time',
    now() {
      clockGettime(CLOCK_THREAD_CPUTIME_ID, timespec);
      return Number(timespec[0]) * 1e9 + Number(timespec[1]);
    },
  };
}
