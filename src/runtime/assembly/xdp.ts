/**
 * The packet buffer of XDP programs: moving its ends, as far as the linear part goes. State lies behind the `xdp_md` that programs see
 * (`XDP_…` in layout.ts). Follows net/core/filter.c.
 */
import {
  ETH_HLEN,
  XDP_DATA,
  XDP_DATA_END,
  XDP_DATA_META,
  XDP_FRAME_SIZE,
  XDP_HARD_START,
  XDP_LOWEST,
  XDP_MAX_META,
  XDP_TAIL_END,
} from '../layout.ts';
import { EACCES, EINVAL } from './errno.ts';

/** The lowest address that a packet or its metadata may begin at. */
function firstByte(context: usize): i64 {
  return <i64>load<u32>(context, XDP_HARD_START) + XDP_FRAME_SIZE;
}

/** Notes how low packet and metadata have reached. */
function setMeta(context: usize, meta: u32): void {
  store<u32>(context, meta, XDP_DATA_META);
  store<u32>(context, min(meta, load<u32>(context, XDP_LOWEST)), XDP_LOWEST);
}

/** Moves the packet's start, metadata along with it. */
export function adjustHead(context: usize, delta: i32): i32 {
  const start = load<u32>(context, XDP_DATA);
  const meta = load<u32>(context, XDP_DATA_META);
  const data = <i64>start + delta;
  const metaLength = start - meta;
  if (data < firstByte(context) + metaLength || data > <i64>load<u32>(context, XDP_DATA_END) - ETH_HLEN) return EINVAL;
  if (metaLength !== 0) memory.copy(<usize>data - metaLength, meta, metaLength);
  store<u32>(context, <u32>data, XDP_DATA);
  setMeta(context, <u32>data - metaLength);
  return 0;
}

/** Moves the start of the metadata. */
export function adjustMeta(context: usize, delta: i32): i32 {
  const data = load<u32>(context, XDP_DATA);
  const meta = <i64>load<u32>(context, XDP_DATA_META) + delta;
  if (meta < firstByte(context) || meta > <i64>data) return EINVAL;
  const length = data - <u32>meta;
  if ((length & 3) !== 0 || length > <u32>XDP_MAX_META) return EACCES;
  setMeta(context, <u32>meta);
  return 0;
}

/** Moves the end of a packet without fragments; new bytes are zero. */
export function adjustTail(context: usize, delta: i32): i32 {
  const old = load<u32>(context, XDP_DATA_END);
  const end = <i64>old + delta;
  const room = <i64>load<u32>(context, XDP_HARD_START) + XDP_TAIL_END;
  if (end > room || end < <i64>load<u32>(context, XDP_DATA) + ETH_HLEN) return EINVAL;
  if (delta > 0) memory.fill(old, 0, delta);
  store<u32>(context, <u32>end, XDP_DATA_END);
  return 0;
}
