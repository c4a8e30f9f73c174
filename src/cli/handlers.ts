/** The code behind each command, loaded when the command runs: what starts fast loads little. */
import { InternalError } from '../util/error.ts';
import type { Handler } from './invocation.ts';

/** By the words that name a command in full. */
const HANDLERS: Readonly<Record<string, () => Promise<Handler>>> = {
  help: async () => (await import('./help.ts')).help,
  version: async () => (await import('./version.ts')).version,
  run: async () => (await import('./run.ts')).run,
  fuzz: async () => (await import('./fuzz.ts')).fuzz,
  'conformance-plugin': async () => (await import('./conformance-plugin.ts')).conformancePlugin,
  disasm: async () => (await import('./disasm.ts')).disasm,
};

/** The code of the command that `path` names. */
export function loadHandler(path: readonly string[]): Promise<Handler> {
  const load = HANDLERS[path.join(' ')];
  if (load === undefined) throw new InternalError(`command ${path.join(' ')} has no code`);
  return load();
}
