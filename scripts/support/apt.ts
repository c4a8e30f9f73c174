/**
 * Debian's package tools as functions. `openApt('trixie')` speaks for another release of the distribution through a private
 * configuration in a temporary directory, so the machine's own is left alone; such packages are unpacked, never installed.
 */
import { execFileSync, type StdioOptions } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** apt, for the machine's own release or another one. */
export interface Apt {
  /** Downloads the package lists. */
  update(): void;
  /** The version that would be installed, for each package that is known. */
  candidates(packages: readonly string[]): Map<string, string>;
  /** Installs packages without recommended ones. */
  install(packages: readonly string[]): void;
  /** Downloads `name` and unpacks it below `directory`, which must not exist; returns `directory`. */
  unpack(name: string, directory: string): string;
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd?: string): string {
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe'];
  try {
    return execFileSync(command, args, { env, cwd, stdio, encoding: 'utf8', maxBuffer: 1 << 28 });
  } catch (cause) {
    // execFileSync throws an Error with the child's output; a missing command has none.
    const { stderr } = cause as { stderr?: string };
    const said = stderr
      ?.trim()
      .split('\n')
      .filter(line => !line.startsWith('W:'))
      .at(-1);
    throw new Error(`${command} ${args.join(' ')}: ${said || 'failed'}`, { cause });
  }
}

/** Tells whether this machine has apt and dpkg. */
export function hasApt(): boolean {
  try {
    run('dpkg-deb', ['--version'], process.env);
    run('apt-get', ['--version'], process.env);
    return true;
  } catch {
    return false;
  }
}

/** Opens apt for the machine's own release, or for `suite` with its state kept below `directory`. */
export function openApt(suite: string | undefined, directory: string): Apt {
  const env: NodeJS.ProcessEnv = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
  if (suite !== undefined) env['APT_CONFIG'] = writeConfiguration(suite, join(directory, `apt-${suite}`));
  const apt: Apt = {
    update: () => void run('apt-get', ['update', '-q'], env),
    candidates(packages) {
      const found = new Map<string, string>();
      for (const block of run('apt-cache', ['policy', ...packages], env).split(/^(?=\S)/m)) {
        const [, name, version] = /^(\S+):\n(?:.*\n)*? {2}Candidate: (\S+)/.exec(block) ?? [];
        if (name !== undefined && version !== undefined && version !== '(none)') found.set(name, version);
      }
      return found;
    },
    install: packages => void run('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages], env),
    unpack(name, target) {
      const download = `${target}.deb`;
      mkdirSync(download, { recursive: true });
      run('apt-get', ['download', '-q', name], env, download);
      const file = readdirSync(download).find(entry => entry.endsWith('.deb'));
      if (file === undefined) throw new Error(`apt-get download ${name}: no .deb came`);
      run('dpkg-deb', ['-x', join(download, file), target], env);
      rmSync(download, { recursive: true });
      return target;
    },
  };
  if (suite !== undefined) apt.update();
  return apt;
}

/** Writes a configuration for `suite` from the archive this machine already uses; returns its path. */
function writeConfiguration(suite: string, root: string): string {
  const targets = run('apt-get', ['indextargets', '--format', '$(REPO_URI)'], process.env).split('\n');
  const archive = targets.find(uri => /\/(?:debian|ubuntu)\/?$/.test(uri));
  if (archive === undefined) throw new Error('apt knows no Debian or Ubuntu archive; run apt-get update first');
  const directories = [
    'etc/apt/preferences.d',
    'etc/apt/trusted.gpg.d',
    'etc/apt/sources.list.d',
    'var/lib/apt/lists/partial',
    'var/cache/apt/archives/partial',
    'var/lib/dpkg',
  ];
  for (const directory of directories) mkdirSync(join(root, directory), { recursive: true });
  writeFileSync(join(root, 'var/lib/dpkg/status'), '');
  const [vendor, components] = archive.includes('ubuntu') ? ['ubuntu', 'main universe'] : ['debian', 'main'];
  const keyring = `/usr/share/keyrings/${vendor}-archive-keyring.gpg`;
  writeFileSync(join(root, 'etc/apt/sources.list'), `deb [signed-by=${keyring}] ${archive} ${suite} ${components}\n`);
  const configuration = join(root, 'apt.conf');
  // The machine's own apt.conf.d still counts: it may hold a proxy.
  const settings = [
    `Dir "${root}";`,
    `Dir::State::status "${root}/var/lib/dpkg/status";`,
    'Dir::Etc::parts "/etc/apt/apt.conf.d";',
    'Acquire::Languages "none";',
    'Acquire::Check-Valid-Until "false";',
    'APT::Sandbox::User "root";',
  ];
  writeFileSync(configuration, `${settings.join('\n')}\n`);
  return configuration;
}
