/** `skep version`. */
import { readFile } from 'node:fs/promises';
import { REFERENCE_VERSION } from '../uapi/profile.ts';
import { EXIT, type Handler } from './invocation.ts';
import { formatJson, wantsJson } from './json.ts';

/** Shows the version of skep, of the Linux it follows and of the Node it runs on. */
export const version: Handler = async ({ options }, terminal) => {
  const manifest: { version: string } = JSON.parse(
    await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  const facts = { version: manifest.version, reference_kernel: REFERENCE_VERSION, node: process.version };
  if (wantsJson(options)) terminal.print(formatJson(facts, options));
  else terminal.print(`skep v${facts.version} (Linux ${facts.reference_kernel}, Node ${facts.node})\n`);
  return EXIT.ok;
};
