/** Reading what a command is given, with the file's name in front of what is wrong with it. */
import { type Btf, parseBtf } from '../btf/btf.ts';
import type { ContextFields } from '../hooks/context-fields.ts';
import { parseContextJson } from '../hooks/context-json.ts';
import { FileError, readBytes, readObjectFile } from '../node/files.ts';
import type { CollectionSpec } from '../object/spec.ts';
import { parseHex } from '../util/bytes.ts';
import { BpfError } from '../util/error.ts';
import { UsageError } from './invocation.ts';

/** An object file. @throws BpfError naming the file. */
export function readSpec(path: string): Promise<CollectionSpec> {
  return inFile(path, () => readObjectFile(path));
}

/** The bytes that `--packet` gives: hexadecimal digits, or the contents of `@FILE`. */
export async function readPacket(text: string): Promise<Uint8Array> {
  if (text.startsWith('@')) return readBytes(text.slice(1));
  const bytes = parseHex(text);
  if (bytes !== undefined) return bytes;
  throw new UsageError(`option --packet ${text}: want pairs of hexadecimal digits, or @FILE`, 'run');
}

/** The context that `--ctx` gives: JSON, or the contents of `@FILE`. */
export async function readContext(text: string): Promise<ContextFields> {
  const json = text.startsWith('@') ? new TextDecoder().decode(await readBytes(text.slice(1))) : text;
  return parseContextJson(json);
}

/** The types of a kernel in the file that `--btf` names. @throws {BpfError} naming the file. */
export function readBtf(path: string): Promise<Btf> {
  return inFile(path, async () => parseBtf(await readBytes(path)));
}

/** Does what a file may be wrong for, putting its name in front of such an error. */
export async function inFile<T>(path: string, action: () => Promise<T>, isFiles = isBpfError): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof FileError || !isFiles(error)) throw error;
    throw new BpfError(error.code, `${path}: ${error.message}`, { cause: error });
  }
}

function isBpfError(error: unknown): error is BpfError {
  return error instanceof BpfError;
}
