/**
 * The XDP hook: a packet in, a verdict and a packet out. What BPF_PROG_TEST_RUN does (net/bpf/test_run.c of 6.18), one buffer reused
 * from run to run.
 */
import type { Machine } from '../machine/machine.ts';
import { LOOPBACK } from '../machine/net-device.ts';
import {
  ETH_HLEN,
  isBadMetaLength,
  maxPacketSize,
  XDP_FRAME_SIZE,
  XDP_MD_SIZE,
  XDP_PACKET_HEADROOM,
  XdpBuff,
} from '../machine/xdp-buff.ts';
import { type HookRefusal, refusal } from './refusal.ts';

/** `struct xdp_md` as the caller of a test run fills it: `data` is the length of the metadata at the packet's start. */
export interface XdpMd {
  data: number;
  dataEnd: number;
  dataMeta: number;
  ingressIfindex: number;
  rxQueueIndex: number;
  egressIfindex: number;
}

/** Reads a caller's `struct xdp_md`. */
export function readXdpMd(bytes: Uint8Array): XdpMd {
  const view = new DataView(bytes.buffer, bytes.byteOffset, XDP_MD_SIZE);
  const field = (at: number): number => view.getUint32(at, true);
  return {
    data: field(0),
    dataEnd: field(4),
    dataMeta: field(8),
    ingressIfindex: field(12),
    rxQueueIndex: field(16),
    egressIfindex: field(20),
  };
}

/** What a caller gets to see of the context that a run left; `given` is what it gave. */
export function xdpMdOf(buff: XdpBuff, given: XdpMd | undefined): XdpMd {
  return {
    data: buff.metaLength,
    dataEnd: buff.metaLength + buff.linearLength,
    dataMeta: 0,
    ingressIfindex: given?.ingressIfindex ?? 0,
    rxQueueIndex: given?.rxQueueIndex ?? 0,
    egressIfindex: 0,
  };
}

/** The bytes of a `struct xdp_md`. */
export function encodeXdpMd(md: XdpMd): Uint8Array {
  const { data, dataEnd, dataMeta, ingressIfindex, rxQueueIndex, egressIfindex } = md;
  // a little-endian host's words, as everywhere in guest memory
  return new Uint8Array(Uint32Array.of(data, dataEnd, dataMeta, ingressIfindex, rxQueueIndex, egressIfindex).buffer);
}

export class XdpHook implements Disposable {
  readonly #buff: XdpBuff;

  constructor(machine: Machine) {
    this.#buff = new XdpBuff(machine);
  }

  /** Makes a packet ready for a program: the buffer to run over, good until the next packet, or why the kernel would not run it. */
  prepare(bytes: Uint8Array, md: XdpMd | undefined): XdpBuff | HookRefusal {
    const refused = md === undefined ? checkSize(bytes.length, 0) : check(bytes, md);
    if (refused !== undefined) return refused;
    const buff = this.#buff;
    buff.load(
      bytes,
      md?.data ?? 0,
      md === undefined || md.ingressIfindex === 0 ? LOOPBACK.ifindex : md.ingressIfindex,
      md?.rxQueueIndex ?? 0,
    );
    return buff;
  }

  [Symbol.dispose](): void {
    this.#buff[Symbol.dispose]();
  }
}

/** Why the kernel would not run this, in the order in which it looks. */
function check(bytes: Uint8Array, md: XdpMd): HookRefusal | undefined {
  const meta = md.data;
  if (md.dataMeta !== 0) return refusal('EINVAL', `ctx data_meta ${md.dataMeta}, want 0`);
  if (md.dataEnd > bytes.length)
    return refusal('EINVAL', `ctx data_end ${md.dataEnd}, data_in has ${bytes.length} bytes`);
  if (md.data > md.dataEnd) return refusal('EINVAL', `ctx data ${md.data} beyond data_end ${md.dataEnd}`);
  if (isBadMetaLength(meta) || meta > XDP_PACKET_HEADROOM - XDP_FRAME_SIZE) {
    return refusal(
      'EINVAL',
      `ctx data ${meta}: metadata is a multiple of 4, at most ${XDP_PACKET_HEADROOM - XDP_FRAME_SIZE} bytes`,
    );
  }
  return checkShortest(bytes.length - meta) ?? checkDevice(md) ?? checkSize(bytes.length, meta);
}

function checkDevice(md: XdpMd): HookRefusal | undefined {
  if (md.egressIfindex !== 0) return refusal('EINVAL', `ctx egress_ifindex ${md.egressIfindex}, want 0`);
  if (md.ingressIfindex === 0 && md.rxQueueIndex !== 0)
    return refusal('EINVAL', 'ctx rx_queue_index without ingress_ifindex');
  if (md.ingressIfindex !== 0 && md.ingressIfindex !== LOOPBACK.ifindex)
    return refusal('ENODEV', `ctx ingress_ifindex ${md.ingressIfindex}: no such device`);
  if (md.rxQueueIndex >= LOOPBACK.queues)
    return refusal('EINVAL', `ctx rx_queue_index ${md.rxQueueIndex}: no such queue`);
  return undefined;
}

function checkShortest(size: number): HookRefusal | undefined {
  return size < ETH_HLEN ? refusal('EINVAL', `packet of ${size} bytes, at least ${ETH_HLEN}`) : undefined;
}

function checkSize(size: number, meta: number): HookRefusal | undefined {
  if (size <= maxPacketSize(meta)) return checkShortest(size - meta);
  return refusal('ENOMEM', `packet of ${size} bytes, at most ${maxPacketSize(meta)}`);
}
