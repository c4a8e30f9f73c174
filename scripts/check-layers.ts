/** `npm run check:layers`: prints `file:line: reason` for each broken layer rule and fails when one is an error. */
import { checkLayers } from './support/layer-rules.ts';
import { layers } from './support/layers.ts';
import { readSources } from './support/sources.ts';

const findings = checkLayers(readSources(), layers);
for (const { file, line, level, reason } of findings)
  console.log(`${file}:${line}: ${level === 'warning' ? 'warning: ' : ''}${reason}`);
process.exitCode = findings.some(({ level }) => level === 'error') ? 1 : 0;
