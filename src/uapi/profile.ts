/**
 * Kernel versions and `KernelProfile`: which Linux a verdict, a kernel or a listing speaks of. Tables carry `since`; whoever
 * reads them asks a profile, never a version number in place.
 */
import { BpfError } from '../util/error.ts';

/** `major.minor` of a Linux release. */
export type KernelVersion = `${number}.${number}`;

/** What differs between the kernels that can be spoken of. BTF is not part of it; it travels beside the profile. */
export interface KernelProfile {
  readonly version: KernelVersion;
  readonly arch: 'x86_64';
  /** CPUs that could be present: what per-CPU values are gathered over. */
  readonly possibleCpus: number;
  readonly jit: boolean;
}

/** The release that every table describes in full. */
export const REFERENCE_VERSION = '6.18' satisfies KernelVersion;

/** Parses `6.18`, `v5.4` or a full release such as `6.1.0-56-amd64`; undefined where the text starts otherwise. */
export function parseKernelVersion(text: string): KernelVersion | undefined {
  const found = /^v?(\d+)\.(\d+)(?![\d])/.exec(text);
  return found === null ? undefined : `${Number(found[1])}.${Number(found[2])}`;
}

/** Orders two versions: negative, zero or positive as `a` is older than, equal to or newer than `b`. */
export function compareVersions(a: KernelVersion, b: KernelVersion): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
}

/** Whether a kernel of this profile has what came with version `since`. */
export function isAvailable(profile: Pick<KernelProfile, 'version'>, since: KernelVersion): boolean {
  return compareVersions(profile.version, since) >= 0;
}

/**
 * The profile of a release, with details to override.
 * @throws {BpfError} `bad_version` where the text is not a version.
 */
export function kernelProfile(
  version: string = REFERENCE_VERSION,
  details: Partial<Omit<KernelProfile, 'version'>> = {},
): KernelProfile {
  const parsed = parseKernelVersion(version);
  if (parsed === undefined)
    throw new BpfError('bad_version', `kernel version ${version}: want major.minor, as in 6.18`);
  return { arch: 'x86_64', possibleCpus: 4, jit: true, ...details, version: parsed };
}
