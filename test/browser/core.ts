/**
 * One scenario over the core, run by `browser.test.ts` in Node and in a page, where the answers must be equal. It may use
 * anything of the library folders and nothing of the host; what it needs from files comes in through {@link CoreInput}.
 */

/** What the scenario is given; the same in Node and in the page. */
export interface CoreInput {
  /** Each library folder's `index.ts`, as imported. */
  readonly faces: Readonly<Record<string, object>>;
  /** The example objects, base64 by file name. */
  readonly objects: Readonly<Record<string, string>>;
  /** Packets, hexadecimal by name. */
  readonly packets: Readonly<Record<string, string>>;
}

/** Runs the scenario; the answer is plain data (bigint and Uint8Array included). */
export async function run({ faces }: CoreInput): Promise<unknown> {
  const exports = Object.entries(faces).map(([folder, face]) => [folder, Object.keys(face).sort()]);
  return { exports: Object.fromEntries(exports) };
}

/** Runs the scenario and writes the answer as JSON: a bigint as `123n`, bytes as hexadecimal. */
export async function answer(input: CoreInput): Promise<string> {
  const plain = (_key: string, value: unknown): unknown => {
    if (typeof value === 'bigint') return `${value}n`;
    if (value instanceof Uint8Array) return Array.from(value, byte => byte.toString(16).padStart(2, '0')).join('');
    return value;
  };
  return JSON.stringify(await run(input), plain, 2);
}
