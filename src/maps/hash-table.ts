/**
 * A chained hash table whose whole state lies in guest memory: no allocation, no pointers but entry numbers, all zero when empty
 * (so a table of a million entries costs nothing until it is used). Follows kernel/bpf/hashtab.c in what can be observed: a new entry
 * goes to the head of its bucket, a freed one is the next to be handed out.
 *
 *     control  0 used     entries handed out so far, the bound of what must be looked at
 *              4 free     number of the entry freed last, 0 for none
 *              8 count    entries in buckets
 *     buckets  u32 each:  number of the first entry, 0 for none
 *     links    per entry: 0 next in the bucket, 4 hash (of a free entry: the one freed before it)
 *     keys     per entry: the key, padded to 8 bytes
 *
 * Entries are numbered from 1. What a free entry's `next` says stays: a walk that stands on it while it is freed goes on.
 */
import { alignUp } from '../util/bytes.ts';
import type { GuestMemory } from '../vm/memory.ts';
import { jhash } from './jhash.ts';

/** Bytes of a table's control block. */
export const TABLE_CONTROL_SIZE = 16;

const CONTROL = { used: 0, free: 4, count: 8 } as const;
const LINK = { next: 0, hash: 4, size: 8 } as const;

/** Bytes of a table's parts, for so many entries and keys of `keySize`. */
export function hashTableSizes(entries: number, buckets: number, keySize: number): { index: number; keys: number } {
  return { index: buckets * 4 + entries * LINK.size, keys: entries * alignUp(keySize, 8) };
}

/** The number of buckets that the kernel gives a hash of `maxEntries`. */
export function bucketCount(maxEntries: number): number {
  return maxEntries <= 1 ? 1 : 2 ** (32 - Math.clz32(maxEntries - 1));
}

/** Where a table lies. */
export interface HashTableLayout {
  /** Linear addresses. */
  readonly control: number;
  /** Buckets, and behind them the links. */
  readonly index: number;
  readonly keys: number;
  readonly buckets: number;
  readonly keySize: number;
  readonly seed: number;
}

/** One table. The object holds constants only. */
export class HashTable {
  readonly buckets: number;
  readonly #memory: GuestMemory;
  readonly #control: number;
  readonly #index: number;
  /** Address of the links of entry 0, which does not exist. */
  readonly #links: number;
  readonly #keys: number;
  readonly #keySize: number;
  readonly #keyStride: number;
  readonly #seed: number;

  constructor(memory: GuestMemory, layout: HashTableLayout) {
    this.buckets = layout.buckets;
    this.#memory = memory;
    this.#control = layout.control;
    this.#index = layout.index;
    this.#links = layout.index + layout.buckets * 4 - LINK.size;
    this.#keySize = layout.keySize;
    this.#keyStride = alignUp(layout.keySize, 8);
    this.#keys = layout.keys - this.#keyStride;
    this.#seed = layout.seed;
  }

  /** Entries in buckets. */
  get count(): number {
    return this.#memory.view.getUint32(this.#control + CONTROL.count, true);
  }

  /** The hash of the key at an address. */
  hash(key: number): number {
    return jhash(this.#memory.view, key, this.#keySize, this.#seed);
  }

  /** Linear address of an entry's key. */
  keyAddress(entry: number): number {
    return this.#keys + entry * this.#keyStride;
  }

  /** The entry with the key at address `key`, 0 for none. */
  find(key: number, hash: number): number {
    const view = this.#memory.view;
    let entry = view.getUint32(this.#bucketAddress(hash), true);
    while (entry !== 0) {
      const link = this.#linkAddress(entry);
      if (view.getUint32(link + LINK.hash, true) === hash && this.#equalKeys(view, this.keyAddress(entry), key))
        return entry;
      entry = view.getUint32(link + LINK.next, true);
    }
    return 0;
  }

  /** Hands out an entry; the caller keeps below the number of entries that there is room for. */
  take(): number {
    const view = this.#memory.view;
    const freed = view.getUint32(this.#control + CONTROL.free, true);
    if (freed !== 0) {
      view.setUint32(this.#control + CONTROL.free, view.getUint32(this.#linkAddress(freed) + LINK.hash, true), true);
      return freed;
    }
    const entry = view.getUint32(this.#control + CONTROL.used, true) + 1;
    view.setUint32(this.#control + CONTROL.used, entry, true);
    return entry;
  }

  /** Takes back an entry that is in no bucket. */
  give(entry: number): void {
    const view = this.#memory.view;
    view.setUint32(this.#linkAddress(entry) + LINK.hash, view.getUint32(this.#control + CONTROL.free, true), true);
    view.setUint32(this.#control + CONTROL.free, entry, true);
  }

  /** Puts an entry at the head of its bucket under the key at address `key`. */
  link(entry: number, key: number, hash: number): void {
    const { u8, view } = this.#memory;
    u8.copyWithin(this.keyAddress(entry), key, key + this.#keySize);
    const bucket = this.#bucketAddress(hash);
    const link = this.#linkAddress(entry);
    view.setUint32(link + LINK.next, view.getUint32(bucket, true), true);
    view.setUint32(link + LINK.hash, hash, true);
    view.setUint32(bucket, entry, true);
    this.#addToCount(1);
  }

  /** Takes an entry out of its bucket. */
  unlink(entry: number): void {
    const view = this.#memory.view;
    let at = this.#bucketAddress(view.getUint32(this.#linkAddress(entry) + LINK.hash, true));
    for (let other = view.getUint32(at, true); other !== entry; other = view.getUint32(at, true)) {
      at = this.#linkAddress(other) + LINK.next;
    }
    view.setUint32(at, view.getUint32(this.#linkAddress(entry) + LINK.next, true), true);
    this.#addToCount(-1);
  }

  /** The first entry of a bucket, 0 for none. */
  firstIn(bucket: number): number {
    return this.#memory.view.getUint32(this.#index + bucket * 4, true);
  }

  /** The entry behind `entry` in its bucket, 0 for none. */
  nextIn(entry: number): number {
    return this.#memory.view.getUint32(this.#linkAddress(entry) + LINK.next, true);
  }

  /** The entry behind `entry` in the order of buckets, the very first one behind 0; 0 at the end. */
  next(entry: number): number {
    let bucket = 0;
    if (entry !== 0) {
      const next = this.nextIn(entry);
      if (next !== 0) return next;
      bucket = (this.#memory.view.getUint32(this.#linkAddress(entry) + LINK.hash, true) & (this.buckets - 1)) + 1;
    }
    for (; bucket < this.buckets; bucket++) {
      const first = this.firstIn(bucket);
      if (first !== 0) return first;
    }
    return 0;
  }

  #bucketAddress(hash: number): number {
    return this.#index + ((hash & (this.buckets - 1)) >>> 0) * 4;
  }

  #linkAddress(entry: number): number {
    return this.#links + entry * LINK.size;
  }

  #equalKeys(view: DataView, a: number, b: number): boolean {
    const size = this.#keySize;
    let at = 0;
    for (; at + 4 <= size; at += 4) if (view.getInt32(a + at, true) !== view.getInt32(b + at, true)) return false;
    for (; at < size; at++) if (view.getUint8(a + at) !== view.getUint8(b + at)) return false;
    return true;
  }

  #addToCount(delta: number): void {
    const view = this.#memory.view;
    view.setUint32(this.#control + CONTROL.count, view.getUint32(this.#control + CONTROL.count, true) + delta, true);
  }
}
