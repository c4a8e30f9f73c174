/** All cases of this folder. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { arithmeticCases } from './arithmetic.ts';
import { type ConformanceCase, parseCases } from './data-file.ts';

const folder = import.meta.dirname;

/** The cases of a file. */
export function readCases(path: string): ConformanceCase[] {
  return parseCases(basename(path), readFileSync(path, 'utf8'));
}

/** The case files below a folder, in order. */
export function caseFiles(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.data'))
    .sort()
    .map(name => join(path, name));
}

/** The tables of `arithmetic.ts` and the case files beside this one. */
export function ownCases(): ConformanceCase[] {
  return [...arithmeticCases(), ...caseFiles(folder).flatMap(readCases)];
}
