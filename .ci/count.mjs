/** Prints `N passed, N failed[, N skipped]` from vitest's JSON report; plain JavaScript, so that any Node runs it. */
import { readFileSync } from 'node:fs';

const path = process.argv[2] ?? '';
const text = readFileSync(path, 'utf8');
if (text === '') {
  console.log('the test runner reported nothing');
  process.exit(1);
}
const { testResults, numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(text);
// A file that fails outside its tests (it does not load, a hook throws) has no failed test to count.
const brokenFiles = testResults.filter(
  file => file.status === 'failed' && !file.assertionResults.some(test => test.status === 'failed'),
);
const failed = numFailedTests + brokenFiles.length;
const skipped = numPendingTests + (numTodoTests ?? 0);
console.log(`${numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed > 0 || numPassedTests === 0 ? 1 : 0);
