/** Where programs are attached or run: an event in, a verdict out. */
export { type BuiltContext, buildContext, type ContextRequest, type ContextTarget } from './context.ts';
export { parseTracepointFormat, type TracepointField } from './context-args.ts';
export { ContextError } from './context-error.ts';
export type { ContextFields } from './context-fields.ts';
export { parseContextJson } from './context-json.ts';
export { type HookRefusal, isRefusal } from './refusal.ts';
export { SkbHook, type SkbInput, type SkbOutput } from './skb.ts';
export { encodeXdpMd, readXdpMd, XdpHook, type XdpMd, xdpMdOf } from './xdp.ts';
