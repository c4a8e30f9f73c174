/** Writes the captures beside this file: `node examples/captures/make.ts`. */
import { writeFileSync } from 'node:fs';
import { encodeCapture, PcapngWriter, PcapWriter } from '../../src/packet/index.ts';
import { annotatedTraffic, mixedTraffic } from './traffic.ts';

const here = (name: string) => new URL(name, import.meta.url);

writeFileSync(here('mixed.pcap'), encodeCapture(new PcapWriter({ resolution: 'us' }), mixedTraffic()));
writeFileSync(here('annotated.pcapng'), encodeCapture(new PcapngWriter(), annotatedTraffic()));
