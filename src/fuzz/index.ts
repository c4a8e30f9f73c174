/** Random programs, asked of several engines, and the smallest one that they do not agree on. */
export { type Asked, ask, type Disagreement, type Given } from './ask.ts';
export { Campaign, type CampaignTally, type Finding, QUESTION_KINDS, type QuestionKind } from './campaign.ts';
export { DefinedCheck } from './defined.ts';
export { type KernelResponderOptions, kernelResponder } from './kernel-responder.ts';
export {
  type Answer,
  contradicts,
  type Entries,
  type Question,
  type QuestionMap,
  type Responder,
} from './question.ts';
export { listing, parseReplay, type Replay, type ReplayMap, toReplay } from './replay.ts';
export { OWN_ENGINES, type OwnEngine, ownResponder } from './responders.ts';
export { shrink } from './shrink.ts';
