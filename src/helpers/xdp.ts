/** Helpers of XDP programs: moving the ends of the packet, copying in and out of it, redirection. Follows net/core/filter.c. */
import { LOOPBACK } from '../machine/net-device.ts';
import { XdpBuff } from '../machine/xdp-buff.ts';
import type { MapObject } from '../maps/map.ts';
import { ERRNO } from '../uapi/errno.ts';
import { MTU_CHECK, REDIRECT_FLAGS, XDP_ACTIONS } from '../uapi/flags.ts';
import type { HookContext } from '../vm/env.ts';
import { AccessRefusal } from '../vm/fault.ts';
import type { GuestMemory } from '../vm/memory.ts';
import type { HelperBodies } from './bind.ts';
import { s32, u32 } from './words.ts';

/** Most that an offset into a packet, or a length, may be. */
const MAX_OFFSET = 0xffff;
/** The verdicts that `flags` of a redirect to a map may ask for where nothing is there. */
const FALLBACK_MASK = 3n;

/** The packet that the program runs over. */
function packetOf(context: HookContext): XdpBuff {
  if (context instanceof XdpBuff) return context;
  throw new AccessRefusal('bad_argument', `a context of kind ${context.kind}, want xdp_md`);
}

/** Copies between packet and memory; a range that does not lie inside is refused. */
function copyPacket(
  memory: GuestMemory,
  packet: XdpBuff,
  offset: number,
  buffer: number,
  size: number,
  toPacket: boolean,
): number {
  if (offset > MAX_OFFSET || size > MAX_OFFSET) return -ERRNO.EFAULT;
  if (offset + size > packet.length) return -ERRNO.EINVAL;
  let at = buffer;
  packet.pieces(offset, size, (address, length) => {
    if (toPacket) memory.u8.copyWithin(address, at, at + length);
    else memory.u8.copyWithin(at, address, address + length);
    at += length;
  });
  return 0;
}

/** Flags beside the fallback that a redirect to a map of this type takes. */
function redirectFlags(map: MapObject): bigint {
  const { type } = map.attributes;
  const isDevmap = type === 'devmap' || type === 'devmap_hash';
  return isDevmap ? BigInt(REDIRECT_FLAGS.BPF_F_BROADCAST | REDIRECT_FLAGS.BPF_F_EXCLUDE_INGRESS) : 0n;
}

/** The helpers of XDP programs. */
export function xdpHelpers(): HelperBodies {
  return {
    xdp_adjust_head: (_call, context, delta) => packetOf(context).adjustHead(s32(delta)),
    xdp_adjust_meta: (_call, context, delta) => packetOf(context).adjustMeta(s32(delta)),
    xdp_adjust_tail: (_call, context, delta) => packetOf(context).adjustTail(s32(delta)),
    xdp_get_buff_len: (_call, context) => packetOf(context).length,
    xdp_load_bytes: ({ memory }, context, offset, buffer, size) =>
      copyPacket(memory, packetOf(context), u32(offset), buffer, size, false),
    xdp_store_bytes: ({ memory }, context, offset, buffer, size) =>
      copyPacket(memory, packetOf(context), u32(offset), buffer, size, true),
    redirect({ context }, ifindex, flags) {
      if (flags !== 0n) return XDP_ACTIONS.XDP_ABORTED;
      packetOf(context).redirect = { ifindex: u32(ifindex) };
      return XDP_ACTIONS.XDP_REDIRECT;
    },
    redirect_map({ context }, map, key, flags) {
      if (map.hasTarget === undefined) {
        const { name, type } = map.attributes;
        throw new AccessRefusal('bad_argument', `bpf_redirect_map: not for map ${name} of type ${type}`);
      }
      if ((flags & ~(FALLBACK_MASK | redirectFlags(map))) !== 0n) return XDP_ACTIONS.XDP_ABORTED;
      const isBroadcast = (flags & BigInt(REDIRECT_FLAGS.BPF_F_BROADCAST)) !== 0n;
      const packet = packetOf(context);
      if (!isBroadcast && !map.hasTarget(u32(key))) {
        packet.redirect = undefined;
        return flags & FALLBACK_MASK;
      }
      packet.redirect = { map: map.address, key: u32(key) };
      return XDP_ACTIONS.XDP_REDIRECT;
    },
    check_mtu({ memory }, context, ifindex, mtuLength, difference, flags) {
      if (flags !== 0n) return -ERRNO.EINVAL;
      const wanted = u32(ifindex);
      if (wanted !== 0 && wanted !== LOOPBACK.ifindex) return -ERRNO.ENODEV;
      const given = memory.view.getUint32(mtuLength, true);
      const length = given === 0 ? packetOf(context).linearLength : given + LOOPBACK.headerLength;
      memory.view.setUint32(mtuLength, LOOPBACK.mtu, true);
      const fits = ((length + s32(difference)) | 0) <= LOOPBACK.mtu + LOOPBACK.headerLength;
      return fits ? MTU_CHECK.BPF_MTU_CHK_RET_SUCCESS : MTU_CHECK.BPF_MTU_CHK_RET_FRAG_NEEDED;
    },
  };
}
