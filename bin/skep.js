#!/usr/bin/env node
// In a checkout the sources run as they are, where Node strips types; else what `npm run build` made.
import { existsSync } from 'node:fs';
import * as module from 'node:module';

if (Number.parseInt(process.versions.node, 10) < 22) {
  process.stderr.write(`skep: Node ${process.version} is too old, want 22 or newer\n`);
  process.exit(1);
}

const source = new URL('../src/cli/main.ts', import.meta.url);
const built = new URL('../dist/cli/main.js', import.meta.url);
const runsSource = Boolean(process.features.typescript) && existsSync(source);

if (!runsSource && !existsSync(built)) {
  process.stderr.write(
    `skep: Node ${process.version} does not run TypeScript, want 22.18 or newer, or 'npm run build' first\n`,
  );
  process.exit(1);
}
module.enableCompileCache?.();
const { endOnClosedPipe, main } = await import((runsSource ? source : built).href);
endOnClosedPipe();
process.exitCode = await main(process.argv.slice(2));
