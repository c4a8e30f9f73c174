/** A perf event as a kernel object: one that programs write samples to, on one CPU. */
import { PerfEvent } from '../machine/perf-event.ts';
import type { MapMapping } from '../maps/map.ts';
import { errnoName } from '../uapi/errno.ts';
import type { GuestMemory } from '../vm/memory.ts';
import { type IdTable, KernelObject } from './object.ts';
import { CommandRefusal } from './refusal.ts';

export class PerfEventKernelObject extends KernelObject {
  readonly kind = 'perf_event';
  readonly event: PerfEvent;

  constructor(ids: IdTable, memory: GuestMemory, cpu: number) {
    super(ids);
    this.event = new PerfEvent(memory, cpu);
  }

  /** What its user maps: the whole ring, in one go. */
  mapping(length: number): MapMapping {
    const ring = this.event.ring(length);
    if (typeof ring !== 'number') return { address: ring.base, size: ring.size, writable: ring.size };
    const why = `mmap of ${length} bytes of a perf event: ${errnoName(-ring)}, want a page and 2^n more, always as many`;
    throw new CommandRefusal(-ring, why);
  }

  protected override free(): void {
    this.event[Symbol.dispose]();
  }
}
