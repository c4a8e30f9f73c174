/** The programs that tests and scripts call, each with the Debian package that has it and what is skipped without it. */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** One row: the first of `commands` found on the PATH is used; `header` stands in where the package holds no command. */
export interface Tool {
  readonly package: string;
  readonly commands: readonly string[];
  readonly header?: string;
  /** An environment variable that overrides the search with a path. */
  readonly env?: string;
  /** What does not run without it. */
  readonly serves: string;
}

/** The tools by name. */
export const tools = {
  chromium: {
    package: 'chromium',
    commands: ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'],
    env: 'CHROMIUM',
    serves: 'the core in a browser',
  },
  clang: { package: 'clang-19', commands: ['clang-19'], env: 'CLANG', serves: 'tests that compile C to BPF' },
  'libbpf headers': {
    package: 'libbpf-dev',
    commands: [],
    header: '/usr/include/bpf/bpf_helpers.h',
    serves: 'tests that compile C to BPF',
  },
  bpftool: { package: 'bpftool', commands: ['bpftool'], serves: 'comparisons with bpftool' },
  tshark: { package: 'tshark', commands: ['tshark'], serves: 'comparisons with Wireshark' },
  xz: { package: 'xz-utils', commands: ['xz'], serves: 'test data in .xz' },
} as const satisfies Record<string, Tool>;

/** The name of a row of {@link tools}. */
export type ToolName = keyof typeof tools;

/** Administrators' directories, which a user's PATH may lack. */
const extraPath = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Finds the path of a tool, or undefined when this machine lacks it. */
export function findTool(name: ToolName): string | undefined {
  const { commands, header, env }: Tool = tools[name];
  const override = env === undefined ? undefined : process.env[env];
  if (override !== undefined && override !== '') return isExecutable(override) ? override : undefined;
  if (header !== undefined) return existsSync(header) ? header : undefined;
  const directories = [...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), ...extraPath];
  return commands.flatMap(command => directories.map(directory => join(directory, command))).find(isExecutable);
}
