/**
 * Runs conformance cases on every engine: the ones of `test/conformance`, or files and folders of the form of the public suite
 * bpf_conformance. Prints what fails and a count for each engine; the exit status tells whether all passed.
 *
 *     node scripts/conformance.ts [--engine interp|jit] [FILE|FOLDER …]
 */
import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CONFORMANCE_ENGINES, type ConformanceEngine } from '../src/cli/conformance-machine.ts';
import { caseFiles, ownCases, readCases } from '../test/conformance/cases.ts';
import { CaseFileError, type ConformanceCase } from '../test/conformance/data-file.ts';
import { CaseRunner } from '../test/conformance/run-case.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { engine: { type: 'string' } } });

/** The cases of files and folders; what is no case file is said and left out. */
function givenCases(paths: readonly string[]): ConformanceCase[] {
  const files = paths.flatMap(path => (statSync(path).isDirectory() ? caseFiles(path) : [path]));
  return files.flatMap(file => {
    try {
      return readCases(file);
    } catch (error) {
      if (!(error instanceof CaseFileError)) throw error;
      console.log(`skipped: ${error.message}`);
      return [];
    }
  });
}

/** Runs all cases on an engine and says what failed; gives how many did. */
function runAll(engine: ConformanceEngine, cases: readonly ConformanceCase[]): number {
  using runner = new CaseRunner(engine);
  let failed = 0;
  for (const given of cases) {
    const failure = runner.run(given);
    if (failure === undefined) continue;
    failed++;
    console.log(`${engine}: FAIL ${given.name}: ${failure}`);
  }
  console.log(`${engine}: ${cases.length - failed} passed, ${failed} failed`);
  return failed;
}

const engines = CONFORMANCE_ENGINES.filter(engine => values.engine === undefined || engine === values.engine);
if (engines.length === 0) {
  console.error(`conformance: engine ${values.engine}, want ${CONFORMANCE_ENGINES.join(' or ')}`);
  process.exitCode = 2;
} else {
  const cases = positionals.length === 0 ? ownCases() : givenCases(positionals);
  const failures = engines.map(engine => runAll(engine, cases));
  process.exitCode = failures.some(count => count > 0) || cases.length === 0 ? 1 : 0;
}
