/**
 * `npm run bench`: the programs of a suite on every engine that is here, interleaved.
 *
 *     npm run bench -- [--suite DIR] [--engines a,b] [--only name,…] [--rounds N] [--short] [--json]
 *
 * Before anything is timed, each engine gives the results that `expected.txt` wants; where one does not, nothing is timed and the exit
 * status is 1. No time is ever judged. See README.md for how to read the tables.
 */
import { parseArgs } from 'node:util';
import { BpfError } from '../src/util/error.ts';
import { DEFAULT_ENGINES, ENGINE_NAMES, type EngineName, isEngineName } from './engines.ts';
import { type Effort, findMismatches, loadAll, measure, openEngines } from './measure.ts';
import { createReport, formatReport } from './report.ts';
import { OWN_SUITE, readSuite } from './suite.ts';

const FULL: Effort = { rounds: 11, sampleMs: 20, warmUpMs: [100, 2000] };
const SHORT: Effort = { rounds: 3, sampleMs: 2, warmUpMs: [2, 20] };

const { values: options } = parseArgs({
  options: {
    suite: { type: 'string', default: OWN_SUITE },
    engines: { type: 'string', default: DEFAULT_ENGINES.join(',') },
    only: { type: 'string' },
    rounds: { type: 'string' },
    short: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

function readEffort(): Effort {
  const effort = options.short ? SHORT : FULL;
  const rounds = Number(options.rounds ?? effort.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new BpfError('bad_option', `--rounds ${options.rounds}: want 1 or more`);
  return { ...effort, rounds };
}

function readEngines(): EngineName[] {
  return options.engines.split(',').map(name => {
    if (!isEngineName(name)) throw new BpfError('bad_option', `--engines ${name}: want ${ENGINE_NAMES.join(', ')}`);
    return name;
  });
}

/** Shows how far the run is, where somebody watches. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

async function main(): Promise<number> {
  const effort = readEffort();
  await using open = openEngines(readEngines());
  const benches = readSuite(options.suite, options.only?.split(','));
  const { lanes, refused } = await loadAll(open.engines, benches, name => showProgress(`loading ${name}`));
  const mismatches = findMismatches(lanes);
  if (mismatches.length > 0) {
    showProgress('');
    process.stderr.write(
      `${mismatches.map(line => `bench: ${line}\n`).join('')}bench: wrong results, nothing is timed\n`,
    );
    return 1;
  }
  await measure(lanes, effort, showProgress);
  showProgress('');
  const report = createReport(lanes, effort, { skipped: open.skipped, refused });
  process.stdout.write(formatReport(report));
  if (options.json) process.stdout.write(`\n${JSON.stringify(report)}\n`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof BpfError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
}
