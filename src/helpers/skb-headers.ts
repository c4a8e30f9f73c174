/** Helpers that put headers into a socket buffer or take them out: VLAN tags, other protocols, room for tunnels. Follows net/core/filter.c. */
import { addSums, sumBlock } from '../machine/checksum.ts';
import { ETH_P, isVlan, type SkBuff } from '../machine/skb.ts';
import { ERRNO } from '../uapi/errno.ts';
import { ADJ_ROOM_FLAGS, ADJ_ROOM_MODES } from '../uapi/flags.ts';
import type { HelperBodies } from './bind.ts';
import { SKB_MAX_LENGTH, skbOf } from './skb-context.ts';
import { resetUnnecessary } from './skb-csum.ts';
import { s32, u32 } from './words.ts';

const VLAN_HLEN = 4;
const ETH_HLEN = 14;
/** Offset of a VLAN tag, or of the EtherType. */
const ETHER_TYPE_AT = 12;
const IP_HEADER: Readonly<Record<number, number>> = { [ETH_P.IP]: 20, [ETH_P.IPV6]: 40 };
const MAX_ROOM = 0xfff;

/** A 16-bit value in network order out of a register. */
const be16 = (bits: bigint): number => ((u32(bits) & 0xff) << 8) | ((u32(bits) >>> 8) & 0xff);

function vlanPush(skb: SkBuff, protocol: number, tci: number): number {
  if (skb.vlan !== undefined) {
    if (skb.data !== skb.macHeader) return -ERRNO.EINVAL;
    if (!skb.insertAt(ETHER_TYPE_AT, VLAN_HLEN)) return -ERRNO.ENOMEM;
    const { memory, data, vlan } = skb;
    memory.view.setUint16(data + ETHER_TYPE_AT, vlan.protocol);
    memory.view.setUint16(data + ETHER_TYPE_AT + 2, vlan.tci);
    if (skb.checksum === 'complete')
      skb.csum = addSums(skb.csum, sumBlock(memory, data + ETHER_TYPE_AT, VLAN_HLEN, ETHER_TYPE_AT));
    skb.protocol = vlan.protocol;
  }
  skb.vlan = { protocol: isVlan(protocol) ? protocol : ETH_P['8021Q'], tci };
  skb.resetMacLength();
  skb.publish();
  return 0;
}

/** Takes the tag out of the packet's bytes: its TCI, or a negative errno. */
function takeTag(skb: SkBuff): number {
  const { memory, data } = skb;
  if (data !== skb.macHeader) return -ERRNO.EINVAL;
  if (skb.length < ETH_HLEN + VLAN_HLEN) return -ERRNO.ENOMEM;
  skb.subtractFromSum(ETHER_TYPE_AT, VLAN_HLEN);
  const tci = memory.view.getUint16(data + ETH_HLEN);
  skb.protocol = skb.protocolAt(data + ETH_HLEN + 2);
  memory.u8.copyWithin(data + VLAN_HLEN, data, data + ETHER_TYPE_AT);
  skb.pull(VLAN_HLEN);
  skb.macHeader += VLAN_HLEN;
  if (skb.networkOffset < ETH_HLEN) skb.networkHeader = skb.data + ETH_HLEN;
  skb.resetMacLength();
  return tci;
}

function vlanPop(skb: SkBuff): number {
  if (skb.vlan !== undefined) skb.vlan = undefined;
  else {
    if (!isVlan(skb.protocol)) return 0;
    const taken = takeTag(skb);
    if (taken < 0) return taken;
  }
  // The next tag moves out of the bytes.
  if (!isVlan(skb.protocol)) return 0;
  const { protocol } = skb;
  const tci = takeTag(skb);
  if (tci < 0) return tci;
  skb.vlan = { protocol, tci };
  return 0;
}

/** Makes an IPv4 packet IPv6 or back: only the room changes, the program writes the header. */
function changeProtocol(skb: SkBuff, protocol: number, flags: bigint): number {
  if (flags !== 0n) return -ERRNO.EINVAL;
  const from = IP_HEADER[skb.protocol];
  const to = IP_HEADER[protocol];
  if (from === undefined || to === undefined || from === to) return -ERRNO.ENOTSUPP;
  const at = skb.macHeaderLength;
  if (!(to > from ? skb.insertAt(at, to - from) : skb.removeAt(at, from - to))) return -ERRNO.ENOMEM;
  skb.protocol = protocol;
  skb.clearHash();
  return 0;
}

type RoomFlag = keyof typeof ADJ_ROOM_FLAGS;

/** The flags of bpf_skb_adjust_room. */
class RoomFlags {
  readonly #bits: bigint;

  constructor(bits: bigint) {
    this.#bits = bits;
  }

  has(...names: readonly RoomFlag[]): boolean {
    return names.some(name => (this.#bits & BigInt(ADJ_ROOM_FLAGS[name])) !== 0n);
  }

  /** Whether nothing beyond `names` is set; `l2` stands for the length of the encapsulated Ethernet header. */
  isWithin(names: readonly RoomFlag[], l2: boolean): boolean {
    const known = names.reduce((all, name) => all | BigInt(ADJ_ROOM_FLAGS[name]), l2 ? 0xffn << 56n : 0n);
    return (this.#bits & ~known) === 0n;
  }

  get innerMacLength(): number {
    return Number(this.#bits >> 56n);
  }
}

const ALL_ROOM_FLAGS = Object.keys(ADJ_ROOM_FLAGS) as RoomFlag[]; // a literal: no other keys
const SHRINK_FLAGS: readonly RoomFlag[] = [
  'BPF_F_ADJ_ROOM_FIXED_GSO',
  'BPF_F_ADJ_ROOM_DECAP_L3_IPV4',
  'BPF_F_ADJ_ROOM_DECAP_L3_IPV6',
  'BPF_F_ADJ_ROOM_NO_CSUM_RESET',
];

/** Why a packet can not be wrapped in a tunnel: a negative errno, or 0. */
function checkEncapsulation(skb: SkBuff, size: number, flags: RoomFlags): number {
  if (IP_HEADER[skb.protocol] === undefined) return -ERRNO.ENOTSUPP;
  const both = (a: RoomFlag, b: RoomFlag): boolean => flags.has(a) && flags.has(b);
  if (both('BPF_F_ADJ_ROOM_ENCAP_L3_IPV4', 'BPF_F_ADJ_ROOM_ENCAP_L3_IPV6')) return -ERRNO.EINVAL;
  if (both('BPF_F_ADJ_ROOM_ENCAP_L4_GRE', 'BPF_F_ADJ_ROOM_ENCAP_L4_UDP')) return -ERRNO.EINVAL;
  if (flags.has('BPF_F_ADJ_ROOM_ENCAP_L2_ETH') && flags.innerMacLength < ETH_HLEN) return -ERRNO.EINVAL;
  if (skb.encapsulation) return -ERRNO.EALREADY;
  return flags.innerMacLength > size ? -ERRNO.EINVAL : 0;
}

function grow(skb: SkBuff, at: number, size: number, flags: RoomFlags): number {
  if (skb.isGso) return -ERRNO.ENOTSUPP;
  const wraps = flags.has('BPF_F_ADJ_ROOM_ENCAP_L3_IPV4', 'BPF_F_ADJ_ROOM_ENCAP_L3_IPV6');
  const refused = wraps ? checkEncapsulation(skb, size, flags) : 0;
  if (refused < 0) return refused;
  const macLength = skb.macHeaderLength;
  if (!skb.insertAt(at, size)) return -ERRNO.ENOMEM;
  if (!wraps) return 0;
  const outer = flags.has('BPF_F_ADJ_ROOM_ENCAP_L3_IPV6') ? ETH_P.IPV6 : ETH_P.IP;
  skb.encapsulation = true;
  skb.networkHeader = skb.data + macLength;
  if (flags.has('BPF_F_ADJ_ROOM_ENCAP_L4_GRE', 'BPF_F_ADJ_ROOM_ENCAP_L4_UDP'))
    skb.transportHeader = skb.networkHeader + IP_HEADER[outer]!;
  skb.protocol = outer;
  return 0;
}

function shrink(skb: SkBuff, at: number, size: number, flags: RoomFlags): number {
  if (!flags.isWithin(SHRINK_FLAGS, false)) return -ERRNO.EINVAL;
  if (skb.isGso) return -ERRNO.ENOTSUPP;
  if (!skb.removeAt(at, size)) return -ERRNO.ENOMEM;
  if (flags.has('BPF_F_ADJ_ROOM_DECAP_L3_IPV6')) skb.protocol = ETH_P.IPV6;
  else if (flags.has('BPF_F_ADJ_ROOM_DECAP_L3_IPV4')) skb.protocol = ETH_P.IP;
  return 0;
}

function adjustRoom(skb: SkBuff, delta: number, mode: number, bits: bigint): number {
  const flags = new RoomFlags(bits);
  if (!flags.isWithin(ALL_ROOM_FLAGS, true)) return -ERRNO.EINVAL;
  const size = Math.abs(delta);
  if (size > MAX_ROOM) return -ERRNO.EFAULT;
  const header = IP_HEADER[skb.protocol];
  if (header === undefined) return -ERRNO.ENOTSUPP;
  if (mode !== ADJ_ROOM_MODES.BPF_ADJ_ROOM_NET && mode !== ADJ_ROOM_MODES.BPF_ADJ_ROOM_MAC) return -ERRNO.ENOTSUPP;
  const at = skb.macHeaderLength + (mode === ADJ_ROOM_MODES.BPF_ADJ_ROOM_NET ? header : 0);
  const isIpv4Left = flags.has('BPF_F_ADJ_ROOM_DECAP_L3_IPV4');
  const isIpv6Left = flags.has('BPF_F_ADJ_ROOM_DECAP_L3_IPV6');
  if ((isIpv4Left || isIpv6Left) && (delta >= 0 || (isIpv4Left && isIpv6Left))) return -ERRNO.EINVAL;
  const least = isIpv4Left ? IP_HEADER[ETH_P.IP]! : isIpv6Left ? IP_HEADER[ETH_P.IPV6]! : header;
  const length = skb.length - skb.networkOffset;
  if (delta < 0 ? size >= length || length - size < least : skb.length + size > SKB_MAX_LENGTH && !skb.isGso)
    return -ERRNO.ENOTSUPP;
  const result = delta < 0 ? shrink(skb, at, size, flags) : grow(skb, at, size, flags);
  if (result === 0 && !flags.has('BPF_F_ADJ_ROOM_NO_CSUM_RESET')) resetUnnecessary(skb);
  return result;
}

/** Lets the context follow what a change did to the packet. */
function published(skb: SkBuff, result: number): number {
  skb.publish();
  return result;
}

/** The helpers over a socket buffer's headers. */
export function skbHeaderHelpers(): HelperBodies {
  return {
    skb_vlan_push: (_call, context, protocol, tci) => vlanPush(skbOf(context), be16(protocol), u32(tci) & 0xffff),
    skb_vlan_pop(_call, context) {
      const skb = skbOf(context);
      return published(skb, vlanPop(skb));
    },
    skb_change_proto(_call, context, protocol, flags) {
      const skb = skbOf(context);
      return published(skb, changeProtocol(skb, be16(protocol), flags));
    },
    skb_adjust_room(_call, context, delta, mode, flags) {
      const skb = skbOf(context);
      return published(skb, adjustRoom(skb, s32(delta), u32(mode), flags));
    },
  };
}
