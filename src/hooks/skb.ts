/**
 * The hook of `__sk_buff` programs: a packet in, a verdict and a packet out. What BPF_PROG_TEST_RUN does
 * (`bpf_prog_test_run_skb`, net/bpf/test_run.c of 6.18), one buffer reused from run to run.
 */
import { checksumField, sumBytes } from '../machine/checksum.ts';
import { LOOPBACK } from '../machine/net-device.ts';
import { ETH_P, SKB_CONTEXT_SIZE, SkBuff, type SkbLayer } from '../machine/skb.ts';
import { CONTEXTS } from '../uapi/contexts.ts';
import type { GuestMemory } from '../vm/memory.ts';
import { type HookRefusal, refusal } from './refusal.ts';

/** A packet offered to a program. */
export interface SkbInput {
  readonly layer: SkbLayer;
  readonly bytes: Uint8Array;
  /** The caller's `struct __sk_buff`, undefined where it gave none. */
  readonly context: Uint8Array | undefined;
  /** Whether the packet arrives with its checksum known, which the program then has to keep right. */
  readonly checksumComplete: boolean;
}

export interface SkbOutput {
  /** What the program returned, low 32 bits. */
  readonly verdict: number;
  /** The packet; an l3 program's with an Ethernet header of zeros. */
  readonly bytes: Uint8Array;
  /** The caller's context with what the program left in it. */
  readonly context: Uint8Array | undefined;
}

/** Bytes of a packet: an Ethernet header at least, a page without headroom and `skb_shared_info` at most. */
export const SKB_PACKET_SIZE = { min: 14, max: 4096 - 64 - 320 } as const;
const HEADER_SIZE: Readonly<Record<number, number>> = { [ETH_P.IP]: 20, [ETH_P.IPV6]: 40 };
const GSO_LEGACY_MAX_SIZE = 65536;
const GSO_MAX_SEGS = 65535;

const { fields } = CONTEXTS.__sk_buff;
type FieldName = keyof typeof fields;

/** Fields that a caller may set: those that the program finds as they were given, and those that are looked at first. */
const COPIED = [
  'mark',
  'priority',
  'ingress_ifindex',
  'cb',
  'tstamp',
  'hwtstamp',
] as const satisfies readonly FieldName[];
const CHECKED = ['ifindex', 'wire_len', 'gso_segs', 'gso_size'] as const satisfies readonly FieldName[];

/** Fields that come back to the caller. */
const RETURNED = [
  'mark',
  'priority',
  'ingress_ifindex',
  'ifindex',
  'tstamp',
  'cb',
  'wire_len',
  'gso_segs',
  'hwtstamp',
] as const satisfies readonly FieldName[];

/** Bytes of the context that a caller may set. */
const settable = new Uint8Array(SKB_CONTEXT_SIZE);
for (const name of [...COPIED, ...CHECKED]) {
  const { offset, size } = fields[name];
  settable.fill(1, offset, offset + size);
}

export class SkbHook implements Disposable {
  readonly #skb: SkBuff;

  constructor(memory: GuestMemory) {
    this.#skb = new SkBuff(memory);
  }

  /** Runs `program`, which gives the low half of r0, `repeat` times over one packet, each run on what the one before left. */
  run(input: SkbInput, repeat: number, program: (skb: SkBuff) => number): SkbOutput | HookRefusal {
    const skb = this.#skb;
    const refused = place(skb, input);
    if (refused !== undefined) return refused;
    if (input.checksumComplete) {
      skb.checksum = 'complete';
      skb.csum = networkSum(skb);
    }
    let verdict = 0;
    for (let i = 0; i < repeat; i++) verdict = program(skb);
    const { memory } = skb;
    if (input.layer === 'l3') {
      if (!skb.push(SKB_PACKET_SIZE.min)) return refusal('ENOMEM', 'no room for an Ethernet header');
      memory.u8.fill(0, skb.data, skb.data + SKB_PACKET_SIZE.min);
    }
    if (input.checksumComplete && checksumField(skb.csum) !== checksumField(networkSum(skb)))
      return refusal('EBADMSG', "the packet's checksum is no longer what skb->csum says");
    const context = input.context?.slice();
    for (const name of context === undefined ? [] : RETURNED) {
      const { offset, size } = fields[name];
      context?.set(memory.read(skb.address + offset, size), offset);
    }
    return { verdict, bytes: skb.bytes(), context };
  }

  [Symbol.dispose](): void {
    this.#skb[Symbol.dispose]();
  }
}

/** The sum of everything from the network header on. */
function networkSum(skb: SkBuff): number {
  return sumBytes(skb.memory, skb.networkHeader, skb.tail - skb.networkHeader, 0);
}

/** Puts the packet and the caller's fields in place, or says why the kernel would not, in the order in which it looks. */
function place(skb: SkBuff, { bytes, context, layer }: SkbInput): HookRefusal | undefined {
  const view = context === undefined ? undefined : new DataView(context.buffer, context.byteOffset, context.length);
  const given = (name: FieldName): number => view?.getUint32(fields[name].offset, true) ?? 0;
  if (given('ifindex') > LOOPBACK.ifindex) return refusal('ENODEV', `ctx ifindex ${given('ifindex')}: no such device`);
  skb.load(bytes, LOOPBACK.ifindex, layer);
  const header = HEADER_SIZE[skb.protocol] ?? 0;
  const payload = skb.tail - skb.networkHeader;
  if (payload < header)
    return refusal('EINVAL', `${payload} bytes behind the Ethernet header, the protocol's header has ${header}`);
  if (context === undefined) return undefined;
  const stray = context.findIndex((byte, i) => byte !== 0 && settable[i] === 0);
  if (stray >= 0) return refusal('EINVAL', `ctx byte ${stray} is set, which no caller may`);
  const wireLength = given('wire_len');
  if (wireLength !== 0 && (wireLength < skb.length || wireLength > GSO_LEGACY_MAX_SIZE))
    return refusal('EINVAL', `ctx wire_len ${wireLength}, want ${skb.length}..${GSO_LEGACY_MAX_SIZE}`);
  if (given('gso_segs') > GSO_MAX_SEGS)
    return refusal('EINVAL', `ctx gso_segs ${given('gso_segs')}, at most ${GSO_MAX_SEGS}`);
  for (const name of COPIED) {
    const { offset, size } = fields[name];
    skb.memory.write(skb.address + offset, context.subarray(offset, offset + size));
  }
  if (wireLength !== 0) skb.setField('wire_len', wireLength);
  skb.gsoSegs = given('gso_segs');
  skb.gsoSize = given('gso_size') & 0xffff;
  skb.publish();
  return undefined;
}
