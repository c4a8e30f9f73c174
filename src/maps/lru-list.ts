/**
 * The order in which the entries of an LRU hash were used last, in guest memory: a ring of entry numbers, 0 its fixed point. Exact,
 * where kernel/bpf/bpf_lru_list.c approximates.
 *
 *     per entry   0 newer, 4 older; entry 0: newer = the oldest entry, older = the newest
 */
import type { GuestMemory } from '../vm/memory.ts';

const NODE = { newer: 0, older: 4, size: 8 } as const;

/** Bytes of a list of `entries`. */
export function lruListSize(entries: number): number {
  return (entries + 1) * NODE.size;
}

/** One list. The object holds constants only. */
export class LruList {
  readonly #memory: GuestMemory;
  readonly #nodes: number;

  constructor(memory: GuestMemory, address: number) {
    this.#memory = memory;
    this.#nodes = address;
  }

  /** The entry used longest ago, 0 for none. */
  get oldest(): number {
    return this.#memory.view.getUint32(this.#nodes + NODE.newer, true);
  }

  /** Adds an entry as the newest. */
  add(entry: number): void {
    const view = this.#memory.view;
    const newest = view.getUint32(this.#nodes + NODE.older, true);
    this.#join(newest, entry);
    this.#join(entry, 0);
  }

  /** Takes an entry out. */
  remove(entry: number): void {
    const view = this.#memory.view;
    const node = this.#nodes + entry * NODE.size;
    this.#join(view.getUint32(node + NODE.older, true), view.getUint32(node + NODE.newer, true));
  }

  /** Makes an entry the newest. */
  touch(entry: number): void {
    this.remove(entry);
    this.add(entry);
  }

  #join(older: number, newer: number): void {
    const view = this.#memory.view;
    view.setUint32(this.#nodes + older * NODE.size + NODE.newer, newer, true);
    view.setUint32(this.#nodes + newer * NODE.size + NODE.older, older, true);
  }
}
