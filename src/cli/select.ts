/** Which program of an object a command means. */
import type { CollectionSpec, ProgramSpec } from '../object/spec.ts';
import { runsPackets } from '../uapi/prog-types.ts';
import { BpfError, NotSupportedError } from '../util/error.ts';
import { UsageError } from './invocation.ts';
import { closest } from './suggest.ts';

/**
 * The program named `name`.
 * @throws {BpfError} naming the programs that there are.
 */
export function programNamed(spec: CollectionSpec, name: string): ProgramSpec {
  const program = Object.hasOwn(spec.programs, name) ? spec.programs[name] : undefined;
  if (program !== undefined) return program;
  const names = Object.keys(spec.programs);
  const guess = closest(name, names);
  throw new BpfError(
    'no_such_program',
    `no program ${name}${guess === undefined ? '' : `, did you mean ${guess}?`} The object has ${names.join(', ') || 'none'}`,
  );
}

/** What a program is run over: packets, or a context. */
export type RunKind = 'packets' | 'context';

/**
 * The program to run: the one named, else the only one that can be run over what there is.
 * @throws {UsageError} where there are several; NotSupportedError for a type that does not see packets.
 */
export function programToRun(spec: CollectionSpec, name: string | undefined, kind: RunKind): ProgramSpec {
  if (name !== undefined) return wantRunnable(programNamed(spec, name), kind);
  const programs = Object.values(spec.programs);
  const [first, second] = programs.filter(({ type }) => kind === 'context' || runsPackets(type));
  if (first !== undefined && second === undefined) return first;
  if (first === undefined) {
    const [only] = programs;
    if (only === undefined) throw new BpfError('no_program', 'the object has no program');
    return wantRunnable(only, kind);
  }
  const list = programs.map(program => `${program.name} (${program.section})`).join(', ');
  throw new UsageError(`the object has several programs, name one with --prog: ${list}`, 'run');
}

function wantRunnable(program: ProgramSpec, kind: RunKind): ProgramSpec {
  if (kind === 'context' || runsPackets(program.type)) return program;
  const section = `SEC("${program.section}")`;
  throw new NotSupportedError(
    program.type,
    `program ${program.name}: ${section} is of type ${program.type}, which sees no packets: run it over a context, with --ctx`,
  );
}

/** A copy of `spec` that loads `program` and the programs that its prog arrays hold, and no others. */
export function withOnly(spec: CollectionSpec, program: ProgramSpec): CollectionSpec {
  const held = new Set([program.name]);
  for (const map of Object.values(spec.maps)) {
    for (const slot of map.slots) if (slot.kind === 'program') held.add(slot.name);
  }
  const programs = Object.entries(spec.programs).map(([name, one]) => [name, { ...one, autoload: held.has(name) }]);
  return { ...spec, programs: Object.fromEntries(programs) };
}
