/** Compiled programs give a page's visitor what they give Node. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../scripts/support/sources.ts';
import { runScenario } from './browser/jit.ts';
import { bundleForBrowser } from './support/bundle.ts';
import { runInPage } from './support/page.ts';
import { chromium, titled } from './support/tools.ts';

const { path: browser, skip } = chromium();

const pageModule = `
import { runScenario } from ${JSON.stringify(join(root, 'test/browser/jit.ts'))};
await fetch('/answer', { method: 'POST', body: JSON.stringify(runScenario()) });
`;

describe.skipIf(skip)(titled('engines in Chromium', skip), () => {
  it('compile and run programs as in Node', async () => {
    const found: unknown = JSON.parse(await runInPage(browser ?? '', await bundleForBrowser(pageModule), '{}'));
    expect(found).toEqual(runScenario());
    expect(found).toMatchObject({
      'jit: loop': '500500',
      'jit: memory': '51966',
      'jit: call': '3',
      'jit: tail call': '77',
      'jit: fault': 'fault at 2',
      'jit, unchecked: loop': '500500',
      'jit, unchecked: fault': 'fault at 2',
    });
  });
});
