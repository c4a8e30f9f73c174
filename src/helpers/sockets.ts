/** Helpers over sockets. The machine has none but the closed one that a packet of a test run belongs to: no lookup finds any. */
import type { HelperBodies } from './bind.ts';

/** The helpers over sockets. */
export function socketHelpers(): HelperBodies {
  return {
    sk_lookup_tcp: () => 0,
    sk_lookup_udp: () => 0,
    skc_lookup_tcp: () => 0,
    sk_release: () => 0,
    sk_fullsock: (_call, socket) => socket,
    tcp_sock: () => 0,
    get_listener_sock: () => 0,
  };
}
