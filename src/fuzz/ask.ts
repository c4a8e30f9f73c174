/** One question to several responders, and whether their answers contradict each other. */
import { type Answer, contradicts, type Question, type Responder } from './question.ts';

/** An answer and who gave it. */
export interface Given {
  readonly responder: Responder;
  readonly answer: Answer;
}

/** Two answers of which one is wrong. */
export type Disagreement = readonly [Given, Given];

/** Answers to one question. */
export interface Asked {
  readonly answers: readonly Given[];
  readonly disagreement: Disagreement | undefined;
}

/** Whether a responder's answer may be held against the others'. */
const counts = ({ responder, answer }: Given): boolean => !(responder.verifies && answer.kind === 'refused');

/** Asks everyone. Who would not be stopped by a fault is asked last, and only where the others saw none. */
export function ask(responders: readonly Responder[], question: Question): Asked {
  const answers: Given[] = [];
  for (const responder of [...responders].sort((a, b) => Number(b.checks) - Number(a.checks))) {
    const isSafe = responder.checks || (answers.length > 0 && answers.every(({ answer }) => answer.kind === 'ran'));
    if (isSafe) answers.push({ responder, answer: responder.answer(question) });
  }
  const [first, ...others] = answers.filter(counts);
  const other = first && others.find(({ answer }) => contradicts(first.answer, answer));
  return { answers, disagreement: first && other && [first, other] };
}
