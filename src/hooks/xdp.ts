/**
 * The XDP hook: a packet in, a verdict and a packet out. What BPF_PROG_TEST_RUN does (net/bpf/test_run.c of 6.18), one buffer reused
 * from run to run.
 */
import {
  ETH_HLEN,
  isBadMetaLength,
  maxPacketSize,
  XDP_FRAME_SIZE,
  XDP_MD_SIZE,
  XDP_PACKET_HEADROOM,
  XdpBuff,
} from '../machine/xdp-buff.ts';
import type { ErrnoName } from '../uapi/errno.ts';
import type { GuestMemory } from '../vm/memory.ts';

/** `struct xdp_md` as the caller of a test run fills it: `data` is the length of the metadata at the packet's start. */
export interface XdpMd {
  data: number;
  dataEnd: number;
  dataMeta: number;
  ingressIfindex: number;
  rxQueueIndex: number;
  egressIfindex: number;
}

/** A packet offered to a program. */
export interface XdpInput {
  /** Metadata, then the packet. */
  readonly bytes: Uint8Array;
  /** The caller's context, undefined where it gave none. */
  readonly md: XdpMd | undefined;
}

export interface XdpOutput {
  /** What the program returned, low 32 bits. */
  readonly verdict: number;
  /** Metadata, then the packet. */
  readonly bytes: Uint8Array;
  readonly md: XdpMd;
}

/** A run that the kernel refuses. */
export interface XdpRefusal {
  readonly errno: ErrnoName;
  readonly why: string;
}

/** The only device of the machine: loopback, one receive queue. */
const LOOPBACK = { ifindex: 1, queues: 1 };

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

/** The bytes of a `struct xdp_md`. */
export function encodeXdpMd(md: XdpMd): Uint8Array {
  const bytes = new Uint8Array(XDP_MD_SIZE);
  const view = new DataView(bytes.buffer);
  [md.data, md.dataEnd, md.dataMeta, md.ingressIfindex, md.rxQueueIndex, md.egressIfindex].forEach((value, i) => {
    view.setUint32(4 * i, value, true);
  });
  return bytes;
}

export class XdpHook implements Disposable {
  readonly #buff: XdpBuff;

  constructor(memory: GuestMemory) {
    this.#buff = new XdpBuff(memory);
  }

  /** Runs `program` `repeat` times over one packet, each run on what the one before left. */
  run(input: XdpInput, repeat: number, program: (buff: XdpBuff) => bigint): XdpOutput | XdpRefusal {
    const refusal = check(input);
    if (refusal !== undefined) return refusal;
    const { bytes, md } = input;
    const buff = this.#buff;
    buff.load(bytes, md?.data ?? 0, {
      ingressIfindex: md === undefined || md.ingressIfindex === 0 ? LOOPBACK.ifindex : md.ingressIfindex,
      rxQueueIndex: md?.rxQueueIndex ?? 0,
      egressIfindex: 0,
    });
    let verdict = 0;
    for (let i = 0; i < repeat; i++) verdict = Number(BigInt.asUintN(32, program(buff)));
    const out = buff.bytes();
    return {
      verdict,
      bytes: out,
      md: {
        data: buff.metaLength,
        dataEnd: buff.metaLength + buff.linearLength,
        dataMeta: 0,
        ingressIfindex: md?.ingressIfindex ?? 0,
        rxQueueIndex: md?.rxQueueIndex ?? 0,
        egressIfindex: 0,
      },
    };
  }

  [Symbol.dispose](): void {
    this.#buff[Symbol.dispose]();
  }
}

/** Why the kernel would not run this, in the order in which it looks. */
function check({ bytes, md }: XdpInput): XdpRefusal | undefined {
  const meta = md?.data ?? 0;
  if (md !== undefined) {
    if (md.dataMeta !== 0) return { errno: 'EINVAL', why: `ctx data_meta ${md.dataMeta}, want 0` };
    if (md.dataEnd > bytes.length)
      return { errno: 'EINVAL', why: `ctx data_end ${md.dataEnd}, data_in has ${bytes.length} bytes` };
    if (md.data > md.dataEnd) return { errno: 'EINVAL', why: `ctx data ${md.data} beyond data_end ${md.dataEnd}` };
    if (isBadMetaLength(meta) || meta > XDP_PACKET_HEADROOM - XDP_FRAME_SIZE) {
      return {
        errno: 'EINVAL',
        why: `ctx data ${meta}: metadata is a multiple of 4, at most ${XDP_PACKET_HEADROOM - XDP_FRAME_SIZE} bytes`,
      };
    }
  }
  const size = bytes.length - meta;
  if (size < ETH_HLEN) return { errno: 'EINVAL', why: `packet of ${size} bytes, at least ${ETH_HLEN}` };
  if (md !== undefined) {
    if (md.egressIfindex !== 0) return { errno: 'EINVAL', why: `ctx egress_ifindex ${md.egressIfindex}, want 0` };
    if (md.ingressIfindex === 0 && md.rxQueueIndex !== 0)
      return { errno: 'EINVAL', why: 'ctx rx_queue_index without ingress_ifindex' };
    if (md.ingressIfindex !== 0 && md.ingressIfindex !== LOOPBACK.ifindex) {
      return { errno: 'ENODEV', why: `ctx ingress_ifindex ${md.ingressIfindex}: no such device` };
    }
    if (md.rxQueueIndex >= LOOPBACK.queues)
      return { errno: 'EINVAL', why: `ctx rx_queue_index ${md.rxQueueIndex}: no such queue` };
  }
  if (bytes.length > maxPacketSize(meta))
    return { errno: 'ENOMEM', why: `packet of ${bytes.length} bytes, at most ${maxPacketSize(meta)}` };
  return undefined;
}
