/** Reading files on Node: whole objects, captures in chunks. */
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { getSystemErrorMap } from 'node:util';
import { readObject } from '../object/read.ts';
import type { CollectionSpec } from '../object/spec.ts';
import { BpfError } from '../util/error.ts';

/** A file that cannot be read or written; `code` is the system's (`ENOENT` …). */
export class FileError extends BpfError {
  override readonly name = 'FileError';
  readonly path: string;

  constructor(action: 'read' | 'write', path: string, cause: NodeJS.ErrnoException) {
    const [, why = cause.message] = getSystemErrorMap().get(cause.errno ?? 0) ?? [];
    super(cause.code ?? 'file', `${action} ${path}: ${why}`, { cause });
    this.path = path;
  }
}

/** Whether an error is one of the system's: it carries a code such as `ENOENT`. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

/** Runs `action`, turning errors of the system into {@link FileError}s. */
async function onFile<T>(action: 'read' | 'write', path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw isSystemError(error) ? new FileError(action, path, error) : error;
  }
}

/** The bytes of a file. @throws FileError */
export async function readBytes(path: string): Promise<Uint8Array> {
  const buffer = await onFile('read', path, () => readFile(path));
  // A plain array: the `slice` of a Buffer shares its bytes.
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/**
 * Reads a BPF object file.
 * @throws {FileError | ElfError | BtfError}
 */
export async function readObjectFile(path: string): Promise<CollectionSpec> {
  return readObject(await readBytes(path));
}

/** A file opened to be read from front to back. */
export interface ChunkedFile extends AsyncIterable<Uint8Array>, AsyncDisposable {
  /** Bytes in all; undefined for what has no end yet, such as a pipe. */
  readonly size: number | undefined;
}

const CHUNK_BYTES = 256 * 1024;

/**
 * Opens a file, or standard input for `-`, to be read in chunks through one buffer: a chunk is good until the next is asked for, so
 * reading takes the same memory whatever the file's size.
 * @throws FileError
 */
export async function openChunks(path: string, chunkBytes: number = CHUNK_BYTES): Promise<ChunkedFile> {
  if (path === '-') {
    return {
      size: undefined,
      [Symbol.asyncIterator]: () => process.stdin[Symbol.asyncIterator](),
      [Symbol.asyncDispose]: async () => {},
    };
  }
  const file = await onFile('read', path, () => open(path));
  const stat = await file.stat();
  return {
    size: stat.isFile() ? stat.size : undefined,
    [Symbol.asyncIterator]: () => chunksOf(file, path, new Uint8Array(chunkBytes)),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

async function* chunksOf(file: FileHandle, path: string, buffer: Uint8Array): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { bytesRead } = await onFile('read', path, () => file.read(buffer, 0, buffer.length));
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Whether two paths lead to one file; false where one of them leads nowhere. */
export async function isSameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map(path => stat(path).catch(() => undefined)));
  return one !== undefined && other !== undefined && one.dev === other.dev && one.ino === other.ino;
}

/** A file written from front to back. */
export interface SinkFile extends AsyncDisposable {
  /** Resolves when the bytes are with the system: whoever awaits it writes no faster than the disk. */
  write(bytes: Uint8Array): Promise<void>;
}

/** Creates a file, replacing what is there. @throws FileError */
export async function createSink(path: string): Promise<SinkFile> {
  const file = await onFile('write', path, () => open(path, 'w'));
  return {
    write: bytes =>
      onFile('write', path, async () => {
        for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done)).bytesWritten;
      }),
    [Symbol.asyncDispose]: () => file.close(),
  };
}
