/** Captures (pcap and pcapng), and packets built and summarised. */
export { formatIpv4, formatIpv6, formatMac, parseIpv4, parseIpv6, parseMac } from './address.ts';
export { eth, PacketBuilder } from './build.ts';
export {
  type CaptureInterface,
  type CaptureSection,
  ETHERNET,
  LINK_TYPES,
  MAX_SNAP_LENGTH,
  Packet,
  type PacketOptions,
  type PacketRecord,
} from './capture.ts';
export { formatPacket } from './dissect.ts';
export { CaptureError, PacketError } from './error.ts';
export type {
  ArpFields,
  EthernetFields,
  IcmpFields,
  Ipv4Fields,
  Ipv6Fields,
  TcpFields,
  UdpFields,
  VlanFields,
} from './layers.ts';
export type { Verdict } from './options.ts';
export { PcapWriter, type PcapWriterOptions } from './pcap-writer.ts';
export { PcapngWriter, type PcapngWriterOptions } from './pcapng-writer.ts';
export { ETHER_TYPES, IP_PROTOCOLS, internetChecksum, TCP_FLAGS } from './protocols.ts';
export { type RandomPacketOptions, randomPacket } from './random-packet.ts';
export {
  CaptureReader,
  type CaptureReaderOptions,
  type Chunks,
  parseCapture,
  readCapture,
  readCaptureBatches,
} from './reader.ts';
export { type CaptureWriter, encodeCapture } from './writer.ts';
