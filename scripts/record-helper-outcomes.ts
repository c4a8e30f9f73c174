/** Records what the live kernel makes of the calls in `test/support/helper-cases.ts`: `node scripts/record-helper-outcomes.ts`. */
import { writeFileSync } from 'node:fs';
import { openLinux } from '../src/linux/linux.ts';
import { helperCases } from '../test/support/helper-cases.ts';
import { describeOutcome, runHelper } from '../test/support/helper-run.ts';

using sys = openLinux();
const outcomes = Object.fromEntries(helperCases.map(row => [row.title, describeOutcome(row, runHelper(sys, row))]));
const file = new URL('../test/data/helper-outcomes.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(outcomes, undefined, 1)}\n`);
console.log(`${Object.keys(outcomes).length} outcomes`);
