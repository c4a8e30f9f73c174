/** bpf_trace_printk, bpf_trace_vprintk and bpf_snprintf (kernel/trace/bpf_trace.c, kernel/bpf/helpers.c). */
import { ERRNO } from '../uapi/errno.ts';
import type { GuestMemory } from '../vm/memory.ts';
import type { HelperBodies, HelperWorld } from './bind.ts';
import { formatText } from './format.ts';

/** Most arguments of a call that takes them in an array. */
const MAX_ARGUMENTS = 12;
/** Bytes of a traced line, its NUL included. */
const MAX_LINE = 1024;

/** The arguments in an array of 64-bit words, or a negative errno. */
function argumentsAt(memory: GuestMemory, array: number, size: number): bigint[] | number {
  if (size % 8 !== 0 || size > MAX_ARGUMENTS * 8 || (size > 0 && array === 0)) return -ERRNO.EINVAL;
  return Array.from({ length: size / 8 }, (_, i) => memory.view.getBigUint64(array + 8 * i, true));
}

/** The bytes of a format up to its NUL, undefined where it has none. */
function formatAt(memory: GuestMemory, address: number, size: number): Uint8Array | undefined {
  const bytes = memory.read(address, size);
  const end = bytes.indexOf(0);
  return end < 0 ? undefined : bytes.subarray(0, end);
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, character => character.charCodeAt(0));
}

/** The helpers that format text. */
export function printHelpers({ machine }: HelperWorld): HelperBodies {
  const { memory } = machine;
  const trace = (format: Uint8Array | undefined, args: readonly bigint[] | number): number => {
    if (typeof args === 'number') return args;
    const text = format === undefined ? -ERRNO.EINVAL : formatText(memory, format, args);
    if (typeof text === 'number') return text;
    machine.onTrace(new TextDecoder().decode(bytesOf(text.slice(0, MAX_LINE - 1))));
    return text.length;
  };
  return {
    trace_printk: (_call, format, size, a, b, c) => trace(formatAt(memory, format, size), [a, b, c]),
    trace_vprintk: (_call, format, size, array, bytes) =>
      trace(formatAt(memory, format, size), argumentsAt(memory, array, bytes)),
    snprintf(_call, buffer, size, format, array, bytes) {
      const args = argumentsAt(memory, array, bytes);
      if (typeof args === 'number') return args;
      const text = formatText(memory, format, args);
      if (typeof text === 'number') return text;
      if (size > 0) {
        const written = bytesOf(text.slice(0, size - 1));
        memory.write(buffer, written);
        memory.u8[buffer + written.length] = 0;
      }
      return text.length + 1;
    },
  };
}
