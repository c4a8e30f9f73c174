/** Runs a conformance case on an engine and says what is wrong with what came of it. */
import { AsmError } from '../../src/asm/error.ts';
import { type ConformanceEngine, ConformanceMachine } from '../../src/cli/conformance-machine.ts';
import { BpfError } from '../../src/util/error.ts';
import { hex64 } from '../../src/util/int64.ts';
import type { ConformanceCase } from './data-file.ts';

/** One machine with one engine, for any number of cases. */
export class CaseRunner implements Disposable {
  readonly machine: ConformanceMachine;

  constructor(engine: ConformanceEngine, options?: { counts?: boolean }) {
    this.machine = new ConformanceMachine(engine, options);
  }

  /** Why a case fails; undefined where it passes. */
  run(given: ConformanceCase): string | undefined {
    const { expected } = given;
    try {
      const r0 = this.#execute(given);
      if ('error' in expected) return `r0 is ${hex64(r0)}, want an error${expected.error && `: ${expected.error}`}`;
      return r0 === expected.result ? undefined : `r0 is ${hex64(r0)}, want ${hex64(expected.result)}`;
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      // what could not be read is no error of the program
      if (error instanceof AsmError && error.field === 'text') return error.message;
      if ('result' in expected) return `${error.message}, want r0 ${hex64(expected.result)}`;
      return error.message.includes(expected.error) ? undefined : `${error.message}, want an error: ${expected.error}`;
    }
  }

  [Symbol.dispose](): void {
    this.machine[Symbol.dispose]();
  }

  #execute({ program, memory, maps }: ConformanceCase): bigint {
    const fds = Object.entries(maps).map(([name, map]) => [name, this.machine.createMap(map)] as const);
    return this.machine.run({
      program: program(Object.fromEntries(fds)),
      memory,
      maps: fds.map(([, fd]) => fd),
    });
  }
}
