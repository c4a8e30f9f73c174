/** A progress bar on standard error, for who watches a long run. */
import { formatCount, type Terminal } from './terminal.ts';

const WIDTH = 30;
/** Milliseconds before the first bar, and between two. */
const PATIENCE = 500;
const INTERVAL = 100;

/** Shows how far a file has been read; silent where nobody watches and on short runs. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #total: number | undefined;
  #next = performance.now() + PATIENCE;
  #shown = false;

  /** `total` is the file's size in bytes, undefined where nobody knows. */
  constructor(terminal: Terminal, total: number | undefined) {
    this.#terminal = terminal;
    this.#total = total;
  }

  /** Says that `bytes` of the file are read, `packets` packets run. */
  update(bytes: number, packets: number): void {
    const now = performance.now();
    if (!this.#terminal.watched || now < this.#next) return;
    this.#next = now + INTERVAL;
    this.#shown = true;
    this.#terminal.warn(`\r${this.#bar(bytes)}${formatCount(packets)} packets\x1b[K`);
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#shown) this.#terminal.warn('\r\x1b[K');
    this.#shown = false;
  }

  #bar(bytes: number): string {
    if (this.#total === undefined || this.#total === 0) return '';
    const part = Math.min(1, bytes / this.#total);
    const full = Math.round(part * WIDTH);
    return `${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${String(Math.floor(part * 100)).padStart(3)} %  `;
  }
}
