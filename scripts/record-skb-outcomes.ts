/** Records what the live kernel makes of the runs in `test/support/skb-cases.ts`: `node scripts/record-skb-outcomes.ts`. */
import { writeFileSync } from 'node:fs';
import { openLinux } from '../src/linux/linux.ts';
import { skbCases, skbOutcome } from '../test/support/skb-cases.ts';

using sys = openLinux();
const outcomes = Object.fromEntries(skbCases.map(row => [row.title, skbOutcome(sys, row)]));
const file = new URL('../test/data/skb-outcomes.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(outcomes, undefined, 1)}\n`);
console.log(`${Object.keys(outcomes).length} outcomes`);
