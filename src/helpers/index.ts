/** Bodies of the helpers, typed from the rows in `uapi/`. */
export type { HelperBodies, HelperBody, HelperWorld } from './bind.ts';
export { createHelpers } from './create.ts';
