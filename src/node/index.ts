/** skep on Node: files, and the choice of a kernel. */
export {
  type ChunkedFile,
  createSink,
  FileError,
  openChunks,
  readBytes,
  readObjectFile,
  type SinkFile,
} from './files.ts';
export { type KernelChoice, openKernel } from './open-kernel.ts';
