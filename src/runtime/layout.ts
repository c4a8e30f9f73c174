/**
 * Where things lie in guest memory that both the runtime (`assembly/`) and its TypeScript face touch: byte offsets, plain constants, so
 * that either compiler reads them. Every field is a little-endian u32 unless said; addresses are linear. A map's header is what programs
 * hold a pointer to; all zero is an empty map of kind `KIND_OPAQUE`.
 */

/** Header of any map: what its operations are, one of the `KIND_` numbers. */
export const MAP_KIND = 0;
/** Bytes of a key. */
export const MAP_KEY_SIZE = 4;
/** Bytes of a value. */
export const MAP_VALUE_SIZE = 8;
/** Most elements. */
export const MAP_MAX_ENTRIES = 12;
/** Address of the first value: of CPU 0, where values are per CPU. */
export const MAP_VALUES = 16;
/** Bytes from one value to the next. */
export const MAP_STRIDE = 20;
/** Bytes from the values of one CPU to those of the next; 0 where all CPUs share them. */
export const MAP_BLOCK = 24;
/** CPUs with values of their own; 1 where all share them. */
export const MAP_CPUS = 28;
/** Address of the list of fields that no copy touches: a count, then offset and size of each; 0 for none. */
export const MAP_FIELDS = 32;
/** Bits `TRAIT_`. */
export const MAP_TRAITS = 36;
/** Elements there are now. */
export const MAP_COUNT = 40;
/** Address of the next element (hash) or value (trie) that was never handed out. */
export const MAP_FRESH = 44;
/** Address of the element or value given back last, 0 for none. */
export const MAP_FREE = 48;

/** Hash: seed of the hash function. */
export const HASH_SEED = 52;
/** Hash: address of the buckets, a u32 each: address of the first element, 0 for none. */
export const HASH_BUCKETS = 56;
/** Hash: number of buckets less one. */
export const HASH_MASK = 60;
/** Hash: bytes from one element to the next. */
export const HASH_STRIDE = 64;
/** Hash: address of each CPU's spare element. */
export const HASH_SPARES = 68;
/** LRU hash: address of the element that is looked at first when one must go. */
export const HASH_HAND = 72;
/** LRU hash: address of the first element. */
export const HASH_ELEMENTS = 76;
/** LRU hash: address behind the last element. */
export const HASH_END = 80;

/** Trie: address of the root node, 0 for none. */
export const TRIE_ROOT = 52;
/** Trie: bits of a key's data. */
export const TRIE_MAX_PREFIX = 56;
/** Trie: bytes of a node. */
export const TRIE_NODE_SIZE = 60;
/** Trie: address of the next node that was never handed out. */
export const TRIE_FRESH_NODE = 64;
/** Trie: address of the node given back last. */
export const TRIE_FREE_NODE = 68;
/** Trie: address of the shortcuts: for each value of a key's first bits, where its walk begins. */
export const TRIE_SHORTCUTS = 72;
/** Trie: how many bits shortcuts go by; 0 for no shortcuts. */
export const TRIE_SHORTCUT_BITS = 76;

/** Queue: slot of the next push. */
export const QUEUE_HEAD = 52;
/** Queue: slot of the oldest value; equal to the head when empty: of `max_entries + 1` slots one is never used. */
export const QUEUE_TAIL = 56;

/** Ring buffer: bytes of data less one. */
export const RING_MASK = 52;
/** Ring buffer: how often a reader was to be woken. */
export const RING_WAKEUPS = 56;

/** Bytes of a header; what a family adds (spares, room for keys, fields) follows. */
export const MAP_HEADER_SIZE = 96;

/** Operations of programs are refused. */
export const KIND_OPAQUE = 0;
/** Values by index. */
export const KIND_ARRAY = 1;
/** Redirect targets by index: a value whose first word is zero is not there. */
export const KIND_TARGETS = 2;
/** Hash of any key size. */
export const KIND_HASH = 3;
/** Hash with keys of 4 bytes. */
export const KIND_HASH_4 = 4;
/** Hash with keys of 8 bytes. */
export const KIND_HASH_8 = 5;
/** Hash with keys of 16 bytes. */
export const KIND_HASH_16 = 6;
/** Hash with keys of 4 bytes that are their own hash. */
export const KIND_HASH_INDEX = 7;
/** Longest prefix match. */
export const KIND_TRIE = 8;
/** First in, first out. */
export const KIND_QUEUE = 9;
/** Last in, first out. */
export const KIND_STACK = 10;
/** Ring buffer to user space. */
export const KIND_RING = 11;

/** Values hold a spin lock, so that BPF_F_LOCK is taken. */
export const TRAIT_LOCK = 1;
/** An update of an existing key writes to its value in place. */
export const TRAIT_IN_PLACE = 2;
/** A full map makes room for a new key. */
export const TRAIT_LRU = 4;
/** An update of an existing key takes the CPU's spare element. */
export const TRAIT_SPARES = 8;

/**
 * Element of a hash, behind the value where CPUs share it: address of the next one in its bucket. Stays when the element is given back:
 * a walk that stands on it goes on.
 */
export const ELEMENT_NEXT = 0;
/** Hash of the key; of a free element: the one given back before it. */
export const ELEMENT_HASH = 4;
/** Address of the value (CPU 0's). */
export const ELEMENT_VALUE = 8;
/** LRU: whether it was used since the hand passed. */
export const ELEMENT_USED = 12;
/** The key. */
export const ELEMENT_KEY = 16;

/** Node of a trie: address of the child for bit 0, behind it for bit 1. */
export const NODE_CHILD = 0;
/** Address of the value, 0 for a fork; of a free node: the one given back before it. */
export const NODE_VALUE = 8;
/** A key as the map's keys are: the prefix length, then the data. */
export const NODE_KEY = 12;

/** Shortcut: address of the node where a walk goes on, `SHORTCUT_END` for none, 0 where nobody has looked yet. */
export const SHORTCUT_NODE = 0;
/** Shortcut: address of the longest match above that node. */
export const SHORTCUT_VALUE = 4;
/** Bytes of a shortcut. */
export const SHORTCUT_SIZE = 8;
/** No node to go on with. */
export const SHORTCUT_END = 1;

/**
 * Ring buffer, pages from the header on: the header's own, the consumer's, the producer's, then the data, twice as long as `RING_MASK`
 * says. The positions (u64, bytes since the beginning) of what was read, what was reserved, and up to where all records are done:
 */
export const RING_CONSUMER = 4096;
export const RING_PRODUCER = 8192;
export const RING_PENDING = 8200;
/** Where the data of a ring buffer begins. */
export const RING_DATA = 12288;
/** Header of a record: u32 length of the sample with the bits below, u32 pages from the map's header to this one. */
export const RECORD_HEADER = 8;
/** A record that is being written. */
export const RECORD_BUSY = 0x80000000;
/** A record to be skipped. */
export const RECORD_DISCARD = 0x40000000;

/** `struct xdp_md` as programs see it: linear addresses of the packet's start and end, and of the metadata's start. */
export const XDP_DATA = 0;
export const XDP_DATA_END = 4;
export const XDP_DATA_META = 8;
/** Bytes of `struct xdp_md`; what follows programs do not see. */
export const XDP_MD_SIZE = 24;
/** Linear address of the page that the packet lies in. */
export const XDP_HARD_START = 24;
/** Where packets and metadata so far began at the least. */
export const XDP_LOWEST = 28;
/** Bytes of both. */
export const XDP_STATE_SIZE = 32;
/** sizeof(struct xdp_frame): the part of the headroom that belongs to the kernel. */
export const XDP_FRAME_SIZE = 40;
/** Where a page's room for `skb_shared_info` begins. */
export const XDP_TAIL_END = 3776;
/** Most metadata that fits `skb_shared_info.meta_len`. */
export const XDP_MAX_META = 255;
/** Bytes of an Ethernet header: the shortest packet. */
export const ETH_HLEN = 14;

/** Cells of a machine: nanoseconds since boot, u64. */
export const CELL_CLOCK = 0;
/** State of the random generator, four words. */
export const CELL_RANDOM = 8;
/** Bytes of the cells. */
export const CELLS_SIZE = 24;
