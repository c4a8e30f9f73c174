/** Values as JSON: a 64-bit number is a number where that is exact, else a string; bytes are hexadecimal. */
import type { BtfValue } from '../btf/value.ts';
import { toHex } from '../util/bytes.ts';
import type { Options } from './commands.ts';

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** A BTF value as JSON. */
export function valueToJson(value: BtfValue): Json {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(valueToJson);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, valueToJson(member)]));
}

/** One JSON object as a command prints it. */
export function formatJson(value: Json, options: Options): string {
  return `${JSON.stringify(value, null, options.pretty ? 2 : undefined)}\n`;
}

/** Whether a command is to answer in JSON. */
export function wantsJson(options: Options): boolean {
  return options.json === true || options.pretty === true;
}
