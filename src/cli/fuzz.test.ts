/** `skep fuzz` as its handler performs it: what it prints, what it writes, its exit status. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../asm/assemble.ts';
import type { Responder } from '../fuzz/question.ts';
import { toReplay } from '../fuzz/replay.ts';
import { ownResponder } from '../fuzz/responders.ts';
import { hunt } from './fuzz.ts';
import { main } from './main.ts';
import type { Terminal } from './terminal.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skep-fuzz-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Outcome {
  status: number;
  out: string;
  err: string;
}

const fuzz = (...args: readonly string[]): Promise<Outcome> =>
  inTerminal(terminal => main(['fuzz', ...args], terminal));

async function inTerminal(perform: (terminal: Terminal) => Promise<number>): Promise<Outcome> {
  const result = { status: 0, out: '', err: '' };
  const terminal: Terminal = {
    print: text => void (result.out += text),
    warn: text => void (result.err += text),
    style: (_style, text) => text,
    watched: false,
    columns: 80,
  };
  result.status = await perform(terminal);
  return result;
}

/** A replay file that ours and nobody else's engines see the same in: what trust is not asked for. */
async function replayFile(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  const question = { program: assemble(text).bytes, packet: new Uint8Array(14), maps: [] };
  const refused = { kind: 'refused', why: 'not asked' } as const;
  await writeFile(path, JSON.stringify(toReplay(question, { interp: refused, jit: refused })));
  return path;
}

describe('skep fuzz', () => {
  it('says that engines agree, and writes nothing', async () => {
    const { status, out, err } = await fuzz('--runs', '20', '--out', folder);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(
      /^20 programs in [\d.]+ s, seed 1: jit, interp agree\n {2}jit: \d+ ended in a fault\n {2}interp: /,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it('gives the same campaign for the same seed', async () => {
    const run = async (seed: string) => {
      const { out } = await fuzz('--runs', '30', '--seed', seed, '--json');
      return { ...JSON.parse(out), seconds: 0 };
    };
    expect(await run('3')).toEqual(await run('3'));
    expect(await run('3')).toMatchObject({ engines: ['jit', 'interp'], seed: 3, programs: 30, refused: {} });
  });

  it('stops in time', async () => {
    const { status, out } = await fuzz('--time', '100ms', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(out).programs).toBeGreaterThan(0);
  });

  it('prints what it finds and writes it to a file that replays', async () => {
    const out = join(folder, 'found');
    const interp = ownResponder('interp');
    const liar: Responder = {
      ...interp,
      name: 'liar',
      answer: question => {
        const answer = interp.answer(question);
        return answer.kind === 'ran' ? { ...answer, verdict: answer.verdict >>> 1 } : answer;
      },
    };
    const found = await inTerminal(terminal => hunt([interp, liar], { shrink: true, out }, terminal));
    expect(found.status).toBe(1);
    const [file = ''] = await readdir(out);
    expect(found.out).toMatch(/^(\d: .*\n){2,8}\npacket: 0{28}\n\ninterp: returned \d+\n/);
    expect(found.out).toContain(`\nreplay: skep fuzz --replay ${join(out, file)}\n`);
    const again = await fuzz('--replay', join(out, file), '--engines', 'interp,jit');
    expect(again.status).toBe(0);
    expect(again.out.split('\n\n').slice(0, 2)).toEqual(found.out.split('\n\n').slice(0, 2));
  });

  it('asks the program of a file again', async () => {
    const file = await replayFile('agree.json', 'r0 = 7\n exit');
    const { status, out } = await fuzz('--replay', file);
    expect(status).toBe(0);
    expect(out).toMatch(
      /^0: r0 = 7\n1: exit\n\npacket: 0{28}\n\ninterp: returned 7\n.*\njit: returned 7\n.*\n\nthe engines agree\n$/,
    );
  });

  it('has exit status 1 where the engines of a file disagree', async () => {
    // addresses are the engine's own affair, which is what makes this a disagreement
    const file = await replayFile('differ.json', 'r0 = r10\n exit');
    const { status, out } = await fuzz('--replay', file, '--json');
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ agree: false, text: ['0: r0 = r10', '1: exit'] });
  });

  it('names the replay file that is wrong', async () => {
    const file = join(folder, 'wrong.json');
    await writeFile(file, '{"program": 5}');
    const { status, err } = await fuzz('--replay', file);
    expect({ status, err }).toEqual({
      status: 1,
      err: `skep: ${file}: replay file: program is 5, want a text\n`,
    });
  });

  it.each([
    [['--engines', 'jit'], 'fuzz: engines jit: want two or more of interp, jit, trust, linux'],
    [['--engines', 'jit,toString'], 'fuzz: engine toString, want interp, jit, trust, linux'],
    [['--engines', 'jit,v8'], 'fuzz: engine v8, want interp, jit, trust, linux'],
    [['--time', 'soon'], 'fuzz: option --time soon: want a time such as 60s, 5m or 1h'],
  ])('%j is not understood', async (args, message) => {
    const { status, err } = await fuzz(...args);
    expect(status).toBe(2);
    expect(err).toContain(message);
  });
});
