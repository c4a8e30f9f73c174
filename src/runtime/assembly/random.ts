/** The machine's randomness: sfc32 over four words in its cells, the generator of `util/random.ts`. */
import { CELL_RANDOM } from '../layout.ts';
import { cells } from './env.ts';

/** 32 random bits. */
export function nextRandom(): u32 {
  const at = cells + CELL_RANDOM;
  const a = load<u32>(at);
  const b = load<u32>(at, 4);
  const c = load<u32>(at, 8);
  const counter = load<u32>(at, 12);
  const result = a + b + counter;
  store<u32>(at, counter + 1, 12);
  store<u32>(at, b ^ (b >> 9));
  store<u32>(at, c + (c << 3), 4);
  store<u32>(at, rotl<u32>(c, 21) + result, 8);
  return result;
}
