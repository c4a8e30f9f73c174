/** Finds the programs that a test calls; a test whose program is missing skips and says so in its name. */
import { findTool, type ToolName, tools } from '../../scripts/support/tools.ts';

/** A program's path, or why the tests that need it are skipped. */
export type FoundTool =
  | { readonly path: string; readonly skip: undefined }
  | { readonly path: undefined; readonly skip: string };

/** Looks for `name` on this machine. */
export function tool(name: ToolName): FoundTool {
  const path = findTool(name);
  if (path !== undefined) return { path, skip: undefined };
  return { path, skip: `no ${name} on this machine (package ${tools[name].package})` };
}

/** Finds Chromium; the environment variable CHROMIUM overrides the search. */
export function chromium(): FoundTool {
  return tool('chromium');
}

/** A suite's name with the reason why it is skipped, if it is: for `describe.skipIf(skip)(titled('…', skip), …)`. */
export function titled(name: string, skip: string | undefined): string {
  return skip === undefined ? name : `${name} (skipped: ${skip})`;
}
