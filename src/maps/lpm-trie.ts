/**
 * `lpm_trie`: values by address prefix, the longest match found. A binary trie whose nodes lie in guest memory; a node without value
 * is a fork that two prefixes need, and always has two children. Follows kernel/bpf/lpm_trie.c, the order of keys included.
 *
 *     header   0 root, 4 nodes.used, 8 nodes.free, 12 values.used, 16 values.free, 20 count
 *     node     0 child for bit 0, 4 child for bit 1 (of a free node: the one freed before it), 8 value number, 12 prefix length, 16 data
 *
 * Nodes and values are numbered from 1; a value in use is never moved, so that programs can hold pointers to it.
 */
import { ERRNO } from '../uapi/errno.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import { alignUp } from '../util/bytes.ts';
import type { Region } from '../vm/memory.ts';
import { allotRegions, MapBase, type MapHost } from './base.ts';
import {
  checkFlags,
  checkSizes,
  hasFlag,
  KMALLOC_MAX_SIZE,
  PLAIN_FLAGS,
  programAccess,
  refuseCreate,
} from './check.ts';
import { BPF_EXIST, BPF_NOEXIST } from './flags.ts';
import { isRefusal, type MapAttributes, type MapObject, type Refusal } from './map.ts';

/** Bytes of the prefix length in front of a key's data. */
const PREFIX = 4;
const MAX_DATA = 256;
/** sizeof(struct lpm_trie_node). */
const KERNEL_NODE = 24;

const HEADER = { root: 0, nodes: 4, values: 12, count: 20, size: 24 } as const;
const NODE = { child: 0, value: 8, prefix: 12, data: 16 } as const;

/** What MAP_CREATE refuses. */
export function checkLpmTrie(map: MapAttributes): Refusal | undefined {
  if (!hasFlag(map, 'BPF_F_NO_PREALLOC')) return refuseCreate(map, 'EINVAL', 'want BPF_F_NO_PREALLOC in map_flags');
  const mostValue = KMALLOC_MAX_SIZE - MAX_DATA - KERNEL_NODE;
  return (
    checkFlags(map, PLAIN_FLAGS | MAP_FLAGS.BPF_F_NO_PREALLOC) ??
    checkSizes(map, {
      key: size => size > PREFIX && size <= PREFIX + MAX_DATA,
      keyText: `${PREFIX + 1} to ${PREFIX + MAX_DATA}`,
      value: size => size > 0 && size <= mostValue,
      valueText: `1 to ${mostValue}`,
    })
  );
}

/** Creates a trie that was checked. */
export function createLpmTrie(host: MapHost, map: MapAttributes): MapObject | Refusal {
  const stride = alignUp(map.valueSize, 8);
  const nodeSize = alignUp(NODE.data + map.keySize - PREFIX, 8);
  const regions = allotRegions(host.machine.memory, map, {
    header: { size: HEADER.size + map.keySize, access: 'none' },
    // A fork for each prefix but one, and one node more while a prefix is replaced.
    nodes: { size: 2 * map.maxEntries * nodeSize, access: 'none' },
    values: {
      size: (map.maxEntries + 1) * stride,
      access: programAccess(map),
      elements: { stride, size: map.valueSize },
    },
  });
  return isRefusal(regions) ? regions : new LpmTrie(host, map, regions, nodeSize);
}

/** A live trie. */
class LpmTrie extends MapBase {
  override readonly values: Region;
  /** Address of node 0, which does not exist. */
  readonly #nodes: number;
  readonly #nodeSize: number;
  readonly #stride: number;
  readonly #dataSize: number;
  readonly #maxPrefix: number;
  /** Where keys of system calls are put to be looked for. */
  readonly #key: number;

  constructor(
    host: MapHost,
    map: MapAttributes,
    regions: { header: Region; nodes: Region; values: Region },
    nodeSize: number,
  ) {
    super(host, map, regions);
    this.values = regions.values;
    this.#nodeSize = nodeSize;
    this.#nodes = regions.nodes.base - nodeSize;
    this.#stride = alignUp(map.valueSize, 8);
    this.#dataSize = map.keySize - PREFIX;
    this.#maxPrefix = this.#dataSize * 8;
    this.#key = this.address + HEADER.size;
  }

  override lookup(key: number): number {
    const prefix = this.#load(key);
    if (prefix > this.#maxPrefix) return 0;
    let found = 0;
    for (let node = this.#load(this.address + HEADER.root); node !== 0; ) {
      const at = this.#node(node);
      const match = this.#commonPrefix(at, key);
      if (match === this.#maxPrefix) {
        found = node;
        break;
      }
      const length = this.#load(at + NODE.prefix);
      if (match < length) break;
      if (this.#load(at + NODE.value) !== 0) found = node;
      node = this.#load(this.#childSlot(at, this.#bit(key + PREFIX, length)));
    }
    return found === 0 ? 0 : this.#valueAddress(this.#load(this.#node(found) + NODE.value));
  }

  override update(key: number, value: number, flags: bigint): number {
    const number = this.#insert(key, flags);
    if (number < 0) return number;
    const to = this.#valueAddress(number);
    this.memory.u8.copyWithin(to, value, value + this.attributes.valueSize);
    return 0;
  }

  override delete(key: number): number {
    const prefix = this.#load(key);
    if (prefix > this.#maxPrefix) return this.#refusePrefix(prefix);
    let parent = 0;
    let parentSlot = 0;
    let slot = this.address + HEADER.root;
    let node = this.#load(slot);
    let match = 0;
    for (; node !== 0; node = this.#load(slot)) {
      const at = this.#node(node);
      match = this.#commonPrefix(at, key);
      const length = this.#load(at + NODE.prefix);
      if (length !== match || length === prefix) break;
      parent = node;
      parentSlot = slot;
      slot = this.#childSlot(at, this.#bit(key + PREFIX, length));
    }
    const at = this.#node(node);
    if (
      node === 0 ||
      match !== prefix ||
      this.#load(at + NODE.prefix) !== prefix ||
      this.#load(at + NODE.value) === 0
    ) {
      return this.refuse('ENOENT', 'no such prefix');
    }
    this.#store(this.address + HEADER.count, this.#load(this.address + HEADER.count) - 1);
    this.#giveValue(this.#load(at + NODE.value));
    const left = this.#load(this.#childSlot(at, 0));
    const right = this.#load(this.#childSlot(at, 1));
    if (left !== 0 && right !== 0) {
      this.#store(at + NODE.value, 0);
      return 0;
    }
    if (left === 0 && right === 0 && parent !== 0 && this.#load(this.#node(parent) + NODE.value) === 0) {
      // The parent was a fork for the sake of this node: its other child takes its place.
      const fork = this.#node(parent);
      const first = this.#load(this.#childSlot(fork, 0));
      this.#store(parentSlot, first === node ? this.#load(this.#childSlot(fork, 1)) : first);
      this.#giveNode(parent);
    } else {
      this.#store(slot, left !== 0 ? left : right);
    }
    this.#giveNode(node);
    return 0;
  }

  protected override copyOut(key: Uint8Array, value: Uint8Array): number {
    this.memory.write(this.#key, key);
    const address = this.lookup(this.#key);
    if (address === 0) return this.refuse('ENOENT', 'no prefix matches');
    value.set(this.memory.u8.subarray(address, address + value.length));
    return 0;
  }

  userUpdate(key: Uint8Array, value: Uint8Array, flags: bigint): number {
    const refused = this.checkLockFlag(flags);
    if (refused !== 0) return refused;
    this.memory.write(this.#key, key);
    const number = this.#insert(this.#key, flags);
    if (number < 0) return number;
    this.memory.write(this.#valueAddress(number), value);
    return 0;
  }

  userDelete(key: Uint8Array): number {
    this.memory.write(this.#key, key);
    return this.delete(this.#key);
  }

  /** Longer prefixes come before the shorter ones that hold them: postorder. */
  userNextKey(key: Uint8Array | undefined, next: Uint8Array): number {
    const root = this.#load(this.address + HEADER.root);
    if (root === 0) return this.refuse('ENOENT', 'the trie is empty');
    let path: number[] = [];
    if (key !== undefined) {
      this.memory.write(this.#key, key);
      path = this.#pathTo(this.#key);
    }
    if (path.length === 0) return this.#copyKey(this.#firstBelow(root), next);
    let node = path.pop()!;
    while (path.length > 0) {
      const parent = path.pop()!;
      const at = this.#node(parent);
      const right = this.#load(this.#childSlot(at, 1));
      if (this.#load(this.#childSlot(at, 0)) === node && right !== 0)
        return this.#copyKey(this.#firstBelow(right), next);
      if (this.#load(at + NODE.value) !== 0) return this.#copyKey(parent, next);
      node = parent;
    }
    return this.refuse('ENOENT', 'no prefix behind this one');
  }

  /** Makes the node for a key and gives the number of its value, or a negative errno. */
  #insert(key: number, flags: bigint): number {
    const refused = this.checkUpdateFlags(flags);
    if (refused !== 0) return refused;
    const prefix = this.#load(key);
    if (prefix > this.#maxPrefix) return this.#refusePrefix(prefix);
    let slot = this.address + HEADER.root;
    let node = this.#load(slot);
    let match = 0;
    for (; node !== 0; node = this.#load(slot)) {
      const at = this.#node(node);
      match = this.#commonPrefix(at, key);
      const length = this.#load(at + NODE.prefix);
      if (length !== match || length === prefix || length === this.#maxPrefix) break;
      slot = this.#childSlot(at, this.#bit(key + PREFIX, length));
    }
    const at = this.#node(node);
    const isExact = node !== 0 && this.#load(at + NODE.prefix) === match;
    const oldValue = isExact ? this.#load(at + NODE.value) : 0;
    if (oldValue !== 0) {
      if (flags === BPF_NOEXIST) return this.refuse('EEXIST', 'BPF_NOEXIST, but the prefix exists');
    } else {
      const full = this.#checkRoom(flags);
      if (full !== 0) return full;
      this.#store(this.address + HEADER.count, this.#load(this.address + HEADER.count) + 1);
    }
    const value = this.#takeNumber(HEADER.values, free => this.#valueAddress(free));
    if (isExact) {
      // The node stays and gets the new value; nobody can hold a pointer to a node.
      if (oldValue !== 0) this.#giveValue(oldValue);
      this.memory.u8.copyWithin(at + NODE.data, key + PREFIX, key + PREFIX + this.#dataSize);
      this.#store(at + NODE.value, value);
      return value;
    }
    const fresh = this.#newNode(key + PREFIX, prefix, value);
    if (node === 0) {
      this.#store(slot, fresh);
    } else if (match === prefix) {
      this.#store(this.#childSlot(this.#node(fresh), this.#bit(at + NODE.data, match)), node);
      this.#store(slot, fresh);
    } else {
      const fork = this.#newNode(at + NODE.data, match, 0);
      const bit = this.#bit(key + PREFIX, match);
      this.#store(this.#childSlot(this.#node(fork), bit), fresh);
      this.#store(this.#childSlot(this.#node(fork), bit === 1 ? 0 : 1), node);
      this.#store(slot, fork);
    }
    return value;
  }

  #checkRoom(flags: bigint): number {
    if (flags === BPF_EXIST) return this.refuse('ENOENT', 'BPF_EXIST, but no such prefix');
    const { maxEntries } = this.attributes;
    if (this.#load(this.address + HEADER.count) < maxEntries) return 0;
    return this.refuse('ENOSPC', `all ${maxEntries} entries are in use`);
  }

  /** Nodes from the root to the one with exactly this key; empty where there is none. */
  #pathTo(key: number): number[] {
    const prefix = this.#load(key);
    if (prefix > this.#maxPrefix) return [];
    const path: number[] = [];
    for (let node = this.#load(this.address + HEADER.root); node !== 0; ) {
      path.push(node);
      const at = this.#node(node);
      const length = this.#load(at + NODE.prefix);
      if (this.#commonPrefix(at, key) !== length) return [];
      if (length === prefix) return this.#load(at + NODE.value) === 0 ? [] : path;
      node = this.#load(this.#childSlot(at, this.#bit(key + PREFIX, length)));
    }
    return [];
  }

  /** The first node of a subtree in postorder. */
  #firstBelow(root: number): number {
    let node = root;
    for (;;) {
      const at = this.#node(node);
      const below = this.#load(this.#childSlot(at, 0)) || this.#load(this.#childSlot(at, 1));
      if (below === 0) return node;
      node = below;
    }
  }

  #copyKey(node: number, next: Uint8Array): number {
    const at = this.#node(node);
    next.set(this.memory.u8.subarray(at + NODE.prefix, at + NODE.data + this.#dataSize));
    return 0;
  }

  /** Bits that a node's prefix and a key have in common, at most the shorter of the two. */
  #commonPrefix(node: number, key: number): number {
    const { u8 } = this.memory;
    const limit = Math.min(this.#load(node + NODE.prefix), this.#load(key));
    let bits = 0;
    for (let i = 0; i < this.#dataSize && bits < limit; i++, bits += 8) {
      const difference = u8[node + NODE.data + i]! ^ u8[key + PREFIX + i]!;
      if (difference !== 0) return Math.min(limit, bits + Math.clz32(difference) - 24);
    }
    return Math.min(limit, bits);
  }

  #bit(data: number, index: number): 0 | 1 {
    return ((this.memory.u8[data + (index >>> 3)]! >>> (7 - (index & 7))) & 1) as 0 | 1; // masked to one bit
  }

  #newNode(data: number, prefix: number, value: number): number {
    const node = this.#takeNumber(HEADER.nodes, free => this.#childSlot(this.#node(free), 1));
    const at = this.#node(node);
    this.#store(this.#childSlot(at, 0), 0);
    this.#store(this.#childSlot(at, 1), 0);
    this.#store(at + NODE.value, value);
    this.#store(at + NODE.prefix, prefix);
    this.memory.u8.copyWithin(at + NODE.data, data, data + this.#dataSize);
    return node;
  }

  #giveNode(node: number): void {
    this.#giveNumber(HEADER.nodes, node, this.#childSlot(this.#node(node), 1));
  }

  #giveValue(value: number): void {
    this.#giveNumber(HEADER.values, value, this.#valueAddress(value));
  }

  /** A number from a pool in the header: the one given back last, else one never used. `link` says where a free one chains on. */
  #takeNumber(pool: number, link: (number: number) => number): number {
    const at = this.address + pool;
    const free = this.#load(at + 4);
    if (free !== 0) {
      this.#store(at + 4, this.#load(link(free)));
      return free;
    }
    const used = this.#load(at) + 1;
    this.#store(at, used);
    return used;
  }

  #giveNumber(pool: number, number: number, link: number): void {
    const at = this.address + pool;
    this.#store(link, this.#load(at + 4));
    this.#store(at + 4, number);
  }

  #node(node: number): number {
    return this.#nodes + node * this.#nodeSize;
  }

  #childSlot(node: number, bit: 0 | 1): number {
    return node + NODE.child + bit * 4;
  }

  #valueAddress(value: number): number {
    return this.values.base + (value - 1) * this.#stride;
  }

  #load(address: number): number {
    return this.memory.view.getUint32(address, true);
  }

  #store(address: number, word: number): void {
    this.memory.view.setUint32(address, word, true);
  }

  #refusePrefix(prefix: number): number {
    this.why = `prefix of ${prefix} bits, want at most ${this.#maxPrefix}`;
    return -ERRNO.EINVAL;
  }
}
