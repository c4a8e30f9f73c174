/** Events from programs to user space on both kernels. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelSys } from '../src/kernel/kernel.ts';
import { openLinux } from '../src/linux/linux.ts';
import { Kernel } from '../src/loader/kernel.ts';
import { readObject } from '../src/object/read.ts';
import { XDP_ACTIONS } from '../src/uapi/flags.ts';
import { linuxSkip, onCpu0 } from './support/kernels.ts';
import { titled } from './support/tools.ts';

const OBJECT = new Uint8Array(readFileSync(new URL('data/events/events.bpf.o', import.meta.url)));
const PACKET = new Uint8Array(64).fill(7);
const { XDP_DROP, XDP_PASS } = XDP_ACTIONS;

/** Each kernel: why it is skipped, how it is opened, what keeps its runs on one CPU, which events and losses belong to. */
const kernels: readonly [
  name: string,
  skip: string | undefined,
  open: () => Kernel,
  pin: () => Disposable | undefined,
][] = [
  ['our kernel', undefined, () => new Kernel(new KernelSys({ cpus: 2 })), () => undefined],
  ['the live kernel', linuxSkip, () => new Kernel(openLinux()), onCpu0],
];

/** The first `count` elements of a sequence. */
async function take<T>(sequence: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const element of sequence) {
    taken.push(element);
    if (taken.length === count) break;
  }
  return taken;
}

describe.each(kernels)('%s', (_name, skip, open, pin) => {
  describe.skipIf(skip)(titled('events', skip), () => {
    let kernel: Kernel;
    let pinned: Disposable | undefined;
    beforeAll(() => {
      pinned = pin();
      kernel = open();
    });
    afterAll(() => {
      kernel[Symbol.dispose]();
      pinned?.[Symbol.dispose]();
    });

    describe('ring buffer', () => {
      it('gives events by their type, in order, without those that were thrown away', async () => {
        await using collection = await kernel.load(readObject(OBJECT));
        for (let i = 0; i < 4; i++) collection.program('send').runSync({ packet: PACKET });
        const events = await take(collection.map('events').read({ type: 'event' }), 3);
        expect(events).toEqual([0, 2, 3].map(sequence => ({ sequence, length: 64, comm: 'bee' })));
      });

      it('gives bytes where no type is known', async () => {
        await using collection = await kernel.load(readObject(OBJECT));
        collection.program('send').runSync({ packet: PACKET });
        const [event] = await take(collection.map('events').read(), 1);
        expect(event).toEqual(Uint8Array.of(0, 0, 0, 0, 64, 0, 0, 0, 98, 101, 101, 0, 0, 0, 0, 0));
      });

      it('goes on where the reader before left off, round and round', async () => {
        await using collection = await kernel.load(readObject(OBJECT));
        const seen: unknown[] = [];
        for (let round = 0; round < 40; round++) {
          for (let i = 0; i < 20; i++) collection.program('send').runSync({ packet: PACKET });
          for (const event of await take(collection.map('events').read({ type: 'event' }), round === 0 ? 19 : 20)) {
            seen.push((event as { sequence: number }).sequence);
          }
        }
        expect(seen).toEqual(Array.from({ length: 800 }, (_, i) => i).filter(i => i !== 1));
      });

      it('brings events that come while the reader waits', async () => {
        await using collection = await kernel.load(readObject(OBJECT));
        const events = take(collection.map('events').read({ type: 'event' }), 1);
        setTimeout(() => collection.program('send').runSync({ packet: PACKET }), 20);
        expect(await events).toHaveLength(1);
      });

      it('ends when the signal says so', async () => {
        await using collection = await kernel.load(readObject(OBJECT));
        const stop = new AbortController();
        const events = take(collection.map('events').read({ signal: stop.signal }), 1);
        stop.abort();
        expect(await events).toEqual([]);
      });

      it.each([
        ['a map without events', 'sequence', {}, /map sequence: read on type array, want ringbuf or perf_event_array/],
        ['a type that there is not', 'events', { type: 'wasp' }, /map events: type wasp, want a struct/],
      ] as const)('refuses %s', async (_what, map, options, message) => {
        await using collection = await kernel.load(readObject(OBJECT));
        await expect(take(collection.map(map).read(options), 1)).rejects.toThrow(message);
      });
    });

    describe('perf event array', () => {
      it('has no room for events before somebody reads, and after', async () => {
        await using collection = await kernel.load(readObject(OBJECT));
        const send = (): number => collection.program('send_perf').runSync({ packet: PACKET }).retval;
        expect(send()).toBe(XDP_DROP);
        const first = take(collection.map('perf').read({ type: 'event' }), 1);
        expect([send(), await first]).toEqual([XDP_PASS, [{ sequence: 1, length: 64, comm: 'bee' }]]);
        expect(send()).toBe(XDP_DROP);
      });

      it('gives the bytes of an event and of the packet behind it', async () => {
        await using collection = await kernel.load(readObject(OBJECT));
        const events = take(collection.map('perf').read(), 1);
        collection.program('send_perf').runSync({ packet: PACKET });
        const [event] = await events;
        const behind = [7, 7, 7, 7, 7, 7, 7, 7];
        expect([...(event as Uint8Array).subarray(0, 24)]).toEqual([
          0,
          0,
          0,
          0,
          64,
          0,
          0,
          0,
          98,
          101,
          101,
          0,
          0,
          0,
          0,
          0,
          ...behind,
        ]);
        expect(event).toHaveLength(28);
      });

      it('says how many events found no room', async () => {
        await using collection = await kernel.load(readObject(OBJECT));
        const lost: [number, number][] = [];
        const events = collection.map('perf').read({ type: 'event', onLost: (...what) => lost.push(what) });
        const first = events.next();
        // 40 bytes each, in 64 pages of which a byte stays free.
        const room = Math.floor((64 * 4096 - 1) / 40);
        collection.program('send_perf').runSync({ packet: PACKET, repeat: room + 100 });
        expect((await first).value).toMatchObject({ sequence: 0 });
        for (let i = 1; i < room; i++) expect((await events.next()).value).toMatchObject({ sequence: i });
        expect(lost).toEqual([]);
        const next = events.next();
        collection.program('send_perf').runSync({ packet: PACKET });
        expect((await next).value).toMatchObject({ sequence: room + 100 });
        expect(lost).toEqual([[100, expect.any(Number)]]);
        await events.return(undefined);
      });
    });
  });
});
