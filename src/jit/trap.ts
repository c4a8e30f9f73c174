/** Where compiled code trapped: V8 writes a module's name, the function and the byte offset in the module into the stack trace. */

/** The module by its number, and the offset of the instruction in it. */
export interface Trap {
  readonly unit: number;
  readonly offset: number;
}

/** Reads the innermost position of compiled code out of an error's stack trace; undefined where the host writes none. */
export function findTrap(stack: string): Trap | undefined {
  const found = /wasm:\/\/wasm\/bpf(\d+)-[0-9a-f]+:wasm-function\[\d+\]:0x([0-9a-f]+)/.exec(stack);
  return found === null ? undefined : { unit: Number(found[1]), offset: Number.parseInt(found[2]!, 16) };
}
