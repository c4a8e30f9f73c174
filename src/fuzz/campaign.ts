/** A campaign: one random question after the other until two answers contradict each other. Everything follows from the seed. */
import { Random } from '../util/random.ts';
import { ask, type Disagreement } from './ask.ts';
import { DefinedCheck } from './defined.ts';
import type { Question, Responder } from './question.ts';
import { FUEL } from './responders.ts';
import { shrink } from './shrink.ts';
import { verifiableQuestion } from './verifiable.ts';
import { wildQuestion } from './wild.ts';

/** Kinds of random programs: what a verifier would take, and what none would. */
export const QUESTION_KINDS = { verifiable: verifiableQuestion, wild: wildQuestion } as const;

/** The name of a kind of random programs. */
export type QuestionKind = keyof typeof QUESTION_KINDS;

/** A question that two responders answer differently. */
export interface Finding {
  readonly question: Question;
  readonly disagreement: Disagreement;
}

/** What a campaign has seen. */
export interface CampaignTally {
  /** Questions asked. */
  runs: number;
  /** Programs refused, and programs ended by a fault, by the name of the responder. */
  readonly refused: Map<string, number>;
  readonly faults: Map<string, number>;
}

/** Asks responders random questions. */
export class Campaign implements Disposable {
  readonly tally: CampaignTally = { runs: 0, refused: new Map(), faults: new Map() };
  readonly #responders: readonly Responder[];
  readonly #random: Random;
  /** Whether somebody verifies, so that only programs may be asked that pass. */
  readonly #isVerified: boolean;
  readonly #defined: DefinedCheck;

  constructor(responders: readonly Responder[], seed: number) {
    this.#responders = responders;
    this.#isVerified = responders.some(({ verifies }) => verifies);
    this.#defined = new DefinedCheck({ fuel: FUEL, soils: this.#isVerified });
    this.#random = new Random(seed);
  }

  /** Asks one question; gives it where answers contradict each other. */
  step(): Finding | undefined {
    const isWild = !this.#isVerified && this.#random.oneIn(2);
    const question = QUESTION_KINDS[isWild ? 'wild' : 'verifiable'](new Random(this.#random.u32()));
    const { answers, disagreement } = ask(this.#responders, question);
    this.tally.runs++;
    for (const { responder, answer } of answers) {
      if (answer.kind === 'refused') count(this.tally.refused, responder.name);
      if (answer.kind === 'fault') count(this.tally.faults, responder.name);
    }
    return disagreement && this.#defined.holds(question) ? { question, disagreement } : undefined;
  }

  /** The smallest question like the one found that the same two answer differently. */
  shrink({ question, disagreement }: Finding): Finding {
    const pair = disagreement.map(({ responder }) => responder);
    const contradiction = (asked: Question): Disagreement | undefined => ask(pair, asked).disagreement;
    const smallest = shrink(question, asked => contradiction(asked) !== undefined && this.#defined.holds(asked));
    return { question: smallest, disagreement: contradiction(smallest) ?? disagreement };
  }

  [Symbol.dispose](): void {
    this.#defined[Symbol.dispose]();
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
