/** The network devices of the machine: loopback, as a fresh network namespace has it. */

/** The device that every packet of a test run comes in on. */
export const LOOPBACK = { ifindex: 1, mtu: 65536, headerLength: 14, queues: 1 } as const;
