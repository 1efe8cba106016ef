/** Answers on standard output: as a table in the look of the `tink` command line, as JSON, or as CSV. */
import Table from 'cli-table3';
import type { Argv } from 'yargs';
import { printable, type Terminal } from './terminal.ts';

export type Format = 'table' | 'json' | 'csv';

/** An answer in its forms. `json` is the whole of it, the rows are what a person wants to see. */
export interface Answer {
  headers: string[];
  rows: (string | number | undefined)[][];
  json: unknown;
}

const FORMAT = { alias: ['format', 'o'], type: 'string', default: 'table', describe: 'Form of the answer' } as const;

/** `--output` (`--format` of old) and `--no-headers`, for commands that answer with rows. */
export function rowFlags<T>(yargs: Argv<T>) {
  return yargs
    .option('output', { ...FORMAT, choices: ['table', 'json', 'csv'] as const })
    .option('no-headers', { type: 'boolean', describe: 'Leave the header out of tables and CSV' });
}

/** `--output` for commands that answer with text. */
export function outputFlag<T>(yargs: Argv<T>) {
  return yargs.option('output', { ...FORMAT, choices: ['table', 'json'] as const });
}

/** Writes an answer. */
export function write(
  terminal: Terminal,
  { output, noHeaders }: { output: Format; noHeaders?: boolean | undefined },
  answer: Answer,
): void {
  switch (output) {
    case 'json':
      writeJson(terminal, answer.json);
      return;
    case 'csv':
      terminal.stdout.write(
        [...(noHeaders ? [] : [answer.headers]), ...answer.rows]
          .map((row) => `${row.map(csvCell).join(',')}\n`)
          .join(''),
      );
      return;
    case 'table':
      terminal.stdout.write(`${table(noHeaders ? [] : answer.headers, answer.rows)}\n`);
  }
}

/** JSON for people at a terminal, one line for programs. */
export function writeJson(terminal: Terminal, value: unknown): void {
  terminal.stdout.write(`${JSON.stringify(value, null, terminal.stdout.isTTY ? 2 : undefined)}\n`);
}

/** Text for people, or the same as JSON. */
export function say(terminal: Terminal, output: 'table' | 'json', text: string, json: unknown): void {
  if (output === 'json') writeJson(terminal, json);
  else terminal.stdout.write(`${text}\n`);
}

/** A table with borders of `+`, `-` and `|`, its header in capitals. */
export function table(headers: string[], rows: Answer['rows']): string {
  const made = new Table({
    head: headers.map((header) => header.toUpperCase()),
    style: { head: [], border: [] },
    chars: {
      top: '-',
      'top-mid': '+',
      'top-left': '+',
      'top-right': '+',
      bottom: '-',
      'bottom-mid': '+',
      'bottom-left': '+',
      'bottom-right': '+',
      left: '|',
      'left-mid': '+',
      mid: '-',
      'mid-mid': '+',
      right: '|',
      'right-mid': '+',
      middle: '|',
    },
  });
  made.push(...rows.map((row) => row.map(cell)));
  // A rule below the header only; one between all rows would double the length of every list.
  const lines = made.toString().split('\n');
  const rules = lines.flatMap((line, i) => (line.startsWith('+') ? [i] : []));
  const kept = new Set([rules[0], headers.length > 0 ? rules[1] : undefined, rules.at(-1)]);
  return lines.filter((line, i) => !line.startsWith('+') || kept.has(i)).join('\n');
}

function cell(value: string | number | undefined): string {
  return value === undefined ? '' : String(value).split('\n').map(printable).join('\n');
}

/** RFC 4180 */
function csvCell(value: string | number | undefined): string {
  const text = cell(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
