/** The flow dissector's hook: a packet in, flow keys out (`bpf_flow_dissect`, net/core/flow_dissector.c). */
import { CONTEXTS } from '../uapi/contexts.ts';
import type { HookContext } from '../vm/env.ts';
import { GUEST_PAGE, type GuestMemory, type Region } from '../vm/memory.ts';
import { kernelPointer } from '../vm/pointer.ts';

/** Bytes of a `struct bpf_flow_keys`, and where what the hook itself handles lies in it. */
export const FLOW_KEYS = { size: 56, nhoff: 0, thoff: 2, nProto: 10, flags: 48 } as const;
/** Most bytes of a packet: one page. */
export const MAX_FLOW_PACKET = GUEST_PAGE;
const ETH_HLEN = 14;
const SKB = CONTEXTS.__sk_buff;

/** What a run gives. */
export interface FlowOutput {
  readonly verdict: number;
  /** The `struct bpf_flow_keys`. */
  readonly keys: Uint8Array;
}

export class FlowDissectorHook implements Disposable {
  readonly #memory: GuestMemory;
  readonly #context: Region;
  readonly #packet: Region;
  readonly #keys: Region;

  constructor(memory: GuestMemory) {
    const allot = (name: string, size: number, access: Region['access']): Region => {
      const region = memory.allot({ name, size, access });
      if (region === undefined) throw new RangeError('guest memory is full');
      return region;
    };
    this.#memory = memory;
    this.#context = allot('__sk_buff', SKB.size, 'read');
    this.#packet = allot('packet', MAX_FLOW_PACKET, 'read_write');
    this.#keys = allot('flow keys', FLOW_KEYS.size, 'read_write');
  }

  /** Runs `program` `repeat` times over a packet, with fresh keys each time. */
  run(bytes: Uint8Array, flags: number, repeat: number, program: (context: HookContext) => number): FlowOutput {
    const { u8, view } = this.#memory;
    const { base } = this.#packet;
    u8.set(bytes, base);
    this.#packet.end = base + bytes.length;
    const { data, data_end, flow_keys } = SKB.fields;
    const context = { kind: 'flow_dissector', address: this.#context.base };
    view.setUint32(context.address + data.offset, base, true);
    view.setUint32(context.address + data_end.offset, base + bytes.length, true);
    view.setBigUint64(context.address + flow_keys.offset, kernelPointer(this.#keys.base), true);
    let verdict = 0;
    for (let i = 0; i < repeat; i++) verdict = this.#dissect(bytes, flags, () => program(context));
    return { verdict, keys: this.#memory.read(this.#keys.base, FLOW_KEYS.size) };
  }

  [Symbol.dispose](): void {
    for (const region of [this.#context, this.#packet, this.#keys]) this.#memory.release(region);
  }

  #dissect(bytes: Uint8Array, flags: number, program: () => number): number {
    const keys = this.#keys.base;
    const memory = this.#memory;
    memory.u8.fill(0, keys, keys + FLOW_KEYS.size);
    memory.view.setUint16(keys + FLOW_KEYS.nhoff, ETH_HLEN, true);
    memory.view.setUint16(keys + FLOW_KEYS.thoff, ETH_HLEN, true);
    memory.u8.set(bytes.subarray(12, 14), keys + FLOW_KEYS.nProto);
    memory.view.setUint32(keys + FLOW_KEYS.flags, flags, true);
    const result = program();
    const { view } = memory;
    const clamp = (at: number, least: number): number => {
      const value = Math.min(Math.max(view.getUint16(at, true), least), bytes.length);
      view.setUint16(at, value, true);
      return value;
    };
    clamp(keys + FLOW_KEYS.thoff, clamp(keys + FLOW_KEYS.nhoff, ETH_HLEN));
    return result;
  }
}
