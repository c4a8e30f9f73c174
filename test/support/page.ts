/** Runs a module in a page of headless Chromium and brings back what the page posts; nothing of the browser stays behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--no-proxy-server',
];

/** Reports what goes wrong before the module runs, a syntax error or a failed import. */
const html = `<!doctype html><meta charset="utf-8"><title>skep</title>
<script>
  const fail = text => fetch('/failure', { method: 'POST', body: text });
  addEventListener('error', event => fail(event.message), true);
  addEventListener('unhandledrejection', event => fail(String(event.reason?.stack ?? event.reason)));
</script>
<script type="module" src="/module.js"></script>`;

/** How long a page may take; only a hung browser gets there. */
const limitMs = 45_000;

/**
 * Loads the module text `module` in a page and resolves with what it posts to `/answer`; the page fetches `input` from `/input`.
 * @throws Error with the page's own message when the module fails, or the browser's last words when it ends early.
 */
export async function runInPage(chromium: string, module: string, input: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const pages: Record<string, readonly [type: string, body: string]> = {
    '/': ['text/html', html],
    '/module.js': ['text/javascript', module],
    '/input': ['application/json', input],
  };
  const serve: RequestListener = async (request, response) => {
    const body = await text(request);
    if (request.method === 'POST' && request.url === '/answer') resolve(body);
    if (request.method === 'POST' && request.url === '/failure') reject(new Error(`in the page: ${body}`));
    const [type, page] = pages[request.url ?? ''] ?? [];
    response.writeHead(page === undefined ? 204 : 200, { 'content-type': type ?? 'text/plain' }).end(page);
  };
  const server = createServer(serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // The server listens on TCP, so its address is no string.
  const { port } = server.address() as AddressInfo;

  const profile = await mkdtemp(join(tmpdir(), 'skep-chromium-'));
  // A process group of its own, so that the browser's children end with it; all its files below the profile.
  const browser = spawn(chromium, [...flags, `--user-data-dir=${profile}`, `http://127.0.0.1:${port}/`], {
    detached: true,
    env: { ...process.env, TMPDIR: profile },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(browser, 'close');
  const lastWords = text(browser.stderr);
  browser.on('error', reject);
  browser.on('exit', async code => reject(new Error(`chromium ended (${code}) without an answer: ${await lastWords}`)));
  const limit = setTimeout(() => reject(new Error(`no answer from the page in ${limitMs / 1000} s`)), limitMs);
  try {
    return await promise;
  } finally {
    clearTimeout(limit);
    if (browser.pid !== undefined && browser.exitCode === null) process.kill(-browser.pid, 'SIGKILL');
    await ended.catch(() => undefined);
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
