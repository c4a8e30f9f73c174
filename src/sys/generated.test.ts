import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parseKernelVersion, REFERENCE_VERSION } from '../uapi/profile.ts';

const VMLINUX = '/sys/kernel/btf/vmlinux';
const running = parseKernelVersion(release());
const why = !existsSync(VMLINUX)
  ? `no ${VMLINUX}`
  : running === REFERENCE_VERSION
    ? undefined
    : `this is Linux ${running}`;

it.skipIf(why !== undefined)(
  `the generated layouts are this kernel's${why === undefined ? '' : ` (skipped: ${why})`}`,
  () => {
    const script = fileURLToPath(new URL('../../scripts/gen-attr.ts', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    expect(`${stderr}status ${status}`).toBe('status 0');
  },
);
