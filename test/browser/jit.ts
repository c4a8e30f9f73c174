/** The scenario that the compiling engine runs both in a page and in Node: results, faults, a tail call, a trap. */
import { VmFault } from '../../src/vm/fault.ts';
import { ENGINE_NAMES, TestBench } from '../support/engines.ts';
import { program, type Source } from '../support/program.ts';

const SOURCES: Readonly<Record<string, Source>> = {
  loop: [
    ['mov64_k', { dst: 1, imm: 1000 }],
    ['add64_x', { dst: 0, src: 1 }],
    ['sub64_k', { dst: 1, imm: 1 }],
    ['jne64_k', { dst: 1, off: -3 }],
    ['exit'],
  ],
  memory: [
    ['ldx_mem_w', { dst: 2, src: 1 }],
    ['stx_mem_dw', { dst: 10, src: 2, off: -8 }],
    ['ldx_mem_h', { src: 10, off: -8 }],
    ['exit'],
  ],
  call: [
    ['mov64_k', { dst: 6, imm: 3 }],
    ['call_subprog', { imm: 1 }],
    ['exit'],
    ['mov64_x', { dst: 0, src: 6 }],
    ['exit'],
  ],
  'tail call': [['mov64_k', { dst: 3, imm: 1 }], ['call', { imm: 12 }], ['exit']],
  fault: [['mov64_k'], ['mov64_k', { dst: 1, imm: -1 }], ['ldx_mem_w', { src: 1 }], ['exit']],
};

/** What each engine says of each program. */
export function runScenario(): Record<string, string> {
  const tailCalls = { 1: program([['mov64_k', { imm: 77 }], ['exit']]) };
  const answers: Record<string, string> = {};
  for (const engine of ENGINE_NAMES) {
    for (const [name, source] of Object.entries(SOURCES)) {
      answers[`${engine}: ${name}`] = outcome(() => new TestBench(engine, { tailCalls }).run(program(source)));
    }
  }
  return answers;
}

function outcome(run: () => bigint): string {
  try {
    return String(run());
  } catch (error) {
    return error instanceof VmFault ? `fault at ${error.pc}` : String(error);
  }
}
