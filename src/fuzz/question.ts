/**
 * What engines are asked and what they answer: a whole XDP program with its maps and a packet; a verdict, the packet and the maps
 * afterwards, or a fault. Both are plain data, and the same text for the same data.
 */
import type { MapTypeName } from '../uapi/map-types.ts';
import type { FaultReason } from '../vm/fault.ts';

/** A map and its contents before the run. */
export interface QuestionMap {
  readonly type: MapTypeName;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  /** The values of a prog array are programs in bytes; none for the program that is asked about. */
  readonly entries: readonly (readonly [key: Uint8Array, value: Uint8Array])[];
}

/** A program and everything that it runs over. */
export interface Question {
  /** Instructions. Maps are named by their place in `maps` (`map[idx:0]`), so that the bytes load as they are. */
  readonly program: Uint8Array;
  readonly maps: readonly QuestionMap[];
  readonly packet: Uint8Array;
}

/** The entries of a map, key and value in hex, in the order of the keys. */
export type Entries = readonly (readonly [key: string, value: string])[];

/** What an engine made of a question. */
export type Answer =
  | {
      readonly kind: 'ran';
      /** r0, the low 32 bits, unsigned. */
      readonly verdict: number;
      /** In hex. */
      readonly packet: string;
      readonly maps: readonly Entries[];
    }
  | { readonly kind: 'fault'; readonly reason: FaultReason; readonly pc: number; readonly why: string }
  /** The program was not loaded, or could not be run. */
  | { readonly kind: 'refused'; readonly why: string };

/** Who answers questions. */
export interface Responder {
  readonly name: string;
  /** Whether it refuses what it can not prove safe: its refusals say nothing of the others. */
  readonly verifies: boolean;
  /** Whether it takes programs that would do what no verifier allows; those that would not be stopped are not asked. */
  readonly checks: boolean;
  answer(question: Question): Answer;
}

/** What two answers have to have in common. */
function essence(answer: Answer): string {
  if (answer.kind !== 'fault') return JSON.stringify(answer.kind === 'refused' ? answer.kind : answer);
  return JSON.stringify([answer.kind, answer.reason, answer.pc]);
}

/** Whether a run was cut short for its length: engines count instructions differently. */
const isOutOfFuel = (answer: Answer): boolean => answer.kind === 'fault' && answer.reason === 'out_of_fuel';

/** Whether two answers contradict each other. */
export function contradicts(a: Answer, b: Answer): boolean {
  return !isOutOfFuel(a) && !isOutOfFuel(b) && essence(a) !== essence(b);
}
