/** Contexts as JSON text. */
import type { BtfValue } from '../btf/value.ts';
import { ContextError } from './context-error.ts';
import type { ContextFields } from './context-fields.ts';
import { isRecord } from './context-value.ts';

/** What engines give a reviver beside key and value. */
interface ReviverContext {
  /** The text of a number as it stands. */
  readonly source?: string;
}

/**
 * The fields in JSON text. Integers beyond 2^53 keep all their digits, as bigint; `{ "$hex": "0a0b" }` is bytes.
 * @throws ContextError where it is no JSON object.
 * @example parseContextJson('{ "family": 2, "remote_ip4": "10.0.0.1", "data": { "$hex": "0800" } }')
 */
export function parseContextJson(text: string): ContextFields {
  let value: BtfValue;
  try {
    value = JSON.parse(text, revive as (key: string, value: BtfValue) => BtfValue) as BtfValue; // JSON has nothing that is no BtfValue
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ContextError('', `not JSON: ${error.message}`);
  }
  if (!isRecord(value)) throw new ContextError('', 'want a JSON object of fields');
  return value;
}

function revive(_key: string, value: BtfValue, { source }: ReviverContext): BtfValue {
  if (typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)) {
    return BigInt(source);
  }
  if (!isRecord(value) || typeof value['$hex'] !== 'string') return value;
  const hex = value['$hex'].replaceAll(/\s/g, '');
  if (!/^([0-9a-f]{2})*$/i.test(hex)) throw new ContextError('$hex', `'${value['$hex']}' is not hex`);
  return Uint8Array.from(hex.match(/../g) ?? [], byte => Number.parseInt(byte, 16));
}
