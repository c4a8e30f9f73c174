/** A run that the kernel refuses. */
import type { ErrnoName } from '../uapi/errno.ts';

/** Why a run did not happen, or gave no result. */
export interface HookRefusal {
  readonly errno: ErrnoName;
  readonly why: string;
}

/** A refusal with its reason. */
export function refusal(errno: ErrnoName, why: string): HookRefusal {
  return { errno, why };
}

/** Whether a hook's answer is a refusal. */
export function isRefusal(result: object): result is HookRefusal {
  return 'errno' in result;
}
