/**
 * `lpm_trie`: values by address prefix, the longest match found. Creation and the system call's side; the trie itself is the runtime's.
 * Follows kernel/bpf/lpm_trie.c.
 */
import {
  KIND_TRIE,
  MAP_FRESH,
  NODE_KEY,
  SHORTCUT_SIZE,
  TRIE_FRESH_NODE,
  TRIE_MAX_PREFIX,
  TRIE_NODE_SIZE,
  TRIE_SHORTCUT_BITS,
  TRIE_SHORTCUTS,
} from '../runtime/layout.ts';
import { MAP_FLAGS } from '../uapi/flags.ts';
import { alignUp } from '../util/bytes.ts';
import { MapBase, type MapHost } from './base.ts';
import {
  checkFlags,
  checkSizes,
  hasFlag,
  KMALLOC_MAX_SIZE,
  PLAIN_FLAGS,
  programAccess,
  refuseCreate,
} from './check.ts';
import { headerRequest } from './header.ts';
import { isRefusal, type MapAttributes, type MapObject, type Refusal } from './map.ts';
import { allotRegions } from './regions.ts';

/** Bytes of the prefix length in front of a key's data. */
const PREFIX = 4;
const MAX_DATA = 256;
/** sizeof(struct lpm_trie_node). */
const KERNEL_NODE = 24;

/** A smaller trie is shallow. */
const MIN_ENTRIES_FOR_SHORTCUTS = 64;
const MAX_SHORTCUT_BITS = 16;

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

/** How many bits the shortcuts of a trie go by: few enough to take less memory than its nodes. */
function shortcutBits(map: MapAttributes): number {
  if (map.maxEntries < MIN_ENTRIES_FOR_SHORTCUTS) return 0;
  return Math.min(MAX_SHORTCUT_BITS, (map.keySize - PREFIX) * 8, 32 - Math.clz32(map.maxEntries - 1));
}

/** Creates a trie that was checked. */
export function createLpmTrie(host: MapHost, map: MapAttributes): MapObject | Refusal {
  const stride = alignUp(map.valueSize, 8);
  const nodeSize = alignUp(NODE_KEY + map.keySize, 8);
  const bits = shortcutBits(map);
  const regions = allotRegions(host.machine.memory, map, {
    header: headerRequest(map),
    // A fork for each prefix but one, and one node more while a prefix is replaced.
    nodes: { size: 2 * map.maxEntries * nodeSize, access: 'none' },
    values: {
      size: (map.maxEntries + 1) * stride,
      access: programAccess(map),
      elements: { stride, size: map.valueSize },
    },
    shortcuts: { size: bits === 0 ? 0 : SHORTCUT_SIZE << bits, access: 'none' },
  });
  if (isRefusal(regions)) return regions;
  const { nodes, values, shortcuts } = regions;
  return new LpmTrie(host, map, regions, {
    kind: KIND_TRIE,
    values: values.base,
    stride,
    words: {
      [MAP_FRESH]: values.base,
      [TRIE_MAX_PREFIX]: (map.keySize - PREFIX) * 8,
      [TRIE_NODE_SIZE]: nodeSize,
      [TRIE_FRESH_NODE]: nodes.base,
      [TRIE_SHORTCUTS]: shortcuts.base,
      [TRIE_SHORTCUT_BITS]: bits,
    },
  });
}

/** A live trie. */
class LpmTrie extends MapBase {
  protected override copyOut(key: Uint8Array, value: Uint8Array): number {
    const address = this.lookup(this.putKey(key));
    if (address === 0) return this.refuse('ENOENT', 'no prefix matches');
    this.load(address, value);
    return 0;
  }

  userUpdate(key: Uint8Array, value: Uint8Array, flags: bigint): number {
    return this.checkLockFlag(flags) || this.store(key, value, flags);
  }

  userDelete(key: Uint8Array): number {
    return this.delete(this.putKey(key));
  }

  userNextKey(key: Uint8Array | undefined, next: Uint8Array): number {
    const found = this.runtime.nextTrieKey(this.address, key === undefined ? 0 : this.putKey(key)) >>> 0;
    if (found === 0) return this.refuse('ENOENT', 'no prefix behind this one');
    next.set(this.memory.read(found, this.attributes.keySize));
    return 0;
  }

  protected override explain(errno: string, flags: bigint, key: number): string {
    const { keySize, maxEntries } = this.attributes;
    const prefix = this.memory.view.getUint32(key, true);
    const most = (keySize - PREFIX) * 8;
    if (errno === 'ENOENT') return 'no such prefix';
    if (errno === 'EEXIST') return 'BPF_NOEXIST, but the prefix exists';
    if (errno === 'ENOSPC') return `all ${maxEntries} entries are in use`;
    return prefix > most ? `prefix of ${prefix} bits, want at most ${most}` : super.explain(errno, flags, key);
  }
}
