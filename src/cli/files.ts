/** Files that commands send: read from disk or standard input, and errors about them placed in them. */
import { readFileSync } from 'node:fs';
import { messageOf, TinsmithError } from '../errors.ts';
import type { Client } from './client.ts';
import { usage } from './command.ts';
import { inFile } from './failure.ts';
import type { Terminal } from './terminal.ts';

/**
 * The text of a file, or of standard input when none is named (or `-`), and what to call it in errors.
 * @throws TinsmithError NOT_FOUND, USAGE
 */
export async function readInput(file: string | undefined, terminal: Terminal): Promise<{ text: string; name: string }> {
  if (file !== undefined && file !== '-') return { text: readTextFile(file), name: file };
  const text = (await terminal.input()).toString('utf8');
  if (text.trim() === '')
    throw usage('Standard input is empty.', 'Name a file with --file, or give its contents on standard input.');
  return { text, name: 'standard input' };
}

/** The bytes of a file, or of standard input for `-`. @throws TinsmithError NOT_FOUND */
export async function readBytes(file: string, terminal: Terminal): Promise<Buffer> {
  if (file === '-') return terminal.input();
  try {
    return readFileSync(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

/** @throws TinsmithError NOT_FOUND */
export function readTextFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

/** Says of a file why it cannot be read. */
export function unreadable(file: string, cause: unknown): TinsmithError {
  return new TinsmithError('NOT_FOUND', `${file} cannot be read: ${messageOf(cause)}.`, {
    next: 'Name a file that exists and that you may read.',
    cause,
  });
}

/** Waits for an answer; problems with the input are placed in the file that it came from. */
export async function placing<T>(file: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw inFile(error, file);
  }
}

/** @throws TinsmithError INVALID_INPUT with line and column, from where the parser says it is. */
export function readJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const position = /at position (\d+)/.exec(messageOf(cause))?.[1];
    const before = text.slice(0, position === undefined ? text.length : Number(position)).split('\n');
    const at = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    throw new TinsmithError('INVALID_INPUT', `${name} is not JSON.`, {
      next: 'Correct it and try again; nothing has been changed.',
      problems: [{ field: '', message: messageOf(cause).replace(/ \(line .*$/, ''), file: name, ...at }],
      cause,
    });
  }
}

/**
 * Deletes each, saying so as `tink` did. One that is not there stops nothing; it is the error at the end.
 * @param told gets each answer
 */
export async function deleteEach(
  client: Client,
  path: string | readonly string[],
  ids: string[],
  terminal: Terminal,
  told: (answer: unknown) => void = () => {},
): Promise<void> {
  let first: unknown;
  for (const id of ids) {
    try {
      const answer = await client.delete(...[path].flat(), id);
      terminal.stdout.write(`Deleted\t${id}\n`);
      told(answer);
    } catch (error) {
      if (!(error instanceof TinsmithError) || error.code !== 'NOT_FOUND') throw error;
      terminal.stderr.write(`Error\t${id}\tnot found\n`);
      first ??= error;
    }
  }
  if (first) throw first;
}
