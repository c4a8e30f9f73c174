import { describe, expect, test } from 'vitest';
import { COMMANDS, OPTIONS } from './commands.ts';
import { loadHandler } from './handlers.ts';
import { parseCommandLine } from './parse.ts';

describe('parseCommandLine', () => {
  test.each([
    ['nothing asks for help', '', ['help'], [], {}],
    ['a command with an operand', 'run fw.o --packet 00', ['run'], ['fw.o'], { packet: '00' }],
    ['options in front', '--json run fw.o --packet 00', ['run'], ['fw.o'], { json: true, packet: '00' }],
    ['a value behind =', 'run fw.o --packet=00', ['run'], ['fw.o'], { packet: '00' }],
    ['an abbreviation', 'r fw.o --packet 00', ['run'], ['fw.o'], { packet: '00' }],
    ['letters together', 'disasm fw.o -jp', ['disasm'], ['fw.o'], { json: true, pretty: true }],
    ['an option given several times', 'run fw.o --map a --map b', ['run'], ['fw.o'], { map: ['a', 'b'] }],
    ['a count', 'run fw.o --repeat 10', ['run'], ['fw.o'], { repeat: 10 }],
    ['- is a value', 'run fw.o --pcap -', ['run'], ['fw.o'], { pcap: '-' }],
    ['-- ends the options', 'disasm -- --fw.o', ['disasm'], ['--fw.o'], {}],
    ['--help of a command', 'run --help', ['help'], ['run'], { help: true }],
    ['--version', '-V', ['version'], [], { version: true }],
  ])('%s', (_, line, path, operands, options) => {
    const parsed = parseCommandLine(line.split(' ').filter(word => word !== ''));
    expect(parsed).toMatchObject({ path, operands, options });
    expect(parsed.options).toEqual(options);
  });

  test.each([
    ['a mistyped command', 'rnu', 'unknown command rnu, did you mean run?'],
    ['a command like none', 'xyzzy', 'unknown command xyzzy, want help, version, run, disasm'],
    ['a mistyped option', 'run fw.o --pcpa x', 'unknown option --pcpa, did you mean --pcap?'],
    ['an option like none', 'run fw.o --xyzzy', 'unknown option --xyzzy'],
    ['an unknown letter', 'run fw.o -x', 'unknown option -x'],
    ['an option of another command', 'disasm fw.o --pcap x', 'disasm takes no option --pcap'],
    ['a value too few', 'run fw.o --pcap', 'option --pcap: want FILE behind it'],
    ['a value for a flag', 'run fw.o --json=1', 'option --json=1: takes no value'],
    ['an option twice', 'run fw.o --pcap a --pcap b', 'option --pcap is given twice'],
    ['a count that is none', 'run fw.o --repeat 1e3', 'option --repeat 1e3: want a whole number from 1 to 4294967295'],
    ['a count of nothing', 'run fw.o --repeat 0', 'option --repeat 0: want a whole number from 1 to 4294967295'],
    ['no operand', 'run', 'run: want OBJECT, an object file'],
    ['an operand too many', 'run a.o b.o', 'run: one word too many: b.o'],
  ])('refuses %s', (_, line, message) => {
    expect(() => parseCommandLine(line.split(' '))).toThrow(
      expect.objectContaining({ name: 'UsageError', message: expect.stringContaining(message) }),
    );
  });
});

test('every option that a command takes has a row, and every row is taken', () => {
  const taken = new Set<string>(COMMANDS.flatMap(command => command.options ?? []));
  const own = Object.entries(OPTIONS)
    .filter(([, row]) => !('global' in row))
    .map(([name]) => name);
  expect([...taken].sort()).toEqual(own.sort());
});

test('every command has code', async () => {
  const paths = COMMANDS.flatMap(({ name, verbs }) => verbs?.map(verb => [name, verb.name]) ?? [[name]]);
  for (const path of paths) expect(await loadHandler(path)).toBeTypeOf('function');
});
