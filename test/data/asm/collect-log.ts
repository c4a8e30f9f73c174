/**
 * Collects `log.tsv` from verifier records with their logs: which text the kernel prints for which encoding, a few examples per
 * form (opcode, text with numbers masked but for their sign).
 *
 *     node collect-log.ts RECORDS.ndjson … > log.tsv
 *
 * Records carry `id`, `insns` (hex) or `insns_gz`, and logs (`log`, `live.log`, `live.log2`); a record without instructions is
 * taken for more log of the record with its id.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { gunzipSync } from 'node:zlib';

const EXAMPLES_PER_FORM = 5;
const INSN_LINE = /(?:^|before )\s*(?:\d+\s+)?(\d+): (?:[.0-9]{10} )?(\([0-9a-f]{2}\) .*)$/;

interface VerifierRecord {
  id: string;
  insns?: string;
  insns_gz?: string;
  log?: string;
  live?: { log?: string; log2?: string };
}

const bytesOf = new Map<string, Buffer>();
const forms = new Map<string, Set<string>>();

function instructionsOf(record: VerifierRecord): Buffer | undefined {
  if (record.insns !== undefined) return Buffer.from(record.insns, 'hex');
  if (record.insns_gz !== undefined) return gunzipSync(Buffer.from(record.insns_gz, 'base64'));
  return bytesOf.get(record.id);
}

/** The instruction's part of a log line: no register state, no message that follows on the same line. */
const trimText = (text: string): string =>
  text
    .replace(/\s+;.*$/, '')
    .replace(/\s\d+: (frame\d+: )?\w.*$/, '')
    .replace(/(goto pc[+-]\d+)\s.*$/, '$1')
    .trimEnd();

const formOf = (text: string): string =>
  text
    .replace(/0x[0-9a-f]+/g, '0xN')
    .replace(/call \w*#/, 'call #')
    .replace(/\b([rw])\d+/g, '$1N')
    .replace(/(?<![us\w])\d+/g, 'N');

function collect(slot: number, text: string, program: Buffer): void {
  const wide = program[8 * slot] === 0x18;
  const bytes = Buffer.from(program.subarray(8 * slot, 8 * slot + (wide ? 16 : 8)));
  const source = (bytes[1] ?? 0) >> 4;
  const columns: string[] = [text];
  const call = /^\(85\) call (.*)#(-?\d+)$/.exec(text);
  if (call?.[2] !== undefined && source === 2) {
    bytes.writeInt32LE(Number(call[2]), 4); // the record has 0 for a BTF id
    columns.push(call[1] ?? '');
  } else if (wide && source !== 0) {
    columns.push(text.replace(/^.* = /, ''));
  }
  const form = formOf(text);
  const examples = forms.get(form) ?? new Set();
  forms.set(form, examples);
  if (examples.size < EXAMPLES_PER_FORM) examples.add([bytes.toString('hex'), ...columns].join('\t'));
}

for (const path of process.argv.slice(2)) {
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const record: VerifierRecord = JSON.parse(line);
    const program = instructionsOf(record);
    if (program === undefined) continue;
    bytesOf.set(record.id, program);
    for (const log of [record.log, record.live?.log, record.live?.log2]) {
      for (const logLine of log?.split('\n') ?? []) {
        const found = INSN_LINE.exec(logLine);
        if (found?.[2] !== undefined) collect(Number(found[1]), trimText(found[2]), program);
      }
    }
  }
}

console.log([...forms.values()].flatMap(examples => [...examples]).sort().join('\n'));
