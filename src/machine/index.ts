/** The simulated machine under a kernel. */
export { Machine, type MachineOptions } from './machine.ts';
export { XDP_PACKET_HEADROOM, XdpBuff } from './xdp-buff.ts';
