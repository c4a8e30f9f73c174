/** Helpers over what a socket buffer carries beside its bytes: hash, time stamp, class, socket, and where it goes. Follows net/core/filter.c. */
import { LOOPBACK } from '../machine/net-device.ts';
import { ETH_P, type SkBuff } from '../machine/skb.ts';
import { CONTEXTS } from '../uapi/contexts.ts';
import { ERRNO } from '../uapi/errno.ts';
import { MTU_CHECK, REDIRECT_FLAGS, TC_ACTIONS } from '../uapi/flags.ts';
import { jhash } from '../util/jhash.ts';
import type { HelperBodies, HelperWorld } from './bind.ts';
import { skbOf } from './skb-context.ts';
import { s32, u32 } from './words.ts';

const { tstamp, tstamp_type } = CONTEXTS.__sk_buff.fields;
/** BPF_SKB_CLOCK_REALTIME, and the last clock. */
const CLOCK_REALTIME = 0;
const CLOCK_TAI = 2;
/** sizeof(struct bpf_redir_neigh). */
const REDIR_NEIGH_SIZE = 20;
/** Bits of a traffic class that say congestion. */
const ECN_MASK = 3;
const ECN_CE = 3;
const { BPF_F_INGRESS } = REDIRECT_FLAGS;

/** Where the addresses of an IP header and, behind it, the ports lie; offsets from the network header. */
const FLOW = {
  [ETH_P.IP]: { addresses: 12, size: 8, ports: 20, protocol: 9 },
  [ETH_P.IPV6]: { addresses: 8, size: 32, ports: 40, protocol: 6 },
} as const;
const WITH_PORTS = new Set([6, 17, 132]);

/** The hash of a packet's flow. Linux keys it with a secret of each boot; here the key is fixed. */
function flowHash(skb: SkBuff): number {
  const flow = skb.protocol === ETH_P.IP || skb.protocol === ETH_P.IPV6 ? FLOW[skb.protocol] : undefined;
  const at = skb.networkHeader;
  const { u8 } = skb.memory;
  if (flow === undefined || at + flow.ports > skb.tail) return hashOf(Uint8Array.of(skb.protocol >>> 8, skb.protocol));
  const hasPorts = WITH_PORTS.has(u8[at + flow.protocol]!) && at + flow.ports + 4 <= skb.tail;
  const key = new Uint8Array(flow.size + 8);
  key.set(u8.subarray(at + flow.addresses, at + flow.addresses + flow.size));
  if (hasPorts) key.set(u8.subarray(at + flow.ports, at + flow.ports + 4), flow.size);
  key[flow.size + 4] = u8[at + flow.protocol]!;
  return hashOf(key);
}

/** The hash of a flow's key, never 0. */
function hashOf(key: Uint8Array): number {
  return jhash(new DataView(key.buffer), 0, key.length, 0) || 1;
}

/** Chooses a target; the verdict says whether there is one. */
function redirect(
  skb: SkBuff,
  isRefused: boolean,
  ifindex: number,
  how: 'egress' | 'ingress' | 'peer' | 'neigh',
): number {
  if (isRefused) return TC_ACTIONS.TC_ACT_SHOT;
  skb.redirect = { ifindex, how };
  return TC_ACTIONS.TC_ACT_REDIRECT;
}

function cloneRedirect(skb: SkBuff, ifindex: number, flags: bigint): number {
  if ((flags & ~BigInt(BPF_F_INGRESS)) !== 0n) return -ERRNO.EINVAL;
  if (skb.isGso) return -ERRNO.EBADMSG;
  if (ifindex !== LOOPBACK.ifindex) return -ERRNO.EINVAL;
  return skb.macHeader >= skb.networkHeader || skb.length === 0 ? -ERRNO.ERANGE : 0;
}

function setTimestamp(skb: SkBuff, time: bigint, type: number): number {
  if (skb.protocol !== ETH_P.IP && skb.protocol !== ETH_P.IPV6) return -ERRNO.EOPNOTSUPP;
  if (type > CLOCK_TAI || (type !== CLOCK_REALTIME && time === 0n)) return -ERRNO.EINVAL;
  skb.memory.view.setBigUint64(skb.address + tstamp.offset, time, true);
  skb.memory.view.setUint8(skb.address + tstamp_type.offset, type);
  return 0;
}

/** Marks a packet that may be marked as having met congestion: 1, or 0 where it may not. */
function setCongestion(skb: SkBuff): number {
  const { view } = skb.memory;
  const at = skb.networkHeader;
  const protocol = skb.innerProtocol;
  if (protocol === ETH_P.IP && at + 20 <= skb.tail) {
    const tos = view.getUint8(at + 1);
    const mark = (tos + 1) & ECN_MASK;
    if ((mark & 2) === 0) return mark === 0 ? 1 : 0;
    const sum = view.getUint16(at + 10, true) + (((0xfbff + (mark << 8)) & 0xffff) >>> 0);
    view.setUint16(at + 10, sum > 0xffff ? sum - 0xffff : sum, true);
    view.setUint8(at + 1, tos | ECN_CE);
    return 1;
  }
  if (protocol === ETH_P.IPV6 && at + 40 <= skb.tail) {
    const word = view.getUint32(at);
    if (((word >>> 20) & ECN_MASK) === 0) return 0;
    view.setUint32(at, (word | (ECN_CE << 20)) >>> 0);
    return 1;
  }
  return 0;
}

/** The length that is checked against the device's MTU, of which `given` is without link-layer header, or 0 for the packet's. */
function checkMtu(skb: SkBuff, ifindex: number, lengthAt: number, difference: number, flags: bigint): number {
  const { view } = skb.memory;
  const given = view.getUint32(lengthAt, true);
  const checksSegments = flags === BigInt(MTU_CHECK.BPF_MTU_CHK_SEGS);
  if (flags !== 0n && !(checksSegments && difference === 0 && given === 0)) return -ERRNO.EINVAL;
  if (ifindex !== 0 && ifindex !== LOOPBACK.ifindex) return -ERRNO.ENODEV;
  const length = ((given === 0 ? skb.length : given + LOOPBACK.headerLength) + difference) | 0;
  const fits = length <= LOOPBACK.mtu + LOOPBACK.headerLength;
  if (!fits && skb.isGso && checksSegments && skb.transportHeader === undefined) return -ERRNO.EINVAL;
  view.setUint32(lengthAt, LOOPBACK.mtu, true);
  return fits || skb.isGso ? MTU_CHECK.BPF_MTU_CHK_RET_SUCCESS : MTU_CHECK.BPF_MTU_CHK_RET_FRAG_NEEDED;
}

/** The helpers over what a socket buffer carries. */
export function skbMetaHelpers({ machine: { task } }: HelperWorld): HelperBodies {
  const setHash = (skb: SkBuff, hash: number, isKnown: boolean): void => {
    skb.hash = hash;
    skb.hasHash = isKnown;
    skb.publish();
  };
  return {
    get_hash_recalc(_call, context) {
      const skb = skbOf(context);
      if (!skb.hasHash) setHash(skb, flowHash(skb), true);
      return skb.hash;
    },
    set_hash(_call, context, hash) {
      setHash(skbOf(context), u32(hash), true);
      return 0;
    },
    set_hash_invalid(_call, context) {
      setHash(skbOf(context), 0, false);
      return 0;
    },
    skb_set_tstamp: (_call, context, time, type) => setTimestamp(skbOf(context), time, u32(type)),
    skb_ecn_set_ce: (_call, context) => setCongestion(skbOf(context)),
    check_mtu: (_call, context, ifindex, lengthAt, difference, flags) =>
      checkMtu(skbOf(context), u32(ifindex), lengthAt, s32(difference), flags),
    redirect: ({ context }, ifindex, flags) =>
      redirect(
        skbOf(context),
        (flags & ~BigInt(BPF_F_INGRESS)) !== 0n,
        u32(ifindex),
        flags === BigInt(BPF_F_INGRESS) ? 'ingress' : 'egress',
      ),
    redirect_peer: ({ context }, ifindex, flags) => redirect(skbOf(context), flags !== 0n, u32(ifindex), 'peer'),
    redirect_neigh({ context }, ifindex, _params, size, flags) {
      const isRefused = flags !== 0n || (size > 0 && size < REDIR_NEIGH_SIZE);
      return redirect(skbOf(context), isRefused, u32(ifindex), 'neigh');
    },
    clone_redirect: (_call, context, ifindex, flags) => cloneRedirect(skbOf(context), u32(ifindex), flags),
    // A packet of a test run came through no tunnel, no route and no class.
    skb_get_tunnel_key({ memory }, _context, to, size) {
      memory.u8.fill(0, to, to + size);
      return -ERRNO.EINVAL;
    },
    skb_get_tunnel_opt({ memory }, _context, to, size) {
      memory.u8.fill(0, to, to + size);
      return -ERRNO.ENOENT;
    },
    get_route_realm: () => 0,
    get_cgroup_classid: () => 0,
    skb_cgroup_classid: () => 0,
    skb_cgroup_id: () => task.cgroupId,
    get_socket_uid: () => 0,
  };
}
