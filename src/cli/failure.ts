/** How errors look: for people on standard error, or as JSON for programs. */
import { toProblemDetails } from '../api/problem.ts';
import { messageOf, type Problem, TinsmithError } from '../errors.ts';
import { printable, type Terminal, wantsColours } from './terminal.ts';

/** Says what went wrong. @returns the exit code. */
export function writeFailure(error: unknown, terminal: Terminal, json: boolean): number {
  const ours = error instanceof TinsmithError ? error : unexpected(error);
  if (json) terminal.stderr.write(`${JSON.stringify(toProblemDetails(ours))}\n`);
  else terminal.stderr.write(describe(ours, wantsColours(terminal, terminal.stderr)));
  if (ours.code === 'INTERNAL' && terminal.environment.TINSMITH_DEBUG && error instanceof Error)
    terminal.stderr.write(`${error.stack}\n`);
  return ours.exit;
}

/** The message, each problem on a line of its own, and what to do. */
function describe(error: TinsmithError, colours: boolean): string {
  const head = colours ? '\x1b[31merror:\x1b[0m' : 'error:';
  const lines = [
    `${head} ${text(error.message)}`,
    ...error.problems.map((problem) => `  ${place(problem)}${text(problem.message)}`),
  ];
  if (error.next) lines.push(text(error.next));
  return `${lines.join('\n')}\n`;
}

/** `file.yaml:12:3: `, or `field: ` where there is no line. */
function place({ file, line, column, field }: Problem): string {
  const at = [line, column].filter((part) => part !== undefined);
  const where =
    file !== undefined ? `${[file, ...at].join(':')}: ` : line !== undefined ? `line ${at.join(':')}: ` : '';
  return text(line === undefined && field ? `${where}${field}: ` : where);
}

/** An error that nobody foresaw, with its code and where to turn. */
export function unexpected(error: unknown): TinsmithError {
  return new TinsmithError('INTERNAL', `Unexpected error (INTERNAL): ${messageOf(error)}`, {
    next: 'This is a fault in Tinsmith. Run it again with TINSMITH_DEBUG=1 for the stack, and report both with the output of: tinsmith --version',
    cause: error,
  });
}

/** The same error, its problems placed in the file that was read. */
export function inFile(error: unknown, file: string): unknown {
  if (!(error instanceof TinsmithError) || error.problems.length === 0) return error;
  return new TinsmithError(error.code, error.message, {
    next: error.next,
    problems: error.problems.map((problem) => ({ file, ...problem })),
    cause: error.cause,
  });
}

function text(value: string): string {
  return value.split('\n').map(printable).join('\n  ');
}
