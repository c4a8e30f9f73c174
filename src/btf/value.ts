/**
 * Values of C types as plain JavaScript: what `decodeValue` gives and `encodeValue` takes.
 */

/**
 * Integers up to 32 bits and enums of that size are numbers, 64-bit and wider ones bigints (canonical by signedness),
 * bool is boolean, float and double numbers, char arrays strings, other arrays arrays, structs and unions plain objects
 * by member name, pointers bigints; a type without BTF is its raw bytes.
 */
export type BtfValue =
  | number
  | bigint
  | boolean
  | string
  | null
  | Uint8Array
  | BtfValue[]
  | { [member: string]: BtfValue };
