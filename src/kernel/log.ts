/** The log buffer of PROG_LOAD and BTF_LOAD. */

const encoder = new TextEncoder();

/**
 * Writes `text` and a NUL into a caller's log buffer, where one was given and a level asks for text. A text that does not fit loses
 * its beginning, as the kernel's rotating log does. Gives the bytes that the whole text needs.
 */
export function writeLog(
  buffer: Uint8Array | undefined,
  size: number | undefined,
  level: number | undefined,
  text: string,
): number {
  const bytes = encoder.encode(text);
  const room = Math.min(buffer?.length ?? 0, size ?? 0);
  if (buffer !== undefined && room > 0 && (level ?? 0) !== 0) {
    const kept = bytes.length < room ? bytes : bytes.subarray(bytes.length - (room - 1));
    buffer.set(kept);
    buffer[kept.length] = 0;
  }
  return bytes.length + 1;
}
