/** Events that programs send to user space, as an asynchronous sequence: samples of ring and perf buffers, in order. */

/** How `BpfMap.read` reads. */
export interface ReadOptions {
  /** Ends the sequence. */
  readonly signal?: AbortSignal | undefined;
  /** Name of the events' type in the object's BTF, without `struct`; else samples are bytes unless the map says a type. */
  readonly type?: string | undefined;
  /** Told of events that found no room, and on which CPU. A ring buffer tells the program, and nobody else. */
  readonly onLost?: ((count: number, cpu: number) => void) | undefined;
}

/** Where samples come from. */
export interface SampleSource extends Disposable {
  /** Takes what is there now; each sample is a copy. */
  drain(): Iterable<Uint8Array>;
}

/** Milliseconds between looks while nothing comes: from the first to the last, doubling. */
const PAUSE = { least: 1, most: 32 } as const;

/** The samples of a source until the signal says so; disposes of the source at the end. */
export async function* readSamples(source: SampleSource, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  using samples = source;
  let pause: number = PAUSE.least;
  const isOver = (): boolean => signal?.aborted === true;
  while (!isOver()) {
    for (const sample of samples.drain()) {
      pause = PAUSE.least;
      yield sample;
      if (isOver()) return;
    }
    await sleep(pause, signal);
    pause = Math.min(2 * pause, PAUSE.most);
  }
}

/** Resolves after `ms` milliseconds, or at once when the signal comes. */
function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}
