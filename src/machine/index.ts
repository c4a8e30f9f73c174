/** The simulated machine under a kernel. */
export { Machine, type MachineOptions } from './machine.ts';
export { SkBuff } from './skb.ts';
export type { Task } from './task.ts';
export { XDP_PACKET_HEADROOM, XdpBuff } from './xdp-buff.ts';
