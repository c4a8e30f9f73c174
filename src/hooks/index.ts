/** Where programs are attached or run: an event in, a verdict out. */
export { encodeXdpMd, readXdpMd, XdpHook, type XdpInput, type XdpMd, type XdpOutput, type XdpRefusal } from './xdp.ts';
