/** Help, from the tables. */
import { COMMANDS, type CommandRow, OPTIONS, type OptionName, type OptionRow } from './commands.ts';
import { EXIT, type Handler } from './invocation.ts';
import { findCommand } from './parse.ts';
import { formatTable, type Terminal } from './terminal.ts';

/** Shows what there is, or what one command does. */
export const help: Handler = async ({ operands }, terminal) => {
  const [name, verb] = operands;
  if (name === undefined) {
    terminal.print(overview(terminal));
    return EXIT.ok;
  }
  const command = findCommand(COMMANDS, name);
  const chosen =
    verb === undefined || command.verbs === undefined ? command : findCommand(command.verbs, verb, command.name);
  terminal.print(commandHelp(chosen, chosen === command ? command.name : `${command.name} ${chosen.name}`, terminal));
  return EXIT.ok;
};

function overview(terminal: Terminal): string {
  const commands = COMMANDS.map(({ name, summary }) => [`  ${name}`, summary]);
  return [
    'skep: a complete eBPF system: run, inspect and test BPF programs in user space or on Linux',
    '',
    'Usage: skep [OPTIONS] COMMAND …',
    '',
    terminal.style('bold', 'Commands'),
    ...formatTable(commands, ['left', 'left']),
    '',
    terminal.style('bold', 'Options of every command'),
    ...optionLines(namesOf(row => row.global === true)),
    '',
    "Commands may be abbreviated; options may stand anywhere. 'skep help COMMAND' tells more.",
    'Exit status: 0 done, 1 refused or failed, 2 not understood, 130 interrupted.',
    '',
  ].join('\n');
}

function commandHelp(command: CommandRow, path: string, terminal: Terminal): string {
  const operands = (command.operands ?? [])
    .map(({ name, optional }) => (optional ? ` [${name}]` : ` ${name}`))
    .join('');
  const lines = [
    `skep ${path}: ${command.summary}`,
    '',
    `Usage: skep ${path}${operands}${command.options ? ' [OPTIONS]' : ''}`,
  ];
  for (const paragraph of command.details ?? []) lines.push('', ...wrap(paragraph, Math.min(terminal.columns, 100)));
  if (command.operands !== undefined) {
    lines.push('', terminal.style('bold', 'Operands'));
    lines.push(
      ...formatTable(
        command.operands.map(({ name, text }) => [`  ${name}`, text]),
        ['left', 'left'],
      ),
    );
  }
  const own = command.options ?? [];
  lines.push('', terminal.style('bold', 'Options'), ...optionLines([...own, ...namesOf(row => row.global === true)]));
  if (command.examples !== undefined) {
    lines.push('', terminal.style('bold', 'Examples'));
    for (const [line, what] of command.examples) lines.push(`  ${line}`, `      ${what}`);
  }
  return `${lines.join('\n')}\n`;
}

function namesOf(matches: (row: OptionRow) => boolean): OptionName[] {
  return (Object.keys(OPTIONS) as OptionName[]).filter(name => matches(OPTIONS[name])); // the keys of a const table
}

function optionLines(names: readonly OptionName[]): string[] {
  const cells = names.map(name => {
    const row: OptionRow = OPTIONS[name];
    const short = row.short === undefined ? '' : `-${row.short}, `;
    return [`  ${short}--${name}${row.value === undefined ? '' : ` ${row.value}`}`, row.text];
  });
  return formatTable(cells, ['left', 'left']);
}

/** Breaks a paragraph into lines of at most `width` characters. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
