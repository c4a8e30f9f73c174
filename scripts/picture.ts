/**
 * Draws a terminal with the output of a command as `docs/NAME.svg`: the pictures of the README.
 * Usage: `npx node scripts/picture.ts docs/run.svg -- run examples/… --pcap …`
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root } from './support/sources.ts';

const LINE = 19;
const COLUMN = 8.4;
const MARGIN = 18;
const BAR = 34;

/** SGR parameters that skep's output uses, as colours. */
const COLOURS: Readonly<Record<string, string>> = {
  '1': 'font-weight="bold"',
  '2': 'fill="#8b949e"',
  '31': 'fill="#ff7b72"',
  '32': 'fill="#7ee787"',
  '33': 'fill="#e3b341"',
  '36': 'fill="#79c0ff"',
};

const escapeXml = (text: string): string =>
  text.replace(/[&<>]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]!);

/** Begins an SGR sequence: `\u001b[1m`. */
const ESCAPE = '\u001b[';

/** A line with SGR sequences as `tspan`s. */
function spans(line: string): string {
  const [plain = '', ...styled] = line.split(ESCAPE);
  const parts = styled.map(part => {
    const end = part.indexOf('m');
    return `<tspan ${COLOURS[part.slice(0, end)] ?? ''}>${escapeXml(part.slice(end + 1))}</tspan>`;
  });
  return escapeXml(plain) + parts.join('');
}

function draw(command: string, output: string): string {
  const lines = [`${ESCAPE}32m$${ESCAPE}0m ${command}`, ...output.trimEnd().split('\n')];
  const columns = Math.max(...lines.map(line => stripVTControlCharacters(line).length));
  const width = Math.ceil(columns * COLUMN + 2 * MARGIN);
  const height = BAR + lines.length * LINE + MARGIN;
  const text = lines
    .map((line, i) => `<text x="${MARGIN}" y="${BAR + (i + 0.8) * LINE}" xml:space="preserve">${spans(line)}</text>`)
    .join('\n');
  const dots = ['#ff5f56', '#ffbd2e', '#27c93f'].map(
    (fill, i) => `<circle cx="${MARGIN + 6 + i * 20}" cy="17" r="6" fill="${fill}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<title>${escapeXml(command)}</title>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${dots.join('')}
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" fill="#e6edf3">
${text}
</g>
</svg>
`;
}

const [out, dashes, ...args] = process.argv.slice(2);
if (out === undefined || dashes !== '--') {
  console.error('usage: picture.ts FILE.svg -- ARGUMENTS OF skep');
  process.exit(2);
}
const output = execFileSync(process.execPath, [join(root, 'bin/skep.js'), ...args], {
  cwd: root,
  encoding: 'utf8',
  env: { ...process.env, FORCE_COLOR: '1' },
});
writeFileSync(out, draw(`npx skep ${args.join(' ')}`, output));
