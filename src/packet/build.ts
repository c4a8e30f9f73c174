/**
 * Packets built layer by layer, outermost first. A builder is immutable: every step gives a new one, so a common beginning can be
 * shared by many packets.
 */
import {
  type ArpFields,
  arpLayer,
  type EthernetFields,
  ethernetLayer,
  type IcmpFields,
  type Ipv4Fields,
  type Ipv6Fields,
  icmpLayer,
  ipv4Layer,
  ipv6Layer,
  type Layer,
  payloadLayer,
  type TcpFields,
  tcpLayer,
  type UdpFields,
  udpLayer,
  type VlanFields,
  vlanLayer,
} from './layers.ts';

const toUtf8 = new TextEncoder();

/** A packet under construction; lengths, protocol numbers and checksums come out right unless a field says otherwise. */
export class PacketBuilder {
  readonly #layers: readonly Layer[];

  constructor(layers: readonly Layer[] = []) {
    this.#layers = layers;
  }

  /** Adds an Ethernet header. */
  eth(fields: EthernetFields = {}): PacketBuilder {
    return this.#with(ethernetLayer(fields));
  }

  /** Adds a VLAN tag. */
  vlan(id: number, fields: VlanFields = {}): PacketBuilder {
    return this.#with(vlanLayer(id, fields));
  }

  /** Adds an ARP packet. */
  arp(fields: ArpFields): PacketBuilder {
    return this.#with(arpLayer(fields));
  }

  /** Adds an IPv4 header. */
  ipv4(saddr: string, daddr: string, fields: Ipv4Fields = {}): PacketBuilder {
    return this.#with(ipv4Layer(saddr, daddr, fields));
  }

  /** Adds an IPv6 header. */
  ipv6(saddr: string, daddr: string, fields: Ipv6Fields = {}): PacketBuilder {
    return this.#with(ipv6Layer(saddr, daddr, fields));
  }

  /** Adds a TCP header. */
  tcp(fields: TcpFields = {}): PacketBuilder {
    return this.#with(tcpLayer(fields));
  }

  /** Adds a UDP header. */
  udp(fields: UdpFields = {}): PacketBuilder {
    return this.#with(udpLayer(fields));
  }

  /** Adds an ICMP message, for use in IPv4. */
  icmp(fields: IcmpFields = {}): PacketBuilder {
    return this.#with(icmpLayer(4, fields));
  }

  /** Adds an ICMPv6 message, for use in IPv6. */
  icmpv6(fields: IcmpFields = {}): PacketBuilder {
    return this.#with(icmpLayer(6, fields));
  }

  /** Adds bytes, or the UTF-8 of a text. */
  payload(payload: Uint8Array | string): PacketBuilder {
    return this.#with(payloadLayer(typeof payload === 'string' ? toUtf8.encode(payload) : payload));
  }

  /** The packet. */
  bytes(): Uint8Array {
    return this.#layers.reduceRight<Uint8Array>(
      (body, layer, i) => layer.wrap(body, this.#layers[i + 1], this.#layers[i - 1]),
      new Uint8Array(0),
    );
  }

  #with(layer: Layer): PacketBuilder {
    return new PacketBuilder([...this.#layers, layer]);
  }
}

/**
 * Begins an Ethernet frame.
 * @example eth().ipv4('1.2.3.4', '10.0.0.1').tcp({ dport: 23, syn: true }).bytes()
 */
export function eth(fields: EthernetFields = {}): PacketBuilder {
  return new PacketBuilder().eth(fields);
}
