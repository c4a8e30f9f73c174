/** The core runs in a browser: its bundle holds no Node module, and a page gives the same answers as Node. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { layers, libraryFolders } from '../scripts/support/layers.ts';
import { root } from '../scripts/support/sources.ts';
import { answer, type CoreInput } from './browser/core.ts';
import packets from './data/packets.json' with { type: 'json' };
import { bundleForBrowser } from './support/bundle.ts';
import { exampleObjects } from './support/objects.ts';
import { runInPage } from './support/page.ts';
import { chromium, titled } from './support/tools.ts';

/** Library folder → the path of its index. */
const faces = Object.fromEntries(
  libraryFolders(layers)
    .map(folder => [folder, join(root, 'src', folder, 'index.ts')] as const)
    .filter(([, path]) => existsSync(path)),
);

const input: Omit<CoreInput, 'faces'> = {
  objects: Object.fromEntries(exampleObjects().map(({ name, read }) => [name, Buffer.from(read()).toString('base64')])),
  packets,
};

/** The module that a page runs: the scenario over every face. */
const pageModule = `
${Object.values(faces)
  .map((path, at) => `import * as face${at} from ${JSON.stringify(path)};`)
  .join('\n')}
import { answer } from ${JSON.stringify(join(root, 'test/browser/core.ts'))};
const faces = { ${Object.keys(faces)
  .map((folder, at) => `${JSON.stringify(folder)}: face${at}`)
  .join(', ')} };
const input = await (await fetch('/input')).json();
await fetch('/answer', { method: 'POST', body: await answer({ faces, ...input }) });
`;

describe('the core bundle', () => {
  it('needs no Node module and no package', async () => {
    await expect(bundleForBrowser(pageModule)).resolves.toContain('answer');
  });

  it.each(['node:fs', 'fs', 'koffi'])('is refused when it imports %s', async name => {
    await expect(bundleForBrowser(`import '${name}';`)).rejects.toThrow(`a page has no '${name}'`);
  });
});

const { path: browser, skip } = chromium();

describe.skipIf(skip)(titled('in Chromium', skip), () => {
  it('answers as Node does', async () => {
    const imported = await Promise.all(
      Object.entries(faces).map(async ([folder, path]): Promise<[string, object]> => [folder, await import(path)]),
    );
    const expected = await answer({ faces: Object.fromEntries(imported), ...input });
    const found = await runInPage(browser ?? '', await bundleForBrowser(pageModule), JSON.stringify(input));
    expect(JSON.parse(found)).toEqual(JSON.parse(expected));
    expect(Object.keys(JSON.parse(found).exports)).toEqual(Object.keys(faces));
  });

  it.each([
    ['throws', 'throw new Error("no hive here");', /no hive here/],
    ['uses a name of Node', 'process.cwd();', /process is not defined/],
    ['does not parse', 'const = 1;', /Unexpected token/],
  ])('reports a module that %s', async (_what, module, message) => {
    await expect(runInPage(browser ?? '', module, '{}')).rejects.toThrow(message);
  });
});
