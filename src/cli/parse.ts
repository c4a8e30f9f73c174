/** Takes a command line apart along the tables of `commands.ts`. Options may stand anywhere; `--` ends them. */
import { COMMANDS, type CommandRow, OPTIONS, type OptionName, type OptionRow, type Options } from './commands.ts';
import { type Invocation, UsageError } from './invocation.ts';
import { closest } from './suggest.ts';

const NAMES = Object.keys(OPTIONS) as OptionName[]; // the keys of a const table

const optionRow = (name: OptionName): OptionRow => OPTIONS[name];

interface GivenOptions {
  values: { [K in OptionName]?: string | number | true | string[] };
  words: string[];
}

/**
 * The command that `argv` asks for.
 * @throws UsageError
 */
export function parseCommandLine(argv: readonly string[]): Invocation {
  const { values, words } = takeOptions(argv);
  const options = values as Options; // each value was made by its option's kind
  if (options.version) return { path: ['version'], operands: [], options };
  const [first, ...rest] = words;
  if (first === undefined) return { path: ['help'], operands: [], options };
  let command = findCommand(COMMANDS, first);
  const path = [command.name];
  if (command.verbs !== undefined) {
    command = findCommand(command.verbs, rest.shift() ?? (command.verbs[0]?.name as string), command.name);
    path.push(command.name);
  }
  if (options.help) return { path: ['help'], operands: path, options };
  checkOptions(command, path, values);
  checkOperands(command, path, rest);
  return { path, operands: rest, options };
}

/** The first command that `word` names or abbreviates. */
export function findCommand(commands: readonly CommandRow[], word: string, parent?: string): CommandRow {
  const found = commands.find(({ name }) => name === word) ?? commands.find(({ name }) => name.startsWith(word));
  if (found !== undefined && word !== '') return found;
  const names = commands.map(({ name }) => name);
  const kind = parent === undefined ? 'command' : `verb of ${parent}`;
  throw new UsageError(
    `unknown ${kind} ${word}, ${didYouMean(closest(word, names), `want ${names.join(', ')}`)}`,
    parent,
  );
}

const didYouMean = (guess: string | undefined, otherwise: string): string =>
  guess === undefined ? otherwise : `did you mean ${guess}?`;

function takeOptions(argv: readonly string[]): GivenOptions {
  const given: GivenOptions = { values: {}, words: [] };
  const queue = [...argv];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === '--') {
      given.words.push(...queue);
      break;
    }
    if (word.startsWith('--')) takeOption(given, word, queue);
    else if (word.startsWith('-') && word !== '-') for (const letter of word.slice(1)) takeLetter(given, letter, queue);
    else given.words.push(word);
  }
  return given;
}

function takeLetter(given: GivenOptions, letter: string, queue: string[]): void {
  const name = NAMES.find(candidate => optionRow(candidate).short === letter);
  if (name === undefined) throw new UsageError(`unknown option -${letter}`);
  store(given, name, undefined, queue);
}

function takeOption(given: GivenOptions, word: string, queue: string[]): void {
  const equals = word.indexOf('=');
  const typed = equals < 0 ? word.slice(2) : word.slice(2, equals);
  const name = NAMES.find(candidate => candidate === typed);
  if (name === undefined) {
    const guess = closest(typed, NAMES);
    throw new UsageError(`unknown option --${typed}${guess === undefined ? '' : `, did you mean --${guess}?`}`);
  }
  store(given, name, equals < 0 ? undefined : word.slice(equals + 1), queue);
}

function store({ values }: GivenOptions, name: OptionName, attached: string | undefined, queue: string[]): void {
  const row = optionRow(name);
  if (row.kind === 'flag') {
    if (attached !== undefined) throw new UsageError(`option --${name}=${attached}: takes no value`);
    values[name] = true;
    return;
  }
  const value = attached ?? queue.shift();
  if (value === undefined) throw new UsageError(`option --${name}: want ${row.value} behind it`);
  if (row.kind === 'list') {
    const list = values[name];
    values[name] = Array.isArray(list) ? [...list, value] : [value];
    return;
  }
  if (values[name] !== undefined) throw new UsageError(`option --${name} is given twice`);
  values[name] = row.kind === 'count' ? parseCount(name, value) : value;
}

function parseCount(name: OptionName, text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 0xffff_ffff) {
    throw new UsageError(`option --${name} ${text}: want a whole number from 1 to 4294967295`);
  }
  return count;
}

function checkOptions(command: CommandRow, path: readonly string[], values: GivenOptions['values']): void {
  for (const name of Object.keys(values) as OptionName[]) {
    // keys that `store` made
    if (optionRow(name).global || command.options?.includes(name)) continue;
    throw new UsageError(`${path.join(' ')} takes no option --${name}`, path[0]);
  }
}

function checkOperands(command: CommandRow, path: readonly string[], operands: readonly string[]): void {
  const rows = command.operands ?? [];
  const missing = rows[operands.length];
  if (missing !== undefined && !missing.optional)
    throw new UsageError(`${path.join(' ')}: want ${missing.name}, ${missing.text}`, path[0]);
  if (operands.length > rows.length) {
    throw new UsageError(`${path.join(' ')}: one word too many: ${operands[rows.length]}`, path[0]);
  }
}
