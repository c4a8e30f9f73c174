/** `queue` and `stack`: a ring of values without keys. Follows kernel/bpf/queue_stack_maps.c. */
import {
  KIND_STACK,
  MAP_KIND,
  MAP_MAX_ENTRIES,
  MAP_VALUE_SIZE,
  MAP_VALUES,
  QUEUE_HEAD,
  QUEUE_TAIL,
} from '../layout.ts';
import { clearBytes, copyBytes } from './bytes.ts';
import { BPF_EXIST, BPF_NOEXIST, E2BIG, EINVAL, ENOENT, isError } from './errno.ts';

/** The slot behind a slot. */
function following(map: usize, slot: u32): u32 {
  return slot === load<u32>(map, MAP_MAX_ENTRIES) ? 0 : slot + 1;
}

function slotAddress(map: usize, slot: u32): usize {
  return load<u32>(map, MAP_VALUES) + slot * load<u32>(map, MAP_VALUE_SIZE);
}

/** Address for one more value, or a negative errno. BPF_EXIST makes room at the expense of the oldest. */
export function placeQueue(map: usize, flags: u32): usize {
  if (flags & BPF_NOEXIST || flags > BPF_EXIST) return EINVAL;
  const head = load<u32>(map, QUEUE_HEAD);
  const tail = load<u32>(map, QUEUE_TAIL);
  const next = following(map, head);
  if (next === tail) {
    if (flags !== BPF_EXIST) return E2BIG;
    store<u32>(map, following(map, tail), QUEUE_TAIL);
  }
  store<u32>(map, next, QUEUE_HEAD);
  return slotAddress(map, head);
}

/** Writes one more value: 0 or a negative errno. */
export function push(map: usize, value: usize, flags: u32): i32 {
  const to = placeQueue(map, flags);
  if (isError(to)) return to;
  copyBytes(to, value, load<u32>(map, MAP_VALUE_SIZE));
  return 0;
}

/** Address of the value whose turn it is, taken out where asked to; or a negative errno. */
export function nextInQueue(map: usize, remove: u32): usize {
  const head = load<u32>(map, QUEUE_HEAD);
  const tail = load<u32>(map, QUEUE_TAIL);
  if (head === tail) return ENOENT;
  if (load<u32>(map, MAP_KIND) === KIND_STACK) {
    const newest = head === 0 ? load<u32>(map, MAP_MAX_ENTRIES) : head - 1;
    if (remove) store<u32>(map, newest, QUEUE_HEAD);
    return slotAddress(map, newest);
  }
  if (remove) store<u32>(map, following(map, tail), QUEUE_TAIL);
  return slotAddress(map, tail);
}

/** Copies the value whose turn it is to `value`, zeroes where there is none. */
function read(map: usize, value: usize, remove: u32): i32 {
  const size: usize = load<u32>(map, MAP_VALUE_SIZE);
  const slot = nextInQueue(map, remove);
  if (isError(slot)) {
    clearBytes(value, size);
    return slot;
  }
  copyBytes(value, slot, size);
  return 0;
}

/** Takes the value whose turn it is out. */
export function pop(map: usize, value: usize): i32 {
  return read(map, value, 1);
}

/** Copies the value whose turn it is, which stays. */
export function peek(map: usize, value: usize): i32 {
  return read(map, value, 0);
}
