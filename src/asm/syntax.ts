/**
 * Syntax templates: the text of an instruction with its operands in braces, one source for writing and reading it.
 *
 *     {dst} {src} {imm}   decimal
 *     {off:+} {imm:+}     decimal, always with a sign; {next_imm:+} is the second slot's immediate
 *     {imm:x}             0x…, unsigned
 *     {imm:hi} {imm:lo}   its upper half, signed, and its lower, unsigned
 *     {off}               decimal: the width that a sign extension takes
 *     {bits}              the width of the memory operand, as the opcode has it
 *     {imm64}             0x…, unsigned, or what a wide immediate stands for
 *     {callee}            what a call calls
 */
import { InternalError } from '../util/error.ts';

const OPERANDS = [
  'dst',
  'src',
  'off',
  'off:+',
  'bits',
  'imm',
  'imm:+',
  'imm:x',
  'imm:hi',
  'imm:lo',
  'next_imm:+',
  'imm64',
  'callee',
] as const;

/** An operand with its notation, as it stands in the braces. */
export type Operand = (typeof OPERANDS)[number];

/** A template in pieces: what is always there, and operands. */
export type SyntaxPiece<O extends string = Operand> = { readonly text: string } | { readonly operand: O };

/** Takes a template apart, whose operands are of `operands`: those of the table's templates unless said. */
export function parseSyntax(template: string): readonly SyntaxPiece[];
export function parseSyntax<O extends string>(template: string, operands: readonly O[]): readonly SyntaxPiece<O>[];
export function parseSyntax(template: string, operands: readonly string[] = OPERANDS): readonly SyntaxPiece<string>[] {
  return template
    .split(/(\{[^}]*\})/)
    .filter(part => part !== '')
    .map(part => {
      if (!part.startsWith('{')) return { text: part };
      const operand = operands.find(known => part === `{${known}}`);
      if (operand === undefined) throw new InternalError(`syntax ${template}: unknown operand ${part}`);
      return { operand };
    });
}
